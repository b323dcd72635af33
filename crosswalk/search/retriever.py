"""Titles in, shortlists out: the evidence of several searches brought together, one candidate a code."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import IndexFolderError
from crosswalk.model import Candidate, Query, Shortlist
from crosswalk.search.book import Book
from crosswalk.search.encoder import Encoder
from crosswalk.search.lexical import Hits, LexicalIndex, similarity
from crosswalk.search.semantic import SemanticIndex
from crosswalk.text import LONGEST_TEXT, normalise

TITLES_READ = 40
"""Titles each search hands over for one text."""

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


@dataclass(slots=True)
class _Evidence:
    """What speaks for one code while its candidates are gathered: the best title so far, and the best of each search."""

    position: int
    fused: float = -1.0
    semantic: float = 0.0
    lexical: float = 0.0
    exact: float = 0.0
    votes: float = 0.0


class Retriever:
    """Holds the book and its searches open. Safe to share between threads."""

    def __init__(self, book: Book, lexical: LexicalIndex, semantic: SemanticIndex, encoder: Encoder, weights: FusionWeights) -> None:
        self.book = book
        self.encoder = encoder
        self._lexical = lexical
        self._semantic = semantic
        self._weights = weights

    def shortlists(self, queries: Sequence[Query], k: int = 10) -> list[Shortlist]:
        """One shortlist a query, in the same order, of at most ``k`` codes."""
        normalised = [normalise(query_text(query)) for query in queries]
        exact = self._lexical.exact(normalised)
        lexical = self._lexical.search(normalised, TITLES_READ)
        semantic = self._semantic.search(self.encoder.encode(normalised), TITLES_READ)
        return [
            Shortlist(query, self._candidates(text, same, alike, near, k))
            for query, text, same, alike, near in zip(queries, normalised, exact, lexical, semantic, strict=True)
        ]

    def _candidates(self, text: str, exact: NDArray[np.int32], lexical: Hits, semantic: Hits, k: int) -> tuple[Candidate, ...]:
        found: dict[int, _Evidence] = {}
        for position, by_search in self._titles(exact, lexical, semantic).items():
            self._weigh(found.setdefault(int(self.book.codes[position]), _Evidence(position)), position, by_search)
        total = sum(evidence.votes for evidence in found.values()) or 1.0
        ranked = sorted(found.items(), key=lambda entry: (-round(entry[1].fused, 6), entry[0]))
        return tuple(self._candidate(text, code, evidence, total) for code, evidence in ranked[:k])

    @staticmethod
    def _titles(exact: NDArray[np.int32], lexical: Hits, semantic: Hits) -> dict[int, list[float]]:
        """Titles found by any search: position -> [exact, lexical, semantic], a search that missed it counting 0."""
        titles: dict[int, list[float]] = {position: [1.0, 0.0, 0.0] for position in exact.tolist()}
        for place, hits in ((1, lexical), (2, semantic)):
            for position, score in zip(hits.titles.tolist(), hits.scores.tolist(), strict=True):
                titles.setdefault(position, [0.0, 0.0, 0.0])[place] = score
        return titles

    def _weigh(self, evidence: _Evidence, position: int, by_search: list[float]) -> None:
        exact, lexical, semantic = by_search
        fused = self._weights.exact * exact + self._weights.lexical * lexical + self._weights.semantic * semantic
        if fused > evidence.fused:
            evidence.fused, evidence.position = fused, position
        evidence.exact = max(evidence.exact, exact)
        evidence.lexical = max(evidence.lexical, lexical)
        evidence.semantic = max(evidence.semantic, semantic)
        evidence.votes += max(fused, 0.0) ** 4

    def _candidate(self, text: str, code: int, evidence: _Evidence, total: float) -> Candidate:
        matched = self.book.title(evidence.position)
        scores = {
            "exact": evidence.exact,
            "semantic": evidence.semantic,
            "lexical": evidence.lexical,
            "spelling": 1.0 if evidence.exact else similarity(text, normalise(matched.text)),
            "votes": evidence.votes / total,
        }
        return Candidate(self.book.code_names[code], matched, scores)


def query_text(query: Query) -> str:
    """The title with what qualifies it, as one text of bounded length."""
    parts = [query.text, *(words for name, words in query.context.items() if name != "description")]
    return " ".join(part for part in parts if part)[:LONGEST_TEXT]
