"""From texts to codings: searches, head and classifier put together, in blocks of bounded size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.classifier import Classifier
from crosswalk.coding.features import Features, features
from crosswalk.coding.head import Head
from crosswalk.model import Candidate, Classification, CodeProbability, Coding, Query
from crosswalk.search.evidence import Evidence
from crosswalk.search.retriever import Retriever, query_text
from crosswalk.text import normalise

_CELLS = 1 << 17
"""Texts times codes in one block: some 20 bytes a cell at the widest, which a cache holds better than memory."""

_UNKNOWN = -12.0


@dataclass(frozen=True)
class Scored:
    """What is known of a block of n texts: probabilities (n, codes + 1), the last "none of these", and what they were made of."""

    shares: NDArray[np.float64]
    evidence: Evidence
    head: NDArray[np.float32] | None


class Scorer:
    """Holds what turns texts into probabilities over the codes of the book."""

    def __init__(self, retriever: Retriever, classification: Classification, classifier: Classifier, head: Head | None) -> None:
        self.retriever = retriever
        self._classifier = classifier
        self._head = head
        self._groups = group_numbers(classification, retriever.book.code_names)
        if head is not None:
            place = {code: number for number, code in enumerate(head.facts.codes)}
            self._head_places = np.array([place.get(code, len(place)) for code in retriever.book.code_names])

    def codings(self, queries: Sequence[Query], k: int, scores: bool = True) -> list[Coding]:
        """One coding a query, in the same order, with its ``k`` likeliest codes; equal probabilities in the order of the codes.

        With ``scores`` every code has what each search said of it.
        """
        found: list[Coding] = []
        for block, scored in self.scored(queries):
            order = likeliest(scored.shares[:, :-1], k)
            candidates = self._candidates(scored, order) if scores else self.retriever.titled(scored.evidence, order)
            found += map(_coding, block, candidates, *_probabilities(scored.shares, order))
        return found

    def scored(self, queries: Sequence[Query]) -> Iterator[tuple[Sequence[Query], Scored]]:
        """The queries in blocks, each with what is known of it. A text's answer does not depend on its neighbours."""
        size = max(16, _CELLS // max(1, len(self.retriever.book.code_names)))
        for begin in range(0, len(queries), size):
            block = queries[begin : begin + size]
            made, evidence, head = self.features(block)
            yield block, Scored(self._classifier.probabilities(made), evidence, head)

    def features(self, queries: Sequence[Query]) -> tuple[Features, Evidence, NDArray[np.float32] | None]:
        """What the classifier weighs, and what it was made of."""
        normalised = [normalise(query_text(query)) for query in queries]
        vectors = self.retriever.encoder.encode(normalised)
        evidence = self.retriever.evidence(normalised, vectors)
        head = self._head_shares(queries, normalised, vectors)
        return features(evidence, head, self._groups), evidence, head

    def _head_shares(self, queries: Sequence[Query], normalised: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32] | None:
        if self._head is None:
            return None
        others = self._head.facts.fields[1:]
        fields: list[Sequence[str]] = [normalised]
        if others:
            titles = [normalise(query.text) for query in queries]
            fields = [titles, *([normalise(query.context.get(name, "")) for query in queries] for name in others)]
        shares = self._head.log_shares(fields, vectors)
        padded = np.concatenate([shares, np.full((len(shares), 1), _UNKNOWN, dtype=np.float32)], axis=1)
        known: NDArray[np.float32] = padded[:, self._head_places]
        return known

    def _candidates(self, scored: Scored, codes: NDArray[np.int64]) -> list[list[Candidate]]:
        if scored.head is None:
            return self.retriever.candidates(scored.evidence, codes)
        return self.retriever.candidates(scored.evidence, codes, head=np.exp(np.take_along_axis(scored.head, codes, axis=1)))


def _probabilities(shares: NDArray[np.float64], codes: NDArray[np.int64]) -> tuple[list[list[float]], list[float]]:
    return np.take_along_axis(shares, codes, axis=1).tolist(), shares[:, -1].tolist()


def _coding(query: Query, candidates: list[Candidate], probabilities: list[float], none: float) -> Coding:
    codes = [candidate.code for candidate in candidates]
    return Coding(query, tuple(map(CodeProbability, codes, probabilities, candidates)), none)


def likeliest(shares: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Places of each row's ``k`` largest shares, shape (n, k), largest first; those equal at six digits in their order.

    Share and place go into one number, so that nothing but those numbers is sorted, and only the first of them.
    """
    width = shares.shape[1]
    keys = np.arange(width) - np.rint(shares * 1e6).astype(np.int64) * width
    if 0 < k < width:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    places: NDArray[np.int64] = np.sort(keys, axis=1)[:, :k] % width
    return places


def group_numbers(classification: Classification, codes: Sequence[str]) -> NDArray[np.int64]:
    """A number for each code's parent, equal for siblings."""
    items = classification.by_code
    parents = [(items[code].parent or "") if code in items else "" for code in codes]
    number = {parent: place for place, parent in enumerate(sorted(set(parents)))}
    return np.array([number[parent] for parent in parents], dtype=np.int64)
