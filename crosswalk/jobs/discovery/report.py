"""What was discovered, as tables: new occupations, new index titles, and every distinct title with its code."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs.discovery.discover import SORTS, Discovery
from crosswalk.jobs.discovery.findings import NewOccupation, NewTitle
from crosswalk.jobs.discovery.proposing import Proposed
from crosswalk.model import Classification
from crosswalk.search.book import Book

OCCUPATION_COLUMNS = ("id", "name", "titles", "title_count", "ads", "growth", "languages", "nearest_codes", "why", "similarity", "cohesion")
BRIEF_COLUMNS = ("id", "name", "titles", "ads", "growth", "nearest")
TITLE_COLUMNS = ("id", "title", "code", "code_title", "probability", "ads", "growth", "languages")
ALL_COLUMNS = ("title", "ads", "first", "last", "languages", "sort", "code", "code_title", "share", "second_code", "nearest", "similarity")

SHEETS = ("candidates", "index titles", "titles")


def write_discovery(
    path: Path, found: Discovery, occupations: Sequence[tuple[str, NewOccupation]], titles: Sequence[tuple[str, NewTitle]],
    book: Book, classification: Classification,
) -> list[Path]:  # fmt: skip
    """Write the proposals, with the ids under which they are kept, and all titles: three sheets, or three files."""
    return write_tables(path, [
        Sheet(SHEETS[0], OCCUPATION_COLUMNS, (occupation_cells(key, entry) for key, entry in occupations)),
        Sheet(SHEETS[1], TITLE_COLUMNS, (title_cells(key, entry, classification) for key, entry in titles)),
        Sheet(SHEETS[2], ALL_COLUMNS, _all_rows(found, book, classification)),
    ])  # fmt: skip


def summary(found: Discovery, proposed: Proposed) -> list[str]:
    """What was found, in words, and the next step."""
    ads = found.ads
    sorts = [f"{int((found.sorts == place).sum()):,} {name}" for place, name in enumerate(SORTS)]
    undated = f"; {ads.undated:,} dates could not be read" if ads.undated else ""
    return [
        f"{ads.rows:,} rows, {len(ads.forms):,} different titles once the noise is off ({ads.empty:,} rows without a title{undated})",
        f"titles: {', '.join(sorts)}",
        f"proposed: {len(proposed.occupations):,} new occupations, {len(proposed.titles):,} new index titles; "
        f"decided in earlier runs and not proposed again: {proposed.decided_before:,}",
        f"next: crosswalk review {shlex.quote(proposed.run)}",
    ]


def occupation_cells(key: str, entry: NewOccupation) -> list[str]:
    """A row for a new-occupation candidate."""
    codes = ", ".join(f"{code} ({share:.0%})" for code, share in entry.codes)
    return [
        key, entry.name, " | ".join(entry.titles), str(entry.title_count), str(entry.ads), _growth(entry.growth), entry.languages, codes,
        entry.why, f"{entry.similarity:.2f}", f"{entry.cohesion:.2f}",
    ]  # fmt: skip


def brief_cells(key: str, entry: NewOccupation) -> list[str]:
    """A candidate at a glance, for a terminal."""
    nearest = ", ".join(f"{code} {share:.0%}" for code, share in entry.codes[:2])
    return [key, entry.name, str(entry.title_count), str(entry.ads), _growth(entry.growth), nearest]


def title_cells(key: str, entry: NewTitle, classification: Classification) -> list[str]:
    """A row for a new index title."""
    code = (entry.code, classification.title(entry.code), f"{entry.probability:.4f}")
    return [key, entry.title, *code, str(entry.ads), _growth(entry.growth), entry.languages]


def _all_rows(found: Discovery, book: Book, classification: Classification) -> Iterator[list[str]]:
    ads, near = found.ads, found.near
    for place, title in enumerate(ads.written):
        first, second = (book.code_names[code] for code in near.codes[place].tolist())
        share, more = near.shares[place].tolist()
        months = [_month(int(month)) for month in ads.months[place]]
        yield [
            title, str(ads.counts[place]), *months, ads.languages[place], SORTS[found.sorts[place]], first, classification.title(first),
            f"{share:.2f}", second if more else "", book.text(int(near.titles[place])), f"{near.similarity[place]:.2f}",
        ]  # fmt: skip


def _growth(growth: float | None) -> str:
    return f"{growth:.2f}" if growth is not None else ""


def _month(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}" if month else ""
