"""What became of texts whose codes are known, row by row: everything the figures of quality are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.model import Classification, Coding
from crosswalk.store.answers import KeptAnswer, KeptCode

BEST = 6
"""Codes looked at of a text."""

DECIDED = frozenset(["lookup", "register"])
"""Methods that take a code whatever its probability."""

Places = NDArray[np.int32]
Weights = NDArray[np.float64]


class CodedText(NamedTuple):
    """A text, its best codes, and the codes that are right; ``weight`` is how many rows (or people) it stands for.

    ``row`` is its place in the file, counted from 0; ``groups`` has its values in the columns that results are split by.
    """

    text: str
    best: tuple[KeptCode, ...]
    truths: frozenset[str]
    method: str = "model"
    note: str = ""
    weight: float = 1.0
    row: int = 0
    groups: tuple[str, ...] = ()


def coded_text(coding: Coding, truths: frozenset[str], weight: float = 1.0, row: int = 0, groups: tuple[str, ...] = ()) -> CodedText:
    """A coding beside its truth."""
    best = tuple(KeptCode(e.code, round(e.probability, 6), e.candidate.matched.text if e.candidate else "") for e in coding.top(BEST))
    return CodedText(coding.query.text, best, truths, coding.method, coding.note, weight, row, groups)


def coded_answer(answer: KeptAnswer, truths: frozenset[str], weight: float) -> CodedText:
    """A kept answer beside its truth."""
    return CodedText(answer.text, tuple(answer.best()), truths, answer.method, answer.note, weight)


@dataclass(frozen=True)
class Outcomes:
    """Texts that were coded, and arrays over them. Two outcomes of the same rows can be compared row by row.

    A code is a place in ``codes_at(level)``, -1 where a text has none. Where several codes are acceptable, the truth is the
    first of the coding if that is among them, else the one the coding holds for most probable.
    """

    classification: Classification
    texts: Sequence[CodedText]

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def weights(self) -> Weights:
        """Shape (n,)."""
        return np.array([text.weight for text in self.texts], dtype=np.float64)

    @cached_property
    def ranks(self) -> Places:
        """Shape (n,): the place of the first acceptable code, BEST where none is among the best."""
        found = (next((place for place, code in enumerate(text.best) if code.code in text.truths), BEST) for text in self.texts)
        return np.fromiter(found, dtype=np.int32, count=len(self))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the first code is acceptable."""
        return np.asarray(self.ranks == 0)

    @cached_property
    def sure(self) -> NDArray[np.float64]:
        """Shape (n,): probability of the first code, 0 where there is none."""
        return np.array([text.best[0].probability if text.best else 0.0 for text in self.texts], dtype=np.float64)

    @cached_property
    def certainty(self) -> NDArray[np.float64]:
        """Shape (n,): what a threshold is held against. 1 where a rule has decided, -1 where there is no code."""
        decided = np.array([text.method in DECIDED for text in self.texts])
        coded = np.array([bool(text.best) for text in self.texts])
        return np.where(coded, np.where(decided, 1.0, self.sure), -1.0)

    def codes_at(self, level: int) -> tuple[str, ...]:
        """The scheme's codes of a level (1 the highest), in its order."""
        return tuple(item.code for item in self.classification.items if item.level == level)

    def predicted(self, level: int) -> Places:
        """Shape (n,): the first code's group at a level."""
        found: Places = self._at_levels[0][level - 1]
        return found

    def truth(self, level: int) -> Places:
        """Shape (n,): the true group at a level; the predicted one where any acceptable code lies in it."""
        found: Places = self._at_levels[1][level - 1]
        return found

    @cached_property
    def _at_levels(self) -> tuple[Places, Places]:
        depth = self.classification.depth
        above = _groups_of_units(self.classification)
        predicted, truth = np.full((depth, len(self)), -1, np.int32), np.full((depth, len(self)), -1, np.int32)
        for place, text in enumerate(self.texts):
            first = above[text.best[0].code] if text.best else (-1,) * depth
            acceptable = [above[code] for code in _by_probability(text)]
            for level in range(depth):
                predicted[level, place] = first[level]
                agreed = any(groups[level] == first[level] for groups in acceptable)
                truth[level, place] = first[level] if agreed else acceptable[0][level]
        return predicted, truth


def _by_probability(text: CodedText) -> list[str]:
    """The acceptable codes, those the coding holds for more probable first."""
    if len(text.truths) == 1:
        return list(text.truths)
    listed = {code.code: place for place, code in enumerate(text.best)}
    return sorted(text.truths, key=lambda code: (listed.get(code, BEST), code))


def _groups_of_units(classification: Classification) -> dict[str, tuple[int, ...]]:
    """For each unit group the places of its groups, from the major group down to itself; -1 where a level is missing."""
    depth = classification.depth
    places: dict[str, int] = {}
    seen = [0] * (depth + 1)
    for item in classification.items:
        places[item.code] = seen[item.level]
        seen[item.level] += 1
    found = {}
    for unit in classification.unit_groups:
        groups = [-1] * depth
        for code in (unit.code, *classification.ancestors(unit.code)):
            groups[classification.by_code[code].level - 1] = places[code]
        found[unit.code] = tuple(groups)
    return found
