"""Titles in, shortlists out: the evidence of several searches brought together, one candidate a code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosswalk.model import Candidate, Query, Shortlist
from crosswalk.search.book import Book
from crosswalk.search.lexical import Hits, LexicalIndex, similarity
from crosswalk.text import LONGEST_TEXT, normalise

TITLES_READ = 40
"""Titles each search hands over for one text."""


@dataclass
class _Evidence:
    """What speaks for one code while its candidates are gathered."""

    position: int
    lexical: float = 0.0
    exact: float = 0.0
    votes: float = 0.0


class Retriever:
    """Holds the book and its searches open."""

    def __init__(self, book: Book, lexical: LexicalIndex) -> None:
        self.book = book
        self._lexical = lexical

    def shortlists(self, queries: Sequence[Query], k: int = 10) -> list[Shortlist]:
        """One shortlist a query, in the same order, of at most ``k`` codes."""
        normalised = [normalise(query_text(query)) for query in queries]
        exact = self._lexical.exact(normalised)
        lexical = self._lexical.search(normalised, TITLES_READ)
        return [
            Shortlist(query, self._candidates(text, same, hits, k))
            for query, text, same, hits in zip(queries, normalised, exact, lexical, strict=True)
        ]

    def _candidates(self, text: str, same: np.ndarray, hits: Hits, k: int) -> tuple[Candidate, ...]:
        found: dict[int, _Evidence] = {}
        codes = self.book.codes
        for position in same.tolist():
            found.setdefault(int(codes[position]), _Evidence(position)).exact = 1.0
        weight = hits.scores**4
        votes = weight / max(float(weight.sum()), 1e-9)
        for position, score, vote in zip(hits.titles.tolist(), hits.scores.tolist(), votes.tolist(), strict=True):
            evidence = found.setdefault(int(codes[position]), _Evidence(position))
            evidence.lexical = max(evidence.lexical, score)
            evidence.votes += vote
        ranked = sorted(found.items(), key=lambda entry: (-entry[1].exact, -round(entry[1].lexical, 6), entry[0]))
        return tuple(self._candidate(text, code, evidence) for code, evidence in ranked[:k])

    def _candidate(self, text: str, code: int, evidence: _Evidence) -> Candidate:
        matched = self.book.title(evidence.position)
        scores = {
            "exact": evidence.exact,
            "lexical": evidence.lexical,
            "spelling": 1.0 if evidence.exact else similarity(text, normalise(matched.text)),
            "votes": evidence.votes,
        }
        return Candidate(self.book.code_names[code], matched, scores)


def query_text(query: Query) -> str:
    """The title with what qualifies it, as one text of bounded length."""
    parts = [query.text, *(words for name, words in query.context.items() if name != "description")]
    return " ".join(part for part in parts if part)[:LONGEST_TEXT]
