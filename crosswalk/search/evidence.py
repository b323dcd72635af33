"""What the searches found, code by code, as arrays: the classifier weighs these, a screen shows the titles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.lexical import Hits

KINDS = ("exact", "semantic", "lexical", "votes")
"""Names of the scores, each 0..1: the code's best title by each search, and the code's share of all that was found."""


@dataclass(frozen=True)
class Evidence:
    """For n texts and c codes: ``scores`` (n, c, kinds), ``fused`` (n, c), ``matched`` (n, c): the code's best title, -1 for none."""

    scores: NDArray[np.float32]
    fused: NDArray[np.float32]
    matched: NDArray[np.int32]


def gather(found: Sequence[Sequence[Hits]], weights: Sequence[float], codes: NDArray[np.int32], code_count: int) -> Evidence:
    """Bring searches together: ``found[s][i]`` are the hits of search s for text i, ``weights[s]`` how much s counts.

    ``codes`` (titles,) is the code number of every title. The searches stand in the order exact, semantic, lexical.
    """
    count = len(found[0])
    row, title, search, score = _laid_out(found)
    key = row * (codes.size + 1) + title
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.concatenate(([True], np.diff(key[order]) != 0))) if len(key) else np.empty(0, dtype=np.int64)
    weighed = score * np.asarray(weights, dtype=np.float32)[search]
    fused = np.add.reduceat(weighed[order], begins) if len(begins) else np.empty(0, dtype=np.float32)
    rows, titles = row[order][begins], title[order][begins]
    return _by_code(count, (row, search, score, codes[title]), (rows, titles, np.round(fused, 6)), codes, code_count)


def _laid_out(
    found: Sequence[Sequence[Hits]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """All hits end to end: text, title, search, score."""
    every = [(search, row, hits) for search, one in enumerate(found) for row, hits in enumerate(one)]
    lengths = np.array([len(hits.titles) for _, _, hits in every], dtype=np.int64)
    rows = np.repeat(np.array([row for _, row, _ in every], dtype=np.int64), lengths)
    searches = np.repeat(np.array([search for search, _, _ in every], dtype=np.int64), lengths)
    titles = np.concatenate([np.empty(0, dtype=np.int64), *(hits.titles for _, _, hits in every)]).astype(np.int64)
    scores = np.concatenate([np.empty(0, dtype=np.float32), *(hits.scores for _, _, hits in every)]).astype(np.float32)
    return rows, titles, searches, scores


def _by_code(
    count: int,
    hits: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray[np.int32]],
    titles: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
    codes: NDArray[np.int32],
    code_count: int,
) -> Evidence:
    scores = np.zeros((count, code_count, len(KINDS)), dtype=np.float32)
    row, search, score, code = hits
    np.maximum.at(scores, (row, code, search), score)
    rows, positions, fused = titles
    order = np.lexsort((-positions, fused))  # the best title last, and of equals the first in the book: it stays
    rows, positions, fused = rows[order], positions[order], fused[order]
    best = np.zeros((count, code_count), dtype=np.float32)
    matched = np.full((count, code_count), -1, dtype=np.int32)
    best[rows, codes[positions]] = fused
    matched[rows, codes[positions]] = positions
    votes = np.bincount(rows * code_count + codes[positions], weights=np.maximum(fused, 0.0) ** 4, minlength=count * code_count)
    votes = votes.reshape(count, code_count)
    scores[:, :, 3] = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
    return Evidence(scores, best, matched)
