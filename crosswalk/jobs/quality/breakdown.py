"""The same figures for parts of the texts: by language or any other column, by method, by length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.calibration import expected_calibration_error
from crosswalk.jobs.quality.estimates import Estimate, share
from crosswalk.jobs.quality.outcomes import CodedText, Outcomes

_MOST_PARTS = 40
_LENGTHS = ((1, "1 word"), (2, "2 words"), (3, "3 words"), (5, "4 or 5 words"), (10, "6 to 10 words"))


@dataclass(frozen=True)
class Part:
    """The texts that have one value. ``coding_rate`` and ``accuracy_coded`` are those at the chosen threshold."""

    value: str
    texts: int
    accuracy: Estimate
    first_six: Estimate
    ece: float
    coding_rate: float
    accuracy_coded: Estimate | None


@dataclass(frozen=True)
class Breakdown:
    """Results split by something; parts that are not shown are counted."""

    by: str
    parts: tuple[Part, ...]
    not_shown: int = 0


def breakdowns(outcomes: Outcomes, columns: Sequence[str], threshold: float) -> tuple[Breakdown, ...]:
    """By each of the columns, by method and by the number of words."""
    order = [name for _, name in _LENGTHS] + [_LONGER]
    split = [_split(outcomes, column, partial(_group, place=place), threshold) for place, column in enumerate(columns)]
    return (
        *split,
        _split(outcomes, "method", lambda text: text.method, threshold),
        _split(outcomes, "number of words", length, threshold, order.index),
    )


def _group(text: CodedText, place: int) -> str:
    return text.groups[place]


def length(text: CodedText) -> str:
    """How long a text is, in words."""
    words = len(text.text[:2000].split())
    return next((name for most, name in _LENGTHS if words <= most), _LONGER)


def _split(
    outcomes: Outcomes, by: str, value_of: Callable[[CodedText], str], threshold: float, order: Callable[[str], int] | None = None
) -> Breakdown:
    values, which, counts = np.unique([value_of(text)[:200] for text in outcomes.texts], return_inverse=True, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:_MOST_PARTS].tolist()
    parts = [_part(outcomes, str(values[place]), which == place, threshold) for place in frequent]
    parts.sort(key=lambda part: (order(part.value) if order else -part.texts, part.value))
    return Breakdown(by, tuple(parts), max(0, len(values) - _MOST_PARTS))


def _part(outcomes: Outcomes, value: str, inside: NDArray[np.bool_], threshold: float) -> Part:
    weights, right, ranks = outcomes.weights[inside], outcomes.right[inside], outcomes.ranks[inside]
    coded = outcomes.certainty[inside] >= threshold
    accuracy, first_six = share(right, weights), share(ranks < 6, weights)
    assert accuracy is not None  # a value has rows, and rows have weight
    assert first_six is not None
    ece = expected_calibration_error(outcomes.sure[inside], right, weights)
    rate = float(weights[coded].sum() / weights.sum())
    return Part(value, int(inside.sum()), accuracy, first_six, ece, rate, share(right[coded], weights[coded]))


_LONGER = "more than 10 words"
