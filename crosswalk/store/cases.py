"""Cases that people decide: filled from a run, read page by page in the order of the queue, leased to one session at a time.

The table is what the log of decisions comes to (``state``, ``version``, ``decision``, ``coder``); everything else of a row is
written once. Nothing here reads a whole queue.
"""

import heapq
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from crosswalk.store import sqlite
from crosswalk.store.case_rows import (
    INSERT,
    SELECT,
    SORT,
    Case,
    CaseFilter,
    Lease,
    Order,
    Round,
    State,
    case_cells,
    kept_case,
    sort_key,
    where,
)
from crosswalk.store.postgres import LEASING

LEASE_SECONDS = 900.0
"""A case is given to others when its holder has shown no sign of life for so long."""


class Cases:
    """The cases of a store; its writes are whole transactions."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def fill(self, cases: Iterable[Case]) -> int:
        """Add cases that are not there yet; gives how many were added. Cases that are there stay as they are."""
        with sqlite.writing(self._connection, self._path) as db:
            before = db.total_changes
            db.executemany(INSERT, map(case_cells, cases))
            return db.total_changes - before

    def rank_clusters(self, run: str) -> None:
        """Sort clusters by all their impact together; to be called when a run has been filled."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute(
                "UPDATE cases SET cluster_rank = total.rank FROM (SELECT cluster, sum(rank) AS rank FROM cases "
                "WHERE run = ?1 AND round = 'review' GROUP BY cluster) AS total "
                "WHERE run = ?1 AND cases.cluster = total.cluster AND cluster_rank <> total.rank",
                (run,),
            )

    def get(self, case_id: int) -> Case:
        """One case as it stands now."""
        with sqlite.reading(self._path):
            return kept_case(self._connection.execute(f"{SELECT} WHERE c.id = ?", (case_id,)).fetchone())

    def find(self, run: str, key: str, in_round: Round = "review") -> Case | None:
        """A case by its key."""
        query = f"{SELECT} WHERE c.run = ? AND c.round = ? AND c.key = ?"
        with sqlite.reading(self._path):
            row = self._connection.execute(query, (run, in_round, key)).fetchone()
            return kept_case(row) if row else None

    def page(
        self, run: str, chosen: CaseFilter, order: Order, coder: str, size: int, start: Case | None = None, *, back: bool = False
    ) -> list[Case]:
        """At most ``size`` cases after ``start`` (or before it, where ``back``), in the order of the queue.

        Cases that ``coder`` may not see (the other half of a pair coded twice) are left out.
        """
        with sqlite.reading(self._path):
            parts = [self._state_page(run, chosen, state, order, coder, size, start, back) for state in chosen.states]
            merged = heapq.merge(*parts, key=lambda case: sort_key(case, order), reverse=back)
            found = [case for case, _ in zip(merged, range(size), strict=False)]
        return found[::-1] if back else found

    def _state_page(
        self, run: str, chosen: CaseFilter, state: State, order: Order, coder: str, size: int, start: Case | None, back: bool
    ) -> list[Case]:
        names = SORT[order]
        condition, values = where(run, replace(chosen, states=(state,)), coder)
        if start is not None:
            row = ", ".join(f"c.{name}" for name in names)
            condition += f" AND ({row}) {'<' if back else '>'} ({', '.join(f':start_{name}' for name in names)})"
            values |= {f"start_{name}": value for name, value in zip(names, sort_key(start, order), strict=True)}
        turn = " DESC" if back else ""
        by = ", ".join(f"c.{name}{turn}" for name in names)
        query = f"{SELECT} WHERE {condition} ORDER BY {by} LIMIT :size"
        return [kept_case(row) for row in self._connection.execute(query, {**values, "size": size})]

    def ids(self, run: str, chosen: CaseFilter, coder: str) -> list[tuple[int, int]]:
        """(id, version) of every case that the filter selects, for a bulk decision."""
        condition, values = where(run, chosen, coder)
        with sqlite.reading(self._path):
            return self._connection.execute(f"SELECT c.id, c.version FROM cases c WHERE {condition} ORDER BY c.id", values).fetchall()

    def count(self, run: str, chosen: CaseFilter, coder: str) -> tuple[int, int]:
        """Cases that the filter selects, and the rows they stand for."""
        condition, values = where(run, chosen, coder)
        in_rows = chosen.words or chosen.same_text or chosen.coder
        by = "" if in_rows else "INDEXED BY cases_by_impact"  # has all that is asked but of pairs: a million rows stay unread
        with sqlite.reading(self._path):
            number, rows = self._connection.execute(
                f"SELECT count(*), coalesce(sum(c.frequency), 0) FROM cases c {by} WHERE {condition}",
                values,
            ).fetchone()
            return int(number), int(rows)

    def states(self, run: str) -> dict[tuple[Round, State], int]:
        """Cases by round and state."""
        query = "SELECT round, state, count(*) FROM cases WHERE run = ? GROUP BY round, state"
        with sqlite.reading(self._path):
            return {(round_, state): number for round_, state, number in self._connection.execute(query, (run,))}

    def filled(self, run: str) -> bool:
        """Whether the run has any case."""
        with sqlite.reading(self._path):
            return self._connection.execute("SELECT 1 FROM cases WHERE run = ? LIMIT 1", (run,)).fetchone() is not None

    def keys(self, run: str, in_round: Round, state: State) -> list[str]:
        """Keys of the cases in one round and state, for drawing samples."""
        query = "SELECT key FROM cases WHERE run = ? AND round = ? AND state = ? ORDER BY key"
        with sqlite.reading(self._path):
            return [key for (key,) in self._connection.execute(query, (run, in_round, state))]

    def keys_in_file_order(self, run: str) -> list[str]:
        """Keys of the review cases in the order in which they were found."""
        query = "SELECT key FROM cases WHERE run = ? AND round = 'review' ORDER BY position, id"
        with sqlite.reading(self._path):
            return [key for (key,) in self._connection.execute(query, (run,))]

    def count_by_automatic(self, run: str) -> dict[bool, int]:
        """How many review cases of a run were coded without a person, and how many were not."""
        query = "SELECT automatic, count(*) FROM cases WHERE run = ? AND round = 'review' GROUP BY automatic"
        with sqlite.reading(self._path):
            return {bool(automatic): number for automatic, number in self._connection.execute(query, (run,))}

    def copy_to_round(self, run: str, keys: Sequence[str], in_round: Round, *, paired: bool) -> int:
        """Give review cases to a further round, undecided; gives how many were not in it yet."""
        with sqlite.writing(self._connection, self._path) as db:
            added = [copy_case(db, run, key, in_round, paired=paired) for key in keys]
            if paired:
                db.executemany("UPDATE cases SET paired = 1 WHERE run = ? AND key = ?", ((run, key) for key in keys))
        return sum(added)

    def lease(self, case_id: int, session: str, coder: str) -> Lease:
        """Take a case for a session (or keep it), giving back the one it held; says who has it where another does."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("SELECT 1 FROM cases WHERE id = ? /* postgres: FOR UPDATE */", (case_id,)).fetchone()
            holder = live_lease(db, case_id)
            if holder and holder[0] != session:
                return Lease(case_id, holder[1], mine=False)
            _take(db, case_id, session, coder)
        return Lease(case_id, coder, mine=True)

    def lease_next(
        self, run: str, chosen: CaseFilter, order: Order, session: str, coder: str, start: Case | None = None, *, back: bool = False
    ) -> Case | None:
        """Take the next case in the queue's order that nobody else holds; None at the end. Two sessions never get the same."""
        with sqlite.writing(self._connection, self._path, begin=LEASING) as db:
            now = time.time()
            held = {case for (case,) in db.execute("SELECT case_id FROM leases WHERE session <> ? AND until > ?", (session, now))}
            while page := self.page(run, chosen, order, coder, len(held) + 1, start, back=back):
                free = next((case for case in (reversed(page) if back else page) if case.id not in held), None)
                if free and _is_free(db, free, session):
                    _take(db, free.id, session, coder)
                    return free
                if free:
                    held.add(free.id)
                else:
                    start = page[0 if back else -1]
        return None

    def held(self, run: str) -> list[tuple[int, str]]:
        """(case, coder) of the leases in force."""
        query = "SELECT case_id, leases.coder FROM leases JOIN cases ON cases.id = case_id WHERE run = ? AND until > ?"
        with sqlite.reading(self._path):
            return self._connection.execute(query, (run, time.time())).fetchall()


def live_lease(db: sqlite3.Connection, case_id: int) -> tuple[str, str] | None:
    """(session, coder) of who holds a case now."""
    found: tuple[str, str] | None = db.execute(
        "SELECT session, coder FROM leases WHERE case_id = ? AND until > ?", (case_id, time.time())
    ).fetchone()
    return found


def _is_free(db: sqlite3.Connection, case: Case, session: str) -> bool:
    """Whether a case is still as it was read, and nobody takes or holds it; its row is locked until the transaction ends."""
    query = "SELECT state, version FROM cases WHERE id = ? /* postgres: FOR UPDATE SKIP LOCKED */"
    if db.execute(query, (case.id,)).fetchone() != (case.state, case.version):
        return False
    holder = live_lease(db, case.id)
    return holder is None or holder[0] == session


def _take(db: sqlite3.Connection, case_id: int, session: str, coder: str) -> None:
    db.execute("DELETE FROM leases WHERE session = ? OR case_id = ?", (session, case_id))
    db.execute("INSERT INTO leases VALUES (?, ?, ?, ?)", (case_id, session, coder, time.time() + LEASE_SECONDS))


def copy_case(db: sqlite3.Connection, run: str, key: str, in_round: Round, *, paired: bool) -> int:
    """Copy a review case to another round, undecided; 1 when it was not there yet. Inside the caller's transaction."""
    row = db.execute(f"{SELECT} WHERE c.run = ? AND c.round = 'review' AND c.key = ?", (run, key)).fetchone()
    copy = replace(kept_case(row), round=in_round, paired=paired, automatic=False)
    return db.execute(INSERT, case_cells(copy)).rowcount


def set_state(db: sqlite3.Connection, case_id: int, state: State, version: int, decision: int, coder: str) -> None:
    """What the log now comes to for a case. Inside the caller's transaction."""
    db.execute("UPDATE cases SET state = ?, version = ?, decision = ?, coder = ? WHERE id = ?", (state, version, decision, coder, case_id))


def case_of(db: sqlite3.Connection, run: str, key: str, in_round: Round) -> Case:
    """A case by its key, inside the caller's transaction."""
    return kept_case(db.execute(f"{SELECT} WHERE c.run = ? AND c.round = ? AND c.key = ?", (run, in_round, key)).fetchone())


def read_case(db: sqlite3.Connection, case_id: int) -> Case:
    """A case inside the caller's transaction."""
    return kept_case(db.execute(f"{SELECT} WHERE c.id = ?", (case_id,)).fetchone())
