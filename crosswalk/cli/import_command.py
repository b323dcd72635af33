"""crosswalk import"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("import")
@click.argument("kind", type=click.Choice(["isco-08", "isco-index", "esco", "titles", "classification"]))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=options.FILE)
@click.option("--scheme", help="Scheme the titles belong to (default: isco-08), or name of the classification.")
@click.option("--version", default="", help="Version of a classification.")
@click.option("--language", default="", help="Language of a list of titles (two letters).")
@click.option("--sheet", help="Sheet of a workbook.")
@click.option("--code-column", help="Column of the codes.")
@click.option("--title-column", help="Column of the titles.")
def command(
    kind: str,
    paths: tuple[Path, ...],
    scheme: str | None,
    version: str,
    language: str,
    sheet: str | None,
    code_column: str | None,
    title_column: str | None,
) -> None:
    """Import official files into your data folder; they are used from then on.

    \b
    isco-08         the ILO's ISCO-08 workbook (structure, definitions)
    isco-index      the ILO's index of titles
    esco            ESCO occupations CSVs, one a language
    titles          any list of titles with ISCO-08 codes
    classification  any classification with codes and titles (--scheme names it)

    \b
    Examples:
      crosswalk import esco occupations_en.csv occupations_fr.csv
      crosswalk import classification ssoc2024.xlsx --scheme ssoc-2024
    """
    from crosswalk import output
    from crosswalk.jobs import books, importing

    target = importing.scheme_of(kind, scheme, len(paths))
    how = importing.Reading(target, version, language, sheet, code_column, title_column)
    new = [importing.read_book(kind, path, how) for path in paths]
    before = books.imported(target)
    built = books.keep(target, new)
    for book in new:
        for note in book.notes:
            output.say(note)
        output.say_imported(book.record, before)
    output.say_built(target, built)
