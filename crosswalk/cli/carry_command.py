"""crosswalk carry"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("carry")
@click.argument("old_run")
@click.argument("new_run")
@click.option("--coder", required=True, help="Your name: the carried decisions are yours, and say whose they were.")
@options.store
def command(old_run: str, new_run: str, coder: str, store_path: Path | None) -> None:
    """Carry decisions to the run of a new version; only new, changed and invalid ones are left in its queue.

    Map the new version first (the new file of your classification, or the same file with --scheme NEW-VERSION), then carry. Decisions
    on items that were split, merged or changed otherwise, and on codes that are gone, wait for a person.

    \b
    Example:
      crosswalk map soc2030.xlsx --run soc2030
      crosswalk carry soc2020 soc2030 --coder anna
    """
    from crosswalk import output
    from crosswalk.jobs.revision.carrying import carry
    from crosswalk.store.store import Store

    with Store(options.store_file(store_path), create=False) as store:
        result = carry(store, old_run, new_run, coder)
    output.say(f"decisions carried from {old_run!r} to {new_run!r}: {result.carried:,}")
    for why, count in sorted(result.left.items()):
        output.say(f"  not carried ({why}): {count:,}")
    output.say(f"next: crosswalk review {new_run}")
