"""Lexical search: titles spelt like the text. The same title first, then hashed character n-grams."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.hits import Hits, best_first, joined
from crosswalk.search.ngrams import BITS, Grams, distinct, grams
from crosswalk.text import fold

_POSTINGS_READ = 10_000
"""Postings looked at for one text, rarest n-grams first: bounds the time on books of hundreds of thousands of titles."""
_QUERY_BLOCK = 4096
_MARGIN = 1e-6
_COUNT = np.arange(_POSTINGS_READ)
_DENSE = 8
"""Sums of all titles are looked through where there are fewer than this many a posting read; else the postings' titles are sorted."""
_GROUPS = 1024
_FUZZY_LENGTH = 200


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

    def exact(self, normalised: Sequence[str]) -> Hits:
        """For each text, the titles that are the same after folding accents, in the book's order; their score is 1."""
        keys = _exact_keys(normalised)
        begins = np.searchsorted(self._keys, keys, side="left")
        counts = np.searchsorted(self._keys, keys, side="right") - begins
        counts[[not text for text in normalised]] = 0
        rows = np.repeat(np.arange(len(keys)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        titles = self._key_titles[np.repeat(begins, counts) + within].astype(np.int64)
        return Hits(rows, titles, np.ones(len(rows), dtype=np.float32))

    def search(self, normalised: Sequence[str], k: int) -> Hits:
        """For each text in normal form, at most ``k`` titles by cosine of TF-IDF weighted n-grams."""
        blocks = range(0, len(normalised), _QUERY_BLOCK)
        return joined([self._search_block(grams(normalised[begin : begin + _QUERY_BLOCK]), begin, k) for begin in blocks])

    def _search_block(self, found: Grams, first: int, k: int) -> Hits:
        """The block's n-grams, rarest first in each text, are read until the text's share of postings is used up."""
        begins = self._starts[found.ids]
        lengths = self._starts[found.ids + 1] - begins
        texts = len(found.starts) - 1
        rows = np.repeat(np.arange(texts), np.diff(found.starts))
        norms = np.sqrt(np.bincount(rows, weights=_idf(lengths, self.size) ** 2, minlength=texts))
        order = np.argsort(rows * (self.size + 1) + lengths, kind="stable")
        rows, begins, lengths = rows[order], begins[order], lengths[order]
        read = np.cumsum(lengths, dtype=np.int64)
        before = np.concatenate(([0], read))[found.starts[rows]]
        kept = (lengths > 0) & (read - before <= _POSTINGS_READ)
        bounds = np.searchsorted(rows[kept], np.arange(texts + 1)).tolist()
        offsets: NDArray[np.int64] = begins + lengths + before - read
        counts, titles, sums = self._sums(offsets[kept], lengths[kept], bounds, k)
        of_text = np.repeat(np.arange(texts), counts)
        hits = best_first(of_text, titles, sums / norms[of_text], k)
        return hits._replace(rows=hits.rows + first)

    def _sums(
        self, offsets: NDArray[np.int64], lengths: NDArray[np.int32], bounds: Sequence[int], k: int
    ) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
        """How many titles each text gets, the titles and their sums: the ``k`` largest of a text, perhaps some more.

        The stretches of a text's postings lie between two ``bounds``; ``offsets`` are their beginnings, less what is read before them.
        """
        adder = _Adder(self.size, k)
        found = []
        for begin, end in pairwise(bounds):
            places = np.repeat(offsets[begin:end], lengths[begin:end])
            places += _COUNT[: len(places)]
            found.append(adder.largest(self._titles.take(places).astype(np.int64), self._weights.take(places).astype(np.float64)))
        titles, sums = zip(*found, strict=True)
        return [len(places) for places in titles], np.concatenate(titles), np.concatenate(sums)


class _Adder:
    """Adds up weights by title, text after text in the same memory: fresh memory for every text costs as much as the adding."""

    def __init__(self, size: int, k: int) -> None:
        self._k = k
        self._sums = np.zeros(-(-size // _GROUPS) * _GROUPS)
        self._by_group = self._sums.reshape(-1, _GROUPS)
        self._firsts = np.arange(0, len(self._sums), _GROUPS)

    def largest(self, titles: NDArray[np.int64], weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The titles with the ``k`` largest sums above 0, all as good as the last of them, perhaps some more; and their sums."""
        np.add.at(self._sums, titles, weights)
        if len(self._sums) < _DENSE * len(titles):
            places, least = self._of_best_groups()
            sums = self._sums.take(places)
            self._sums.fill(0.0)
        else:
            places = distinct(titles)
            sums = self._sums.take(places)
            self._sums[places] = 0.0
            least = _floor(sums, self._k)
        good = (sums >= least).nonzero()[0]
        return places.take(good), sums.take(good)

    def _of_best_groups(self) -> tuple[NDArray[np.int64], float]:
        """Titles of the groups whose best is as good as the k-th best of them, and that least: elsewhere none is as good."""
        best = self._by_group.max(axis=0)
        least = _floor(best, self._k)
        groups = (best >= least).nonzero()[0]
        return (groups[:, None] + self._firsts).ravel(), least


def _floor(values: NDArray[np.float64], k: int) -> float:
    """A number above 0 that the ``k`` largest of the values reach, those that are above 0, and whatever is as good as the last of them."""
    least = float(np.partition(values, -k)[-k]) if len(values) > k else 0.0
    return max(least * (1 - _MARGIN), _MARGIN)


def similarity(text: str, title: str) -> float:
    """Edit similarity 0..1 of two normalised texts, whatever the order of their words (rapidfuzz)."""
    from rapidfuzz import fuzz

    a, b = fold(text[:_FUZZY_LENGTH]), fold(title[:_FUZZY_LENGTH])
    return max(fuzz.ratio(a, b), fuzz.token_sort_ratio(a, b)) / 100 if a and b else 0.0


_PARTS = ("starts", "titles", "weights", "keys", "key_titles")


def _idf(frequency: NDArray[np.int64] | NDArray[np.int32], size: int) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = np.log1p((size + 1) / (frequency.astype(np.float64) + 0.5))
    return weights


def _exact_keys(normalised: Sequence[str]) -> NDArray[np.uint64]:
    """64-bit keys of folded texts, the same on every machine."""
    from hashlib import blake2b

    digests = b"".join(blake2b(fold(text).encode("utf-8", "replace"), digest_size=8).digest() for text in normalised)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)
