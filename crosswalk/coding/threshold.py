"""Which probability is sure enough: a threshold that keeps a promise of accuracy, chosen on a calibration sample."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crosswalk.errors import ModelError

FILE = "calibration.safetensors"

USUAL = 0.85
"""Where neither a threshold nor an accuracy is asked for: that of the Danish Labour Force Survey."""

_STEPS = 40


class Calibration(NamedTuple):
    """Texts whose codes are known and that the classifier was not trained on: probability of the first code, and whether it was right."""

    sure: NDArray[np.float32]
    right: NDArray[np.uint8]


def load_calibration(folder: Path) -> Calibration:
    """The calibration sample of an index folder (whose manifest has been verified). Raises ModelError when it has none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(folder / FILE)
        sure, right = arrays["sure"], arrays["right"]
    except FileNotFoundError:
        raise ModelError(
            "the index has no calibration sample, so no threshold can be chosen for an accuracy",
            where=str(folder),
            hint="give --threshold instead (0.85, for instance), or use an index made by 'crosswalk fit'",
        ) from None
    except (OSError, KeyError, SafetensorError) as error:
        raise ModelError(f"{FILE} cannot be used ({error!r})", where=str(folder), hint="build the index again") from None
    if sure.shape != right.shape or sure.ndim != 1 or not np.all(np.isfinite(sure)):
        raise ModelError(
            f"{FILE} does not hold a probability and an outcome for each text", where=str(folder), hint="build the index again"
        )
    return Calibration(sure, right)


def choose_threshold(
    sure: NDArray[np.floating], right: NDArray[np.uint8] | NDArray[np.bool_], accuracy: float, confidence: float = 0.95
) -> float | None:
    """The smallest threshold at or above which, with ``confidence``, at least ``accuracy`` of the texts are right; None if there is none.

    Thresholds are tested from the top down with an exact binomial test each (Clopper and Pearson 1934), so the promise has
    to hold over the choice, not for one threshold given beforehand. The steps are fixed by ``sure`` alone. Each carries an
    equal share of the permitted error, and one that passes hands its share on to the next: the fallback form of
    fixed-sequence testing (Wiens 2003; Wiens and Dmitrienko 2005), which one unlucky step near the top does not end.
    """
    order = np.argsort(-sure, kind="stable")
    ranked, wrong = sure[order], np.cumsum(1 - right[order].astype(np.int64))
    ends = _steps(ranked, accuracy, 1 - confidence)
    share = (1 - confidence) / max(1, len(ends))
    level, chosen = 0.0, None
    for end in ends:
        level += share
        if tail_probability(int(wrong[end - 1]), int(end), 1 - accuracy) <= level:
            chosen = float(ranked[end - 1])
        else:
            level = 0.0
    return chosen


def best_accuracy(sure: NDArray[np.floating], right: NDArray[np.uint8], confidence: float = 0.95) -> float | None:
    """The highest accuracy, in whole per cents, that some threshold promises; None when even 50 % cannot be promised."""
    return next((per_cent / 100 for per_cent in range(99, 49, -1) if choose_threshold(sure, right, per_cent / 100, confidence)), None)


def tail_probability(wrong: int, n: int, error_rate: float) -> float:
    """P(at most ``wrong`` of ``n`` are wrong) at an error rate: exact, in logarithms. At most 1 - confidence where the promise holds."""
    if wrong >= n:
        return 1.0
    places = np.arange(wrong)
    steps = np.log(n - places) - np.log(places + 1) + (math.log(error_rate) - math.log1p(-error_rate))
    terms = n * math.log1p(-error_rate) + np.concatenate(([0.0], np.cumsum(steps)))
    top = float(terms.max())
    return min(1.0, math.exp(top) * float(np.exp(terms - top).sum()))


def _steps(ranked: NDArray[np.floating], accuracy: float, doubt: float) -> NDArray[np.int64]:
    """How many of the surest texts each step takes: from the fewest that could pass, in equal ratios; equal probabilities together."""
    n = len(ranked)
    fewest = math.ceil(math.log(doubt) / math.log(accuracy)) * 2
    if n < fewest:
        fewest = math.ceil(math.log(doubt) / math.log(accuracy))
    if n < fewest:
        return np.empty(0, dtype=np.int64)
    wanted = np.unique(np.round(np.geomspace(fewest, n, _STEPS)).astype(np.int64))
    last_of_equals = np.searchsorted(-ranked, -ranked[wanted - 1], side="right")
    return np.unique(last_of_equals)
