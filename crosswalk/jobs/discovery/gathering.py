"""The rows of a file of job ads, read once and never held: distinct titles with how often, when and in which language they appear."""

import re
from array import array
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import DataError
from crosswalk.files.columns import named_column
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.discovery.ads import without_noise
from crosswalk.text import normalise

_SIGN_EVERY = 50_000
_ISO = re.compile(r"(\d{4})[-/.]?(0[1-9]|1[0-2])(?!\d{3})")
_DAY_FIRST = re.compile(r"\d{1,2}[./-](0?[1-9]|1[0-2])[./-](\d{4})")
_DATES, _COUNTS, _LANGUAGES = (
    ("date", "posted", "published", "month", "fecha", "datum"),
    ("count", "n", "ads", "frequency"),
    ("language", "lang"),
)
_MOST_ADS = 10**9


@dataclass(frozen=True)
class AdColumns:
    """Columns of a file of ads; only the title has to be there."""

    title: str
    date: str | None = None
    count: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class AdTitles:
    """Distinct titles in the order of their normal forms (so that the order of the file does not matter).

    ``written[i]`` is the shortest cleaned spelling of title i, ``counts[i]`` its ads; ``months[i]`` (first, last) counts months since
    the year 0, 0 where unknown; ``halves[i]`` are its ads in the earlier and the later half of the file's time; ``languages`` may be blank.
    """

    forms: list[str]
    written: list[str]
    counts: NDArray[np.int64]
    months: NDArray[np.int32]
    halves: NDArray[np.int64]
    languages: list[str]
    rows: int
    empty: int
    undated: int


def ad_columns(table: Table, title: str, date: str | None, count: str | None, language: str | None) -> AdColumns:
    """The columns named; those of dates, counts and languages are guessed. Raises UsageError for names that are not there."""

    def column(wanted: str | None, option: str, usual: Sequence[str]) -> str | None:
        if wanted:
            return named_column(table.columns, wanted, option=option)
        return next((name for name in table.columns if name.casefold() in usual), None)

    return AdColumns(
        named_column(table.columns, title, option="--title-column"),
        column(date, "--date-column", _DATES),
        column(count, "--count-column", _COUNTS),
        column(language, "--language-column", _LANGUAGES),
    )


class _Gathered:
    """Distinct titles while they are gathered. One row costs nine bytes, a distinct title its texts."""

    def __init__(self, words: Container[str]) -> None:
        self.words = words
        self.known: dict[str, int] = {}
        self.written: list[str] = []
        self.languages: list[set[str]] = []
        self.title, self.month, self.count = array("I"), array("H"), array("I")
        self.seen: dict[str, int] = {}
        self.empty = self.undated = 0

    def place(self, raw: str) -> int:
        """The number of a title, -1 for one of which nothing is left."""
        number = self.seen.get(raw)
        if number is None:
            number = self._new(raw)
            if len(self.seen) < 2_000_000:
                self.seen[raw] = number
        return number

    def _new(self, raw: str) -> int:
        cleaned = without_noise(raw, self.words)
        form = normalise(cleaned)
        if not any(map(str.isalpha, form)):
            return -1
        number = self.known.get(form)
        if number is None:
            number = self.known[form] = len(self.written)
            self.written.append(cleaned)
            self.languages.append(set())
        elif (len(cleaned), cleaned) < (len(self.written[number]), self.written[number]):
            self.written[number] = cleaned
        return number


def gather(table: Table, columns: AdColumns, words: Container[str], progress: Progress) -> AdTitles:
    """Go through the rows once; ``words`` are the book's. Raises DataError for a file without titles, and for counts that are none."""
    places = [table.columns.index(name) if name else None for name in (columns.title, columns.date, columns.count, columns.language)]
    gathered, rows = _Gathered(words), 0
    for rows, cells in enumerate(table.rows, start=1):
        _add(gathered, cells, places, table, rows)
        if rows % _SIGN_EVERY == 0:
            progress(rows, 0)
    progress(rows, rows)
    if not gathered.written:
        raise DataError("no row of the file has a title", where=str(table.path), hint="check --title-column")
    return _in_order(gathered, rows)


def _add(gathered: _Gathered, cells: Sequence[str], places: Sequence[int | None], table: Table, row: int) -> None:
    title, date, count, language = (cells[place] if place is not None else "" for place in places)
    number = gathered.place(title)
    if number < 0:
        gathered.empty += 1
        return
    month = _month(date)
    gathered.undated += bool(date) and not month
    gathered.title.append(number)
    gathered.month.append(month)
    gathered.count.append(_ads(count, table, row) if count else 1)
    if language:
        gathered.languages[number].add(language.strip().casefold()[:8])


def _ads(cell: str, table: Table, row: int) -> int:
    if not cell.strip().isdigit() or int(cell) > _MOST_ADS:
        raise DataError(f"{cell!r} is no number of ads", where=table.place(row - 1), hint="check --count-column")
    return int(cell)


def _month(date: str) -> int:
    """Months since the year 0; 0 for a date that cannot be read."""
    iso = _ISO.match(date.strip()) if date else None
    if iso:
        return int(iso.group(1)) * 12 + int(iso.group(2)) - 1
    day_first = _DAY_FIRST.match(date.strip()) if date else None
    return int(day_first.group(2)) * 12 + int(day_first.group(1)) - 1 if day_first else 0


def _in_order(gathered: _Gathered, rows: int) -> AdTitles:
    forms = list(gathered.known)
    order = sorted(range(len(forms)), key=forms.__getitem__)
    rank = np.empty(len(forms), dtype=np.int64)
    rank[order] = np.arange(len(forms))
    title = rank[np.frombuffer(gathered.title, dtype=np.uint32)]
    month = np.frombuffer(gathered.month, dtype=np.uint16).astype(np.int32)
    count = np.frombuffer(gathered.count, dtype=np.uint32).astype(np.int64)
    counts = np.bincount(title, weights=count, minlength=len(forms)).astype(np.int64)
    return AdTitles(
        [forms[place] for place in order], [gathered.written[place] for place in order], counts,
        _first_and_last(title, month, len(forms)), _halves(title, month, count, len(forms)),
        [",".join(sorted(gathered.languages[place])) for place in order], rows, gathered.empty, gathered.undated,
    )  # fmt: skip


def _first_and_last(title: NDArray[np.int64], month: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    found = np.zeros((size, 2), dtype=np.int32)
    found[:, 0] = np.iinfo(np.int32).max
    dated = month > 0
    np.minimum.at(found[:, 0], title[dated], month[dated])
    np.maximum.at(found[:, 1], title[dated], month[dated])
    found[found[:, 1] == 0, 0] = 0
    return found


def _halves(title: NDArray[np.int64], month: NDArray[np.int32], count: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Ads before and after the middle of the time that the file covers; zeros where it has no dates or one month only."""
    dated = month > 0
    if not dated.any() or month[dated].min() == month[dated].max():
        return np.zeros((size, 2), dtype=np.int64)
    middle = (int(month[dated].min()) + int(month[dated].max()) + 1) / 2
    parts: Iterable[NDArray[np.bool_]] = (dated & (month < middle), dated & (month >= middle))
    return np.stack([np.bincount(title[part], weights=count[part], minlength=size).astype(np.int64) for part in parts], axis=1)
