"""crosswalk map"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.cli import options
from crosswalk.cli.input_options import Titles, titles
from crosswalk.cli.llm_options import llm

if TYPE_CHECKING:
    from crosswalk.jobs.opinions import SecondOpinion


@click.command("map")
@click.argument("file", type=options.FILE)
@click.option("-o", "--out", type=options.FILE, help="Write the mapping here (.csv, .tsv or .xlsx).")
@titles()
@llm(may_decide=True)
@options.run
@options.reading
@options.scheme
@options.store
def command(
    file: Path,
    out: Path | None,
    titles: Titles,
    second: "SecondOpinion | None",
    run_name: str | None,
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    store_path: options.Place | None,
) -> None:
    """Map a classification to ISCO-08: title by title, rolled up to its items.

    A run that was stopped is completed by the same command. Items whose titles disagree are split, with shares.

    \b
    Examples:
      crosswalk map soc2020.xlsx -o soc-isco.xlsx
      crosswalk map cbo.csv --code-column codigo --title-column titulo -o cbo-isco.csv
      crosswalk map soc2020.xlsx --llm gpt-4o-mini --llm-when "p<0.6" --max-cost 2 -o soc-isco.xlsx
    """
    from crosswalk import output
    from crosswalk.cli import coded_output
    from crosswalk.cli.columns import mapping_columns
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs import export, mapping
    from crosswalk.store.store import Store

    kept_in = options.store_file(store_path)
    export.check_targets(out, {"the input": file, "the store": kept_in})
    table = read_table(file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    columns = mapping_columns(table, titles, output.say)
    coder = Autocoder.open(scheme)
    with Store(kept_in) as store:
        with output.progress("mapping") as progress:
            run = mapping.map_table(table, columns, coder, store, run_name, progress, output.say, titles.official)
        if second:
            mapping.ask_for_opinions(run, columns, coder, store, second, output.progress, output.say)
        proposals = [entry.proposal for entry in store.proposals(run)]
        written = export.export_run(store, run, coder.classification, out) if out else []
    coded_output.print_proposals(proposals, coder.classification, 12)
    coded_output.say_what_came_out(proposals, run, written)
