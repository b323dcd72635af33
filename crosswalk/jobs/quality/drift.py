"""Drift: is this batch still like the one before, or like what the threshold was chosen on?"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crosswalk.model import Classification
from crosswalk.store.answers import KeptAnswer
from crosswalk.text import normalise

Verdict = Literal["stable", "look", "act"]

LOOK, ACT = 0.10, 0.25
"""The usual marks of the population stability index; below the index's own noise nothing is said to have changed."""

_BINS = 10
_MOST = 10


@dataclass(frozen=True)
class Batch:
    """A batch of coded answers, counted in rows: words, probabilities of the first code in tenths, first codes ("" none), methods."""

    name: str
    rows: int
    words: Mapping[str, int]
    probabilities: tuple[int, ...]
    codes: Mapping[str, int]
    methods: Mapping[str, int]


@dataclass(frozen=True)
class Shift:
    """How far one distribution moved. ``noise``: what the index stays below in 95 of 100 pairs of like batches of these sizes."""

    what: str
    psi: float
    noise: float
    verdict: Verdict
    advice: str


@dataclass(frozen=True)
class Moved:
    """A group whose share changed."""

    code: str
    title: str
    before: float
    now: float


@dataclass(frozen=True)
class Drift:
    """Two batches compared. Shares of words are of running words, so a frequent word counts often."""

    before: str
    now: str
    unseen_words: float
    unseen: tuple[tuple[str, int], ...]
    shifts: tuple[Shift, ...]
    moved: tuple[Moved, ...]
    probabilities_before: tuple[float, ...]
    probabilities_now: tuple[float, ...]
    verdict: Verdict
    advice: str


def batch(name: str, answers: Iterable[KeptAnswer]) -> Batch:
    """Count a run's answers, each as often as it was given."""
    words: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    probabilities = [0] * _BINS
    for answer in answers:
        best = answer.best()
        for word in normalise(answer.text).split():
            words[word] += answer.frequency
        codes[best[0].code if best else ""] += answer.frequency
        methods[answer.method] += answer.frequency
        probabilities[min(_BINS - 1, int(best[0].probability * _BINS)) if best else 0] += answer.frequency
    return Batch(name, methods.total(), words, tuple(probabilities), codes, methods)


def drift(before: Batch, now: Batch, classification: Classification) -> Drift:
    """What changed from one batch to the next, and what to do."""
    unseen = Counter({word: count for word, count in now.words.items() if word not in before.words})
    groups = [_grouped(side.codes, classification, min(2, classification.depth)) for side in (before, now)]
    shifts = (
        _shift("probability of the first code", before.probabilities, now.probabilities, _ADVICE_PROBABILITY),
        _shift("groups (two digits)", *_aligned(groups[0], groups[1]), _ADVICE_CODES),
        _shift("who decided", *_aligned(before.methods, now.methods), _ADVICE_METHODS),
    )
    share = unseen.total() / max(1, sum(now.words.values()))
    verdict: Verdict = max((shift.verdict for shift in shifts), key=_ORDER.index)
    if share > _UNSEEN_LOOK:
        verdict = max(verdict, "look", key=_ORDER.index)
    return Drift(
        before.name, now.name, share, tuple(unseen.most_common(_MOST)), shifts, _moved(groups[0], groups[1], classification),
        _shares(before.probabilities), _shares(now.probabilities), verdict, _ADVICE[verdict],
    )  # fmt: skip


def stability_index(before: Sequence[int], now: Sequence[int]) -> tuple[float, float]:
    """The population stability index of two lists of counts, and what it stays below in 95 of 100 pairs of like batches.

    Half a case is added to every class, so that empty ones are finite. The noise is the chi-square quantile of Yurdakul (2018)
    with one degree of freedom less than classes, by the approximation of Wilson and Hilferty.
    """
    kept = [(a, b) for a, b in zip(before, now, strict=True) if a or b]
    if len(kept) < 2 or not sum(before) or not sum(now):
        return 0.0, 0.0
    totals = [sum(side) + 0.5 * len(kept) for side in zip(*kept, strict=True)]
    shares = [((a + 0.5) / totals[0], (b + 0.5) / totals[1]) for a, b in kept]
    index = sum((q - p) * math.log(q / p) for p, q in shares)
    return index, (1 / sum(before) + 1 / sum(now)) * chi_square_95(len(kept) - 1)


def chi_square_95(freedom: int) -> float:
    """The 95 % quantile of chi-square (Wilson and Hilferty 1931), within 2 % from 1 degree of freedom on."""
    part = 2 / (9 * freedom)
    return float(freedom * (1 - part + 1.6448536269514722 * math.sqrt(part)) ** 3)


def _shift(what: str, before: Sequence[int], now: Sequence[int], advice: str) -> Shift:
    index, noise = stability_index(before, now)
    verdict: Verdict = "stable" if index < max(LOOK, noise) else "look" if index < ACT else "act"
    return Shift(what, index, noise, verdict, "" if verdict == "stable" else advice)


def _grouped(codes: Mapping[str, int], classification: Classification, level: int) -> Counter[str]:
    """Counts by the groups of a level; answers without a code stand under ""."""
    found: Counter[str] = Counter()
    for code, count in codes.items():
        chain = (code, *classification.ancestors(code))
        group = next((c for c in chain if c in classification.by_code and classification.by_code[c].level == level), code)
        found[group] += count
    return found


def _aligned(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[list[int], list[int]]:
    names = sorted({*before, *now})
    return [before.get(name, 0) for name in names], [now.get(name, 0) for name in names]


def _moved(before: Counter[str], now: Counter[str], classification: Classification) -> tuple[Moved, ...]:
    """The groups whose shares changed most."""
    rows = [
        Moved(code or "-", classification.title(code) or "no code", before[code] / max(1, before.total()), now[code] / max(1, now.total()))
        for code in sorted({*before, *now})
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.now - row.before))[:_MOST])


def _shares(counts: Sequence[int]) -> tuple[float, ...]:
    return tuple(count / max(1, sum(counts)) for count in counts)


_UNSEEN_LOOK = 0.10
_ORDER: tuple[Verdict, ...] = ("stable", "look", "act")
_ADVICE_PROBABILITY = "the model is surer or less sure than before: have 200 of the automatic codes checked, then compare with the report"
_ADVICE_CODES = (
    "other groups are found than before: is it the labour market, the sample, the question, or the model? Look at what moved most"
)
_ADVICE_METHODS = "the share that goes to people changed: look at the queue's first answers, and at the rules"
_ADVICE: dict[Verdict, str] = {
    "stable": "Nothing has to be done.",
    "look": "Look before you publish: read the words and groups below, and have 200 automatic codes checked by a coder.",
    "act": "The promise made for the threshold may no longer hold. Have a sample of automatic codes checked before you publish; where they "
    "are worse than promised, raise the threshold, add the new words to your dictionary, or fit the model again with this batch.",
}
