"""crosswalk import decisions, crosswalk import correspondence: files that change no book of titles."""

from pathlib import Path

from crosswalk.errors import UsageError


def import_decisions(
    path: Path, kept_in: Path | str, run: str | None, coder: str | None, scheme: str, sheet: str | None, *, dry: bool
) -> None:
    """Show what a person changed in an exported table, and keep it as decisions unless it is a dry run."""
    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.files.readers import read_table
    from crosswalk.jobs import decided_files
    from crosswalk.store.store import Store

    if not run or not (coder or dry):
        raise UsageError("decisions belong to a run and a coder", hint="crosswalk import decisions FILE --run RUN --coder NAME")
    classification = Autocoder.open(scheme).classification
    sheet = sheet or ("maps" if path.suffix.lower() == ".xlsx" else None)
    with Store(kept_in, create=False) as store:
        found = decided_files.changes(read_table(path, sheet=sheet), store, run, classification)
        output.print_table(["source", "title", "was", "becomes"], [[c.source_code, c.title, c.before, c.after] for c in found])
        if dry or not found:
            output.say(f"{len(found):,} changes, none kept" if found else "nothing was changed")
            return
        applied = decided_files.apply_changes(store, run, str(coder), found, classification)
    output.say(f"{applied.kept:,} decisions of {coder} are kept in run {run!r}")
    if applied.left:
        output.say(f"left, since another coder has them open: {', '.join(applied.left[:10])}; import the file again later")


def import_official(path: Path, name: str | None, sheet: str | None, source: str | None, target: str | None) -> None:
    """Keep an official correspondence, to be named with ``map --official``."""
    from crosswalk import output
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.jobs.official import import_correspondence

    if not name:
        raise UsageError("a correspondence needs a name", where="--scheme", hint="for instance --scheme soc-2010")
    official, left = import_correspondence(path, name, Autocoder.open("isco-08").classification, sheet, source, target)
    pairs = sum(map(len, official.targets.values()))
    output.say(
        f"imported {pairs:,} pairs of {len(official.targets):,} codes as {name!r}" + (f"; {left:,} rows name no unit group" if left else "")
    )
    output.say(f"next: crosswalk map FILE --official {name}")
