"""The log of decisions: appended to, chained by hashes, never changed; undo is a decision too.

Every decision is compared and set: it names the version of the case it was made against. Where the case has changed meanwhile, the
decision is kept as stale, changes nothing, and comes back with the one in force, so that its coder can see both.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk.errors import StoreError
from crosswalk.model import Decision
from crosswalk.store import sqlite
from crosswalk.store.case_rows import CASE_COLUMNS, Case, Round, State, kept_case
from crosswalk.store.cases import case_of, copy_case, live_lease, read_case, set_state
from crosswalk.store.decision_rows import (
    FIRST_HASH,
    NAMES,
    SELECT,
    Coder,
    KeptDecision,
    answer,
    append,
    chained,
    kept_decision,
    now,
    one,
    record,
)
from crosswalk.store.erasures import ErasuresChecked
from crosswalk.store.postgres import STREAMED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision: ``kept`` in the log; where it is stale, ``theirs`` is in force instead, or ``holder`` holds the case."""

    kept: KeptDecision
    theirs: KeptDecision | None = None
    holder: str = ""

    @property
    def stale(self) -> bool:
        """Whether the case had changed, so that the decision is kept but not in force."""
        return self.kept.stale


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """A decision on many cases: how many it settled, and how many it left because another had changed or held them."""

    settled: int
    left: int
    bulk: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back, and decisions that it could not since others have decided their cases meanwhile. Both empty: nothing left."""

    taken_back: tuple[KeptDecision, ...]
    superseded: tuple[KeptDecision, ...]


class Decisions:
    """The log of a store."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def decide(
        self, case_id: int, decision: Decision, coder: Coder, *, seen: int, seconds: float, suggested: bool = True, bulk: str = ""
    ) -> Outcome:
        """Keep one decision on one case; ``seen`` is the case's version the coder saw. It is durable when this returns.

        Raises StoreError when it cannot be kept.
        """
        with sqlite.writing(self._connection, self._path) as db:
            case = read_case(db, case_id)
            comment = decision.action == "comment"
            stale = not comment and (case.version != seen or _held_by_another(db, case_id, coder))
            kept = append(db, record(case, decision, coder, seen, seconds, suggested, stale=stale, bulk=bulk))
            if stale:
                holder = live_lease(db, case_id)
                return Outcome(kept, one(db, case.decision), holder[1] if holder else "")
            if not comment:
                state: State = "deferred" if decision.action == "defer" else "done"
                set_state(db, case_id, state, kept.seq, kept.seq, coder.name)
                db.execute("DELETE FROM leases WHERE case_id = ?", (case_id,))
                _after_double_coding(db, case)
        return Outcome(kept)

    def decide_many(
        self, seen: Sequence[tuple[int, int]], decision: Decision, coder: Coder, *, seconds: float, suggested: bool = True
    ) -> BulkOutcome:
        """One decision on many cases, given as (case id, version seen), all in one transaction and undone together.

        "accept" accepts each case's own proposal. Cases that changed, that another holds or that have no proposal are left.
        ``seconds`` are shared evenly.
        """
        settled, bulk = 0, f"{now()} {coder.session}"
        with sqlite.writing(self._connection, self._path) as db:
            each = seconds / max(len(seen), 1)
            for case_id, version in seen:
                case = read_case(db, case_id)
                own = replace(decision, codes=case.proposed) if decision.action == "accept" else decision
                unfit = case.version != version or _held_by_another(db, case_id, coder) or (own.action == "accept" and not own.codes)
                if unfit:
                    continue
                kept = append(db, record(case, own, coder, version, each, suggested, stale=False, bulk=bulk))
                set_state(db, case_id, "deferred" if own.action == "defer" else "done", kept.seq, kept.seq, coder.name)
                _after_double_coding(db, case)
                settled += 1
        return BulkOutcome(settled, len(seen) - settled, bulk)

    def undo(self, run: str, coder: Coder, rounds: Sequence[Round]) -> Undone:
        """Take back this coder's last decision in these rounds, or the whole bulk it belongs to. Steps go back without end.

        Where another has decided the case since, theirs stays in force: the decision comes back as ``superseded``.
        """
        with sqlite.writing(self._connection, self._path) as db:
            last = _last_undoable(db, run, coder.name, rounds)
            together = _of_bulk(db, last) if last else []
            back = [decision for decision in reversed(together) if _take_back(db, decision, coder)]
        return Undone(tuple(back), tuple(decision for decision in together if decision not in back))

    def one(self, seq: int) -> KeptDecision | None:
        """A decision by its number."""
        with sqlite.reading(self._path):
            return one(self._connection, seq)

    def of_case(self, run: str, key: str, rounds: Sequence[Round]) -> list[KeptDecision]:
        """All that was said of a case, oldest first: stale ones and undone ones too."""
        marks = ", ".join("?" * len(rounds))
        query = f"{SELECT} WHERE run = ? AND key = ? AND round IN ({marks}) ORDER BY seq"
        with sqlite.reading(self._path):
            return [kept_decision(row) for row in self._connection.execute(query, (run, key, *rounds))]

    def on_text(self, same_text: str, hidden: tuple[str, str] = ("", ""), most: int = 5) -> list[KeptDecision]:
        """Decisions in force on identical texts, of any run, the newest first; not those on the case ``hidden`` (run, key)."""
        query = (
            f"{SELECT} WHERE seq IN (SELECT decision FROM cases WHERE same_text = ? AND decision > 0 AND NOT (run = ? AND key = ?)) "
            "ORDER BY seq DESC LIMIT ?"
        )
        with sqlite.reading(self._path):
            return [kept_decision(row) for row in self._connection.execute(query, (same_text, *hidden, most))]

    def log(self, run: str | None = None, after: int = 0) -> Iterator[KeptDecision]:
        """The whole log, or that of a run, in order, streamed; ``after`` skips what came before."""
        condition, values = ("AND run = ?", (after, run)) if run is not None else ("", (after,))
        with sqlite.reading(self._path):
            for row in self._connection.execute(f"{SELECT} WHERE seq > ? {condition} ORDER BY seq {STREAMED}", values):
                yield kept_decision(row)

    def in_force(self, run: str, in_round: Round = "review") -> Iterator[tuple[Case, KeptDecision]]:
        """Decided cases of one round with the decisions in force, in the order of the file, streamed."""
        columns = ", ".join(f"d.{name}" for name in NAMES)
        query = (
            f"SELECT {CASE_COLUMNS}, {columns} FROM cases c JOIN decisions d ON d.seq = c.decision "
            "WHERE c.run = ? AND c.round = ? AND c.decision > 0 ORDER BY c.position, c.id"
        )
        with sqlite.reading(self._path):
            for row in self._connection.execute(query, (run, in_round)):
                yield kept_case(row[: -len(NAMES)]), kept_decision(row[-len(NAMES) :])

    def settled(self, run: str) -> dict[str, KeptDecision]:
        """By case key, what counts in the end: an adjudication, or the better answer chosen, before a review; not what is deferred."""
        rounds: tuple[Round, ...] = ("review", "choice", "adjudication")
        return {case.key: kept for name in rounds for case, kept in self.in_force(run, name) if kept.action != "defer"}

    def per_coder_and_day(self, run: str) -> list[tuple[str, str, int, float]]:
        """(coder, day in UTC, decisions, seconds), comments, undone and stale ones left out."""
        query = (
            "SELECT coder, substr(time, 1, 10) AS day, count(*), sum(seconds) FROM decisions d WHERE run = ? AND stale = 0 "
            f"AND action NOT IN ('undo', 'comment') AND {_NOT_UNDONE} "
            "GROUP BY coder, day ORDER BY day, coder"
        )
        with sqlite.reading(self._path):
            return self._connection.execute(query, (run,)).fetchall()

    def verify(self) -> int:
        """Walk the whole chain; gives its length. Raises StoreError naming the first decision that is not as it was written."""
        previous, count = FIRST_HASH, 0
        with sqlite.reading(self._path):
            erased = ErasuresChecked(self._connection, str(self._path))
        for decision in self.log():
            count += 1
            if decision.seq != count or decision.hash != chained(previous, decision) or not erased.words_are_whole(decision):
                raise StoreError(
                    f"decision {decision.seq} is not as it was written: the log was changed by hand or is damaged",
                    where=str(self._path),
                    hint=f"decisions 1 to {count - 1} are whole; take the rest from a backup",
                )
            previous = decision.hash
        erased.finish()
        return count


def _held_by_another(db: sqlite3.Connection, case_id: int, coder: Coder) -> bool:
    holder = live_lease(db, case_id)
    return holder is not None and holder[0] != coder.session


def _take_back(db: sqlite3.Connection, decision: KeptDecision, coder: Coder) -> bool:
    """Undo one decision; False where another is in force on its case, so that nothing changes but the log."""
    case = case_of(db, decision.run, decision.key, decision.round)
    comment = decision.action == "comment"
    superseded = not comment and case.decision != decision.seq
    undone = record(case, Decision("undo"), coder, case.version, 0.0, True, stale=superseded, bulk=decision.bulk)
    kept = append(db, replace(undone, undoes=decision.seq))
    if superseded or comment:
        return comment
    before = _in_force_before(db, decision)
    state: State = "automatic" if case.automatic else "waiting"
    if before:
        state = "deferred" if before.action == "defer" else "done"
    set_state(db, case.id, state, kept.seq, before.seq if before else 0, before.coder if before else "")
    _withdraw_further(db, case)
    return True


def _last_undoable(db: sqlite3.Connection, run: str, coder: str, rounds: Sequence[Round]) -> KeptDecision | None:
    marks = ", ".join("?" * len(rounds))
    row = db.execute(
        f"{SELECT} AS d WHERE run = ? AND coder = ? AND action <> 'undo' AND stale = 0 AND round IN ({marks}) "
        f"AND {_NOT_UNDONE} ORDER BY seq DESC LIMIT 1",
        (run, coder, *rounds),
    ).fetchone()
    return kept_decision(row) if row else None


def _of_bulk(db: sqlite3.Connection, last: KeptDecision) -> list[KeptDecision]:
    """A decision with those of its bulk, as far as they are not undone."""
    if not last.bulk:
        return [last]
    query = f"{SELECT} AS d WHERE run = ? AND coder = ? AND bulk = ? AND action <> 'undo' AND {_NOT_UNDONE} ORDER BY seq"
    return [kept_decision(row) for row in db.execute(query, (last.run, last.coder, last.bulk))]


def _in_force_before(db: sqlite3.Connection, decision: KeptDecision) -> KeptDecision | None:
    """What was in force on a case before a decision, and is not undone itself."""
    row = db.execute(
        f"{SELECT} AS d WHERE run = ? AND key = ? AND round = ? AND seq < ? AND stale = 0 AND action NOT IN ('undo', 'comment') "
        f"AND {_NOT_UNDONE} ORDER BY seq DESC LIMIT 1",
        (decision.run, decision.key, decision.round, decision.seq),
    ).fetchone()
    return kept_decision(row) if row else None


def _after_double_coding(db: sqlite3.Connection, case: Case) -> None:
    """When both answers of a pair are there and differ, a case for adjudication is made, or for the choice of the better one."""
    partner: dict[str, tuple[Round, Round]] = {
        "review": ("second", "adjudication"),
        "second": ("review", "adjudication"),
        "experiment": ("review", "choice"),
    }
    if case.round not in partner or (case.round != "experiment" and not case.paired):
        return
    other, further = partner[case.round]
    seqs = dict(
        db.execute(
            "SELECT round, decision FROM cases WHERE run = ? AND key = ? AND round IN (?, ?) AND state = 'done'",
            (case.run, case.key, case.round, other),
        ).fetchall()
    )
    mine, theirs = (one(db, seqs.get(name, 0)) for name in (case.round, other))
    if mine and theirs and answer(mine) != answer(theirs):
        copy_case(db, case.run, case.key, further, paired=False)
    else:
        _withdraw_further(db, case)


def _withdraw_further(db: sqlite3.Connection, case: Case) -> None:
    """A pair that is no longer two different answers needs no third one, unless that was given already."""
    further = {"review": "adjudication", "second": "adjudication", "experiment": "choice"}.get(case.round, "")
    found = "SELECT id FROM cases WHERE run = ? AND key = ? AND round = ? AND decision = 0"
    db.execute(f"DELETE FROM leases WHERE case_id IN ({found})", (case.run, case.key, further))
    db.execute(f"DELETE FROM cases WHERE id IN ({found})", (case.run, case.key, further))


_NOT_UNDONE = "NOT EXISTS (SELECT 1 FROM decisions u WHERE u.undoes = d.seq AND u.undoes > 0)"
