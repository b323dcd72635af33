"""A table from a file, and how its header is told from what stands above it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from crosswalk.errors import DataError
from crosswalk.files.columns import guess_code, guess_title
from crosswalk.text import clean

_MOST_COLUMNS = 20_000


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


class Header(NamedTuple):
    """How many rows stand above the header, its names, how many cells it has (blank ones too), and what is to be said of it."""

    skip: int
    columns: tuple[str, ...]
    width: int
    notes: tuple[str, ...] = ()


def find_header(rows: Iterator[list[str]], path: Path) -> Header:
    """The first row of names that is filled about as widely as those after it; what stands above it is said.

    A table that begins with numbers has no header; its columns are then called "column 1", "column 2" and so on.
    """
    first = [row for _, row in zip(range(30), rows, strict=False)]
    filled = [sum(1 for cell in row if cell.strip()) for row in first]
    if not any(filled):
        raise DataError("the file holds no table, only blank lines", where=str(path), hint="check that it was saved completely")
    wide = [place for place, count in enumerate(filled) if count >= max(min(2, max(filled)), 0.5 * max(filled))]
    named = next((place for place in wide if _is_names(first[place])), None)
    if named is None or _are_rows([first[place] for place in wide if place < named], [first[place] for place in wide if place > named]):
        width = len(first[wide[0]])
        columns = tuple(f"column {place}" for place in range(1, width + 1))
        said = f"no header: the table begins with numbers, so its columns are called {columns[0]!r} to {columns[-1]!r}"
        return Header(wide[0] - 1, columns, width, (*_skipped(filled[: wide[0]]), said))
    return Header(named, named_columns(first[named], str(path)), len(first[named]), _skipped(filled[:named]))


def _skipped(filled: Sequence[int]) -> tuple[str, ...]:
    count = sum(1 for cells in filled if cells)
    return (f"rows above the table that were skipped: {count}",) if count else ()


def _is_names(row: Sequence[str]) -> bool:
    """Names have no numbers among them, but for a few ("2019") beside a code's and a title's."""
    numbers = sum(_is_number(cell) for cell in row)
    if not numbers:
        return True
    code = guess_code(row)
    return 2 * numbers < sum(1 for cell in row if cell.strip()) and code is not None and guess_title(row, code) is not None


def _are_rows(above: Sequence[Sequence[str]], below: Sequence[Sequence[str]]) -> bool:
    """Whether the rows above a would-be header have numbers where those below it have them: then they are no preamble."""
    usual = {place for place in range(max(map(len, below), default=0)) if 2 * _numbers_in(below, place) >= len(below) > 0}
    return any(_is_number(cell) for row in above for place, cell in enumerate(row) if place in usual)


def _numbers_in(rows: Sequence[Sequence[str]], place: int) -> int:
    return sum(place < len(row) and _is_number(row[place]) for row in rows)


def _is_number(cell: str) -> bool:
    return cell.strip().isdigit()


def second_header(rows: Sequence[Sequence[str]], header: int) -> bool:
    """Whether the row after the header is a second row of names: words above numbers, the code's column blank or named.

    A row with anything else in the code's column ("A", "Managers") may be the first of the table.
    """
    below = rows[header + 2 : header + 22]
    if len(below) < 5 or any(map(_is_number, rows[header + 1])):
        return False
    digits = [sum(place < len(row) and any(map(str.isdigit, row[place])) for row in below) for place in range(len(rows[header + 1]))]
    code = next((place for place, count in enumerate(digits) if count >= 0.8 * len(below)), None)
    said = rows[header + 1][code].strip() if code is not None else ""
    return code is not None and (not said or guess_code([said]) is not None)


def widened(columns: tuple[str, ...], width: int) -> tuple[str, ...]:
    """The columns with those that hold data but have no name, called "column 3" and so on."""
    return columns + tuple(f"column {place}" for place in range(len(columns) + 1, width + 1))


def used_width(rows: Iterable[Sequence[str]]) -> int:
    """The last place in which any row has something."""
    return max((len(row) - next((n for n, cell in enumerate(reversed(row)) if cell.strip()), len(row)) for row in rows), default=0)


def named_columns(cells: Sequence[str], where: str) -> tuple[str, ...]:
    """Column names, cleaned; blank ones are numbered. Raises DataError for names that stand twice, and for too many."""
    names = [" ".join(clean(cell).replace("\ufeff", "").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > _MOST_COLUMNS:
        raise DataError(
            f"the header has {len(names):,} columns, more than {_MOST_COLUMNS:,}",
            where=where,
            hint="is --delimiter right, and is it a table?",
        )
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"the header has columns of the same name: {', '.join(twice[:10])}",
            where=where,
            hint="rename them, so that each name stands once",
        )
    return tuple(names)
