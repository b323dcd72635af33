"""crosswalk bundle"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("bundle")
@click.argument("folder", type=options.FILE)
@click.option("--extra", "extras", multiple=True, help="An extra to take along (parquet, serve, postgres, ...); may be repeated.")
@click.option("--scheme", "schemes", multiple=True, help="An index of your own to take along: its name or folder; may be repeated.")
def command(folder: Path, extras: tuple[str, ...], schemes: tuple[str, ...]) -> None:
    """Write a folder from which crosswalk is installed on a machine without a network.

    FOLDER gets crosswalk with its models, every package it needs, their hashes, a README.txt and install.sh. Make it on a machine
    with a network and with the system and Python version of the other one.

    \b
    Examples:
      crosswalk bundle crosswalk-offline
      crosswalk bundle crosswalk-offline --extra parquet --extra serve --scheme my-index
    """
    from crosswalk import output
    from crosswalk.jobs.bundling import write_bundle

    bundle = write_bundle(folder, extras, schemes, output.say)
    more = f", {len(bundle.indexes)} indexes" if bundle.indexes else ""
    output.say(f"written: {bundle.folder} ({bundle.wheels} wheels{more}, {bundle.size / 1e6:,.0f} MB)")
    output.say(f"next: copy it to the other machine, and there: sh {bundle.folder.name}/install.sh crosswalk")
