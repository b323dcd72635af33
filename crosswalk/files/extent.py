"""How far a workbook's sheets reach, read off their cells' references before calamine lays the cells out.

A sheet is laid out as a full rectangle: one stray cell at the far end of a sheet of 5 KB asks for gigabytes.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from crosswalk.errors import DataError

_CELL = re.compile(rb"\sr=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_HARMLESS = 2_000_000
_MOST_CELLS = 60_000_000
_EMPTIEST = 0.1
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def refuse_far_cells(path: Path, sheet: str | None) -> None:
    """Refuse an .xlsx whose sheet (all of them where none is named) spans far more cells than it holds. Raises DataError."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, part in _parts(archive):
                if sheet is None or name in (sheet, part):
                    with archive.open(part) as stream:
                        refuse_area(path, name, *_extent(stream))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error):
        return  # calamine says better what is wrong with it


def refuse_area(path: Path, sheet: str, rows: int, columns: int, cells: int | None = None) -> None:
    """Raise DataError where a sheet of this size would fill the memory; ``cells`` is how many of them hold something."""
    area = rows * columns
    sparse = cells is not None and cells < _EMPTIEST * area
    if area > _MOST_CELLS or (area > _HARMLESS and sparse):
        held = f" and holds {cells:,} cells" if cells is not None else ""
        raise DataError(
            f"the sheet reaches to row {rows:,} and column {columns:,}{held}: too large to be read",
            where=f"{path}, sheet {sheet!r}",
            hint="delete the stray cell at its end (Ctrl+End shows it), name another sheet with --sheet, or save the sheet as .csv",
        )


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Name and file of each worksheet; where the workbook does not tell, the file's name stands for the sheet's."""
    files = {name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")}
    for name, part in _named_parts(archive):
        if part in files:
            files.remove(part)
            yield name, part
    yield from ((part, part) for part in sorted(files))


def _named_parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    try:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    except (KeyError, ElementTree.ParseError):
        return []
    targets = {link.get("Id"): (link.get("Target") or "").removeprefix("/").removeprefix("xl/") for link in links}
    sheets = [entry for entry in book.iter() if entry.tag.endswith("}sheet")]
    return [(entry.get("name") or "", f"xl/{targets.get(entry.get(_RELATION), '')}") for entry in sheets]


def _extent(stream: IO[bytes]) -> tuple[int, int, int]:
    """The last row and column that a sheet's cells name, and how many cells there are."""
    rows = columns = cells = 0
    rest = b""
    while block := stream.read(1 << 20):
        whole, _, rest = (rest + block).rpartition(b">")
        found = _CELL.findall(whole)
        cells += len(found)
        rows = max(rows, max((int(number) for _, number in found), default=0))
        columns = max(columns, max((_column(letters) for letters in {letters for letters, _ in found}), default=0))
    return rows, columns, cells


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
