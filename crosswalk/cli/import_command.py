"""crosswalk import"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.command("import")
@click.argument("kind", type=click.Choice(["isco-08", "isco-index", "esco", "titles", "classification"]))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=options.FILE)
@click.option("--scheme", default="isco-08", show_default=True, help="Scheme the titles or groups belong to.")
@click.option("--version", default="", help="Version of a classification.")
@click.option("--language", default="", help="Language of a list of titles (two letters).")
@click.option("--sheet", help="Sheet of a workbook.")
@click.option("--code-column", help="Column of the codes.")
@click.option("--title-column", help="Column of the titles.")
def command(
    kind: str,
    paths: tuple[Path, ...],
    scheme: str,
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
    from crosswalk.jobs import importing

    for path in paths:
        if kind == "isco-08":
            record = importing.import_isco_08(path, sheet)
        elif kind == "esco":
            record = importing.import_esco(path)
        elif kind == "classification":
            record = importing.import_classification(
                path, scheme, version=version, sheet=sheet, code_column=code_column, title_column=title_column
            )
        else:
            record = importing.import_titles(
                path, kind, scheme=scheme, language=language, sheet=sheet, code_column=code_column, title_column=title_column
            )
        left = f"; {record.left_out:,} left out (their codes are no unit groups of {record.scheme})" if record.left_out else ""
        output.say(f"imported {record.file} as {record.name!r}: {record.groups:,} groups, {record.titles:,} titles{left}")
    folder, titles = importing.rebuild(record.scheme)
    output.say(f"{record.scheme} now has {titles:,} index titles ({folder})")
