"""crosswalk release"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("release")
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@click.option("--based-on", default="isco-08", show_default=True, help="Scheme that the proposals were made for.")
@click.option("--scheme", required=True, help="Name of the new version, for instance isco-08-2027: it is coded to under this name.")
@click.option("--version", default="", help="Version, as it is printed.")
@click.option("--code", "codes", multiple=True, metavar="NAME=CODE", help="Code of a new occupation (default: the next free one).")
@click.option("-o", "--out", type=options.FILE, required=True, help="Folder for the files of the release.")
@options.store
def command(
    runs: tuple[str, ...], based_on: str, scheme: str, version: str, codes: tuple[str, ...], out: Path, store_path: Path | None
) -> None:
    """Make a new version of a classification from the accepted proposals of `crosswalk discover` (of all its runs, or of those named).

    The folder gets the classification, its change table, its book of index titles, SKOS and release notes. The old version stays as
    it is; the new one is indexed and can be coded to at once.

    \b
    Example:
      crosswalk release ads-1a2b3c --scheme isco-08-2027 --version 2027 -o isco-08-2027
      crosswalk lookup "drone pilot" --scheme isco-08-2027
    """
    from crosswalk import output
    from crosswalk.coding.autocoder import find_index
    from crosswalk.jobs.discovery.proposing import decided, discover_runs
    from crosswalk.jobs.revision import releasing
    from crosswalk.jobs.revision import version as versions
    from crosswalk.search.groups import load_classification
    from crosswalk.store.store import Store
    from crosswalk.text import counted

    with Store(options.store_file(store_path), create=False) as store:
        releasing.refuse_taken(scheme, out, store)
        accepted = decided(store, discover_runs(store, runs))
        titles = releasing.base_titles(based_on)
        known = frozenset(title.text for title in titles)
        base = load_classification(find_index(based_on))
        new = versions.next_version(base, scheme, version, accepted, known, options.named_codes(codes))
        built = releasing.release(new, based_on, titles, out, store)
    added = sum(change.old is None for change in new.changes)
    output.say(
        f"{scheme}: {counted(added, 'new item')}, {counted(len(new.titles), 'new index title')}, {built.titles:,} index titles in all"
    )
    output.say(f"written: {', '.join(str(out / name) for name in releasing.FILES)}")
    output.say(f"next: crosswalk lookup TEXT --scheme {scheme}, or crosswalk carry OLD_RUN NEW_RUN")
