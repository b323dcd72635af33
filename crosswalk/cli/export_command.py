"""crosswalk export"""

from pathlib import Path

import click

from crosswalk.cli import options

ENDINGS = {"csv": ".csv", "xlsx": ".xlsx", "sssom": ".tsv", "xkos": ".ttl"}


@click.command("export")
@click.argument("run")
@click.option("--format", "kind", type=click.Choice(list(ENDINGS)), help="Format (default: by the ending of OUT).")
@click.option("-o", "--out", type=options.FILE, required=True, help="File to write.")
@click.option("--source-iri", help="What stands before a source code in its IRI (sssom, xkos); default: a URN of crosswalk's own.")
@click.option("--licence", help="IRI of the licence you publish under (sssom, xkos).")
@options.scheme
@options.store
def command(
    run: str, kind: str | None, out: Path, source_iri: str | None, licence: str | None, scheme: str, store_path: options.Place | None
) -> None:
    """Write a run to a file.

    \b
    csv, xlsx  its maps, its titles and the checks over the whole table; the queue of a coded survey; or the candidates
               and index titles of a discovery, with what was decided
    sssom      the correspondence as SSSOM (a TSV that mapping tools read)
    xkos       the correspondence as SKOS and XKOS in Turtle (for linked data)

    \b
    Examples:
      crosswalk export soc2020-1a2b3c --format xlsx -o soc-isco.xlsx
      crosswalk export soc2020-1a2b3c --format sssom -o soc-isco.sssom.tsv
      crosswalk export soc2020-1a2b3c --format xkos --source-iri https://stats.example/soc/ -o soc-isco.ttl
    """
    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.jobs import export
    from crosswalk.store.store import Store

    target = out if not kind or out.suffix.lower() == ENDINGS[kind] else out.with_name(f"{out.name}{ENDINGS[kind]}")
    form = export.Form(_form(kind, target), source_iri, licence)
    kept_in = options.store_file(store_path)
    export.check_targets(target, {"the store": kept_in}, form)
    with Store(kept_in, create=False) as store:
        export.refuse_the_input(store, run, target, form)
        for path in export.export_run(store, run, Autocoder.open(scheme).classification, target, form):
            output.say(f"written: {path}")


def _form(kind: str | None, target: Path) -> str:
    """The form asked for, or the one that the name's ending says."""
    if kind:
        return kind if kind in ("sssom", "xkos") else "tables"
    name = target.name.lower()
    return "xkos" if name.endswith(".ttl") else "sssom" if name.endswith(".sssom.tsv") else "tables"
