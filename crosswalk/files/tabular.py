"""Tables out: CSV and XLSX, safe to open in a spreadsheet, never half-written."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.manifest import replacing

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?\Z")
_LONGEST_XLSX_CELL = 32_767
_MOST_XLSX_ROWS = 1_048_576
_XML_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """A named table: a header and its rows, cells as text."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[str]]


def write_tables(path: Path, sheets: Sequence[Sheet]) -> list[Path]:
    """Write sheets to one workbook (.xlsx), or to one CSV each: OUT.csv, and OUT.NAME.csv from the second on.

    Gives the files written. Raises UsageError for other endings, DataError for what the format cannot hold.
    """
    kind = path.suffix.lower()
    if kind == ".xlsx":
        _write_workbook(path, sheets)
        return [path]
    if kind not in {".csv", ".tsv"}:
        raise UsageError(f"cannot write {kind or 'a file without an ending'}", where=str(path), hint="end the name in .csv, .tsv or .xlsx")
    written = []
    for place, sheet in enumerate(sheets):
        target = path if place == 0 else path.with_name(f"{path.stem}.{sheet.name}{path.suffix}")
        _write_delimited(target, sheet, "\t" if kind == ".tsv" else ",")
        written.append(target)
    return written


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula; plain numbers stay."""
    return f"'{cell}" if cell.startswith(FORMULA) and not _NUMBER.match(cell) else cell


def _write_delimited(path: Path, sheet: Sheet, delimiter: str) -> None:
    try:
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8-sig" if delimiter == "," else "utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n" if delimiter == "," else "\n")
            writer.writerow([harmless(name) for name in sheet.columns])
            writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    import xlsxwriter

    try:
        with replacing(path) as temporary:
            options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
            with xlsxwriter.Workbook(str(temporary), {**options, "constant_memory": True}) as book:
                bold = book.add_format({"bold": True})
                text = book.add_format({"num_format": "@"})
                for sheet in sheets:
                    _write_sheet(book.add_worksheet(sheet.name), sheet, bold, text, path)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _write_sheet(page: "xlsxwriter.worksheet.Worksheet", sheet: Sheet, bold: object, text: object, path: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    page.freeze_panes(1, 0)
    page.set_column(0, len(sheet.columns) - 1, 22, text)
    for place, name in enumerate(sheet.columns):
        page.write_string(0, place, name, bold)
    number = 0
    for number, row in enumerate(sheet.rows, start=1):
        if number >= _MOST_XLSX_ROWS:
            raise DataError(f"a sheet holds at most {_MOST_XLSX_ROWS:,} rows", where=str(path), hint="write .csv instead")
        for place, cell in enumerate(row):
            if len(cell) > _LONGEST_XLSX_CELL:
                raise DataError(
                    f"a cell of {len(cell):,} characters does not fit (Excel holds {_LONGEST_XLSX_CELL:,})",
                    where=f"{path}, row {number + 1}, column {sheet.columns[place]!r}",
                    hint="write .csv instead",
                )
            page.write_string(number, place, _XML_FORBIDDEN.sub("\ufffd", harmless(cell)), text)
    page.autofilter(0, 0, number, len(sheet.columns) - 1)


def _cannot_write(path: Path, error: OSError) -> DataError:
    return DataError(
        f"the file cannot be written ({error.strerror or error})", where=str(path), hint="check the folder and the space on its disk"
    )


def with_kept_columns(columns: Sequence[str], kept: Iterable[str]) -> dict[str, str]:
    """Names under which a file's own columns stand beside ours: as they were, or with "source " before a name we use."""
    ours = set(columns)
    return {name: f"source {name}" if name in ours else name for name in kept}


def cells(row: Mapping[str, str], columns: Iterable[str]) -> list[str]:
    """The row's cells in the order of ``columns``, blank where it has none."""
    return [row.get(column, "") for column in columns]
