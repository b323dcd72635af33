"""crosswalk store copy"""

import click

from crosswalk.cli import options


@click.group("store")
def command() -> None:
    """Move stores between files and PostgreSQL."""


@command.command("copy")
@click.argument("source", type=options.PLACE)
@click.argument("target", type=options.PLACE)
def copy(source: options.Place, target: options.Place) -> None:
    """Copy a whole store into an empty one, and back: runs, answers, decisions with their chain.

    A store is a file, or the address of a PostgreSQL database. Nobody should write to SOURCE meanwhile.

    \b
    Examples:
      crosswalk store copy crosswalk.db postgresql://coder@server/coding
      crosswalk store copy postgresql://coder@server/coding copy.db
    """
    from crosswalk import output
    from crosswalk.store.copying import copy_store
    from crosswalk.store.store import Store

    with Store(source, create=False) as old, Store(target) as new:
        with output.progress("copying", "rows") as progress:
            counts = copy_store(old, new, progress)
        shown = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        output.say(f"copied to {new.path}: {shown or 'an empty store'}")
