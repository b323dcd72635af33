"""crosswalk diff"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("diff")
@click.argument("old", type=options.FILE)
@click.argument("new", type=options.FILE)
@options.edition_columns
@click.option("--table", "table", type=options.FILE, help="The office's own correspondence table (old code, new code), if there is one.")
@click.option("-o", "--out", type=options.FILE, help="Write the change table here (.xlsx, .csv or .tsv).")
@options.as_json
def command(
    old: Path,
    new: Path,
    code_column: tuple[str, ...],
    title_column: tuple[str, ...],
    index_title_column: str | None,
    group_column: str | None,
    table: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare two versions of a classification: what was added, removed, split, merged, renamed, moved, and how that is known.

    OLD and NEW are files of codes and titles, or names of imported schemes. Where a code stands on several rows, these are its
    index titles, and titles that wander from one code to another are the evidence for splits and mergers.

    \b
    Examples:
      crosswalk diff soc2010.xlsx soc2020.xlsx -o changes.xlsx
      crosswalk diff index.xlsx index.xlsx --code-column SOC_2010 --code-column SOC_2020 \
        --title-column SOC2010_title --title-column SOC2020_title --index-title-column INDEXOCC
      crosswalk diff noc2016.csv noc2021.csv --table noc2016-2021.csv --json
    """
    from crosswalk import output
    from crosswalk.jobs import export
    from crosswalk.jobs.revision import changes, editions, links, report, tables

    export.check_targets(out, {"the old version": old, "the new version": new})
    before, after = editions.read_two(old, new, code_column, title_column, group_column, index_title_column)
    known = links.links_of_table(tables.read_pairs(table), before, after) if table else links.find_links(before, after)
    found = changes.with_nearest(changes.find_changes(before, after, known), before, after)
    if as_json:
        output.print_json(report.changes_as_json(before.name, after.name, found))
    else:
        output.print_table(report.BRIEF_COLUMNS, [report.brief_cells(change) for change in found if change.kinds])
    output.say_counts(f"{before.name} to {after.name}", changes.counts(found))
    for path in report.write_changes(out, found) if out else ():
        output.say(f"written: {path}")
