"""Champion and challenger: two indexes asked the same questions, compared text by text."""

from dataclasses import asdict, dataclass
from math import comb, erfc, sqrt

import numpy as np

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import UsageError
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.evaluation import Columns, Evaluation, answered, ask, figures, titles_by_code

_Z = 1.959963984540054
_EXACT_UP_TO = 2000
_STABLE = ("n", "accuracy", "top_k", "accuracy_by_level", "ece", "coding_rate_at", "seconds")


@dataclass(frozen=True)
class Comparison:
    """Figures of both on the same texts, and how they differ in the first code.

    ``difference`` is the challenger's accuracy less the champion's, with its 95 % interval (of paired differences); ``p`` the
    probability of counts as unequal as ``only_challenger`` and ``only_champion`` if both were equally good (McNemar, exact binomial).
    """

    challenger: Evaluation
    champion: Evaluation
    difference: float
    low: float
    high: float
    only_challenger: int
    only_champion: int
    p: float

    def as_json(self) -> dict[str, object]:
        """The stable figures of both and the difference."""
        sides = {name: {key: value for key, value in asdict(side).items() if key in _STABLE} for name, side in self._sides()}
        rest = {name: getattr(self, name) for name in ("difference", "low", "high", "only_challenger", "only_champion", "p")}
        return {**sides, **rest}

    def _sides(self) -> tuple[tuple[str, Evaluation], tuple[str, Evaluation]]:
        return ("challenger", self.challenger), ("champion", self.champion)


def compare(table: Table, columns: Columns, challenger: Autocoder, champion: Autocoder, threshold: float, progress: Progress) -> Comparison:
    """Ask both the same texts. Raises UsageError when they code to different codes."""
    if {item.code for item in challenger.classification.unit_groups} != {item.code for item in champion.classification.unit_groups}:
        raise UsageError("the two indexes code to different codes", hint="--against needs an index of the same scheme")
    questions = ask(table, columns, challenger.classification)
    sides = []
    for coder in (challenger, champion):
        outcomes, seconds = answered(questions, coder, progress)
        sides.append((outcomes, figures(outcomes, questions, seconds, threshold, titles_by_code(coder))))
    first, second = sides[0][0].right, sides[1][0].right
    apart = first.astype(float) - second.astype(float)
    half = _Z * float(apart.std()) / np.sqrt(len(apart))
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    middle = float(apart.mean())
    p = mcnemar(only_first, only_second)
    return Comparison(sides[0][1], sides[1][1], middle, middle - half, middle + half, only_first, only_second, p)


def mcnemar(first: int, second: int) -> float:
    """Two-sided p of two counts under even odds: exact binomial, normal with continuity correction for large counts."""
    count, least = first + second, min(first, second)
    if count == 0:
        return 1.0
    if count > _EXACT_UP_TO:
        return erfc(max(0.0, abs(first - second) - 1) / sqrt(2 * count))
    return min(1.0, 2.0 * sum(comb(count, k) for k in range(least + 1)) / float(2**count))
