"""Decisions as the log keeps them: their cells, and the hash that chains each to the one before."""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from datetime import UTC, datetime

from crosswalk.model import Action, CodeShare, Decision
from crosswalk.store.case_rows import Case, Round

FIRST_HASH = hashlib.sha256(b"crosswalk decisions").hexdigest()


@dataclass(frozen=True, slots=True)
class Coder:
    """Who decides: the name chosen, the account of the machine, and the session (one open screen)."""

    name: str
    os_user: str
    session: str


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """A decision as the log has it, in the order in which it is hashed.

    ``seconds`` is the time spent on the case, idle time excluded; ``suggested`` whether the coder saw suggestions; ``against`` the
    proposal's state it was made against (``codes`` with probabilities, ``none``, ``method``, ``proposed``); ``after`` the case's
    version it was made against; ``stale`` True when the case had changed; ``undoes`` the decision that an undo takes back (0: none);
    ``bulk`` is equal for the decisions of one bulk; ``time`` is UTC. ``words`` is the hash of what the coder typed (``name``,
    ``note``) and of ``salt``: it stands in the chain in their place, so that they can be erased; blank where nothing was typed.
    """

    seq: int
    run: str
    round: Round
    key: str
    action: Action
    codes: tuple[CodeShare, ...]
    name: str
    note: str
    coder: str
    os_user: str
    time: str
    seconds: float
    suggested: bool
    against: Mapping[str, object] = field(hash=False)
    after: int
    stale: bool
    undoes: int
    bulk: str
    hash: str = ""
    salt: str = ""
    words: str = ""

    @property
    def code(self) -> str:
        """The code given, or the one with the largest share; blank where there is none."""
        return Decision(self.action, self.codes).code


def answer(decision: KeptDecision) -> tuple[object, ...]:
    """What a decision says, whatever it is called: equal answers are agreement."""
    if decision.action in ("accept", "amend", "split"):
        return tuple(sorted((given.code, round(given.share, 3)) for given in decision.codes))
    return ("new",) if decision.action == "new" else ("none",)


def record(
    case: Case, decision: Decision, coder: Coder, seen: int, seconds: float, suggested: bool, *, stale: bool, bulk: str
) -> KeptDecision:
    """A decision as it will stand in the log, not numbered yet."""
    against = {
        "codes": [[kept.code, kept.probability] for kept in case.codes],
        "none": case.p_none,
        "method": case.method,
        "proposed": [[given.code, given.share] for given in case.proposed],
    }
    return KeptDecision(
        0, case.run, case.round, case.key, decision.action, decision.codes, decision.name, decision.note, coder.name, coder.os_user,
        now(), round(float(seconds), 1), suggested, against, seen, stale, 0, bulk,
    )  # fmt: skip


def append(db: sqlite3.Connection, record: KeptDecision) -> KeptDecision:
    """Put a decision at the end of the chain. Inside the caller's transaction."""
    last = db.execute("SELECT seq, hash FROM decisions ORDER BY seq DESC LIMIT 1").fetchone() or (0, FIRST_HASH)
    salt = secrets.token_hex(8) if record.name or record.note else ""
    words = words_of(salt, record.name, record.note) if salt else ""
    numbered = replace(record, seq=last[0] + 1, salt=salt, words=words)
    kept = replace(numbered, hash=chained(last[1], numbered))
    db.execute(f"INSERT INTO decisions VALUES ({', '.join('?' * len(NAMES))})", _cells(kept))
    return kept


def chained(previous: str, decision: KeptDecision) -> str:
    """Hash of a decision and of the hash before it."""
    cells: dict[str, object] = dict(zip(NAMES, _cells(decision), strict=True))
    if decision.words:
        cells |= {"name": "", "note": ["words", decision.words]}
    return hashed([previous, *(cells[name] for name in _COVERED)])


def words_of(salt: str, name: str, note: str) -> str:
    """Hash of what a coder typed. Once the salt is gone nobody can try out what the words may have been."""
    return hashed([salt, name, note])


def hashed(content: Sequence[object]) -> str:
    """Hash of plain values in their order."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def one(db: sqlite3.Connection, seq: int) -> KeptDecision | None:
    """A decision by its number; None for 0. Inside the caller's transaction."""
    row = db.execute(f"{SELECT} WHERE seq = ?", (seq,)).fetchone() if seq else None
    return kept_decision(row) if row else None


NAMES = tuple(item.name for item in fields(KeptDecision))
_COVERED = NAMES[: NAMES.index("hash")]
SELECT = f"SELECT {', '.join(NAMES)} FROM decisions"


def _cells(kept: KeptDecision) -> list[object]:
    cells = dict(zip(NAMES, (getattr(kept, name) for name in NAMES), strict=True))
    cells["codes"] = json.dumps([astuple(given) for given in kept.codes])
    cells["against"] = json.dumps(dict(kept.against), sort_keys=True)
    cells["suggested"], cells["stale"] = int(kept.suggested), int(kept.stale)
    return list(cells.values())


def kept_decision(row: Sequence[object]) -> KeptDecision:
    """A row of the log."""
    cells = dict(zip(NAMES, row, strict=True))
    cells["codes"] = tuple(CodeShare(*entry) for entry in json.loads(str(cells["codes"])))
    cells["against"] = json.loads(str(cells["against"]))
    cells["suggested"], cells["stale"] = bool(cells["suggested"]), bool(cells["stale"])
    return KeptDecision(**cells)  # type: ignore[arg-type]


def now() -> str:
    """UTC, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
