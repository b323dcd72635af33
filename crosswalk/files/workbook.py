"""Sheets of Excel and OpenDocument workbooks, read by calamine after a look at the zip's directory."""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosswalk.errors import DataError, UsageError
from crosswalk.files.extent import refuse_area, refuse_far_cells
from crosswalk.text import BLANK

_LARGEST_UNPACKED = 600_000_000
_LARGEST_RATIO = 200
_MOST_ENTRIES = 5_000


@dataclass(frozen=True)
class Sheet:
    """One sheet as text; ``offset`` rows stood above the first one used."""

    name: str
    rows: list[list[str]]
    offset: int
    notes: tuple[str, ...]


def open_sheet(path: Path, wanted: str | None) -> Sheet:
    """Read one sheet: the one named, or the one with the most rows (and say so).

    Raises DataError for damaged, protected or oversized workbooks, UsageError for a sheet that is not there.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_bombs(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        chosen = None if wanted is None else _named(wanted, names, path)
        if zipfile.is_zipfile(path):
            refuse_far_cells(path, chosen)
        sheets = [_sheet(book, name, path) for name in ([chosen] if chosen is not None else names)]
        if chosen is not None:
            return sheets[0]
    except (UsageError, DataError):
        raise
    except (CalamineError, OSError, ValueError) as error:
        said = "it is protected by a password" if "password" in str(error).lower() else str(error)
        raise DataError(f"the workbook cannot be read ({said})", where=str(path), hint="open it and save it again as .xlsx") from None
    best = max(sheets, key=lambda sheet: len(sheet.rows), default=None)
    if best is None or not best.rows:
        raise DataError("the workbook holds no rows", where=str(path), hint="check that it was saved completely")
    others = [sheet.name for sheet in sheets if sheet.rows and sheet is not best]
    note = (f"sheet {best.name!r} is used ({len(best.rows):,} rows); others: {', '.join(others)}",) if others else ()
    return replace(best, notes=(*note, *best.notes))


def _named(wanted: str, names: list[str], path: Path) -> str:
    if wanted in names:
        return wanted
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    from rapidfuzz import process

    near = process.extractOne(wanted, names, score_cutoff=50)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"no sheet {wanted!r}", where=str(path), hint=f"{hint}sheets: {', '.join(names)}")


def _sheet(book: Any, name: str, path: Path) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    start = sheet.start
    refuse_area(path, name, sheet.height, sheet.width)
    rows = [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]
    blank = sum(row.count(BLANK) for row in rows)
    if blank:
        rows = [["" if cell == BLANK else cell for cell in row] for row in rows]
    notes = (f"cells of sheet {name!r} that say {BLANK!r} are read as empty: {blank:,}",) if blank else ()
    return Sheet(name, rows, start[0] if start else 0, notes)


def _cell(value: object) -> str:
    """A cell as the file shows it: whole numbers without ".0" (codes are often stored as numbers)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _refuse_bombs(path: Path) -> None:
    """Refuse, from the zip's directory alone, a workbook that would unpack to more than a laptop has."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise DataError(f"the workbook is damaged ({error})", where=str(path), hint="copy it again from its source") from None
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    if len(entries) > _MOST_ENTRIES or unpacked > _LARGEST_UNPACKED or (unpacked > 50_000_000 and unpacked / packed > _LARGEST_RATIO):
        raise DataError(
            f"this workbook of {packed:,} bytes would unpack to {unpacked:,}: refused",
            where=str(path),
            hint="save the one sheet you need as .csv",
        )
