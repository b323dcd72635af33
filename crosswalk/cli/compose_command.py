"""crosswalk compose"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosswalk.cli import options

if TYPE_CHECKING:
    from crosswalk.model import Map


@click.command("compose")
@click.argument("tables", metavar="TABLE...", nargs=-1, required=True, type=options.FILE)
@click.option("--from-column", multiple=True, help="Column of the source codes; once for all tables, or once for each.")
@click.option("--to-column", multiple=True, help="Column of the target codes; once for all tables, or once for each.")
@click.option("--invert", is_flag=True, help="Turn the result round: from target to source.")
@click.option("--convert", "coded", type=options.FILE, help="Coded data to bring from the first classification to the last.")
@click.option("--code-column", help="Column of the old codes in the coded data.")
@click.option("--text-column", help="Column of the texts, by which codes with several targets are decided.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Probability from which a text decides.")
@click.option("-o", "--out", type=options.FILE, help="File to write: the table, or the converted data.")
@options.scheme
@options.as_json
def command(
    tables: tuple[Path, ...],
    from_column: tuple[str, ...],
    to_column: tuple[str, ...],
    invert: bool,
    coded: Path | None,
    code_column: str | None,
    text_column: str | None,
    threshold: float,
    out: Path | None,
    scheme: str,
    as_json: bool,
) -> None:
    """Chain correspondence tables: shares multiplied through, doubtful chains flagged. One table alone can be inverted.

    With --convert the chain is used on coded data: codes with one target by the table, codes with several by coding the text among
    these targets alone, the rest to review. --scheme is the classification that the texts are coded to.

    \b
    Examples:
      crosswalk compose national-to-soc.csv soc-to-isco.csv -o national-to-isco.csv
      crosswalk compose isco88-to-08.csv --invert -o isco08-to-88.csv
      crosswalk compose isco88-to-08.csv --convert lfs.csv --code-column isco88 --text-column job -o lfs-isco08.csv
    """
    from crosswalk import output
    from crosswalk.jobs import export
    from crosswalk.jobs.revision import chains
    from crosswalk.jobs.revision.tables import read_all

    chain = chains.compose(read_all(tables, from_column, to_column, output.say))
    chain = chains.as_chain(chains.invert(chains.as_maps(chain))) if invert else chain
    if coded:
        return _convert(chains.as_maps(chain), coded, code_column, text_column, threshold, out, scheme)
    export.check_targets(out, {path.name: path for path in tables})
    if as_json:
        output.print_json([dict(zip(chains.CHAIN_COLUMNS, chains.chain_cells(link), strict=True)) for link in chain])
    else:
        output.print_table(chains.CHAIN_COLUMNS, [chains.chain_cells(link) for link in chain], right=["share"])
    output.say(f"{len(chain):,} pairs, of which doubtful: {sum(bool(link.doubt) for link in chain):,}")
    for path in chains.write_chain(out, chain) if out else ():
        output.say(f"written: {path}")
    return None


def _convert(
    table: "list[Map]", coded: Path, code_column: str | None, text_column: str | None, threshold: float, out: Path | None, scheme: str
) -> None:
    from functools import partial

    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.errors import UsageError
    from crosswalk.files.columns import named_column
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.revision.conversion import ConversionJob, convert_file

    if out is None or code_column is None:
        raise UsageError("--convert needs the column of the old codes and a file to write", hint="give --code-column and -o")
    read = partial(read_table, coded)
    columns = read().columns
    code = named_column(columns, code_column, option="--code-column")
    text = named_column(columns, text_column, option="--text-column") if text_column else None
    with output.progress("coding the texts of codes with several targets", "texts") as progress:
        tally = convert_file(ConversionJob(read, code, text, threshold, out), table, Autocoder.open(scheme) if text else None, progress)
    output.say_counts("rows", tally.rows)
    output.say(f"written: {out}")
