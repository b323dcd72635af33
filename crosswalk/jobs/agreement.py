"""How coders agree with each other and with the program, and how long a case takes them, with 95 % intervals."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from crosswalk.model import Classification
from crosswalk.store.decision_rows import KeptDecision, answer
from crosswalk.store.store import Store

_Z = 1.959964
_MOST = 6


@dataclass(frozen=True, slots=True)
class Share:
    """A share of ``n`` with its 95 % interval (Wilson)."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; 0 of nothing."""
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies, with 95 % confidence."""
        if not self.n:
            return (0.0, 1.0)
        middle = (self.value + _Z**2 / (2 * self.n)) / (1 + _Z**2 / self.n)
        spread = _Z * math.sqrt(self.value * (1 - self.value) / self.n + _Z**2 / (4 * self.n**2)) / (1 + _Z**2 / self.n)
        return (max(0.0, middle - spread), min(1.0, middle + spread))


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of ``n`` values with its 95 % interval (normal)."""

    value: float
    half: float
    n: int


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """Agreement of two answers at one level of the classification (1 the top). ``kappa`` is None where it is not defined."""

    level: int
    agreement: Share
    kappa: float | None
    kappa_half: float | None


@dataclass(frozen=True)
class Experiment:
    """The same cases coded with and without suggestions. ``with_right`` counts agreed answers and those chosen as the better one.

    ``difference`` is the mean of seconds with minus seconds without, case by case.
    """

    levels: tuple[LevelAgreement, ...]
    undecided: int
    with_right: Share
    without_right: Share
    seconds_with: Mean
    seconds_without: Mean
    difference: Mean


@dataclass(frozen=True)
class Agreement:
    """Figures of one run. ``accepted``: decisions that took the first suggestion, of those made with suggestions on the screen."""

    run: str
    decisions: int
    accepted: Share
    among_six: Share
    seconds_with: Mean
    seconds_without: Mean
    double: tuple[LevelAgreement, ...]
    adjudicated: int
    experiment: Experiment | None


def agreement(store: Store, run: str, classification: Classification) -> Agreement:
    """The figures of a run, from the decisions in force."""
    first = {case.key: kept for case, kept in store.decisions.in_force(run) if kept.action != "defer"}
    second = {case.key: kept for case, kept in store.decisions.in_force(run, "second") if kept.action != "defer"}
    everything = [*first.values(), *second.values()]
    shown = [kept for kept in everything if kept.suggested and kept.against.get("codes")]
    pairs = [(first[key], second[key]) for key in second if key in first]
    return Agreement(
        run, len(everything),
        Share(sum(kept.code == _suggested(kept)[0] for kept in shown), len(shown)),
        Share(sum(kept.code in _suggested(kept)[:_MOST] for kept in shown), len(shown)),
        _mean([kept.seconds for kept in everything if kept.suggested and not kept.bulk]),
        _mean([kept.seconds for kept in everything if not kept.suggested and not kept.bulk]),
        by_level(pairs, classification),
        sum(1 for _ in store.decisions.in_force(run, "adjudication")),
        _experiment(store, run, first, classification),
    )  # fmt: skip


def _suggested(kept: KeptDecision) -> list[str]:
    codes = kept.against["codes"]
    return [str(entry[0]) for entry in codes] if isinstance(codes, list) else []


def _experiment(store: Store, run: str, first: dict[str, KeptDecision], classification: Classification) -> Experiment | None:
    again = {case.key: kept for case, kept in store.decisions.in_force(run, "experiment") if kept.action != "defer"}
    chosen = {case.key: answer(kept) for case, kept in store.decisions.in_force(run, "choice") if kept.action != "defer"}
    pairs = [(first[key], again[key]) for key in again if key in first]
    if not pairs:
        return None
    better = {kept.key: answer(kept) if answer(kept) == answer(blind) else chosen.get(kept.key) for kept, blind in pairs}
    judged = [(kept, blind) for kept, blind in pairs if better[kept.key] is not None]
    return Experiment(
        by_level(pairs, classification),
        len(pairs) - len(judged),
        Share(sum(answer(kept) == better[kept.key] for kept, _ in judged), len(judged)),
        Share(sum(answer(blind) == better[blind.key] for _, blind in judged), len(judged)),
        _mean([kept.seconds for kept, _ in pairs]),
        _mean([blind.seconds for _, blind in pairs]),
        _mean([kept.seconds - blind.seconds for kept, blind in pairs]),
    )


def by_level(pairs: Sequence[tuple[KeptDecision, KeptDecision]], classification: Classification) -> tuple[LevelAgreement, ...]:
    """Agreement at every level; "no code" and "new" are answers of their own."""
    found = []
    for level in range(1, classification.depth + 1) if pairs else ():
        answers = [(at_level(a, level, classification), at_level(b, level, classification)) for a, b in pairs]
        kappa, half = cohen_kappa(answers)
        found.append(LevelAgreement(level, Share(sum(a == b for a, b in answers), len(answers)), kappa, half))
    return tuple(found)


def at_level(kept: KeptDecision, level: int, classification: Classification) -> str:
    """A decision's code at a level (a coarser code stays as it is), or what it is instead of a code."""
    if not kept.code:
        return str(answer(kept)[0])
    path = [*reversed(classification.ancestors(kept.code)), kept.code]
    return path[min(level, len(path)) - 1]


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> tuple[float | None, float | None]:
    """Cohen's kappa and half its 95 % interval (large-sample standard error); None where chance alone would agree wholly."""
    n = len(pairs)
    if not n:
        return None, None
    observed = sum(a == b for a, b in pairs) / n
    ours, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(ours[code] * theirs[code] for code in ours) / n**2
    if expected >= 1.0:
        return None, None
    return (observed - expected) / (1 - expected), _Z * math.sqrt(observed * (1 - observed) / n) / (1 - expected)


def _mean(values: Sequence[float]) -> Mean:
    half = _Z * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Mean(fmean(values) if values else 0.0, half, len(values))
