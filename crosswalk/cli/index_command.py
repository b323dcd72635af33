"""crosswalk index build, crosswalk index info"""

import click

from crosswalk.cli import options


@click.group("index")
def command() -> None:
    """Build and list the books of titles."""


@command.command("build")
@options.scheme
def build(scheme: str) -> None:
    """Build your index of a scheme again, from the shipped book and all imported ones."""
    from crosswalk import output
    from crosswalk.jobs import importing

    folder, titles = importing.rebuild(scheme)
    output.say(f"{scheme}: {titles:,} index titles in {folder}")


@command.command("info")
@options.as_json
def info(as_json: bool) -> None:
    """List the schemes, their index and the books in it."""
    from crosswalk import manifest, output
    from crosswalk.coding.autocoder import find_index
    from crosswalk.jobs import importing

    answer = []
    for scheme in importing.schemes():
        folder = find_index(scheme)
        facts = manifest.read(folder)
        answer.append({"scheme": scheme, "folder": str(folder), "titles": facts["titles"], "sources": facts["sources"]})
    if as_json:
        output.print_json(answer)
    else:
        rows = [
            [str(entry["scheme"]), f"{entry['titles']:,}", source, str(entry["folder"])] for entry in answer for source in entry["sources"]
        ]
        output.print_table(["scheme", "titles", "book", "folder"], rows, right=["titles"])
