"""What the searches found, code by code, as arrays: the classifier weighs these, a screen shows the titles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.hits import STEPS, Hits, six_digits

KINDS = ("exact", "semantic", "lexical", "votes")
"""Names of the scores, each 0..1: the code's best title by each search, and the code's share of all that was found."""


@dataclass(frozen=True)
class Evidence:
    """For n texts and c codes: ``scores`` (n, c, kinds), ``fused`` (n, c), ``matched`` (n, c): the code's best title, -1 for none."""

    scores: NDArray[np.float32]
    fused: NDArray[np.float32]
    matched: NDArray[np.int32]


def gather(found: Sequence[Hits], weights: Sequence[float], codes: NDArray[np.int32], count: int, code_count: int) -> Evidence:
    """Bring searches together: ``found[s]`` are the hits of search s for ``count`` texts, ``weights[s]`` how much s counts.

    ``codes`` (titles,) is the code number of every title. The searches stand in the order exact, semantic, lexical.
    """
    scores = np.zeros((count, code_count, len(KINDS)), dtype=np.float32)
    cells = scores.reshape(-1)
    for search, hits in enumerate(found):
        places = (hits.rows * code_count + codes[hits.titles]) * len(KINDS) + search
        cells[places[::-1]] = hits.scores[::-1]  # a text's best hit is written last, and stays
    places, titles, fused = _fused(found, weights, codes, code_count)
    best = np.zeros(count * code_count, dtype=np.float32)
    matched = np.full(count * code_count, -1, dtype=np.int32)
    best[places] = fused
    matched[places] = titles
    votes = np.bincount(places, weights=np.maximum(fused, 0.0) ** 4, minlength=count * code_count).reshape(count, code_count)
    scores[:, :, 3] = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-12)
    return Evidence(scores, best.reshape(count, code_count), matched.reshape(count, code_count))


def _fused(
    found: Sequence[Hits], weights: Sequence[float], codes: NDArray[np.int32], code_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Every title found for a text, once: its cell (text * codes + code), its position, its weighted sum over the searches.

    The best title of a cell comes last, and of equals the first in the book.
    """
    keys = np.concatenate([(hits.rows * (codes.size + 1) + hits.titles) * len(found) + search for search, hits in enumerate(found)])
    weighed = np.concatenate([hits.scores * np.float32(weight) for hits, weight in zip(found, weights, strict=True)])
    order = np.argsort(keys)
    keys = keys[order] // len(found)
    begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, dtype=np.int64)
    fused = six_digits(np.add.reduceat(weighed[order], begins)) if len(begins) else np.empty(0, dtype=np.float32)
    rows, titles = keys[begins] // (codes.size + 1), keys[begins] % (codes.size + 1)
    order = np.argsort(np.rint(fused * np.float64(STEPS)).astype(np.int64) * (codes.size + 1) - titles)
    rows, titles = rows[order], titles[order]
    cells: NDArray[np.int64] = rows * code_count + codes[titles]
    return cells, titles, fused[order]
