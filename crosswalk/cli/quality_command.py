"""crosswalk quality"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("quality")
@click.argument("run", required=False)
@click.option("--against", help="An earlier run to compare with: new words, probabilities, groups.")
@click.option("--truth", "truth_file", type=options.FILE, help="File with the run's columns and the right codes of some or all rows.")
@click.option("--truth-column", help="Its column of the right codes.")
@options.report
@options.reading
@options.scheme
@options.store
@options.as_json
def command(
    run: str | None,
    against: str | None,
    truth_file: Path | None,
    truth_column: str | None,
    report_file: Path | None,
    figures_only: bool,
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    store_path: Path | None,
    as_json: bool,
) -> None:
    """Quality of a coded RUN; without RUN the monitoring table over all runs.

    With --truth the run is measured against the codes of people, with all its rules and look-ups; with --against it is
    compared with an earlier run, and said what to do.

    \b
    Examples:
      crosswalk quality
      crosswalk quality lfs-2026q2 --against lfs-2026q1
      crosswalk quality lfs-2026q2 --truth checked.csv --truth-column isco08 --report quality.html
    """
    from crosswalk import output
    from crosswalk.cli import quality_output as out
    from crosswalk.cli.columns import truth_of_run
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.quality.measures import presentable
    from crosswalk.jobs.quality.provenance import command_line
    from crosswalk.jobs.run_quality import monitoring_report, run_report
    from crosswalk.store.store import Store

    kept_in = options.store_file(store_path)
    out.check_targets([report_file], {"the store": kept_in, **({"the file of right codes": truth_file} if truth_file else {})})
    out.check_run_options(run, against, truth_file, truth_column)
    table = read_table(truth_file, sheet=sheet, encoding=encoding, delimiter=delimiter) if truth_file else None
    truth = truth_of_run(table, truth_column, output.say) if table and truth_column else None
    coder = Autocoder.open(scheme)
    with Store(kept_in, create=False) as store:
        if run:
            report = run_report(store, run, against, truth, coder, scheme, command_line(), output.progress)
        else:
            report = monitoring_report(store, coder, scheme, command_line())
    out.say_other_index(report, coder.fingerprint)
    report = presentable(report, figures_only=figures_only)
    out.write_report(report, report_file)
    out.print_report(report, as_json=as_json)
