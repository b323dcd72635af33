"""What was discovered, as tables: new occupations, new index titles, and every distinct title with its code."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs.discovery.discover import SORTS, Discovery
from crosswalk.jobs.discovery.drafting import COLUMNS as DRAFT_COLUMNS
from crosswalk.jobs.discovery.drafting import draft_cells, drafts_of
from crosswalk.jobs.discovery.findings import NewOccupation, NewTitle
from crosswalk.jobs.discovery.proposing import Proposed
from crosswalk.model import Classification, Opinion
from crosswalk.search.book import Book
from crosswalk.store.candidates import CandidateKind, KeptCandidate
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.store import Store

OCCUPATION_COLUMNS = ("id", "name", "titles", "title_count", "ads", "growth", "languages", "nearest_codes", "why", "similarity", "cohesion")
BRIEF_COLUMNS = ("id", "name", "titles", "ads", "growth", "nearest")
TITLE_COLUMNS = ("id", "title", "code", "code_title", "probability", "ads", "growth", "languages")
ALL_COLUMNS = ("title", "ads", "first", "last", "languages", "sort", "code", "code_title", "share", "second_code", "nearest", "similarity")

KEPT_COLUMNS = ("id", "name", "titles", "ads", "growth", "languages", "nearest_code", "nearest_title", "why")
DECISION_COLUMNS = ("decision", "code", "code_title", "decided_name", "note", "coder", "decided")

SHEETS = ("candidates", "index titles", "titles")


def write_discovery(
    path: Path, found: Discovery, proposed: Proposed, drafts: Mapping[str, Opinion], book: Book, classification: Classification
) -> list[Path]:
    """Write the proposals, with the ids under which they are kept, and all titles: three sheets, or three files."""
    occupations, titles = proposed.occupations, proposed.titles
    columns = (*OCCUPATION_COLUMNS, *DRAFT_COLUMNS) if drafts else OCCUPATION_COLUMNS
    rows = ([*occupation_cells(key, entry), *(draft_cells(drafts.get(key)) if drafts else ())] for key, entry in occupations)
    return write_tables(path, [
        Sheet(SHEETS[0], columns, rows),
        Sheet(SHEETS[1], TITLE_COLUMNS, (title_cells(key, entry, classification) for key, entry in titles)),
        Sheet(SHEETS[2], ALL_COLUMNS, _all_rows(found, book, classification)),
    ])  # fmt: skip


def kept_sheets(store: Store, run: str, classification: Classification) -> list[Sheet]:
    """The proposals of a run as the store keeps them, in the order of the queue, each with its draft and what was decided of it."""
    settled, drafts = store.decisions.settled(run), drafts_of(store, run)
    kept = {candidate.key: candidate for candidate in store.candidates.of([run])}
    places = {key: place for place, key in enumerate(store.cases.keys_in_file_order(run))}
    ordered = sorted(kept.values(), key=lambda candidate: (places.get(candidate.key, len(places)), candidate.key))

    def rows(kind: CandidateKind) -> Iterator[list[str]]:
        for candidate in ordered:
            if candidate.kind == kind:
                draft = draft_cells(drafts.get(candidate.key)) if kind == "occupation" else []
                yield [*_kept_cells(candidate, classification), *draft, *_decision_cells(settled.get(candidate.key), classification)]

    return [
        Sheet(SHEETS[0], (*KEPT_COLUMNS, *DRAFT_COLUMNS, *DECISION_COLUMNS), rows("occupation")),
        Sheet(SHEETS[1], (*KEPT_COLUMNS, *DECISION_COLUMNS), rows("index title")),
    ]


def _kept_cells(candidate: KeptCandidate, classification: Classification) -> list[str]:
    title = classification.title(candidate.code)
    counts = (str(candidate.ads), _growth(candidate.growth), candidate.languages)
    return [candidate.key, candidate.name, " | ".join(candidate.titles), *counts, candidate.code, title, candidate.why]


def _decision_cells(kept: KeptDecision | None, classification: Classification) -> list[str]:
    """In the order of ``DECISION_COLUMNS``; all waiting where nobody has decided."""
    if kept is None:
        return ["waiting", "", "", "", "", "", ""]
    return [kept.action, kept.code, classification.title(kept.code), kept.name, kept.note, kept.coder, kept.time]


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
