"""Precision code by code against what the model had to learn from, and by major group."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.accuracy import averages, precision_recall
from crosswalk.jobs.quality.estimates import Estimate, share
from crosswalk.jobs.quality.outcomes import Outcomes

FEWEST_CODED = 5
"""A code's precision enters the trend from this many cases on."""


@dataclass(frozen=True)
class CodeFigures:
    """One unit group. ``learned``: titles or answers of that code the model learned from; precision and recall None where undefined."""

    code: str
    title: str
    learned: int
    true_cases: float
    coded_cases: float
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class Trend:
    """Does precision grow with what was learned from? Spearman's correlation; the line is precision = a + b log10(1 + learned)."""

    codes: int
    rank_correlation: float
    intercept: float
    slope: float


@dataclass(frozen=True)
class MajorGroup:
    """One major group: cases, agreement at the lowest level, and macro means over its unit groups."""

    code: str
    title: str
    cases: float
    accuracy: Estimate
    macro_precision: float
    macro_recall: float
    macro_f1: float
    learned: int


def code_figures(outcomes: Outcomes, learned: Mapping[str, int]) -> tuple[CodeFigures, ...]:
    """Every unit group that is true or predicted anywhere, in the scheme's order."""
    depth = outcomes.classification.depth
    codes = outcomes.codes_at(depth)
    columns = precision_recall(outcomes.truth(depth), outcomes.predicted(depth), outcomes.weights, len(codes))
    found = []
    for code, right, said, true in zip(codes, *(column.tolist() for column in columns), strict=True):
        if said or true:
            title, count = outcomes.classification.title(code), learned.get(code, 0)
            shares = (_ratio(right, said), _ratio(right, true), _ratio(2 * right, said + true))
            found.append(CodeFigures(code, title, count, true, said, *shares))
    return tuple(found)


def trend(figures: tuple[CodeFigures, ...]) -> Trend | None:
    """The trend over codes with enough cases; None for fewer than three, or where all are alike."""
    points = [(f.learned, f.precision) for f in figures if f.coded_cases >= FEWEST_CODED and f.precision is not None]
    if len(points) < 3:
        return None
    learned, precision = np.array(points, dtype=np.float64).T
    if np.ptp(learned) == 0 or np.ptp(precision) == 0:
        return None
    slope, intercept = np.polyfit(np.log10(1 + learned), precision, 1)
    return Trend(len(points), float(np.corrcoef(_ranks(learned), _ranks(precision))[0, 1]), float(intercept), float(slope))


def major_groups(outcomes: Outcomes, figures: tuple[CodeFigures, ...]) -> tuple[MajorGroup, ...]:
    """The major groups that occur in the truth, in the scheme's order."""
    scheme = outcomes.classification
    truth = outcomes.truth(1)
    found = []
    for place, code in enumerate(outcomes.codes_at(1)):
        inside = truth == place
        accuracy = share(outcomes.right[inside], outcomes.weights[inside])
        if accuracy is None:
            continue
        units = [unit for unit in figures if code in (unit.code, *scheme.ancestors(unit.code))]
        cases = float(outcomes.weights[inside].sum())
        found.append(MajorGroup(code, scheme.title(code), cases, accuracy, *_macro(units), sum(unit.learned for unit in units)))
    return tuple(found)


def _macro(units: list[CodeFigures]) -> tuple[float, float, float]:
    said, true = np.array([unit.coded_cases for unit in units]), np.array([unit.true_cases for unit in units])
    right = np.array([unit.coded_cases * (unit.precision or 0.0) for unit in units])
    precision, recall, f1 = averages(right, said, true)[:3]
    return float(precision), float(recall), float(f1)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks, equal values sharing the mean of theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2)[which]
    return means
