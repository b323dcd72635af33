"""Opinions of language models as the store keeps them: answers by what was asked, and which texts of which run they are about."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import NamedTuple

from crosswalk.model import Opinion
from crosswalk.store import sqlite

# The columns in the order of the fields of Opinion.
_SELECT = (
    "SELECT request, model, answered_by, prompt, outcome, choice, direct, better, said, tokens_in, tokens_out, cost, seconds, asked "
    "FROM llm_answers WHERE request = ?"
)
_SELECT_OF_RUN = (
    "SELECT text_key, decides, llm_answers.* FROM llm_opinions JOIN llm_answers USING (request) WHERE run = ? ORDER BY text_key"
)
_SELECT_OF_TEXT = "SELECT llm_answers.* FROM llm_opinions JOIN llm_answers USING (request) WHERE run = ? AND text_key = ?"
_SELECT_USAGE = (
    "SELECT model, prompt, count(*), sum(CASE WHEN outcome <> 'answered' THEN 1 ELSE 0 END), sum(tokens_in), sum(tokens_out), sum(cost), "
    "sum(CASE WHEN asked < ? THEN cost ELSE 0 END) FROM llm_answers "
    "WHERE request IN (SELECT request FROM llm_opinions WHERE run = ?) GROUP BY model, prompt ORDER BY model, prompt"
)
_INSERT = "INSERT OR IGNORE INTO llm_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class KeptOpinion(NamedTuple):
    """An opinion on a text of a run; ``decides`` where the run was told to let it."""

    opinion: Opinion
    decides: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """What the opinions of a run took. A text that was asked in the same words before has no answer of its own.

    ``answers`` are different requests, ``refused`` those whose reply could not be used; tokens and dollars are of all their calls.
    ``paid_before`` of the dollars were paid before the run was begun, by others.
    """

    models: tuple[str, ...]
    prompts: tuple[str, ...]
    texts: int
    answers: int
    refused: int
    tokens_in: int
    tokens_out: int
    dollars: float
    paid_before: float


class Opinions:
    """The answers of a store. An answer is paid for once: it is never asked again, nor overwritten."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def keep(self, opinions: Iterable[Opinion]) -> None:
        """Keep answers, all of them or none; durable when this returns."""
        with sqlite.writing(self._connection, self._path) as db:
            db.executemany(_INSERT, map(astuple, opinions))

    def known(self, requests: Iterable[str]) -> dict[str, Opinion]:
        """The answers to these requests that are there."""
        with sqlite.reading(self._path):
            found = (self._connection.execute(_SELECT, (request,)).fetchone() for request in requests)
            return {row[0]: Opinion(*row) for row in found if row}

    def link(self, run: str, requests: Mapping[str, str], *, decides: bool) -> None:
        """Say which answer speaks of which text, by text key, in place of what was said before."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("DELETE FROM llm_opinions WHERE run = ?", (run,))
            rows = ((run, key, request, int(decides)) for key, request in requests.items())
            db.executemany("INSERT INTO llm_opinions VALUES (?, ?, ?, ?)", rows)

    def of_run(self, run: str) -> dict[str, KeptOpinion]:
        """The opinions of a run by text key."""
        with sqlite.reading(self._path):
            rows = self._connection.execute(_SELECT_OF_RUN, (run,))
            return {key: KeptOpinion(Opinion(*cells), bool(decides)) for key, decides, *cells in rows}

    def usage(self, run: str, begun: str) -> Usage | None:
        """What the opinions of a run took, None where none was asked; ``begun`` is when the run was."""
        with sqlite.reading(self._path):
            texts = self._connection.execute("SELECT count(*) FROM llm_opinions WHERE run = ?", (run,)).fetchone()[0]
            rows = self._connection.execute(_SELECT_USAGE, (begun, run)).fetchall()
        if not rows:
            return None
        models, prompts, answers, refused, sent, received, dollars, before = zip(*rows, strict=True)
        counts = (int(texts), int(sum(answers)), int(sum(refused)), int(sum(sent)), int(sum(received)))
        return Usage(tuple(sorted(set(models))), tuple(sorted(set(prompts))), *counts, float(sum(dollars)), float(sum(before)))

    def of_text(self, run: str, text_key: str) -> Opinion | None:
        """The opinion on one text of a run, if one was asked for and answered."""
        with sqlite.reading(self._path):
            row = self._connection.execute(_SELECT_OF_TEXT, (run, text_key)).fetchone()
        found = Opinion(*row) if row else None
        return found if found and found.outcome == "answered" else None

    def begin_batch(self, batch: str, run: str, model: str, submitted: str) -> None:
        """Remember a batch that was submitted."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("INSERT INTO llm_batches VALUES (?, ?, ?, ?, NULL)", (batch, run, model, submitted))

    def open_batches(self, run: str, model: str) -> list[str]:
        """Batches of a run that are not collected yet."""
        query = "SELECT batch FROM llm_batches WHERE run = ? AND model = ? AND collected IS NULL ORDER BY submitted, batch"
        with sqlite.reading(self._path):
            return [batch for (batch,) in self._connection.execute(query, (run, model))]

    def end_batch(self, batch: str, collected: str) -> None:
        """Note that a batch was collected."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("UPDATE llm_batches SET collected = ? WHERE batch = ?", (collected, batch))
