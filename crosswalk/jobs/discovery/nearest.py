"""What the book has nearest to a title: how similar, and which codes its neighbours speak for. Made for millions of titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.batch import Progress
from crosswalk.search.book import Book
from crosswalk.search.encoder import Encoder

NEIGHBOURS = 10
_BLOCK = 16_384
_PROBES = 8
_SEED = 7
_SHARPNESS = 12
"""A neighbour votes for its code with its similarity raised to this: one at 0.9 counts as five at 0.8."""


@dataclass(frozen=True)
class Neighbours:
    """For each title: its nearest index title and similarity 0..1; the two codes with most votes, and their shares of the votes.

    ``titles`` and ``codes`` are positions in the book and in its ``code_names``; without a second code it is the first, with share 0.
    """

    similarity: NDArray[np.float32]
    titles: NDArray[np.int32]
    codes: NDArray[np.int32]
    shares: NDArray[np.float32]


class BookNeighbours:
    """The book's vectors, made quick to search: half of the answers' last digit is given for ten times the speed."""

    def __init__(self, book: Book, encoder: Encoder) -> None:
        import faiss

        self.book, self._encoder = book, encoder
        vectors = encoder.encode(book.normalised())
        cells = int(2 ** round(np.log2(np.sqrt(len(book)) + 1)))
        index: Any = faiss.index_factory(encoder.dimensions, f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT)
        index.cp.seed, index.cp.niter, index.nprobe = _SEED, 10, min(_PROBES, cells)
        index.train(vectors)
        index.add(vectors)
        self._index = index

    def of(self, forms: Sequence[str], progress: Progress) -> Neighbours:
        """The neighbours of titles in normal form, block after block."""
        parts: list[tuple[NDArray[Any], ...]] = []
        for begin in range(0, len(forms), _BLOCK):
            parts.append(self._block(forms[begin : begin + _BLOCK]))
            progress(min(begin + _BLOCK, len(forms)), len(forms))
        similarity, titles, codes, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Neighbours(similarity, titles, codes, shares)

    def _block(self, forms: Sequence[str]) -> tuple[NDArray[Any], ...]:
        scores, found = self._index.search(self._encoder.encode(forms), min(NEIGHBOURS, len(self.book)))
        scores = np.round(np.where(found >= 0, np.clip(scores, 0.0, 1.0), 0.0), 6)
        order = np.lexsort((found, -scores), axis=1)
        found, scores = np.take_along_axis(found, order, axis=1), np.take_along_axis(scores, order, axis=1)
        codes = self.book.codes[np.maximum(found, 0)]
        votes = np.where(found >= 0, scores**_SHARPNESS, 0.0)
        first, second, shares = _two_best(codes, votes)
        return scores[:, 0], found[:, 0].astype(np.int32), np.stack([first, second], axis=1).astype(np.int32), shares


def _two_best(codes: NDArray[np.int32], votes: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """The codes with most and second most votes in each row, and their shares."""
    sums = np.stack([np.where(codes == codes[:, [place]], votes, 0.0).sum(axis=1) for place in range(codes.shape[1])], axis=1)
    rows = np.arange(len(codes))
    best = sums.argmax(axis=1)
    first = codes[rows, best]
    rest = np.where(codes == first[:, None], -1.0, sums)
    runner = rest.argmax(axis=1)
    total = np.maximum(votes.sum(axis=1), 1e-9)
    shares = np.stack([sums[rows, best], np.maximum(rest[rows, runner], 0.0)], axis=1) / total[:, None]
    second = np.where(rest[rows, runner] > 0, codes[rows, runner], first)
    return first, second, shares.astype(np.float32)
