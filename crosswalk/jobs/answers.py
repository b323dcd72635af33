"""The distinct answers of a file: what is coded once, however many people gave it."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.ambiguity import Above, groups_above, settled
from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.errors import IndexFolderError
from crosswalk.jobs.batch import Progress
from crosswalk.model import Coding, Query
from crosswalk.store.answers import KeptAnswer, KeptCode, Status, packed, packed_fields
from crosswalk.text import LONGEST_TEXT

BEST = 6
"""Codes kept of an answer."""

_CODES_ASKED = 10
_CODES_ASKED_WITH_CONSTRAINTS = 100
SEPARATOR = "\x1f"
"""Stands between the fields of an answer that are joined."""

_ROWS_BETWEEN_SIGNS = 50_000

Waiting = tuple[str, str, int]
"""An answer to be coded: its key, its fields in one text, its frequency."""


@dataclass(frozen=True)
class AnswerColumns:
    """Columns that make an answer: its texts, the first the most important; then those that only rules look at."""

    texts: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def settings(self) -> dict[str, object]:
        """The columns as the run remembers them."""
        return {"texts": list(self.texts), "facts": list(self.facts)}

    def cut(self, joined: Iterable[str]) -> int:
        """Of how many answers only the beginning is looked at."""
        long = (answer.split(SEPARATOR)[: len(self.texts)] for answer in joined if len(answer) > LONGEST_TEXT)
        return sum(len(" ".join(filter(None, texts))) > LONGEST_TEXT for texts in long)

    def query(self, key: str, joined: str) -> Query:
        """The answer whose fields were joined."""
        cells = joined.split(SEPARATOR)
        texts, facts = cells[: len(self.texts)], cells[len(self.texts) :]
        context = {name: cell for name, cell in zip(self.texts[1:], texts[1:], strict=True) if cell}
        return Query(texts[0], key, context, dict(zip(self.facts, facts, strict=True)))


def key_of(folded: str) -> str:
    """The key of an answer, from its joined fields in one case."""
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()[:20]


@dataclass(frozen=True)
class Answers:
    """The distinct answers of a file, those that differ in case alone counted as one and written as the first was.

    ``of_row[i]`` is the place of row i's answer in ``joined``, ``keys`` and ``frequency``; ``order`` has the places by key.
    """

    of_row: "array[int]"
    joined: list[str]
    keys: list[str]
    frequency: NDArray[np.int64]
    order: list[int]

    def waiting(self, done: set[str], size: int) -> Iterable[list[Waiting]]:
        """Answers not done yet, by key, in chunks whose bounds depend on the file alone (so that a resumed run repeats them)."""
        for begin in range(0, len(self.order), size):
            chunk = [(self.keys[n], self.joined[n], int(self.frequency[n])) for n in self.order[begin : begin + size]]
            left = [answer for answer in chunk if answer[0] not in done] if done else chunk
            if left:
                yield left


def gather(rows: Iterable[list[str]], names: Sequence[str], columns: AnswerColumns, progress: Progress) -> Answers:
    """Go through the rows once and number their distinct answers. Memory grows with the distinct answers, 4 bytes a row besides."""
    places = [names.index(column) for column in (*columns.texts, *columns.facts)]
    pick = itemgetter(*places) if len(places) > 1 else lambda row, place=places[0]: (row[place],)
    of_row, known, joined = array("I"), dict[str, int](), list[str]()
    for cells in rows:
        answer = SEPARATOR.join(pick(cells))
        folded = answer.casefold()
        number = known.get(folded)
        if number is None:
            number = known[folded] = len(joined)
            joined.append(answer)
        of_row.append(number)
        if len(of_row) % _ROWS_BETWEEN_SIGNS == 0:
            progress(len(of_row), 0)
    progress(len(of_row), len(of_row))
    keys = [key_of(folded) for folded in known]
    frequency = np.bincount(np.frombuffer(of_row, dtype=np.uint32), minlength=len(joined)) if of_row else np.zeros(0, np.int64)
    return Answers(of_row, joined, keys, frequency, sorted(range(len(keys)), key=keys.__getitem__))


@dataclass(frozen=True)
class Task:
    """Everything a worker has to know; ``index`` is the fingerprint that its index has to have."""

    scheme: str
    index: str
    columns: AnswerColumns
    rules: Rules
    threshold: float


class AnswerCoder:
    """Codes answers by a task, with an Autocoder of its own."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._coder = Autocoder.open(task.scheme)
        self._above: Above = groups_above(self._coder.classification)
        self._asked = _CODES_ASKED_WITH_CONSTRAINTS if task.rules.constraints else _CODES_ASKED
        if self._coder.fingerprint != task.index:
            raise IndexFolderError("the index was replaced during the run", where=task.scheme, hint="give the command again")

    def code(self, waiting: Sequence[Waiting]) -> list[KeptAnswer]:
        """One kept answer for each that waits, in the same order."""
        queries = [self.task.columns.query(key, joined) for key, joined, _ in waiting]
        codings = self._coder.code(queries, self._asked, self.task.rules, scores=False)
        classification = self._coder.classification
        return [
            kept_answer(settled(coding, self.task.threshold, self._above, classification), answer[2])
            for coding, answer in zip(codings, waiting, strict=True)
        ]


def kept_answer(coding: Coding, frequency: int) -> KeptAnswer:
    """A coding as the store keeps it."""
    query, coarser = coding.query, coding.coarser
    best = [KeptCode(e.code, round(e.probability, 6), e.candidate.matched.text if e.candidate else "") for e in coding.top(BEST)]
    return KeptAnswer(
        query.id,
        query.text,
        packed_fields({**query.context, **query.facts}),
        frequency,
        _STATUS.get(coding.method, "coded"),
        coding.method,
        coding.note,
        coarser.code if coarser else "",
        round(coarser.probability, 6) if coarser else 0.0,
        round(coding.p_none, 6),
        packed(best),
    )


def failed_answer(columns: AnswerColumns, answer: Waiting, why: str) -> KeptAnswer:
    """An answer that could not be coded: kept for a person, and tried again when the run is taken up."""
    query = columns.query(answer[0], answer[1])
    coding = Coding(query, (), 1.0, "review", f"could not be coded: {why}"[:300])
    return kept_answer(coding, answer[2])._replace(status="failed")


_STATUS: dict[str, Status] = {"review": "review", "non-occupation": "no occupation"}
