"""What was found among the titles of ads: which are known, which are new names of known occupations, which may be new occupations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.discovery.clusters import Clusters
from crosswalk.jobs.discovery.gathering import AdTitles
from crosswalk.jobs.discovery.nearest import Neighbours
from crosswalk.model import Classification
from crosswalk.search.book import Book

MOST_TITLES = 12
"""Representative titles kept of a candidate."""

_MOST_CODES = 4


@dataclass(frozen=True, slots=True)
class NewTitle:
    """A title that is not in the book and belongs to a known occupation, as the classifier is sure."""

    title: str
    code: str
    probability: float
    ads: int
    growth: float | None
    languages: str


@dataclass(frozen=True, slots=True)
class NewOccupation:
    """Titles that belong together and to no title of the book; ``codes`` are the nearest groups with their part of the ads.

    ``growth`` is ads in the later half of the time over ads in the earlier one, None without dates; ``similarity`` (0..1) is the mean
    to the nearest index title, ``cohesion`` that among themselves. ``known`` is the share of their
    words that the book has, ``score`` what candidates are ordered by.
    """

    name: str
    titles: tuple[str, ...]
    title_count: int
    ads: int
    growth: float | None
    languages: str
    similarity: float
    cohesion: float
    codes: tuple[tuple[str, float], ...]
    nearest_title: str
    why: str
    known: float
    score: float = 0.0


def new_occupations(
    ads: AdTitles, pool: NDArray[np.int64], clusters: Clusters, near: Neighbours, book: Book, classification: Classification, least_ads: int
) -> list[NewOccupation]:
    """A candidate for each cluster with ads enough, in no order yet. ``pool`` are the places in ``ads`` that were clustered."""
    words = {word for form in book.normalised() for word in form.split()}
    found = []
    for number, members in enumerate(clusters.members()):
        places = pool[members]
        if ads.counts[places].sum() >= least_ads:
            order = np.lexsort((places, -clusters.closeness[members] * np.log1p(ads.counts[places])))
            found.append(_occupation(ads, places[order], float(clusters.cohesion[number]), near, book, classification, words))
    return found


def _occupation(
    ads: AdTitles, places: NDArray[np.int64], cohesion: float, near: Neighbours, book: Book, classification: Classification, words: set[str]
) -> NewOccupation:
    """The candidate of a cluster whose titles are given, the most typical first."""
    counts = ads.counts[places]
    similarity = float(np.average(near.similarity[places], weights=counts))
    codes = code_shares(near.codes[places, 0], counts, book)
    nearest = book.text(int(near.titles[places[0]]))
    growth = growth_of(ads.halves[places].sum(axis=0))
    known = float(np.mean([np.mean([word in words for word in ads.forms[place].split()]) for place in places]))
    return NewOccupation(
        ads.written[places[0]], tuple(ads.written[place] for place in places[:MOST_TITLES]), len(places), int(counts.sum()), growth,
        languages_of([ads.languages[place] for place in places]), round(similarity, 4), round(cohesion, 4), codes, nearest,
        _why(similarity, cohesion, codes, nearest, classification), round(known, 6),
    )  # fmt: skip


def _why(similarity: float, cohesion: float, codes: Sequence[tuple[str, float]], nearest: str, classification: Classification) -> str:
    """In words, why none of the nearest groups fits."""
    apart = f"its titles are {cohesion:.2f} alike among themselves, {similarity:.2f} to the book (nearest: {nearest!r})"
    first, second = (*codes, ("", 0.0), ("", 0.0))[:2]
    if second[0] and second[1] >= 0.5 * first[1]:
        return f"between {_named(first, classification)} and {_named(second, classification)}; {apart}"
    return f"nearest {_named(first, classification)}; {apart}"


def _named(code: tuple[str, float], classification: Classification) -> str:
    return f"{code[0]} {classification.title(code[0])} ({code[1]:.0%})"


def code_shares(codes: NDArray[np.int32], counts: NDArray[np.int64], book: Book) -> tuple[tuple[str, float], ...]:
    """The groups nearest to the titles, with their part of the ads, the largest first."""
    shares: Mapping[int, float] = {int(code): float(counts[codes == code].sum() / counts.sum()) for code in np.unique(codes)}
    ordered = sorted(shares.items(), key=lambda entry: (-entry[1], book.code_names[entry[0]]))
    return tuple((book.code_names[code], round(share, 4)) for code, share in ordered[:_MOST_CODES])


def growth_of(halves: NDArray[np.int64]) -> float | None:
    """Ads of the later half of the time over those of the earlier one, one added to each; None without dates."""
    earlier, later = (int(count) for count in halves)
    return round((later + 1) / (earlier + 1), 3) if earlier + later else None


def languages_of(marks: Sequence[str]) -> str:
    """The languages of several titles, each once."""
    return ",".join(sorted({language for mark in marks for language in mark.split(",") if language}))
