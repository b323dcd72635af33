"""Codes of the truth that may be wrong: confident learning (Northcutt, Jiang and Chuang 2021), ranked for a person.

Not through cleanlab: it needs pandas, scikit-learn and scipy (280 MB beside a base of 260), a dense matrix of texts by codes
(350 MB for 100,000 answers) and one label a text, where we keep six codes a text and accept several. ``benchmarks/quality.py`` holds this
module against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.outcomes import Outcomes

PRIOR = 10.0
"""Texts' worth of the general mean in each code's own: one or two texts do not say how sure the model is of a code."""


_MOST_PLAUSIBLE = 0.2
_LEAST_ACCURACY = 0.5


@dataclass(frozen=True)
class LabelError:
    """A text whose given code is doubtful. ``margin``: probability of the given code less that of the suggested; the least first."""

    row: int
    text: str
    given: str
    given_title: str
    suggested: str
    suggested_title: str
    probability_given: float
    probability_suggested: float
    margin: float


@dataclass(frozen=True)
class LabelErrors:
    """Suspected errors, and what accuracy (first code) would be once they are settled.

    Between ``accuracy_now`` (the given codes are right in every case) and ``accuracy_if_suggested`` (the suggestions are);
    ``accuracy_without`` leaves the suspected texts out. ``words`` say how far the list can be believed.
    """

    suspected: int
    share: float
    accuracy_now: float
    accuracy_if_suggested: float
    accuracy_without: float | None
    words: str
    ranked: tuple[LabelError, ...]


def label_errors(outcomes: Outcomes) -> LabelErrors:
    """The suspected errors, those the model contradicts most first. Wants codings by a model that did not learn from these rows."""
    scheme = outcomes.classification
    codes = outcomes.codes_at(scheme.depth)
    given = outcomes.truth(scheme.depth)
    listed, probabilities = _listed(outcomes, {code: place for place, code in enumerate(codes)})
    suggested, of_given, of_suggested = suspects(listed, probabilities, given, len(codes))
    rows = np.flatnonzero(suggested >= 0)
    margins = of_given - of_suggested
    ranked = []
    for place in rows[np.argsort(margins[rows], kind="stable")].tolist():
        text, code, better = outcomes.texts[place], codes[given[place]], codes[suggested[place]]
        ranked.append(
            LabelError(text.row, text.text, code, scheme.title(code), better, scheme.title(better),
                       float(of_given[place]), float(of_suggested[place]), float(margins[place]))
        )  # fmt: skip
    return _summed(outcomes, suggested, tuple(ranked))


def suspects(
    listed: NDArray[np.int32], probabilities: NDArray[np.float64], given: NDArray[np.int32], size: int, prior: float = PRIOR
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Off the diagonal of the confident joint: for each text the code it seems to belong to (-1: the given one), and both probabilities.

    ``listed`` (n, k) has places of codes, -1 for none, ``probabilities`` theirs. A code's threshold is the mean probability of it
    among the texts given it, drawn to the general mean with the weight of ``prior`` texts (0: the paper's own; a code without
    texts is never suggested then). Codes that are not listed have probability 0.
    """
    of_given = np.where(listed == given[:, None], probabilities, 0.0).sum(axis=1)
    counts = np.bincount(given, minlength=size)
    sums = np.bincount(given, weights=of_given, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        thresholds = (sums + prior * of_given.mean()) / (counts + prior)
    thresholds = np.where(np.isnan(thresholds), np.inf, thresholds)
    confident = (listed >= 0) & (probabilities >= thresholds[listed])
    held = np.where(confident, probabilities, -1.0)
    best = held.argmax(axis=1)
    rows = np.arange(len(listed))
    suggested, of_suggested = listed[rows, best], probabilities[rows, best]
    doubtful = (held[rows, best] >= 0) & (suggested != given) & (of_suggested > of_given) & (listed[:, 0] != given)
    return np.where(doubtful, suggested, -1).astype(np.int32), of_given, np.where(doubtful, of_suggested, 0.0)


def _listed(outcomes: Outcomes, places: Mapping[str, int]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    width = max(1, max((len(text.best) for text in outcomes.texts), default=1))
    listed, probabilities = np.full((len(outcomes), width), -1, np.int32), np.zeros((len(outcomes), width))
    for row, text in enumerate(outcomes.texts):
        for column, (code, probability, _) in enumerate(text.best):
            listed[row, column], probabilities[row, column] = places[code], probability
    return listed, probabilities


def _summed(outcomes: Outcomes, suggested: NDArray[np.int32], ranked: tuple[LabelError, ...]) -> LabelErrors:
    weights, right, doubtful = outcomes.weights, outcomes.right, suggested >= 0
    predicted = outcomes.predicted(outcomes.classification.depth)
    settled = np.where(doubtful, predicted == suggested, right)
    without = float(np.average(right[~doubtful], weights=weights[~doubtful])) if not doubtful.all() else None
    return LabelErrors(
        int(doubtful.sum()),
        float(weights[doubtful].sum() / weights.sum()),
        float(np.average(right, weights=weights)),
        float(np.average(settled, weights=weights)),
        without,
        _words(float(doubtful.mean()), float(right.mean())),
        ranked,
    )


def _words(doubted: float, accuracy: float) -> str:
    if doubted > _MOST_PLAUSIBLE or accuracy < _LEAST_ACCURACY:
        return (
            "The model contradicts so many of the given codes that it is no judge of them: read the first of the list as examples, "
            "not as errors. It is either a model for other texts than these, or codes given by other rules."
        )
    return "A person should settle these, the first of the list before the others; where the given code is right, the model is wrong."
