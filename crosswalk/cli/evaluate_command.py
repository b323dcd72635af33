"""crosswalk evaluate"""

from dataclasses import asdict
from pathlib import Path

import click

from crosswalk.cli import options


@click.command("evaluate")
@click.argument("file", type=options.FILE)
@click.option("--text-column", "text_columns", multiple=True, required=True, help="Column of the texts; may be given several times.")
@click.option("--truth-column", required=True, help='Column of the right codes; several acceptable ones separated by "|".')
@options.reading
@options.scheme
@options.as_json
def command(
    file: Path,
    text_columns: tuple[str, ...],
    truth_column: str,
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    as_json: bool,
) -> None:
    """Measure quality against known codes.

    \b
    Example:
      crosswalk evaluate coded.csv --text-column answer --truth-column isco08
    """
    from crosswalk import output
    from crosswalk.cli.columns import text_and_truth
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.evaluation import evaluate

    table = read_table(file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    texts, truth = text_and_truth(table, text_columns, truth_column, output.say)
    coder = Autocoder.open(scheme)
    with output.progress("coding") as progress:
        result = evaluate(table, texts, truth, coder, progress)
    output.say_repaired(result)
    if as_json:
        output.print_json(asdict(result))
    else:
        output.print_evaluation(result)
