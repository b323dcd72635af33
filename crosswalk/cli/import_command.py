"""crosswalk import"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("import")
@click.argument("kind", type=click.Choice(["isco-08", "isco-index", "esco", "titles", "classification", "correspondence", "decisions"]))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=options.FILE)
@click.option("--scheme", help="Scheme the titles belong to (default: isco-08), or name of the classification or correspondence.")
@click.option("--version", default="", help="Version of a classification.")
@click.option("--language", default="", help="Language of a list of titles (two letters).")
@click.option("--sheet", help="Sheet of a workbook.")
@click.option("--code-column", help="Column of the codes.")
@click.option("--title-column", help="Column of the titles.")
@click.option("--target-column", help="Column of the target's codes (correspondence).")
@click.option("--run", help="Run that was decided (decisions).")
@click.option("--coder", help="Name of the person who decided (decisions).")
@click.option("--dry-run", is_flag=True, help="Show the decisions without keeping them.")
@options.store
def command(
    kind: str,
    paths: tuple[Path, ...],
    scheme: str | None,
    version: str,
    language: str,
    sheet: str | None,
    code_column: str | None,
    title_column: str | None,
    target_column: str | None,
    run: str | None,
    coder: str | None,
    dry_run: bool,
    store_path: Path | None,
) -> None:
    """Import official files into your data folder; they are used from then on. Or take decisions back from a spreadsheet.

    \b
    isco-08         the ILO's ISCO-08 workbook (structure, definitions)
    isco-index      the ILO's index of titles
    esco            ESCO occupations CSVs, one a language
    titles          any list of titles with ISCO-08 codes
    classification  any classification with codes and titles (--scheme names it)
    correspondence  an official table to ISCO-08, of an earlier version or a neighbour (--scheme names it); see map --official
    decisions       a run's exported maps, changed in a spreadsheet: shows what changed and keeps it

    \b
    Examples:
      crosswalk import esco occupations_en.csv occupations_fr.csv
      crosswalk import classification ssoc2024.xlsx --scheme ssoc-2024
      crosswalk import correspondence soc2010-isco.xlsx --scheme soc-2010
      crosswalk import decisions soc-isco.xlsx --run soc2020-1a2b3c --coder Ana
    """
    from crosswalk import output
    from crosswalk.cli import book_output
    from crosswalk.jobs import books, importing

    if kind in ("decisions", "correspondence"):
        from crosswalk.cli import import_reviewed

        if len(paths) > 1:
            raise click.UsageError(f"one file of {kind} at a time")
        if kind == "decisions":
            kept_in = options.store_file(store_path)
            import_reviewed.import_decisions(paths[0], kept_in, run, coder, scheme or "isco-08", sheet, dry=dry_run)
        else:
            import_reviewed.import_official(paths[0], scheme, sheet, code_column, target_column)
        return
    target = importing.scheme_of(kind, scheme, len(paths))
    how = importing.Reading(target, version, language, sheet, code_column, title_column)
    new = [importing.read_book(kind, path, how) for path in paths]
    before = books.imported(target)
    built = books.keep(target, new)
    for book in new:
        for note in book.notes:
            output.say(note)
        book_output.say_imported(book.record, before)
    book_output.say_built(target, built)
