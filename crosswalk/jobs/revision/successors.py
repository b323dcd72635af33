"""What each item of an old version lives on as in the new one: told by code, by title, then by likeness; each new item once."""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.autocoder import find_index
from crosswalk.jobs.indexing import ISCO_08
from crosswalk.jobs.revision.editions import Edition
from crosswalk.search.encoder import Encoder, open_encoder

ALIKE = 0.72
"""Two titles that are each other's nearest, and at least as similar as this, are taken for one item renamed."""

ALIKE_IN_TABLE, AHEAD_IN_TABLE = 0.5, 0.1
"""The same where a correspondence table says already that they have something in common, and by how much their likeness has to
exceed that of every other pair of either: where two parts are equally alike, the old item was broken down and none is its successor."""

_BLOCK = 2000


class Successors:
    """Old code -> (new code, why). ``among`` leaves only the pairs of a correspondence table to be thought of."""

    def __init__(self, old: Edition, new: Edition, among: Collection[tuple[str, str]] | None = None) -> None:
        self._old, self._new, self._among = old, new, among
        self._before, self._after = old.forms(), new.forms()
        self.of: dict[str, tuple[str, str]] = {}
        self.taken: set[str] = set()
        self._take_same()
        if not (old.has_identifiers and new.has_identifiers):
            self._take_alike()

    def take(self, one: str, other: str, why: str) -> None:
        """Note that an item lives on, unless it or its place is settled already."""
        if one not in self.of and other not in self.taken and (self._among is None or (one, other) in self._among):
            self.of[one] = (other, why)
            self.taken.add(other)

    def _take_same(self) -> None:
        """The same title is stronger than the same code, which may have been given to something else."""
        levels = {item.code: item.level for item in self._new.items}
        named: dict[tuple[str, int], list[str]] = {}
        for code, form in self._after.items():
            named.setdefault((form, levels[code]), []).append(code)
        for code, form in self._before.items():
            if self._after.get(code) == form:
                self.take(code, code, "same code and title")
        for item in self._old.items if not self._old.has_identifiers else ():
            for other in named.get((self._before[item.code], item.level), ()):
                self.take(item.code, other, "same title")
        for code in self._before:
            if code in self._after and not self._was_reused(code):
                self.take(code, code, "same code")

    def _was_reused(self, code: str) -> bool:
        """Whether a code was given to something else: its old title went elsewhere, and its new one came from elsewhere."""
        before, after = self._before[code], self._after[code]
        old, new = self._old.titles[code], self._new.titles[code]
        if old & new or before in new or after in old:
            return False
        return _is_elsewhere(before, code, self._new) and _is_elsewhere(after, code, self._old)

    def _take_alike(self) -> None:
        """What is left over on both sides: titles that are each other's nearest, the most similar first."""
        left = [code for code in self._before if code not in self.of]
        free = [code for code in self._after if code not in self.taken]
        if not left or not free:
            return
        scores = likeness([self._before[code] for code in left], [self._after[code] for code in free], open_shipped_encoder())
        if self._among is not None:
            scores = np.where(np.array([[(one, other) in self._among for other in free] for one in left]), scores, 0.0)
        best, back = scores.argmax(axis=1), scores.argmax(axis=0)
        mutual = [(float(scores[row, column]), row, column) for row, column in enumerate(best.tolist()) if back[column] == row]
        for score, row, column in sorted(mutual, key=lambda pair: (-round(pair[0], 6), pair[1])):
            if self._is_enough(score, row, column, scores):
                self.take(left[row], free[column], f"titles alike ({score:.2f})")

    def _is_enough(self, score: float, row: int, column: int, scores: NDArray[np.float32]) -> bool:
        if self._among is None:
            return score >= ALIKE
        others = np.concatenate([np.delete(scores[row], column), np.delete(scores[:, column], row)])
        return score >= ALIKE_IN_TABLE and score - float(others.max(initial=0.0)) >= AHEAD_IN_TABLE


def open_shipped_encoder() -> Encoder:
    """The encoder that crosswalk brings."""
    return open_encoder(find_index(ISCO_08) / "encoder")


def likeness(one: Sequence[str], other: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """Similarity 0..1 of normal forms, shape (one, other): the mean of meaning (encoder) and spelling (rapidfuzz)."""
    from rapidfuzz import fuzz, process

    meaning = np.clip(encoder.encode(one) @ encoder.encode(other).T, 0.0, 1.0)
    score: Callable[..., NDArray[np.float32]] = process.cdist
    spelling = [score(one[n : n + _BLOCK], other, scorer=fuzz.token_sort_ratio, dtype=np.float32) for n in range(0, len(one), _BLOCK)]
    mean: NDArray[np.float32] = ((meaning + np.vstack(spelling) / 100.0) / 2).astype(np.float32)
    return mean


def _is_elsewhere(form: str, code: str, edition: Edition) -> bool:
    return any(form in titles for other, titles in edition.titles.items() if other != code)
