"""crosswalk export"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("export")
@click.argument("run")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), help="Format (default: by the ending of OUT).")
@click.option("-o", "--out", type=options.FILE, required=True, help="File to write.")
@options.scheme
@options.store
def command(run: str, kind: str | None, out: Path, scheme: str, store_path: options.Place | None) -> None:
    """Write a run to a file: its maps, and its titles with the columns they came with; or the queue of a coded survey.

    \b
    Example:
      crosswalk export soc2020-1a2b3c --format xlsx -o soc-isco.xlsx
    """
    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.jobs import export
    from crosswalk.store.store import Store

    target = out if not kind or out.suffix.lower() == f".{kind}" else out.with_name(f"{out.name}.{kind}")
    kept_in = options.store_file(store_path)
    export.check_targets(target, {"the store": kept_in})
    with Store(kept_in, create=False) as store:
        export.refuse_the_input(store, run, target)
        for path in export.export_run(store, run, Autocoder.open(scheme).classification, target):
            output.say(f"written: {path}")
