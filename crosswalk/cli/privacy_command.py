"""crosswalk privacy"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.cli import options
from crosswalk.cli.input_options import Survey, Titles, survey, titles
from crosswalk.cli.llm_options import llm

if TYPE_CHECKING:
    from crosswalk.jobs.leaving import Asking
    from crosswalk.jobs.opinions import SecondOpinion


@click.command("privacy")
@click.argument("file", type=options.FILE)
@survey(needed=False)
@titles()
@click.option("--most", type=click.IntRange(0), default=20, show_default=True, help="Texts to show.")
@options.as_json
@llm(may_decide=False)
@options.reading
@options.scheme
@options.store
def command(
    file: Path,
    survey: Survey,
    titles: Titles,
    most: int,
    as_json: bool,
    second: "SecondOpinion | None",
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    store_path: options.Place | None,
) -> None:
    """Show what of a file would leave this machine, and send nothing.

    Give the options you would give to 'code' (with --text-column) or to 'map' (without). The texts are shown as they would be sent,
    after --llm-redact; --json prints every message whole. Without --llm nothing leaves the machine.

    \b
    Examples:
      crosswalk privacy survey.csv --text-column occupation --llm gpt-4o-mini --llm-redact
      crosswalk privacy soc2020.xlsx --llm gpt-4o-mini --json > what-would-be-sent.json
    """
    from crosswalk import output
    from crosswalk.jobs.leaving import NOTHING, leaving

    found = NOTHING
    if second:
        reading = {"sheet": sheet, "encoding": encoding, "delimiter": delimiter}
        asking = _survey(file, reading, survey, scheme) if survey.text_columns else _mapping(file, reading, titles, scheme)
        found = leaving(asking, second, options.store_file(store_path))
    output.print_leaving(found, most, as_json=as_json)


def _mapping(file: Path, reading: dict[str, str | None], titles: Titles, scheme: str) -> "Asking":
    from crosswalk import output
    from crosswalk.cli.columns import mapping_columns
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.leaving import of_mapping

    table = read_table(file, **reading)
    columns = mapping_columns(table, titles, output.say)
    with output.progress("mapping") as progress:
        return of_mapping(table, columns, Autocoder.open(scheme), titles.official, progress, output.say)


def _survey(file: Path, reading: dict[str, str | None], survey: Survey, scheme: str) -> "Asking":
    from functools import partial

    from crosswalk import output
    from crosswalk.cli.coding_options import chosen_rules, chosen_threshold, chosen_workers
    from crosswalk.cli.columns import answer_columns
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.census import CodingJob
    from crosswalk.jobs.leaving import of_survey

    read = partial(read_table, file, **reading)
    table, coder = read(), Autocoder.open(scheme)
    rules = chosen_rules(survey.rules_file, survey.register_column, table, coder.classification, output.say)
    columns = answer_columns(table, survey.text_columns, rules, output.say)
    level = chosen_threshold(survey.threshold, survey.target_accuracy, scheme, output.say)
    job = CodingJob(table, read, Path("coded.csv"), columns, scheme, rules, level, chosen_workers(None))
    return of_survey(job, coder, output.progress, output.say)
