"""Decisions of coders as the truth: how good a run is, as far as people have decided its answers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from crosswalk.jobs.quality.estimates import Estimate, share
from crosswalk.jobs.quality.outcomes import CodedText, Outcomes, coded_answer
from crosswalk.model import Classification
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.decision_rows import KeptDecision

NO_CODE, NO_UNIT_GROUP = "decided to have no code", "decided for no unit group"


@dataclass(frozen=True)
class Part:
    """Answers that were coded without a person, or left to people: all of the run, those in the queue, those decided.

    ``right``: the decided share whose first code is the coder's, by rows; None where none is decided.
    """

    answers: int
    rows: int
    in_queue: int
    decided: int
    decided_rows: int
    with_suggestion: int
    right: Estimate | None

    @property
    def representative(self) -> bool:
        """Whether all that were put into the queue are decided: only then does the order of the queue not matter."""
        return self.decided == self.in_queue > 0


@dataclass(frozen=True)
class DecidedSample:
    """What coders decided of a run; ``words`` say which cases these are, and how far the figures can be trusted."""

    automatic: Part
    clerical: Part
    words: tuple[str, ...]


@dataclass
class _Seen:
    """One part while the answers stream by; of each decided answer its rows and whether the first code is right."""

    answers: int = 0
    rows: int = 0
    with_suggestion: int = 0
    decided: list[tuple[int, bool]] | None = None

    def part(self, in_queue: int) -> Part:
        rows = np.array([count for count, _ in self.decided or []], dtype=np.float64)
        hits = np.array([hit for _, hit in self.decided or []], dtype=np.bool_)
        measured = share(hits, rows)
        return Part(self.answers, self.rows, in_queue, len(rows), int(rows.sum()), self.with_suggestion, measured)


def decided_sample(
    answers: Iterable[KeptAnswer], settled: Mapping[str, KeptDecision], queued: Mapping[bool, int], classification: Classification
) -> tuple[Outcomes, DecidedSample, Mapping[str, int]]:
    """The decided answers beside their decisions, what they say of the run, and the rows that have no unit group to compare with.

    ``queued`` counts the cases in the queue, by whether they were coded automatically. In the outcomes the decided answers of either part
    stand for all rows of that part.
    """
    seen = {True: _Seen(decided=[]), False: _Seen(decided=[])}
    found: list[tuple[bool, CodedText]] = []
    left_out: Counter[str] = Counter({NO_CODE: 0, NO_UNIT_GROUP: 0})
    units = {item.code for item in classification.unit_groups}
    for answer in answers:
        if answer.status not in ("coded", "review"):
            continue
        automatic, kept = answer.status == "coded", settled.get(answer.text_key)
        part = seen[automatic]
        part.answers += 1
        part.rows += answer.frequency
        if kept is None:
            continue
        given = frozenset(code.code for code in kept.codes)
        assert part.decided is not None
        part.decided.append((answer.frequency, _is_right(answer, given, classification)))
        part.with_suggestion += kept.suggested
        if given & units:
            found.append((automatic, coded_answer(answer, given & units, answer.frequency)))
        else:
            left_out[NO_UNIT_GROUP if given else NO_CODE] += answer.frequency
    parts = {automatic: one.part(queued.get(automatic, 0)) for automatic, one in seen.items()}
    sample = DecidedSample(parts[True], parts[False], _words(parts[True], parts[False]))
    return Outcomes(classification, _extrapolated(found, parts)), sample, dict(left_out)


def _is_right(answer: KeptAnswer, given: frozenset[str], classification: Classification) -> bool:
    """Whether the first code is one of those given, or lies in a group given; nothing is right where no code was given."""
    best = answer.best()
    return bool(best) and not given.isdisjoint((best[0].code, *classification.ancestors(best[0].code)))


def _extrapolated(found: Iterable[tuple[bool, CodedText]], parts: Mapping[bool, Part]) -> list[CodedText]:
    """The texts, weighted so that those of a part have together the weight of all its rows."""
    texts = list(found)
    sums = {part: sum(text.weight for automatic, text in texts if automatic is part) for part in (True, False)}
    return [
        text._replace(weight=text.weight * parts[automatic].rows / sums[automatic], row=place)
        for place, (automatic, text) in enumerate(texts)
    ]


def _words(automatic: Part, clerical: Part) -> tuple[str, ...]:
    """Which cases were decided, and what that means for the figures."""
    said = [_counted("coded without a person", automatic), _counted("left to people", clerical)]
    if not automatic.decided:
        said.append(
            "Nothing that was coded without a person has been decided, so the figures are of the doubtful answers alone: "
            "'crosswalk queue RUN --sample 300' puts a random sample of the others into the queue."
        )
    elif not automatic.representative:
        said.append("The queue begins with the doubtful answers: until all that were put into it are decided, the figures are too low.")
    if clerical.decided and not clerical.representative:
        said.append("Of the answers left to people the most frequent and doubtful come first in the queue; the others may be easier.")
    shown = automatic.with_suggestion
    if shown:
        said.append(
            f"{shown:,} of {automatic.decided:,} automatic codes were decided with the code in sight, which makes agreement likelier."
        )
    return tuple(said)


def _counted(what: str, part: Part) -> str:
    return (
        f"Of {part.answers:,} different answers {what} ({part.rows:,} rows), {part.in_queue:,} are in the queue and "
        f"{part.decided:,} ({part.decided_rows:,} rows) are decided."
    )
