"""What a search found for many texts, laid end to end: arrays, since a census has hundreds of millions of hits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 1_000_000
"""Scores that are equal in so many steps from 0 to 1 are equal, and then the book's order decides."""

_TITLE_BITS = 28
_STEP_BITS = 20


class Hits(NamedTuple):
    """Titles found, those of a text together and best first: its place among the texts, positions in the book, scores 0..1."""

    rows: NDArray[np.int64]
    titles: NDArray[np.int64]
    scores: NDArray[np.float32]

    def of(self, row: int) -> "Hits":
        """Those of one text."""
        begin, end = np.searchsorted(self.rows, [row, row + 1])
        return Hits(self.rows[begin:end], self.titles[begin:end], self.scores[begin:end])


def joined(parts: Sequence[Hits]) -> Hits:
    """Hits of texts that follow one another, their rows numbered through."""
    if len(parts) == 1:
        return parts[0]
    empty = Hits(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    rows, titles, scores = (np.concatenate(column) for column in zip(empty, *parts, strict=True))
    return Hits(rows, titles, scores)


def best_first(rows: NDArray[np.int64], titles: NDArray[np.int64], scores: NDArray[np.float64], k: int) -> Hits:
    """The ``k`` best of each text, of equals the first in the book. ``rows`` ascend and are fewer than 2**15.

    Row, score and title go into one number a hit: sorting those takes a tenth of the time of sorting by three keys.
    """
    worse = STEPS - np.rint(np.minimum(scores, 1.0) * STEPS).astype(np.int64)
    order = np.argsort((rows << _STEP_BITS | worse) << _TITLE_BITS | titles)
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    order = order[rank < k]
    return Hits(rows[order], titles[order], np.minimum(scores[order], 1.0).astype(np.float32))


def six_digits(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores as they are compared: what is beyond six digits hangs on how many texts were asked at once."""
    return np.round(scores, 6).astype(np.float32, copy=False)
