"""Lexical search: titles spelt like the text. The same title first, then hashed character n-grams."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.ngrams import BITS, Grams, distinct, grams
from crosswalk.text import fold

_POSTINGS_READ = 10_000
"""Postings looked at for one text, rarest n-grams first: bounds the time on books of hundreds of thousands of titles."""
_QUERY_BLOCK = 4096
_MARGIN = 1e-6
_DENSE = 8
"""Sums of all titles are looked through where there are fewer than this many a posting read; else the postings' titles are sorted."""
_FUZZY_LENGTH = 200


class Hits(NamedTuple):
    """Titles found for one text, best first: positions in the book and scores 0..1."""

    titles: NDArray[np.int64]
    scores: NDArray[np.float32]


class LexicalIndex:
    """Postings of the book's n-grams, and the exact keys.

    A posting's weight is what the n-gram adds to the inner product of its title with any text that has it: TF-IDF weight in the title
    times TF-IDF weight in a text, so that a search only adds up.
    """

    def __init__(
        self,
        starts: NDArray[np.int32],
        titles: NDArray[np.int32],
        weights: NDArray[np.float32],
        keys: NDArray[np.uint64],
        key_titles: NDArray[np.int32],
    ) -> None:
        self._starts = starts
        self._titles = titles
        self._weights = weights
        self._keys = keys
        self._key_titles = key_titles
        self.size = int(titles.max()) + 1 if len(titles) else 0

    @classmethod
    def build(cls, normalised: Sequence[str]) -> "LexicalIndex":
        """Index titles given in normal form, in the book's order."""
        found = grams(normalised)
        rows = np.repeat(np.arange(len(normalised)), np.diff(found.starts))
        frequency = np.bincount(found.ids, minlength=1 << BITS)
        rarity = _idf(frequency, len(normalised))[found.ids]
        norms = np.sqrt(np.bincount(rows, weights=rarity**2, minlength=len(normalised)))
        weights = rarity**2 / np.maximum(norms, 1e-9)[rows]
        order = np.argsort(found.ids, kind="stable")
        starts = np.zeros((1 << BITS) + 1, dtype=np.int32)
        np.cumsum(frequency, out=starts[1:])
        keys = _exact_keys(normalised)
        key_order = np.argsort(keys, kind="stable")
        return cls(
            starts,
            rows[order].astype(np.int32),
            weights[order].astype(np.float32),
            keys[key_order],
            key_order.astype(np.int32),
        )

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        """Open, memory-mapped, the postings of an index folder (whose manifest has been verified)."""
        opened = (np.load(folder / f"lexical_{name}.npy", mmap_mode="r", allow_pickle=False) for name in _PARTS)
        return cls(*(np.asarray(part) for part in opened))  # a memmap is slower to cut than the array over it

    def save(self, folder: Path) -> None:
        """Write the postings into an index folder."""
        arrays: tuple[NDArray[Any], ...] = (self._starts, self._titles, self._weights, self._keys, self._key_titles)
        for name, array in zip(_PARTS, arrays, strict=True):
            np.save(folder / f"lexical_{name}.npy", array)

    def exact(self, normalised: Sequence[str]) -> list[NDArray[np.int32]]:
        """For each text, positions of the titles that are the same after folding accents."""
        keys = _exact_keys(normalised)
        left = np.searchsorted(self._keys, keys, side="left")
        right = np.searchsorted(self._keys, keys, side="right")
        return [self._key_titles[a:b] if text else self._key_titles[:0] for text, a, b in zip(normalised, left, right, strict=True)]

    def search(self, normalised: Sequence[str], k: int) -> list[Hits]:
        """For each text in normal form, at most ``k`` titles by cosine of TF-IDF weighted n-grams."""
        hits: list[Hits] = []
        for begin in range(0, len(normalised), _QUERY_BLOCK):
            hits += self._search_block(grams(normalised[begin : begin + _QUERY_BLOCK]), k)
        return hits

    def _search_block(self, found: Grams, k: int) -> list[Hits]:
        """The block's n-grams, rarest first in each text, are read until the text's share of postings is used up."""
        begins = self._starts[found.ids]
        lengths = self._starts[found.ids + 1] - begins
        rows = np.repeat(np.arange(len(found.starts) - 1), np.diff(found.starts))
        norms = np.sqrt(np.bincount(rows, weights=_idf(lengths, self.size) ** 2, minlength=len(found.starts) - 1))
        order = np.argsort(rows * (self.size + 1) + lengths, kind="stable")
        rows, begins, lengths = rows[order], begins[order], lengths[order]
        read = np.cumsum(lengths, dtype=np.int64)
        before = np.concatenate(([0], read))[found.starts[rows]]
        kept = (lengths > 0) & (read - before <= _POSTINGS_READ)
        bounds = np.searchsorted(rows[kept], np.arange(len(found.starts))).tolist()
        begins, ends = begins[kept].tolist(), (begins + lengths)[kept].tolist()
        return [self._best(begins[a:b], ends[a:b], norm, k) for a, b, norm in zip(bounds[:-1], bounds[1:], norms.tolist(), strict=True)]

    def _best(self, begins: list[int], ends: list[int], norm: float, k: int) -> Hits:
        """The ``k`` titles with the largest sums over these stretches of the postings."""
        if not begins:
            return Hits(np.empty(0, np.int64), np.empty(0, np.float32))
        titles = np.concatenate([self._titles[a:b] for a, b in zip(begins, ends, strict=True)])
        weights = np.concatenate([self._weights[a:b] for a, b in zip(begins, ends, strict=True)])
        sums = np.bincount(titles, weights=weights).astype(np.float64, copy=False)
        if len(sums) < _DENSE * len(titles):
            candidates = _largest(sums, k)
        else:
            seen = distinct(titles.astype(np.int64))
            candidates = seen[_largest(sums[seen], k)]
        values = sums[candidates] / norm
        ranked = np.lexsort((candidates, -np.round(values, 6)))[:k]
        return Hits(candidates[ranked], np.minimum(values[ranked], 1.0).astype(np.float32))


def similarity(text: str, title: str) -> float:
    """Edit similarity 0..1 of two normalised texts, whatever the order of their words (rapidfuzz)."""
    from rapidfuzz import fuzz

    a, b = fold(text[:_FUZZY_LENGTH]), fold(title[:_FUZZY_LENGTH])
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b)) / 100 if a and b else 0.0


def _largest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Places of the ``k`` largest of the values above 0, and of those as good as the last of them.

    The floor comes down by halves until enough stand above it: most values are small, so this sees a tenth of what a partition would.
    """
    floor = float(values.max(initial=0.0))
    places = np.empty(0, dtype=np.int64)
    while floor > 0 and len(places) < k:
        floor = floor / 2 if floor > _MARGIN else 0.0
        places = np.flatnonzero(values > floor)
    above = values[places]
    return places[above >= np.partition(above, -k)[-k] * (1 - _MARGIN)] if len(places) > k else places


_PARTS = ("starts", "titles", "weights", "keys", "key_titles")


def _idf(frequency: NDArray[np.int64] | NDArray[np.int32], size: int) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.log1p((size + 1) / (frequency.astype(np.float64) + 0.5))
    return weights


def _exact_keys(normalised: Sequence[str]) -> NDArray[np.uint64]:
    """64-bit keys of folded texts, the same on every machine."""
    from hashlib import blake2b

    digests = b"".join(blake2b(fold(text).encode("utf-8", "replace"), digest_size=8).digest() for text in normalised)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
