"""A table from a file, and how its header is told from what stands above it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import DataError
from crosswalk.text import clean


@dataclass(frozen=True)
class Table:
    """A table from a file. ``rows`` can be gone through once; each row is a list of cells, as many as ``columns``.

    ``first_row`` is the number, in the file, of the first row after the header.
    """

    path: Path
    columns: tuple[str, ...]
    rows: Iterator[list[str]]
    notes: tuple[str, ...] = ()
    first_row: int = 2
    sheet: str = ""

    def place(self, row: int, column: str = "") -> str:
        """Where a cell is, in a person's words; ``row`` counts from 0 after the header."""
        sheet = f", sheet {self.sheet!r}" if self.sheet else ""
        named = f", column {column!r}" if column else ""
        return f"{self.path}{sheet}, row {row + self.first_row}{named}"


def find_header(rows: Iterator[list[str]], path: Path) -> tuple[int, tuple[str, ...]]:
    """Rows above the header, and the header: the first row of names that is filled about as widely as those after it.

    A table that begins with numbers has no header; its columns are then called "column 1", "column 2" and so on.
    """
    first = [row for _, row in zip(range(30), rows, strict=False)]
    filled = [sum(1 for cell in row if cell.strip()) for row in first]
    if not any(filled):
        raise DataError("the file holds no table, only blank lines", where=str(path), hint="check that it was saved completely")
    wide = [place for place, count in enumerate(filled) if count >= max(min(2, max(filled)), 0.5 * max(filled))]
    skip = next((place for place in wide if not _has_number(first[place])), None)
    if skip is None:
        return wide[0] - 1, tuple(f"column {place}" for place in range(1, len(first[wide[0]]) + 1))
    return skip, named_columns(first[skip], str(path))


def _has_number(row: Sequence[str]) -> bool:
    return any(cell.strip().isdigit() for cell in row)


def second_header(rows: Sequence[Sequence[str]], header: int) -> bool:
    """Whether the row after the header is a second row of names: words above columns of numbers."""
    below = rows[header + 2 : header + 22]
    return len(below) > 4 and not _has_number(rows[header + 1]) and sum(map(_has_number, below)) >= 0.8 * len(below)


def named_columns(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """Column names, cleaned; blank ones are numbered. Raises DataError for names that stand twice."""
    names = [" ".join(clean(cell).replace("\ufeff", "").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"the header has columns of the same name: {', '.join(twice)}", where=where, hint="rename them, so that each name stands once"
        )
    return tuple(names)
