"""Whether a store is as it was written: the file's structure, the chain of decisions, and that every case is what its decisions come to."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswalk.errors import StoreError
from crosswalk.store import sqlite
from crosswalk.store.case_rows import SELECT, State, kept_case
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.postgres import STREAMED
from crosswalk.store.store import Store

_DAMAGED = "take the last good backup (crosswalk store backup makes one), and give its name with --store"


@dataclass(frozen=True)
class Verified:
    """What was looked at and found whole."""

    decisions: int
    cases: int
    runs: int


@dataclass
class _Standing:
    """What a case's decisions come to: those that stand, the oldest first, and the number of the last that changed the case."""

    standing: list[KeptDecision] = field(default_factory=list)
    version: int = 0

    def expected(self, automatic: bool) -> tuple[State, int, int, str]:
        """State, version, decision and coder that the case must have."""
        last = self.standing[-1] if self.standing else None
        if last is None:
            return ("automatic" if automatic else "waiting"), self.version, 0, ""
        return ("deferred" if last.action == "defer" else "done"), self.version, last.seq, last.coder


def verify_store(store: Store) -> Verified:
    """Read all of a store. Raises StoreError naming the first thing that is not as it was written.

    Every decision is bound to the one before by its hash, so that one bit is noticed; what the program found by itself (answers,
    proposals) has no hash: of it only the structure is checked, since the same command makes it again.
    """
    if isinstance(store.connection, sqlite3.Connection):
        _structure(store)
    decisions = store.decisions.verify()
    standing = _replayed(store)
    cases = 0
    with sqlite.reading(store.path):
        for row in store.connection.execute(f"{SELECT} {STREAMED}"):
            case = kept_case(row)
            cases += 1
            expected = standing.get((case.run, case.round, case.key), _Standing()).expected(case.automatic)
            if (case.state, case.version, case.decision, case.coder) != expected:
                raise StoreError(
                    f"the case {case.key!r} of run {case.run!r} is not what its decisions come to", where=str(store.path), hint=_DAMAGED
                )
    return Verified(decisions, cases, len(store.runs()))


def _structure(store: Store) -> None:
    with sqlite.reading(store.path):
        for pragma, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = store.connection.execute(f"PRAGMA {pragma}").fetchall()
            if found != whole:
                raise StoreError(f"the store is damaged ({pragma}: {found[0][0]})", where=str(store.path), hint=_DAMAGED)


def _replayed(store: Store) -> Mapping[tuple[str, str, str], _Standing]:
    """The log gone through from its beginning: what every case that was decided comes to."""
    found: dict[tuple[str, str, str], _Standing] = {}
    known: dict[int, KeptDecision] = {}
    for decision in store.decisions.log():
        if decision.stale or decision.action == "comment":
            known[decision.seq] = decision
            continue
        case = found.setdefault((decision.run, decision.round, decision.key), _Standing())
        if decision.action != "undo":
            case.standing.append(decision)
        elif decision.undoes in known:  # a comment taken back changes no case
            continue
        else:
            case.standing = [kept for kept in case.standing if kept.seq != decision.undoes]
        case.version = decision.seq
    return found
