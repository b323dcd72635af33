"""Lexical search: titles spelt like the text. The same title first, then hashed character n-grams."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.search.ngrams import BITS, distinct, grams
from crosswalk.text import fold

_POSTINGS_READ = 10_000
"""Postings looked at for one text, rarest n-grams first: bounds the time on books of hundreds of thousands of titles."""
_QUERY_BLOCK = 4096
_FUZZY_LENGTH = 200


class Hits(NamedTuple):
    """Titles found for one text, best first: positions in the book and scores 0..1."""

    titles: NDArray[np.int64]
    scores: NDArray[np.float32]


class LexicalIndex:
    """Postings of the book's n-grams with TF-IDF weights, and the exact keys."""

    def __init__(
        self,
        starts: NDArray[np.int32],
        titles: NDArray[np.int32],
        weights: NDArray[np.float16],
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
        weights = _idf(frequency, len(normalised))[found.ids]
        norms = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(normalised)))
        weights = weights / np.maximum(norms, 1e-9)[rows]
        order = np.argsort(found.ids, kind="stable")
        starts = np.zeros((1 << BITS) + 1, dtype=np.int32)
        np.cumsum(frequency, out=starts[1:])
        keys = _exact_keys(normalised)
        key_order = np.argsort(keys, kind="stable")
        return cls(
            starts,
            rows[order].astype(np.int32),
            weights[order].astype(np.float16),
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
            found = grams(normalised[begin : begin + _QUERY_BLOCK])
            lengths = np.diff(self._starts)[found.ids]
            weights = _idf(lengths, self.size)
            for a, b in zip(found.starts[:-1], found.starts[1:], strict=True):
                hits.append(self._search_one(found.ids[a:b], lengths[a:b], weights[a:b], k))
        return hits

    def _search_one(self, ids: NDArray[np.int64], lengths: NDArray[np.int32], weights: NDArray[np.float64], k: int) -> Hits:
        norm = float(np.sqrt(np.sum(weights**2)))
        order = np.argsort(lengths, kind="stable")
        order = order[(lengths[order] > 0) & (np.cumsum(lengths[order]) <= _POSTINGS_READ)]
        if not len(order):
            return Hits(np.empty(0, np.int64), np.empty(0, np.float32))
        begins = self._starts[ids[order]]
        spans = lengths[order]
        places = np.repeat(begins - np.concatenate(([0], np.cumsum(spans)[:-1])), spans) + np.arange(int(spans.sum()))
        titles = self._titles[places]
        scores = np.bincount(titles, weights=self._weights[places] * np.repeat(weights[order] / norm, spans), minlength=0)
        values = scores[titles]
        most = k * len(order)  # a title stands at most once in each n-gram's postings
        if len(titles) > most:
            titles = titles[np.argpartition(-values, most - 1)[:most]]
        candidates = distinct(titles.astype(np.int64))
        values = scores[candidates]
        ranked = np.lexsort((candidates, -np.round(values, 6)))
        ranked = ranked[:k]
        return Hits(candidates[ranked].astype(np.int64), np.minimum(values[ranked], 1.0).astype(np.float32))


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
