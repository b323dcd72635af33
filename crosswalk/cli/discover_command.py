"""crosswalk discover"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.cli import llm_options, options

if TYPE_CHECKING:
    from crosswalk.jobs.opinions import SecondOpinion


@click.command("discover")
@click.argument("file", type=options.FILE)
@click.option("--title-column", help="Column of the ads' titles (default: guessed).")
@click.option("--date-column", help="Column of the ads' dates (default: guessed): for growth over time.")
@click.option("--count-column", help="Column that says for how many ads a row stands (default: guessed).")
@click.option("--language-column", help="Column of the ads' languages (default: guessed).")
@click.option("--least-ads", type=click.IntRange(1), default=5, show_default=True, help="Ads that a proposal needs.")
@click.option("--sure", type=click.FloatRange(0, 1), default=0.85, show_default=True, help="Probability from which a title is proposed.")
@llm_options.llm(when=False)
@click.option("-o", "--out", type=options.FILE, help="Write proposals and all titles here (.xlsx or .csv).")
@options.run
@options.reading
@options.scheme
@options.store
def command(
    file: Path,
    title_column: str | None,
    date_column: str | None,
    count_column: str | None,
    language_column: str | None,
    least_ads: int,
    sure: float,
    out: Path | None,
    run_name: str | None,
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    store_path: options.Place | None,
    second: "SecondOpinion | None",
) -> None:
    """Find, in the titles of job ads, new index titles for known occupations and occupations that the classification lacks.

    What is found are proposals. They wait in the review queue of the run; what was rejected once is not proposed again unless it has
    twice the ads. With --llm the candidates' titles leave the machine, and a model drafts a name and a definition of each; it decides
    nothing.

    \b
    Examples:
      crosswalk discover ads.csv -o found.xlsx
      crosswalk discover ads.parquet --title-column job_title --date-column posted --count-column n --least-ads 20
      crosswalk discover ads.csv --llm gpt-4o-mini --max-cost 0.50 -o found.xlsx
    """
    from crosswalk import output
    from crosswalk.cli.columns import ad_table
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs import export
    from crosswalk.jobs.discovery import discover, drafting, proposing, report
    from crosswalk.store.store import Store

    kept_in = options.store_file(store_path)
    export.check_targets(out, {"the input": file, "the store": kept_in})
    table = read_table(file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    columns = ad_table(table, (title_column, date_column, count_column, language_column), output.say)
    coder, settings = Autocoder.open(scheme), discover.Settings(least_ads, sure)
    run, fingerprint, facts = discover.run_of(table, columns, coder, settings, run_name)
    with Store(kept_in) as store:
        store.begin_run(run, "discover", fingerprint, facts, (), {})
        found = discover.discover(table, columns, coder, settings, output.progress)
        proposed = proposing.propose(found, run, coder.classification, store)
        if second:
            drafting.ask_drafts(store, run, proposed.occupations, coder.classification, second, output.progress, output.say)
        drafts = drafting.drafts_of(store, run)
    book = coder.retriever.book
    paths = report.write_discovery(out, found, proposed, drafts, book, coder.classification) if out else []
    output.print_table(
        report.BRIEF_COLUMNS, [report.brief_cells(*entry) for entry in proposed.occupations[:12]], right=["titles", "ads", "growth"]
    )
    for line in (*report.summary(found, proposed), *(f"written: {path}" for path in paths)):
        output.say(line)
