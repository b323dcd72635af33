"""Example cases with their evidence: what the model saw, for people to judge."""

from dataclasses import dataclass

import numpy as np

from crosswalk.jobs.quality.outcomes import Outcomes

_EACH = 3
_CODES = 3
_SEED = 8


@dataclass(frozen=True)
class Choice:
    """One code of a case, its probability, and the index title that spoke for it."""

    code: str
    title: str
    probability: float
    matched: str


@dataclass(frozen=True)
class Example:
    """One case: its text, the right codes with their titles, who decided, and the first codes with their evidence."""

    kind: str
    row: int
    text: str
    truths: tuple[tuple[str, str], ...]
    method: str
    note: str
    choices: tuple[Choice, ...]


def examples(outcomes: Outcomes, threshold: float) -> tuple[Example, ...]:
    """Three cases, drawn by chance with a fixed seed, of each kind: right or wrong, taken or left to a person."""
    taken, drawn, found = outcomes.certainty >= threshold, np.random.default_rng(_SEED), []
    for kind, chosen in (
        ("automatic and right", taken & outcomes.right),
        ("automatic and wrong", taken & ~outcomes.right),
        ("left to a person, the first code right", ~taken & outcomes.right),
        ("left to a person, the first code wrong", ~taken & ~outcomes.right),
    ):
        rows = np.flatnonzero(chosen)
        picked = np.sort(drawn.choice(rows, min(_EACH, len(rows)), replace=False)) if len(rows) else rows
        found += [_example(outcomes, kind, row) for row in picked.tolist()]
    return tuple(found)


def _example(outcomes: Outcomes, kind: str, row: int) -> Example:
    text, title = outcomes.texts[row], outcomes.classification.title
    choices = tuple(Choice(code, title(code), probability, matched) for code, probability, matched in text.best[:_CODES])
    truths = tuple((code, title(code)) for code in sorted(text.truths))
    return Example(kind, text.row, text.text, truths, text.method, text.note, choices)
