"""What an opinion is worth: learned from cases that a person decided, and left aside until there are enough and it is shown to help.

A conditional logit over a text's listed codes, "no code" and all other codes together: the logarithm of the classifier's probability, and
what is added where the model's choice stands. Held-out decided cases say whether the result is better; if not, opinions weigh nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosswalk.jobs.quality.calibration import expected_calibration_error
from crosswalk.llm.questions import NONE
from crosswalk.model import Classification, Coding, Opinion
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.store import Store

FEWEST = 200
"""Decided cases with an answered opinion of one model and prompt, below which its opinions weigh nothing."""

WORSE_BORNE = 0.01
"""By how much the calibration error of held-out cases may grow: it moves so much by chance among a few hundred."""

_FOLDS = 5
_RIDGE = 1.0
_LEAST = 1e-6
_START = np.array([1.0, 0.0, 0.0, 0.0])
"""The classifier as it is: its logarithm counts once, a choice adds nothing."""

Judge = tuple[str, str]
"""A model and the fingerprint of its prompt."""


@dataclass(frozen=True)
class Listed:
    """One text's options: its codes in their order, then "no code", then all others together. ``truth`` is the place of the right one."""

    probabilities: NDArray[np.float64]
    features: NDArray[np.float64]
    truth: int


@dataclass(frozen=True)
class HeldOut:
    """Figures of decided cases that took no part in the fit: share with the right code first, calibration error, mean log loss."""

    top: float
    ece: float
    loss: float


@dataclass(frozen=True)
class Weights:
    """Of the classifier's logarithm, a sure choice, another choice, and NONE; ``cases`` they were learned from, and what they bring."""

    values: tuple[float, ...]
    cases: int
    before: HeldOut
    after: HeldOut

    @property
    def helps(self) -> bool:
        """Whether held-out cases come out better: less loss, no fewer right, and as well calibrated."""
        better = self.after.loss < self.before.loss and self.after.top >= self.before.top
        return self.cases >= FEWEST and better and self.after.ece <= self.before.ece + WORSE_BORNE

    def in_words(self, judge: Judge) -> str:
        """For the person, before anything is reordered."""
        change = (
            f"right first {self.before.top:.3f} -> {self.after.top:.3f}, calibration error {self.before.ece:.3f} -> {self.after.ece:.3f}"
        )
        use = "its opinions now change probabilities" if self.helps else "no better, so its opinions change nothing"
        return f"{judge[0]} on {self.cases:,} decided cases, held out in turn: {change}; {use}"


def learned(store: Store, target: Classification) -> dict[Judge, Weights]:
    """The weights of every model and prompt that enough decided cases of this store have an opinion of."""
    by_judge: dict[Judge, list[Listed]] = {}
    for run in store.runs():
        for opinion, listed in _decided_cases(store, run.name, target):
            by_judge.setdefault((opinion.model, opinion.prompt), []).append(listed)
    return {judge: fitted(cases) for judge, cases in by_judge.items() if len(cases) >= FEWEST}


def with_opinion(coding: Coding, opinion: Opinion | None, weights: Mapping[Judge, Weights]) -> Coding:
    """The coding with what an answered opinion is worth; unchanged where that is not known, or where the model alone did not decide."""
    known = weights.get((opinion.model, opinion.prompt)) if opinion else None
    if opinion is None or known is None or not known.helps or opinion.outcome != "answered" or coding.method != "model" or not coding.codes:
        return coding
    given = [entry.probability for entry in coding.codes]
    codes = [entry.code for entry in coding.codes]
    shares = _shares(_features(codes, given, coding.p_none, opinion), np.array(known.values)).tolist()
    entries = [replace(entry, probability=share) for entry, share in zip(coding.codes, shares, strict=False)]
    entries.sort(key=lambda entry: (-round(entry.probability, 6), entry.code))
    return replace(coding, codes=tuple(entries), p_none=shares[-2])


def fitted(cases: Sequence[Listed]) -> Weights:
    """The weights of all cases, and how those of four fifths do on the last fifth, each in turn (cases by their place, so it repeats)."""
    fold = np.arange(len(cases)) % _FOLDS
    after: list[NDArray[np.float64]] = [case.probabilities for case in cases]
    for held in range(_FOLDS):
        values = _fit([case for case, own in zip(cases, fold, strict=True) if own != held])
        for place in np.flatnonzero(fold == held).tolist():
            after[place] = _shares(cases[place].features, values)
    truth = [case.truth for case in cases]
    before = _figures([case.probabilities for case in cases], truth)
    return Weights(tuple(_fit(cases).tolist()), len(cases), before, _figures(after, truth))


def listed_case(codes: Sequence[str], given: Sequence[float], p_none: float, opinion: Opinion, right: str) -> Listed:
    """A decided case; ``right`` is the code given by a person, blank for none."""
    places = [*codes, ""]
    features = _features(codes, given, p_none, opinion)
    probabilities = np.exp(features[:, 0])
    return Listed(probabilities / probabilities.sum(), features, places.index(right) if right in places else len(places))


def _decided_cases(store: Store, run: str, target: Classification) -> Iterator[tuple[Opinion, Listed]]:
    """Cases of one text each, with a single unit group or none decided, and an answered opinion."""
    opinions = store.opinions.of_run(run)
    if not opinions:
        return
    rows = list(store.source_rows(run))
    single = Counter(row.source_code for row in rows)
    text_key = {row.source_code: row.text_key for row in rows if single[row.source_code] == 1}
    units, settled = {item.code for item in target.unit_groups}, store.decisions.settled(run)
    for case, _ in store.decisions.in_force(run):
        kept = settled.get(case.key)
        known = opinions.get(text_key.get(case.key, "") if rows else case.key)
        right = _right(kept, units) if kept else None
        if known and known.opinion.outcome == "answered" and right is not None and case.codes:
            codes, given = [entry.code for entry in case.codes], [entry.probability for entry in case.codes]
            yield known.opinion, listed_case(codes, given, case.p_none, known.opinion, right)


def _right(kept: KeptDecision, units: set[str]) -> str | None:
    """The one unit group decided, blank for none; None for what says neither."""
    if kept.action in ("reject", "new"):
        return ""
    codes = [given.code for given in kept.codes]
    return codes[0] if kept.action in ("accept", "amend") and len(codes) == 1 and codes[0] in units else None


def _features(codes: Sequence[str], given: Sequence[float], p_none: float, opinion: Opinion) -> NDArray[np.float64]:
    """Shape (codes + 2, 4), in the order of ``Listed`` and ``Weights.values``."""
    others = max(0.0, 1.0 - p_none - sum(given))
    rows = np.zeros((len(codes) + 2, len(_START)))
    rows[:, 0] = np.log(np.maximum([*given, p_none, others], _LEAST))
    if opinion.choice == NONE:
        rows[-2, 3] = 1.0
    elif opinion.choice in codes:
        sure = opinion.direct == "yes" and opinion.better == "clearly"
        rows[codes.index(opinion.choice), 1 if sure else 2] = 1.0
    return rows


def _shares(features: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    logits = features @ values
    raised = np.exp(logits - logits.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares


def _fit(cases: Sequence[Listed]) -> NDArray[np.float64]:
    """Newton's method on the log likelihood, drawn to the classifier as it is by a ridge."""
    values = _START.copy()
    for _ in range(30):
        slope, bend = -_RIDGE * (values - _START), _RIDGE * np.eye(len(values))
        for case in cases:
            shares = _shares(case.features, values)
            mean = shares @ case.features
            slope += case.features[case.truth] - mean
            bend += (case.features * shares[:, None]).T @ case.features - np.outer(mean, mean)
        step = np.linalg.solve(bend, slope)
        values = values + step
        if np.abs(step).max() < 1e-8:
            break
    return values


def _figures(shares: Sequence[NDArray[np.float64]], truth: Sequence[int]) -> HeldOut:
    """Of the listed options the first; "all others together" is no answer."""
    first = np.array([int(row[:-1].argmax()) for row in shares])
    sure, right = np.array([row[:-1].max() for row in shares]), first == np.array(truth)
    loss = -np.mean([np.log(max(row[place], _LEAST)) for row, place in zip(shares, truth, strict=True)])
    return HeldOut(float(right.mean()), expected_calibration_error(sure, right), float(loss))
