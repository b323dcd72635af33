"""Answers of surveys and censuses as the store keeps them: one row a distinct answer, written once, with what became of it."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from crosswalk.store.postgres import STREAMED

Status = Literal["coded", "review", "no occupation", "failed"]


class KeptCode(NamedTuple):
    """One of an answer's best codes, with the index title that spoke for it."""

    code: str
    probability: float
    matched: str


class KeptAnswer(NamedTuple):
    """A distinct answer. ``frequency`` counts its rows in the file; a tuple, since there are millions of them."""

    text_key: str
    text: str
    context: str
    frequency: int
    status: Status
    method: str
    note: str
    coarser: str
    coarser_probability: float
    p_none: float
    codes: str

    def best(self) -> list[KeptCode]:
        """Its best codes, in their order."""
        return list(map(KeptCode._make, _decode(self.codes)))

    def fields(self) -> dict[str, str]:
        """The further fields of the answer, and the columns that rules looked at."""
        context: dict[str, str] = json.loads(self.context)
        return context


def packed(codes: Iterable[KeptCode]) -> str:
    """Codes as they are kept: JSON, put together by hand in a fourth of the time since there are millions."""
    return f"[{','.join([f'[{_quoted(code)},{float(probability)!r},{_quoted(matched)}]' for code, probability, matched in codes])}]"


def packed_fields(fields: Mapping[str, str]) -> str:
    """The further fields as they are kept."""
    return f"{{{','.join([f'{_quoted(name)}:{_quoted(value)}' for name, value in fields.items()])}}}"


def save(db: sqlite3.Connection, run: str, answers: Iterable[KeptAnswer]) -> None:
    """Insert answers, best in the order of their keys; one that is there stays as it is, unless it had failed."""
    db.executemany(_INSERT, ((run, *answer) for answer in answers))


def done(db: sqlite3.Connection, run: str) -> set[str]:
    """Keys of the answers that are coded."""
    return {key for (key,) in db.execute("SELECT text_key FROM answers WHERE run = ? AND status <> 'failed'", (run,))}


def in_order(db: sqlite3.Connection, run: str) -> Iterator[KeptAnswer]:
    """All answers of a run by key. Reading begins with the first that is asked for, so that it may be inside a write transaction:
    one that begins while a read is open is refused as soon as another process has written.
    """
    for row in db.execute(f"{_SELECT} WHERE run = ? ORDER BY text_key {STREAMED}", (run,)):
        yield KeptAnswer._make(row)


def queue(db: sqlite3.Connection, run: str) -> Iterator[KeptAnswer]:
    """Answers that wait for a person, the most frequent first."""
    for row in db.execute(f"{_SELECT} WHERE run = ? AND status = 'review' ORDER BY frequency DESC, text_key {STREAMED}", (run,)):
        yield KeptAnswer(*row)


_decode = json.JSONDecoder().decode
_quoted = json.encoder.encode_basestring
_SELECT = "SELECT text_key, text, context, frequency, status, method, note, coarser, coarser_probability, p_none, codes FROM answers"
_INSERT = (
    "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, text_key) DO UPDATE SET status = excluded.status, "
    "method = excluded.method, note = excluded.note, coarser = excluded.coarser, coarser_probability = excluded.coarser_probability, "
    "p_none = excluded.p_none, codes = excluded.codes WHERE answers.status = 'failed'"
)
