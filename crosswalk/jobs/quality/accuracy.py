"""Accuracy: the first codes, each level of the scheme, precision, recall and F1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.estimates import Estimate, bootstrapped, share
from crosswalk.jobs.quality.outcomes import BEST, Outcomes, Places, Weights


@dataclass(frozen=True)
class LevelAccuracy:
    """One level of the scheme. Macro: every code counts the same; weighted: by its rows, as scikit-learn means it."""

    level: int
    codes: int
    accuracy: Estimate
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    weighted_precision: Estimate
    weighted_recall: Estimate
    weighted_f1: Estimate


def top_k(outcomes: Outcomes) -> dict[str, Estimate]:
    """Share of texts whose truth is among the first 1..6 codes."""
    found = {str(k): share(outcomes.ranks < k, outcomes.weights) for k in range(1, BEST + 1)}
    return {k: estimate for k, estimate in found.items() if estimate}


def by_level(outcomes: Outcomes) -> list[LevelAccuracy]:
    """Accuracy, precision, recall and F1 at every level, the highest first."""
    return [_at_level(outcomes, level) for level in range(1, outcomes.classification.depth + 1)]


def _at_level(outcomes: Outcomes, level: int) -> LevelAccuracy:
    truth, predicted = outcomes.truth(level), outcomes.predicted(level)
    accuracy = share(truth == predicted, outcomes.weights)
    assert accuracy is not None  # there are rows
    size = len(outcomes.codes_at(level))
    means = bootstrapped(lambda weights: averages(*precision_recall(truth, predicted, weights, size)), outcomes.weights)
    return LevelAccuracy(level, len(np.union1d(truth, predicted[predicted >= 0])), accuracy, *means)


def precision_recall(
    truth: Places, predicted: Places, weights: Weights, size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows (weighted) per code, shape (size,) each: right, predicted, true."""
    coded = predicted >= 0
    right = _sums(truth, weights * (truth == predicted), size)
    return right, _sums(predicted[coded], weights[coded], size), _sums(truth, weights, size)


def _sums(places: Places, weights: Weights, size: int) -> Weights:
    sums: Weights = np.bincount(places, weights=weights, minlength=size).astype(np.float64, copy=False)
    return sums


def averages(right: NDArray[np.float64], said: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Macro precision, recall, F1, then weighted, over the codes that are true or predicted anywhere.

    As in scikit-learn with ``zero_division=0``: what is divided by nothing is 0.
    """
    seen = (said > 0) | (true > 0)
    precision, recall = _divided(right, said)[seen], _divided(right, true)[seen]
    f1 = _divided(2 * right, said + true)[seen]
    weights = true[seen] / max(true.sum(), 1e-300)
    macro = [precision.mean(), recall.mean(), f1.mean()]
    return np.array([*macro, precision @ weights, recall @ weights, f1 @ weights])


def _divided(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
