"""Titles in, shortlists out: the evidence of several searches brought together, one candidate a code."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import IndexFolderError
from crosswalk.model import Candidate, IndexTitle, Query, Shortlist
from crosswalk.search.book import Book
from crosswalk.search.encoder import Encoder
from crosswalk.search.evidence import KINDS, Evidence, gather
from crosswalk.search.lexical import LexicalIndex
from crosswalk.search.semantic import SemanticIndex
from crosswalk.text import LONGEST_TEXT, normalise

TITLES_READ = 40
"""Titles each search hands over for one text."""

_KEPT = 1 << 15

WEIGHTS_FILE = "retriever.json"


@dataclass(frozen=True)
class FusionWeights:
    """How much each search counts in the order of a shortlist; the shipped ones were chosen as benchmarks/README.md says."""

    semantic: float
    lexical: float
    exact: float

    @classmethod
    def load(cls, folder: Path) -> "FusionWeights":
        """Read the weights of an index folder. Raises IndexFolderError when they are not whole."""
        try:
            return cls(**{name: float(value) for name, value in json.loads((folder / WEIGHTS_FILE).read_text(encoding="utf-8")).items()})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise IndexFolderError(f"{WEIGHTS_FILE} cannot be used ({error!r})", where=str(folder), hint="build the index again") from None


class Retriever:
    """Holds the book and its searches open. Safe to share between threads."""

    def __init__(self, book: Book, lexical: LexicalIndex, semantic: SemanticIndex, encoder: Encoder, weights: FusionWeights) -> None:
        self.book = book
        self.encoder = encoder
        self._lexical = lexical
        self._semantic = semantic
        self._weights = weights
        self._first_titles = np.unique(book.codes, return_index=True)[1]
        self._titled = lru_cache(_KEPT)(self._titled_once)

    def evidence(self, normalised: Sequence[str], vectors: NDArray[np.float32]) -> Evidence:
        """What speaks for each of the book's codes, for texts in normal form and their vectors."""
        found = [
            self._lexical.exact(normalised), self._semantic.search(vectors, TITLES_READ), self._lexical.search(normalised, TITLES_READ)
        ]  # fmt: skip
        weights = (self._weights.exact, self._weights.semantic, self._weights.lexical)
        return gather(found, weights, self.book.codes, len(normalised), len(self.book.code_names))

    def shortlists(self, queries: Sequence[Query], k: int = 10) -> list[Shortlist]:
        """One shortlist a query, in the same order, of at most ``k`` codes, by the fused searches alone."""
        normalised = [normalise(query_text(query)) for query in queries]
        evidence = self.evidence(normalised, self.encoder.encode(normalised))
        order = np.argsort(-evidence.fused, axis=1, kind="stable")[:, :k]
        found = np.take_along_axis(evidence.matched, order, axis=1) >= 0
        return [
            Shortlist(query, tuple(candidate for candidate, there in zip(row, seen, strict=True) if there))
            for query, row, seen in zip(queries, self.candidates(evidence, order), found.tolist(), strict=True)
        ]

    def nearest_titles(self, query: Query, code: str, k: int) -> tuple[tuple[IndexTitle, float], ...]:
        """The ``k`` titles of one code that are nearest to a text in meaning, with their similarity."""
        places = np.flatnonzero(self.book.codes == self.book.code_names.index(code))
        near = self.encoder.encode([normalise(self.book.text(int(place))) for place in places])
        scores = near @ self.encoder.encode([normalise(query_text(query))])[0]
        order = np.argsort(-np.round(scores, 6), kind="stable")[:k]
        return tuple((self.book.title(int(places[n])), float(scores[n])) for n in order)

    def candidates(self, evidence: Evidence, codes: NDArray[np.int64], **more: NDArray[np.float32]) -> list[list[Candidate]]:
        """For each text its ``codes`` (texts, k), each with the title that speaks for it: the best one found, else the code's first.

        ``more`` names further scores, (texts, k).
        """
        places = self._title_places(evidence, codes)
        found = np.take_along_axis(evidence.scores, codes[:, :, None], axis=1)
        scores = np.concatenate([found, *(part[:, :, None] for part in more.values())], axis=2).tolist()
        names = (*KINDS, *more)
        return [
            [self._candidate(place, names, values) for place, values in zip(row, by_name, strict=True)]
            for row, by_name in zip(places, scores, strict=True)
        ]

    def titled(self, evidence: Evidence, codes: NDArray[np.int64]) -> list[list[Candidate]]:
        """As ``candidates``, without scores: those of one title are then the same, and made once."""
        return [list(map(self._titled, row)) for row in self._title_places(evidence, codes)]

    def _title_places(self, evidence: Evidence, codes: NDArray[np.int64]) -> list[list[int]]:
        matched = np.take_along_axis(evidence.matched, codes, axis=1)
        places: list[list[int]] = np.where(matched >= 0, matched, self._first_titles[codes]).tolist()
        return places

    def _candidate(self, place: int, names: Sequence[str], values: Sequence[float]) -> Candidate:
        matched = self.book.title(place)
        return Candidate(matched.code, matched, dict(zip(names, values, strict=True)))

    def _titled_once(self, place: int) -> Candidate:
        return self._candidate(place, (), ())


def query_text(query: Query) -> str:
    """The title with what qualifies it, as one text of bounded length."""
    parts = [query.text, *(words for name, words in query.context.items() if name != "description")]
    return " ".join(part for part in parts if part)[:LONGEST_TEXT]
