"""Calibration: of the texts said to be 80 % sure, are 80 % right?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.estimates import Estimate, wilson
from crosswalk.jobs.quality.outcomes import Outcomes

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """Texts whose first code's probability lies from ``low`` up to ``high``."""

    low: float
    high: float
    texts: int
    probability: float
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """``ece``: mean distance of probability and accuracy; ``brier``: mean squared one of single texts. 0 is best."""

    ece: float
    brier: float
    bins: tuple[ReliabilityBin, ...]


def calibration(outcomes: Outcomes) -> Calibration:
    """The reliability diagram of the first codes and its summary figures; empty bins are left out."""
    sure, right, weights = outcomes.sure, outcomes.right, outcomes.weights
    places = _bins(sure)
    bins = []
    for place in range(BINS):
        inside = places == place
        total = float(weights[inside].sum())
        if total:
            hits, mean = float(weights[inside] @ right[inside]) / total, float(weights[inside] @ sure[inside]) / total
            n = total**2 / float((weights[inside] ** 2).sum())
            bins.append(ReliabilityBin(place / BINS, (place + 1) / BINS, int(inside.sum()), mean, wilson(hits, n)))
    brier = float(np.average((sure - right) ** 2, weights=weights))
    return Calibration(expected_calibration_error(sure, right, weights), brier, tuple(bins))


def expected_calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64] | None = None) -> float:
    """Mean distance between probability and accuracy over 15 equal bins, weighted by their counts (Guo et al. 2017)."""
    rows = np.ones(len(sure)) if weights is None else weights
    places = _bins(sure)
    gaps = np.abs(np.bincount(places, weights=rows * right, minlength=BINS) - np.bincount(places, weights=rows * sure, minlength=BINS))
    return float(gaps.sum() / max(1e-300, rows.sum()))


def _bins(sure: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((sure * BINS).astype(np.int64), BINS - 1)
