"""The log of erased answers: appended to, chained by hashes and to the log of decisions, never changed. It holds no word of theirs."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace

from crosswalk.errors import StoreError
from crosswalk.store.decision_rows import FIRST_HASH, Coder, KeptDecision, hashed, now, words_of
from crosswalk.store.postgres import STREAMED

ERASED = "[erased]"
"""Stands where the text of an answer stood."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One answer that was erased: ``key`` names it in its run, ``decisions`` are those whose words went with it.

    ``after`` is the number of the last decision there was then: its hash is part of this one's.
    """

    seq: int
    run: str
    key: str
    decisions: tuple[int, ...]
    reason: str
    coder: str
    os_user: str
    time: str
    after: int
    hash: str = ""


def append(db: sqlite3.Connection, run: str, key: str, decisions: Sequence[int], reason: str, coder: Coder) -> Erasure:
    """Put an erasure at the end of the log. Inside the caller's transaction."""
    before = db.execute("SELECT seq, hash FROM erasures ORDER BY seq DESC LIMIT 1").fetchone() or (0, FIRST_HASH)
    last = db.execute("SELECT seq, hash FROM decisions ORDER BY seq DESC LIMIT 1").fetchone() or (0, FIRST_HASH)
    made = Erasure(before[0] + 1, run, key, tuple(decisions), reason, coder.name, coder.os_user, now(), last[0])
    kept = replace(made, hash=_chained(before[1], last[1], made))
    cells = [*astuple(kept)]
    cells[3] = json.dumps(kept.decisions)
    db.execute(f"INSERT INTO erasures ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})", cells)
    return kept


def log(db: sqlite3.Connection) -> Iterator[Erasure]:
    """All erasures, the oldest first."""
    for seq, run, key, decisions, *more in db.execute(f"SELECT {', '.join(_NAMES)} FROM erasures ORDER BY seq {STREAMED}"):
        yield Erasure(seq, run, key, tuple(json.loads(decisions)), *more)


class ErasuresChecked:
    """Goes along with the check of the decisions: whether the log of erasures is whole, and names every decision that lost its words."""

    def __init__(self, db: sqlite3.Connection, where: str) -> None:
        self._where = where
        self._erasures = list(log(db))
        self._named = {seq for erasure in self._erasures for seq in erasure.decisions}
        self._awaited = {erasure.after: FIRST_HASH if erasure.after == 0 else "" for erasure in self._erasures}

    def words_are_whole(self, decision: KeptDecision) -> bool:
        """Whether a decision has the words it was written with, or lost them by an erasure; called for each in its turn."""
        if decision.seq in self._awaited:
            self._awaited[decision.seq] = decision.hash
        if not decision.words:
            return True
        if not (decision.salt or decision.name or decision.note):
            return decision.seq in self._named
        return decision.words == words_of(decision.salt, decision.name, decision.note)

    def finish(self) -> int:
        """After the last decision: gives the number of erasures. Raises StoreError naming the first that is not as it was written."""
        previous = FIRST_HASH
        for number, erasure in enumerate(self._erasures, start=1):
            if erasure.seq != number or erasure.hash != _chained(previous, self._awaited[erasure.after], erasure):
                raise StoreError(
                    f"erasure {erasure.seq} is not as it was written: the log was changed by hand or is damaged",
                    where=self._where, hint="take the log from a backup",
                )  # fmt: skip
            previous = erasure.hash
        return len(self._erasures)


def _chained(previous: str, decision: str, erasure: Erasure) -> str:
    cells: Mapping[str, object] = dict(zip(_NAMES, astuple(erasure), strict=True))
    return hashed([previous, decision, *(cells[name] for name in _NAMES[:-1])])


_NAMES = tuple(item.name for item in fields(Erasure))
