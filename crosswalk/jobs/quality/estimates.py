"""Numbers with their uncertainty: Wilson's interval for shares, the bootstrap for everything else."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054
_FEW_ROWS = 20_000
_SEED = 20080101


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def share(hits: NDArray[np.bool_], weights: NDArray[np.float64]) -> Estimate | None:
    """The weighted share of hits with Wilson's score interval (1927); None over no rows.

    Unequal weights count as the effective number of rows of Kish (1965): the square of their sum by the sum of their squares.
    """
    total = float(weights.sum())
    if not total:
        return None
    value = float((weights * hits).sum()) / total
    n = total**2 / float((weights**2).sum())
    return wilson(value, n)


def wilson(value: float, n: float) -> Estimate:
    """Wilson's interval of a share seen in ``n`` rows."""
    centre = (value + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2))
    return Estimate(value, max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half)))


def bootstrapped(statistics: Callable[[NDArray[np.float64]], NDArray[np.float64]], weights: NDArray[np.float64]) -> list[Estimate]:
    """Statistics of weighted rows, each 0..1, with normal intervals of the bootstrap's standard error (Efron and Tibshirani 1993).

    ``statistics`` gets weights of shape (n,) and gives an array of shape (s,). Percentiles would be biased here: rare codes drop
    out of resamples, so that means over codes move.
    """
    values = statistics(weights)
    spread = np.std([statistics(drawn) for drawn in _resamples(weights)], axis=0)
    return [Estimate(float(v), max(0.0, float(v - _Z * s)), min(1.0, float(v + _Z * s))) for v, s in zip(values, spread, strict=True)]


def resamples_of(n: int) -> int:
    """How many resamples are drawn of ``n`` rows: fewer of many, whose intervals are narrow anyway."""
    return 1000 if n <= _FEW_ROWS else 200


def _resamples(weights: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Weights of resamples: each row's own times how often it was drawn. The seed is fixed, so a report can be repeated."""
    n, drawn = len(weights), np.random.default_rng(_SEED)
    for _ in range(resamples_of(n)):
        yield weights * np.bincount(drawn.integers(n, size=n), minlength=n)
