"""How much can be coded without a person at which accuracy, and what another threshold would cost."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.estimates import Estimate, share
from crosswalk.jobs.quality.outcomes import Outcomes

ACCURACIES = (0.90, 0.95, 0.99)
OFFERED = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
SECONDS_A_CASE = (41, 49)
"""What a case costs a coder with suggestions and without: the Danish Labour Force Survey's two figures."""

_POINTS = 160


@dataclass(frozen=True)
class Threshold:
    """What a threshold means. Cases are rows (or people, by weight); hours are those of clerks at 41 and 49 seconds a case.

    ``accuracy`` is that of the automatic cases, None where there are none; ``more_cases`` compares with the chosen threshold.
    """

    threshold: float
    coding_rate: float
    accuracy: Estimate | None
    automatic_cases: float
    wrong_cases: float
    clerical_cases: float
    more_cases: float
    more_hours: tuple[float, float]


@dataclass(frozen=True)
class Thresholds:
    """The chosen threshold, all offered (the chosen among them), and the curve: (coding rate, accuracy), the surest texts first."""

    chosen: Threshold
    offered: tuple[Threshold, ...]
    curve: tuple[tuple[float, float], ...]
    coding_rate_at: dict[str, float]


def thresholds(outcomes: Outcomes, chosen: float) -> Thresholds:
    """The figures of the chosen threshold beside those of others."""
    clerical = float(outcomes.weights[outcomes.certainty < chosen].sum())
    rows = {level: _at(outcomes, level, clerical) for level in sorted({*OFFERED, chosen})}
    rates = {f"{a:.2f}": coding_rate(outcomes.certainty, outcomes.right, a, outcomes.weights) for a in ACCURACIES}
    return Thresholds(rows[chosen], tuple(rows.values()), _curve(outcomes), rates)


def _at(outcomes: Outcomes, threshold: float, clerical_before: float) -> Threshold:
    automatic = outcomes.certainty >= threshold
    weights, total = outcomes.weights, float(outcomes.weights.sum())
    taken = float(weights[automatic].sum())
    wrong = float(weights[automatic & ~outcomes.right].sum())
    more = total - taken - clerical_before
    hours = [more * seconds / 3600 for seconds in SECONDS_A_CASE]
    accuracy = share(outcomes.right[automatic], weights[automatic])
    return Threshold(threshold, taken / total, accuracy, taken, wrong, total - taken, more, (hours[0], hours[1]))


def _curve(outcomes: Outcomes) -> tuple[tuple[float, float], ...]:
    """Points of the curve, equal probabilities together, thinned for drawing."""
    order = np.argsort(-outcomes.certainty, kind="stable")
    ranked, weights = outcomes.certainty[order], outcomes.weights[order]
    coded = np.cumsum(weights)
    reached = np.cumsum(weights * outcomes.right[order]) / coded
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True) & (ranked >= 0))
    if len(ends) > _POINTS:
        wanted = np.linspace(0, coded[-1], _POINTS)
        ends = ends[np.unique(np.minimum(np.searchsorted(coded[ends], wanted), len(ends) - 1))]
    return tuple((float(coded[end] / coded[-1]), float(reached[end])) for end in ends)


def coding_rate(sure: NDArray[np.float64], right: NDArray[np.bool_], accuracy: float, weights: NDArray[np.float64] | None = None) -> float:
    """Largest share of texts, the surest first, of which at least ``accuracy`` are right; equal probabilities go together.

    Texts without a code have a negative ``sure`` and are never coded.
    """
    rows = np.ones(len(sure)) if weights is None else weights
    order = np.argsort(-sure, kind="stable")
    coded = np.cumsum(rows[order])
    reached = np.cumsum(rows[order] * right[order]) / coded
    last_of_equals = np.append(sure[order][1:] != sure[order][:-1], True)
    good = np.flatnonzero((reached >= accuracy) & last_of_equals & (sure[order] >= 0))
    return float(coded[good[-1]] / coded[-1]) if len(good) else 0.0
