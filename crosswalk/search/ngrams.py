"""Hashed character n-grams and words of many texts at once, in numpy: the one feature extractor.

Used by lexical search and by the classifier. N-grams stay within words (padded with a blank on both sides), so word
order does not matter and compounds still share parts.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.text import fold

BITS = 20
"""N-grams are hashed to 2**BITS features."""

_BLOCK = 2048
_SIZES = (3, 4, 5)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_BLANK, _END = ord(" "), ord("\n")


class Grams(NamedTuple):
    """Features of n texts in rows: ``ids[starts[i]:starts[i + 1]]`` are those of text i, sorted, each once."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]


def grams(texts: Sequence[str]) -> Grams:
    """Hashed features of normalised texts: character 3- to 5-grams within words, and whole words.

    Accents are folded first, so that "infirmiere" and "infirmière" share everything. The arrays are shared: nobody writes into them.
    """
    return _kept(tuple(texts)) if len(texts) <= _BLOCK else _made(texts)


@lru_cache(maxsize=2)
def _kept(texts: tuple[str, ...]) -> Grams:
    """The search by spelling and the head ask for the same texts, one after the other."""
    return _made(texts)


def word_pairs(texts: Sequence[str]) -> Grams:
    """Hashed pairs of neighbouring words of normalised texts: what the order of words says, which n-grams within words do not."""
    hashed, row = _words(*_laid_out(texts)[:3])
    beside = np.flatnonzero(row[1:] == row[:-1])
    return _by_text(_keys(hashed[beside] * _PRIME + hashed[beside + 1], row[beside]), len(texts))


def _made(texts: Sequence[str]) -> Grams:
    letters, blank, row, ends = _laid_out(texts)
    parts = [_windows(letters, blank, ends, row, size) for size in _SIZES]
    parts.append(_keys(*_words(letters, blank, row)))
    return _by_text(np.concatenate(parts), len(texts))


def _laid_out(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
    """All texts end to end: each letter, whether it is blank, the text it stands in, and whether it ends that."""
    joined = "".join(f" {fold(text)} \n" for text in texts)
    letters = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    ends = letters == _END
    return letters, (letters == _BLANK) | ends, np.cumsum(ends) - ends, ends


def _by_text(keys: NDArray[np.int64], count: int) -> Grams:
    keys = distinct(keys)
    return Grams(keys & ((1 << BITS) - 1), np.searchsorted(keys, np.arange(count + 1, dtype=np.int64) << BITS))


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different keys, sorted: four times as fast as numpy 2.4's unique, which hashes."""
    keys.sort()
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys


def _windows(
    letters: NDArray[np.uint64], blank: NDArray[np.bool_], ends: NDArray[np.bool_], row: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Keys (row, feature) of every window of ``size`` letters that holds blanks only at its two ends."""
    count = len(letters) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.int64)
    hashed = np.full(count, size, dtype=np.uint64)
    within = ~ends[:count] & ~ends[size - 1 :]
    for offset in range(size):
        hashed = hashed * _PRIME + letters[offset : offset + count]
        if 0 < offset < size - 1:
            within &= ~blank[offset : offset + count]
    return _keys(hashed[within], row[:count][within])


def _words(letters: NDArray[np.uint64], blank: NDArray[np.bool_], row: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The hash of every whole word, in their order, and the text it stands in."""
    first = np.flatnonzero(~blank[1:] & blank[:-1]) + 1
    if not len(first):
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    last = np.flatnonzero(blank[1:] & ~blank[:-1]) + 1
    lengths = last - first
    powers = np.ones(int(lengths.max()) + 1, dtype=np.uint64)
    powers[1:] = _PRIME
    powers = np.cumprod(powers, dtype=np.uint64)
    inside = np.flatnonzero(~blank)
    within_word = inside - np.repeat(first, lengths)
    terms = letters[inside] * powers[within_word]
    offsets = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    return np.add.reduceat(terms, offsets) + np.uint64(97), row[first]


def _keys(hashed: NDArray[np.uint64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    mixed = ((hashed ^ (hashed >> np.uint64(29))) * _MIX) >> np.uint64(64 - BITS)
    return (row << BITS) | mixed.astype(np.int64)
