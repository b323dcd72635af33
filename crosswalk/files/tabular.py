"""Tables out: CSV and XLSX, safe to open in a spreadsheet, never half-written."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import DataError, UsageError
from crosswalk.manifest import replacing_all

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?\Z")
_LONGEST_XLSX_CELL = 32_767
_MOST_XLSX_ROWS = 1_048_576
_MOST_XLSX_COLUMNS = 16_384
_XML_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Sheet:
    """A named table: a header and its rows, cells as text."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[str]]


def write_tables(path: Path, sheets: Sequence[Sheet]) -> list[Path]:
    """Write sheets to the files of ``target_files``, all of them or none; gives the files written.

    Raises UsageError for other endings, DataError for what the format cannot hold.
    """
    targets = target_files(path, [sheet.name for sheet in sheets])
    try:
        with replacing_all(targets) as temporaries:
            if path.suffix.lower() == ".xlsx":
                _write_workbook(temporaries[0], sheets, path)
            else:
                for temporary, sheet in zip(temporaries, sheets, strict=True):
                    _write_delimited(temporary, sheet, "\t" if path.suffix.lower() == ".tsv" else ",")
    except OSError as error:
        raise _cannot_write(path, error) from None
    return targets


def target_files(path: Path, names: Sequence[str]) -> list[Path]:
    """The files that sheets of these names are written to: one workbook (.xlsx), or OUT.csv, then OUT.NAME.csv from the second on.

    Raises UsageError for other endings.
    """
    kind = path.suffix.lower()
    if kind not in {".csv", ".tsv", ".xlsx"}:
        raise UsageError(f"cannot write {kind or 'a file without an ending'}", where=str(path), hint="end the name in .csv, .tsv or .xlsx")
    return [path, *(path.with_name(f"{path.stem}.{name}{path.suffix}") for name in names[1:] if kind != ".xlsx")]


def refuse_overwriting(targets: Sequence[Path], needed: Mapping[str, Path]) -> None:
    """Refuse to write over a file that is needed, under whatever name or link; ``needed`` says what each is ("the input")."""
    for target in targets:
        if target.is_dir():
            raise UsageError("this is a folder", where=str(target), hint="name a file with -o")
        for what, path in needed.items():
            if _same_file(target, path):
                raise UsageError(f"this would overwrite {what}", where=str(target), hint="name another file with -o")


def _same_file(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run as a formula; plain numbers stay."""
    return f"'{cell}" if cell.startswith(FORMULA) and not _NUMBER.match(cell) else cell


def _write_delimited(path: Path, sheet: Sheet, delimiter: str) -> None:
    with path.open("w", encoding="utf-8-sig" if delimiter == "," else "utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n" if delimiter == "," else "\n")
        writer.writerow([harmless(name) for name in sheet.columns])
        writer.writerows([harmless(cell) for cell in row] for row in sheet.rows)


def _write_workbook(temporary: Path, sheets: Sequence[Sheet], path: Path) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxWriterException

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True}
    try:
        with xlsxwriter.Workbook(str(temporary), options) as book:
            bold = book.add_format({"bold": True})
            text = book.add_format({"num_format": "@"})
            for sheet in sheets:
                _write_sheet(book.add_worksheet(sheet.name), sheet, bold, text, path)
    except XlsxWriterException as error:
        raise _cannot_write(path, error) from None


def _write_sheet(page: "xlsxwriter.worksheet.Worksheet", sheet: Sheet, bold: object, text: object, path: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    if len(sheet.columns) > _MOST_XLSX_COLUMNS:
        raise DataError(f"a sheet holds at most {_MOST_XLSX_COLUMNS:,} columns", where=str(path), hint="write .csv instead")
    page.freeze_panes(1, 0)
    page.set_column(0, len(sheet.columns) - 1, 22, text)
    for place, name in enumerate(sheet.columns):
        _write_cell(page, 0, place, name, bold, path)
    number = 0
    for number, row in enumerate(sheet.rows, start=1):
        if number >= _MOST_XLSX_ROWS:
            raise DataError(f"a sheet holds at most {_MOST_XLSX_ROWS:,} rows", where=str(path), hint="write .csv instead")
        for place, cell in enumerate(row):
            _write_cell(page, number, place, cell, text, path)
    page.autofilter(0, 0, number, len(sheet.columns) - 1)


def _write_cell(page: "xlsxwriter.worksheet.Worksheet", row: int, place: int, cell: str, form: object, path: Path) -> None:  # type: ignore[name-defined]  # noqa: F821
    """xlsxwriter drops what does not fit and only its answer says so."""
    if page.write_string(row, place, _XML_FORBIDDEN.sub("\ufffd", harmless(cell)), form) != 0:
        raise DataError(
            f"a cell of {len(cell):,} characters does not fit (Excel holds {_LONGEST_XLSX_CELL:,})",
            where=f"{path}, row {row + 1}, column {place + 1}",
            hint="write .csv instead",
        )


def _cannot_write(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the file cannot be written ({getattr(error, 'strerror', None) or error})",
        where=str(path),
        hint="check the folder and the space on its disk",
    )


def with_kept_columns(columns: Sequence[str], kept: Iterable[str]) -> dict[str, str]:
    """Names under which a file's own columns stand beside ours: as they were, or with "source " before a name we use."""
    ours, names = set(columns), list(kept)
    taken, under = {*ours, *names}, {}
    for name in names:
        under[name] = name
        while under[name] in ours or (under[name] != name and under[name] in taken):
            under[name] = f"source {under[name]}"
        taken.add(under[name])
    return under


def cells(row: Mapping[str, str], columns: Iterable[str]) -> list[str]:
    """The row's cells in the order of ``columns``, blank where it has none."""
    return [row.get(column, "") for column in columns]
