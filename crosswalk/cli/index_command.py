"""crosswalk index build, index info, index remove"""

import click

from crosswalk.cli import options


@click.group("index")
def command() -> None:
    """Build, list and take out the books of titles."""


@command.command("build")
@click.option("--encoder", help="A sentence-transformers model, by name or folder, instead of the shipped one.")
@options.scheme
def build(encoder: str | None, scheme: str) -> None:
    """Build your index of a scheme again, from the shipped book and all imported ones."""
    from crosswalk.cli import book_output
    from crosswalk.jobs import books

    book_output.say_built(scheme, books.rebuild(scheme, encoder))


@command.command("remove")
@click.argument("scheme")
@click.argument("book", required=False)
def remove(scheme: str, book: str | None) -> None:
    """Take an imported book out of a scheme, or all of them; 'index info' lists their names.

    \b
    Examples:
      crosswalk index remove isco-08 own-titles-1a2b3c
      crosswalk index remove ssoc-2024
    """
    from crosswalk import output
    from crosswalk.cli import book_output
    from crosswalk.jobs import books
    from crosswalk.jobs.indexing import ISCO_08

    built = books.remove(scheme, book)
    if built:
        book_output.say_built(scheme, built)
    else:
        output.say(f"nothing imported is left of {scheme}" + ("; the shipped index is used" if scheme == ISCO_08 else ""))


@command.command("info")
@options.as_json
def info(as_json: bool) -> None:
    """List the schemes, their index and the books in it."""
    from crosswalk import manifest, output
    from crosswalk.coding.autocoder import find_index
    from crosswalk.jobs import books

    answer = []
    for scheme in books.schemes():
        folder = find_index(scheme)
        facts = manifest.read(folder)
        answer.append({"scheme": scheme, "folder": str(folder), "titles": facts.get("titles", 0), "sources": facts.get("sources", [])})
    if as_json:
        output.print_json(answer)
    else:
        rows = [
            [str(entry["scheme"]), f"{entry['titles']:,}", source, str(entry["folder"])] for entry in answer for source in entry["sources"]
        ]
        output.print_table(["scheme", "titles", "book", "folder"], rows, right=["titles"])
