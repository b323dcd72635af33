"""crosswalk evaluate"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("evaluate")
@click.argument("file", type=options.FILE)
@click.option("--text-column", "text_columns", multiple=True, required=True, help="Column of the texts; may be given several times.")
@click.option("--truth-column", required=True, help='Column of the right codes; several acceptable ones separated by "|".')
@click.option("--by", "by_columns", multiple=True, help="Column to split the results by (language, mode ...); may be given several times.")
@click.option("--weight-column", help="Column of the rows' weights.")
@options.quality_threshold
@options.report
@click.option("--label-errors", "errors_file", type=options.FILE, help="Write the given codes that may be wrong, for review (.csv, .xlsx).")
@click.option("--settled", "settled_file", type=options.FILE, help="That list, its column 'settled' filled in: these codes count as true.")
@click.option("--learning-curve", "curve_file", type=options.FILE,
              help="File with columns share and accuracy, to be drawn (default: the curve that fit --learning-curve kept).")  # fmt: skip
@click.option("--against", help="Another index of the same scheme: which of the two is better on these texts?")
@options.reading
@options.scheme
@options.as_json
def command(
    file: Path,
    text_columns: tuple[str, ...],
    truth_column: str,
    by_columns: tuple[str, ...],
    weight_column: str | None,
    threshold: float,
    report_file: Path | None,
    figures_only: bool,
    errors_file: Path | None,
    settled_file: Path | None,
    curve_file: Path | None,
    against: str | None,
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    as_json: bool,
) -> None:
    """Measure quality against known codes.

    In a terminal the curves are drawn too; --report writes everything as one page, --json prints it.

    \b
    Examples:
      crosswalk evaluate coded.csv --text-column answer --truth-column isco08
      crosswalk evaluate coded.csv --text-column answer --truth-column isco08 --scheme ./my-isco --against isco-08
      crosswalk evaluate coded.csv --text-column answer --truth-column isco08 --by language --report quality.html
    """
    from crosswalk import output
    from crosswalk.cli import quality_output as out
    from crosswalk.cli.columns import evaluation_columns
    from crosswalk.coding.autocoder import Autocoder, find_index
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.comparison import compare
    from crosswalk.jobs.evaluation import evaluate
    from crosswalk.jobs.label_review import read_settled
    from crosswalk.jobs.quality.learning_curve import kept_curve, learning_curve, pairs
    from crosswalk.jobs.quality.measures import QualityReport, presentable
    from crosswalk.jobs.quality.provenance import command_line, provenance

    out.check_targets([report_file, errors_file], {"the input": file})
    out.check_list(errors_file)
    table = read_table(file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    columns = evaluation_columns(table, text_columns, truth_column, by_columns, weight_column, output.say)
    coder = Autocoder.open(scheme)
    if against:
        with output.progress("coding") as progress:
            found = compare(table, columns, coder, Autocoder.open(against), threshold, progress)
        out.print_comparison(found, as_json=as_json)
        return
    curve = learning_curve(pairs(read_table(curve_file))) if curve_file else kept_curve(find_index(scheme))
    settled = read_settled(read_table(settled_file), coder.classification) if settled_file else None
    with output.progress("coding") as progress:
        result = evaluate(table, columns, coder, threshold, progress, settled)
    where = provenance(command_line(), file, scheme, coder)
    out.write_label_errors(result, errors_file, table.first_row)
    report = QualityReport(f"Quality of {file.name}", where, result.quality, result.left_out, learning_curve=curve)
    report = presentable(report, figures_only=figures_only)
    out.write_report(report, report_file)
    out.print_evaluation(result, report, as_json=as_json)
