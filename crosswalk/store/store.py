"""Runs and what they found, kept: written in whole transactions, read back in the order of the file."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import cast

from crosswalk.errors import StoreError, UsageError
from crosswalk.model import Candidate, CodeProbability, Coding, IndexTitle, Map, Proposal, Query, Run
from crosswalk.store import answers, postgres, sqlite
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.candidates import Candidates
from crosswalk.store.cases import Cases
from crosswalk.store.decisions import Decisions
from crosswalk.store.erasing import Erasing
from crosswalk.store.opinions import Opinions
from crosswalk.store.sessions import Sessions


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of a run's input. ``text_key`` names its text in ``texts``; ``outcome`` is set when it is not to be coded."""

    row: int
    source_code: str
    source_title: str
    text_key: str
    cells: Mapping[str, str]
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class KeptProposal:
    """A proposal with the columns kept from its rows."""

    proposal: Proposal
    kept: Mapping[str, str] = field(default_factory=dict)


Place = Path | str
"""Where a store is: a file (SQLite), or the address of a PostgreSQL database."""


class Store:
    """An open store. Use it as a context manager."""

    def __init__(self, place: Place, *, create: bool = True) -> None:
        """Open a store: a file, or a PostgreSQL database by its address (postgresql://...).

        A file that is not there is made, or refused with UsageError where ``create`` is False.
        """
        if isinstance(place, Path) and not create and not place.exists():
            raise UsageError("there is no such store", where=str(place), hint="runs in this store: none; name another with --store")
        self.place = place
        path = self.path = place if isinstance(place, Path) else Path(postgres.shown(place))
        # PostgreSQL's connection takes the same statements; see postgres.Connection.
        self._connection = sqlite.connect(place) if isinstance(place, Path) else cast("sqlite3.Connection", postgres.connect(place))
        self.cases = Cases(self._connection, path)
        self.decisions = Decisions(self._connection, path)
        self.candidates = Candidates(self._connection, path)
        self.sessions = Sessions(self._connection, path)
        self.opinions = Opinions(self._connection, path)
        self.erasing = Erasing(self._connection, path)

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection, for what works on whole tables."""
        return self._connection

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sqlite.checkpoint(self._connection, self.path)
        self._connection.close()

    def read_by_all(self) -> bool:
        """Whether every account of the machine can read the store's file; a database has rights of its own."""
        return os.name == "posix" and isinstance(self.place, Path) and bool(self.place.stat().st_mode & 0o004)

    def runs(self) -> list[Run]:
        """All runs, the newest last."""
        query = "SELECT name, job, fingerprint, settings, started, finished FROM runs ORDER BY started, name"
        with sqlite.reading(self.path):
            rows = self._connection.execute(query).fetchall()
            return [
                Run(name, job, print_, json.loads(settings), started, finished) for name, job, print_, settings, started, finished in rows
            ]

    def run(self, name: str) -> Run:
        """One run. Raises UsageError, naming the nearest, when there is none of that name."""
        runs = {run.name: run for run in self.runs()}
        if name not in runs:
            known = ", ".join(list(runs)[-8:]) or "none yet"
            raise UsageError(f"no run called {name!r}", where=str(self.path), hint=f"runs in this store: {known}")
        return runs[name]

    def begin_run(
        self, name: str, job: str, fingerprint: str, settings: Mapping[str, object], rows: Iterable[SourceRow], texts: Mapping[str, Query]
    ) -> bool:
        """Begin a run with all its rows, or take up the one begun before; True when it is taken up.

        Raises UsageError when a run of that name has other inputs or settings, saying which differ.
        """
        with sqlite.writing(self._connection, self.path) as db:
            before = db.execute("SELECT fingerprint, settings FROM runs WHERE name = ?", (name,)).fetchone()
            if before:
                if before[0] != fingerprint:
                    with sqlite.reading(self.path):
                        kept_settings = dict(json.loads(before[1]))
                    raise UsageError(_what_changed(name, kept_settings, settings), hint="give this one another name with --run")
                return True
            kept = json.dumps(settings, ensure_ascii=False, sort_keys=True)
            db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL)", (name, job, fingerprint, kept, _now()))
            db.executemany(
                "INSERT INTO texts VALUES (?, ?, ?, ?)",
                ((name, key, query.text, json.dumps(dict(query.context), ensure_ascii=False)) for key, query in texts.items()),
            )
            db.executemany(
                "INSERT INTO source_rows VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        name,
                        row.row,
                        row.source_code,
                        row.source_title,
                        row.text_key,
                        row.outcome,
                        json.dumps(dict(row.cells), ensure_ascii=False),
                    )
                    for row in rows
                ),
            )
        return False

    def finish_run(self, name: str) -> None:
        """Mark a run as complete."""
        with sqlite.writing(self._connection, self.path) as db:
            db.execute("UPDATE runs SET finished = ? WHERE name = ? AND finished IS NULL", (_now(), name))

    def uncoded(self, run: str) -> list[tuple[str, Query]]:
        """Texts of a run that have no coding yet, by key."""
        query = (
            "SELECT text_key, text, context FROM texts WHERE run = ?1 "
            "AND text_key NOT IN (SELECT text_key FROM codings WHERE run = ?1) ORDER BY text_key"
        )
        with sqlite.reading(self.path):
            rows = self._connection.execute(query, (run,)).fetchall()
            return [(key, Query(text, key, json.loads(context))) for key, text, context in rows]

    def count_texts(self, run: str) -> int:
        """Distinct texts of a run."""
        with sqlite.reading(self.path):
            return int(self._connection.execute("SELECT count(*) FROM texts WHERE run = ?", (run,)).fetchone()[0])

    def save_codings(self, run: str, codings: Sequence[tuple[str, Coding]]) -> None:
        """Keep a chunk of codings; one that is there already stays as it is."""
        rows = [
            (run, key, c.method, c.note, c.p_none, json.dumps([_packed(entry) for entry in c.codes], ensure_ascii=False))
            for key, c in codings
        ]
        with sqlite.writing(self._connection, self.path) as db:
            db.executemany("INSERT OR IGNORE INTO codings VALUES (?, ?, ?, ?, ?, ?)", rows)

    def codings(self, run: str, *, scores: bool = True) -> dict[str, Coding]:
        """Codings of a run by text key; without the candidates' ``scores`` they take two thirds of the memory."""
        query = "SELECT text_key, text, context, method, note, p_none, codes FROM codings JOIN texts USING (run, text_key) WHERE run = ?"
        with sqlite.reading(self.path):
            return {
                key: Coding(
                    Query(text, key, json.loads(context)),
                    tuple(_unpacked(*cells, scored=scores) for cells in json.loads(codes)),
                    p_none,
                    method,
                    note,
                )
                for key, text, context, method, note, p_none, codes in self._connection.execute(query, (run,))
            }

    def source_rows(self, run: str) -> Iterator[SourceRow]:
        """Rows of a run in the order of its file."""
        query = "SELECT row, source_code, source_title, text_key, cells, outcome FROM source_rows WHERE run = ? ORDER BY row"
        with sqlite.reading(self.path):
            rows = self._connection.execute(query, (run,)).fetchall()
        for row, code, title, key, cells, outcome in rows:
            with sqlite.reading(self.path):
                kept = dict(json.loads(cells))
            yield SourceRow(row, code, title, key, kept, outcome)

    def save_answers(self, run: str, kept: Iterable[KeptAnswer]) -> None:
        """Keep a chunk of answers, all of it or nothing; one that is there already stays as it is."""
        with sqlite.writing(self._connection, self.path) as db:
            answers.save(db, run, kept)

    def answers_done(self, run: str) -> set[str]:
        """Keys of a run's answers that need no more coding."""
        return answers.done(self._connection, run)

    def answers(self, run: str) -> Iterator[KeptAnswer]:
        """A run's answers by key, streamed."""
        return answers.in_order(self._connection, run)

    def queue(self, run: str) -> Iterator[KeptAnswer]:
        """A run's answers that wait for a person, the most frequent first, streamed."""
        return answers.queue(self._connection, run)

    def count_automatic(self, run: str) -> int:
        """Answers of a run that were coded without a person."""
        with sqlite.reading(self.path):
            return int(self._connection.execute("SELECT count(*) FROM answers WHERE run = ? AND status = 'coded'", (run,)).fetchone()[0])

    def fold_log(self) -> None:
        """Fold the write-ahead log into the file, so that it does not grow without end in a long run."""
        sqlite.checkpoint(self._connection, self.path)

    def note_release(self, scheme: str, version: str, based_on: str, added: Sequence[str]) -> None:
        """Note that a version was released, and which codes are new in it."""
        with sqlite.writing(self._connection, self.path) as db:
            values = (scheme, version, based_on, _now(), json.dumps(list(added)))
            db.execute("INSERT INTO releases (scheme, version, based_on, made, added) VALUES (?, ?, ?, ?, ?)", values)

    def releases(self) -> list[str]:
        """Schemes released from this store, the oldest first."""
        with sqlite.reading(self.path):
            return [scheme for (scheme,) in self._connection.execute("SELECT scheme FROM releases ORDER BY seq")]

    def save_proposals(self, run: str, proposals: Sequence[KeptProposal]) -> None:
        """Keep the proposals of a run in place of those kept before."""
        rows = [
            (run, place, p.proposal.source_code, p.proposal.source_title, p.proposal.kind, p.proposal.reasons, p.proposal.titles,
             json.dumps(dict(p.kept), ensure_ascii=False), json.dumps([_map_cells(link) for link in p.proposal.maps]))
            for place, p in enumerate(proposals)
        ]  # fmt: skip
        with sqlite.writing(self._connection, self.path) as db:
            db.execute("DELETE FROM proposals WHERE run = ?", (run,))
            db.executemany("INSERT INTO proposals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def proposals(self, run: str) -> list[KeptProposal]:
        """Proposals of a run in the order of its file. Raises StoreError while the run is unfinished."""
        if self.run(run).finished is None:
            raise StoreError(
                f"the run {run!r} is not finished", where=str(self.path), hint="give its 'crosswalk map' command again to complete it"
            )
        query = "SELECT source_code, source_title, kind, reasons, titles, kept, maps FROM proposals WHERE run = ? ORDER BY position"
        with sqlite.reading(self.path):
            return [
                KeptProposal(
                    Proposal(code, title, kind, tuple(Map(code, *cells) for cells in json.loads(maps)), reasons, titles),
                    dict(json.loads(kept)),
                )
                for code, title, kind, reasons, titles, kept, maps in self._connection.execute(query, (run,))
            ]


def _map_cells(link: Map) -> list[object]:
    return [link.target_code, link.relation, round(link.share, 6), round(link.probability, 6)]


def _packed(entry: CodeProbability) -> list[object]:
    matched = entry.candidate.matched if entry.candidate else IndexTitle("", entry.code)
    scores = entry.candidate.scores if entry.candidate else {}
    rounded = {name: round(score, 4) for name, score in scores.items()}
    return [entry.code, round(entry.probability, 6), matched.text, matched.language, matched.source, rounded]


def _unpacked(code: str, probability: float, text: str, language: str, source: str, scores: object, *, scored: bool) -> CodeProbability:
    title = _index_title(str(text), str(code), str(language), str(source))
    if not isinstance(probability, float | int) or not isinstance(scores, dict):
        raise TypeError("a coding that is none")
    return CodeProbability(title.code, float(probability), Candidate(title.code, title, scores if scored else _NO_SCORES))


_NO_SCORES: Mapping[str, float] = {}


@lru_cache(maxsize=1 << 16)
def _index_title(text: str, code: str, language: str, source: str) -> IndexTitle:
    """One object for a title however many codings name it: a mapping of 30,000 titles names a few thousand, 300,000 times."""
    return IndexTitle(text, code, language, source)


def _what_changed(name: str, before: Mapping[str, object], now: Mapping[str, object]) -> str:
    changed = [f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    return f"a run called {name!r} was made from something else: {'; '.join(changed)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
