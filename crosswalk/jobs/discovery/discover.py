"""Goes through job ads: every title is looked up in the book, coded, and sorted into known, new title, new occupation or rest."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.autocoder import Autocoder
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.discovery.clusters import cluster
from crosswalk.jobs.discovery.findings import NewOccupation, NewTitle, growth_of, new_occupations
from crosswalk.jobs.discovery.gathering import AdColumns, AdTitles, gather
from crosswalk.jobs.discovery.nearest import BookNeighbours, Neighbours
from crosswalk.jobs.discovery.ordering import in_order
from crosswalk.manifest import sha256_of
from crosswalk.model import Query
from crosswalk.search.book import Book
from crosswalk.text import clean, fold, one_line

Stage = Callable[[str, str], AbstractContextManager[Progress]]

KNOWN, NEW_TITLE, CANDIDATE, REST = 0, 1, 2, 3
SORTS = ("known", "new index title", "new-occupation candidate", "rest")

_MOST_CODED = 20_000
_CHUNK = 1024


@dataclass(frozen=True)
class Settings:
    """``least_ads``: ads that a title or candidate needs; ``sure``: probability from which a title is proposed for the book."""

    least_ads: int = 5
    sure: float = 0.85


@dataclass(frozen=True)
class Discovery:
    """All distinct titles with what they were sorted into (a position in ``SORTS``), and the proposals."""

    ads: AdTitles
    near: Neighbours
    sorts: NDArray[np.int8]
    titles: list[NewTitle]
    occupations: list[NewOccupation]


def discover(table: Table, columns: AdColumns, coder: Autocoder, settings: Settings, stage: Stage) -> Discovery:
    """Sort the titles of a file of ads. Memory grows with the distinct titles; the order of the rows does not matter."""
    book = coder.retriever.book
    with stage("reading", "ads") as progress:
        ads = gather(table, columns, words_of(book), progress)
    with stage("comparing with the book", "titles") as progress:
        near = BookNeighbours(book, coder.retriever.encoder).of(ads.forms, progress)
    in_book = {fold(form) for form in book.normalised()}
    sorts = np.where([fold(form) in in_book for form in ads.forms], KNOWN, REST).astype(np.int8)
    with stage("coding the frequent titles", "titles") as progress:
        titles = _new_titles(ads, sorts, coder, settings, progress)
    pool = np.flatnonzero(sorts == REST)
    with stage("clustering the rest", "titles") as progress:
        clusters = cluster([ads.forms[place] for place in pool], ads.counts[pool], coder.retriever.encoder, progress)
    occupations = new_occupations(ads, pool, clusters, near, book, coder.classification, settings.least_ads)
    with stage("ordering the candidates", "titles") as progress:
        occupations = in_order(occupations, coder, progress)
    frequent = (
        np.bincount(clusters.labels[clusters.labels >= 0], ads.counts[pool][clusters.labels >= 0], len(clusters.cohesion))
        >= settings.least_ads
    )
    sorts[pool[(clusters.labels >= 0) & np.append(frequent, False)[clusters.labels]]] = CANDIDATE
    return Discovery(ads, near, sorts, titles, occupations)


def _new_titles(ads: AdTitles, sorts: NDArray[np.int8], coder: Autocoder, settings: Settings, progress: Progress) -> list[NewTitle]:
    """Frequent titles that are not in the book and that the classifier is sure of; notes them in ``sorts``."""
    frequent = np.flatnonzero((sorts == REST) & (ads.counts >= settings.least_ads))
    frequent = frequent[np.lexsort((frequent, -ads.counts[frequent]))][:_MOST_CODED]
    found = []
    for begin in range(0, len(frequent), _CHUNK):
        places = frequent[begin : begin + _CHUNK].tolist()
        for place, coding in zip(places, coder.code([Query(ads.written[place]) for place in places], 6), strict=True):
            if coding.codes and coding.best.probability >= settings.sure:
                sorts[place] = NEW_TITLE
                found.append(NewTitle(ads.written[place], coding.best.code, round(coding.best.probability, 4), int(ads.counts[place]),
                                      growth_of(ads.halves[place]), ads.languages[place]))  # fmt: skip
        progress(begin + len(places), len(frequent))
    return found


def run_of(table: Table, columns: AdColumns, coder: Autocoder, settings: Settings, run: str | None) -> tuple[str, str, dict[str, object]]:
    """The run's name, its fingerprint, and all that its proposals depend on."""
    facts: dict[str, object] = {
        "input": sha256_of(table.path)[:16], "file": clean(table.path.name), "sheet": table.sheet, "columns": asdict(columns),
        "index": coder.fingerprint, "scheme": coder.classification.scheme, **asdict(settings),
    }  # fmt: skip
    fingerprint = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return run or f"{one_line(table.path.stem.split('.')[0][:40])}-{fingerprint[:6]}", fingerprint, facts


def words_of(book: Book) -> frozenset[str]:
    """Words of the book's titles: they speak of work, and not of a place or an employer."""
    return frozenset(word for form in book.normalised() for word in form.split() if len(word) > 2)
