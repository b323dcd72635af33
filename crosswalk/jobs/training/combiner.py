"""Learns how the classifier weighs its evidence, on titles of countries that encoder and head have not seen.

Each fold's models code titles of its own held-out countries against the shipped book. So that "none of these" is learned too, every
title is asked a second time of a head trained without 15 % of the unit groups, and of a book without them: titles whose codes all
went are "none".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from crosswalk.coding.classifier import Weights
from crosswalk.coding.features import CODE_FEATURES, NONE_FEATURES, Features

_DECAY = 1e-4

EXACT = 6.0
"""Least weight of a title that stands in the shipped book. The samples cannot tell it: their titles are none that an office has
imported and the head has never met, and what an office imports must win over a head that is sure of something else."""

_WITHOUT_HEAD = [place for place, name in enumerate(CODE_FEATURES) if not name.startswith("head")]
_NONE_WITHOUT_HEAD = [NONE_FEATURES.index(name) for name in ("start", "best_semantic", "best_lexical")]


@dataclass(frozen=True)
class Sample:
    """Features of n texts, and which codes are right, shape (n, codes + 1); the last one says that none of them is."""

    features: Features
    right: NDArray[np.bool_]


def right_of(truth: Sequence[frozenset[str]], codes: Sequence[str]) -> NDArray[np.bool_]:
    """Which of ``codes`` are right for each text, shape (texts, codes + 1); the last says that none is."""
    number = {code: place for place, code in enumerate(codes)}
    right = np.zeros((len(truth), len(codes) + 1), dtype=bool)
    for row, found in enumerate(truth):
        right[row, [number[code] for code in found if code in number] or [len(codes)]] = True
    return right


def fit_weights(
    samples: Sequence[Sample], *, head: bool = True, prior: Weights | None = None, hold: float = _DECAY, exact: float = EXACT
) -> Weights:
    """The weights under which the right answers are likeliest; those of the head are zero where it is not used.

    ``hold`` is the strength that holds them to ``prior`` (else to zero): what a sample says nothing of stays as it was. ``exact`` is
    the least weight of a title that stands in the book.
    """
    used = list(range(len(CODE_FEATURES))) if head else _WITHOUT_HEAD
    used_none = list(range(len(NONE_FEATURES))) if head else _NONE_WITHOUT_HEAD
    parts = [(s.features.codes[:, :, used], s.features.none[:, used_none], s.right) for s in samples]
    count = sum(len(right) for _, _, right in parts)
    known = prior.vectors() if prior else (np.zeros(len(CODE_FEATURES)), np.zeros(len(NONE_FEATURES)))
    rest = np.concatenate([known[0][used], known[1][used_none]]).astype(np.float64)

    def cost(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        apart = weights - rest
        loss, slope = hold * float(apart @ apart), 2 * hold * apart
        code_weights, none_weights = weights[: len(used)].astype(np.float32), weights[len(used) :].astype(np.float32)
        for codes, none, right in parts:
            logits = np.concatenate([codes @ code_weights, (none @ none_weights)[:, None]], axis=1)
            logits -= logits.max(axis=1, keepdims=True)
            shares = np.exp(logits)
            shares /= shares.sum(axis=1, keepdims=True)
            hit = np.maximum((shares * right).sum(axis=1, keepdims=True), 1e-12)
            pull = (shares - shares * right / hit) / count
            loss -= float(np.log(hit).sum()) / count
            by_code = np.tensordot(pull[:, :-1], codes, axes=([0, 1], [0, 1]))
            slope += np.concatenate([by_code, pull[:, -1] @ none])
        return loss, slope

    bounds: list[tuple[float | None, None]] = [(exact if CODE_FEATURES[place] == "exact" else None, None) for place in used]
    bounds += [(None, None)] * len(used_none)
    begin = np.maximum(rest, [-np.inf if low is None else low for low, _ in bounds])
    found = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=bounds).x
    codes, none = np.zeros(len(CODE_FEATURES)), np.zeros(len(NONE_FEATURES))
    codes[used], none[used_none] = found[: len(used)], found[len(used) :]
    return Weights(_named(CODE_FEATURES, codes), _named(NONE_FEATURES, none))


def _named(names: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in zip(names, values, strict=True)}
