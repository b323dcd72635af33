"""What a respondent wrote, taken out of a store for good: of answers, cases, coders' words on them and what a language model said.

Codes, counts and decisions stay, since they are the office's; the text is gone from the rows, then from the bytes of the file.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosswalk.store import erasures, postgres, sqlite
from crosswalk.store.decision_rows import Coder
from crosswalk.store.erasures import ERASED

_TABLES = ("answers", "cases", "decisions", "llm_answers")
"""Where texts of respondents stand."""


@dataclass(frozen=True)
class Wanted:
    """Which answers: by key, by a whole text (in any case), or by words that stand in it; ``run`` blank: of all runs."""

    keys: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    run: str = ""

    def meets(self, key: str, words: Sequence[str]) -> bool:
        """Whether an answer with this key and these texts is among them."""
        folded = [text.casefold() for text in words]
        return key in self.keys or any(text in self.texts or any(part in text for part in self.parts) for text in folded)


@dataclass(frozen=True)
class Found:
    """An answer to be erased. ``rows`` of the file gave it; ``decisions`` are those on it whose coders typed something."""

    run: str
    key: str
    text: str
    rows: int
    decisions: tuple[int, ...]


class Erasing:
    """Erases answers of a store's coded files. Titles of classifications and of job ads are no respondent's, and stay."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def find(self, wanted: Wanted) -> list[Found]:
        """The answers that are wanted, by run and key; those erased before are not among them."""
        with sqlite.reading(self._path):
            known = {(run, key) for run, key, words in self._texts(wanted.run) if wanted.meets(key, words)}
            return [found for run, key in sorted(known) if (found := self._found(run, key))]

    def erase(self, found: Sequence[Found], coder: Coder, reason: str) -> None:
        """Erase them, all or none, and write down that it was done. The bytes are still in the file until ``scrub``."""
        if isinstance(self._connection, sqlite3.Connection):
            self._connection.execute("PRAGMA secure_delete=ON").close()
        with sqlite.writing(self._connection, self._path) as db:
            for seen in found:
                answer = self._found(seen.run, seen.key) or seen  # a coder may have typed more since it was looked at
                _erase(db, answer)
                erasures.append(db, answer.run, answer.key, answer.decisions, reason, coder)

    def scrub(self) -> None:
        """Write the store's file anew, so that nothing that was erased or replaced is left in its bytes.

        Raises StoreError while others have the store open.
        """
        if isinstance(self._connection, sqlite3.Connection):
            sqlite.write_anew(self._connection, self._path)
            return
        for table in _TABLES:
            self._connection.execute(f"VACUUM FULL {table}")

    def _texts(self, run: str) -> Iterator[tuple[str, str, list[str]]]:
        """(run, key, texts) of every place where a respondent's words may stand."""
        coded = "run IN (SELECT name FROM runs WHERE job = 'code')" + (" AND run = ?" if run else "")
        values = (run,) if run else ()
        for columns in ("text_key, text, note, context FROM answers", "key, text, note, fields FROM cases"):
            for of_run, key, text, note, fields in self._rows(f"SELECT run, {columns} WHERE {coded} {postgres.STREAMED}", values):
                yield of_run, key, [text, note, *map(str, json.loads(fields).values())]
        typed = f"SELECT run, key, name, note FROM decisions WHERE {coded} AND words <> '' {postgres.STREAMED}"
        for of_run, key, *words in self._rows(typed, values):
            yield of_run, key, words

    def _rows(self, query: str, values: Sequence[str]) -> Iterator[Sequence[Any]]:
        yield from self._connection.execute(query, values)

    def _found(self, run: str, key: str) -> Found | None:
        kept = self._connection.execute("SELECT text, frequency FROM answers WHERE run = ? AND text_key = ?", (run, key)).fetchone()
        seqs = self._connection.execute("SELECT seq FROM decisions WHERE run = ? AND key = ? AND salt <> '' ORDER BY seq", (run, key))
        decisions = tuple(seq for (seq,) in seqs.fetchall())
        if kept is None or (kept[0] == ERASED and not decisions):
            return None
        return Found(run, key, kept[0], kept[1], decisions)


def _erase(db: sqlite3.Connection, answer: Found) -> None:
    place = (answer.run, answer.key)
    with closing(db.execute("SELECT codes FROM answers WHERE run = ? AND text_key = ?", place)) as codes:
        bare = _without_matches(codes.fetchone()[0])
    db.execute("UPDATE answers SET text = ?, context = '{}', note = '', codes = ? WHERE run = ? AND text_key = ?", (ERASED, bare, *place))
    alone = f"case {answer.key}"  # a text that is gone is like no other
    db.execute(
        "UPDATE cases SET text = ?, fields = '{}', note = '', codes = ?, same_text = ?, cluster = ?, cluster_rank = rank "
        "WHERE run = ? AND key = ?",
        (ERASED, bare, alone, alone, *place),
    )
    db.execute("UPDATE llm_answers SET said = '' WHERE request IN (SELECT request FROM llm_opinions WHERE run = ? AND text_key = ?)", place)
    db.executemany("UPDATE decisions SET name = '', note = '', salt = '' WHERE seq = ?", [(seq,) for seq in answer.decisions])


def _without_matches(codes: str) -> str:
    """The best codes without the titles that spoke for them: a rule or a look-up of the office's may repeat the answer."""
    return json.dumps([[code, probability, ""] for code, probability, *_ in json.loads(codes)], separators=(",", ":"))
