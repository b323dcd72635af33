"""Cases as the store keeps them: their cells, their filters, and what the queue sorts by."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crosswalk.model import CodeShare
from crosswalk.store.answers import KeptCode

State = Literal["waiting", "deferred", "done", "automatic"]
Round = Literal["review", "second", "adjudication", "experiment", "choice"]
Order = Literal["impact", "cluster", "file"]

SORT: dict[Order, tuple[str, ...]] = {
    "impact": ("rank", "id"),
    "cluster": ("cluster_rank", "cluster", "id"),
    "file": ("position", "id"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to decide: an answer of a survey, an item of a classification, a candidate for a new occupation.

    ``key`` names it within its run and round; ``frequency`` is how many rows it stands for; ``codes`` are the best codes,
    ``proposed`` what the program proposes of them; ``rank`` sorts by impact (frequency times doubt, negative, so that the largest comes
    first); ``same_text`` is equal for identical texts, ``cluster`` for near-identical ones. ``version`` is the sequence number of
    the last event that changed the case (0: none), ``decision`` of the decision in force (0: none), ``coder`` who made it.
    """

    run: str
    key: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)
    frequency: int = 1
    codes: tuple[KeptCode, ...] = ()
    proposed: tuple[CodeShare, ...] = ()
    p_none: float = 0.0
    method: str = ""
    note: str = ""
    coarser: str = ""
    automatic: bool = False
    position: int = 0
    same_text: str = ""
    cluster: str = ""
    rank: float = 0.0
    cluster_rank: float = 0.0
    paired: bool = False
    round: Round = "review"
    id: int = 0
    state: State = "waiting"
    version: int = 0
    decision: int = 0
    coder: str = ""

    @property
    def probability(self) -> float:
        """That of the best code."""
        return self.codes[0].probability if self.codes else 0.0

    @property
    def best(self) -> str:
        """The best code, blank where there is none."""
        return self.codes[0].code if self.codes else ""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases of a run. Blank fields leave all in; ``code`` is the beginning of the best code, ``words`` stand in the text.

    ``coder`` leaves only cases that this person has decided or holds.
    """

    states: tuple[State, ...] = ("waiting",)
    rounds: tuple[Round, ...] = ("review", "second")
    lowest: float = 0.0
    highest: float = 1.0
    code: str = ""
    method: str = ""
    words: str = ""
    same_text: str = ""
    coder: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a case. ``mine`` is False where another session does."""

    case_id: int
    coder: str
    mine: bool


_COLUMNS = (
    "id", "run", "round", "key", "position", "text", "fields", "frequency", "proposed", "codes", "p_none", "method", "note", "coarser",
    "automatic", "same_text", "cluster", "rank", "cluster_rank", "paired", "state", "version", "decision", "coder",
)  # fmt: skip
CASE_COLUMNS = ", ".join(f"c.{name}" for name in _COLUMNS)
SELECT = f"SELECT {CASE_COLUMNS} FROM cases c"


def sort_key(case: Case, order: Order) -> tuple[float | str, ...]:
    """What the queue sorts by."""
    return tuple(getattr(case, name) for name in SORT[order])


def where(run: str, chosen: CaseFilter, coder: str) -> tuple[str, dict[str, object]]:
    """The condition of a filter, and its values. ``coder`` never sees the half of a pair whose other half is theirs."""
    values: dict[str, object] = {"run": run, "me": coder, "now": time.time()}
    states = _listed("state", chosen.states, values)
    parts = ["c.run = :run", states, _listed("round", chosen.rounds, values)]
    conditions = {
        "lowest": "c.probability >= :lowest", "code": "c.best LIKE :code ESCAPE '\\'", "method": "c.method = :method",
        "words": "(c.text LIKE :words ESCAPE '\\' OR c.same_text LIKE :words ESCAPE '\\')",
        "same_text": "c.same_text = :same_text",
        "coder": "(c.coder = :coder OR c.id IN (SELECT case_id FROM leases WHERE coder = :coder AND until > :now))",
    }  # fmt: skip
    for name, condition in conditions.items():
        value = getattr(chosen, name)
        if value:
            parts.append(condition)
            values[name] = _pattern(value, anywhere=name == "words") if name in ("code", "words") else value
    if chosen.highest < 1.0:
        parts.append("c.probability <= :highest")
        values["highest"] = chosen.highest
    parts.append(_NOT_MY_OTHER_HALF)
    return " AND ".join(parts), values


def _listed(name: str, chosen: Sequence[str], values: dict[str, object]) -> str:
    if len(chosen) == 1:
        values[f"{name}_0"] = chosen[0]
        return f"c.{name} = :{name}_0"
    values |= {f"{name}_{place}": value for place, value in enumerate(chosen)}
    return f"c.{name} IN ({', '.join(f':{name}_{place}' for place in range(len(chosen)))})"


def _pattern(text: str, *, anywhere: bool) -> str:
    escaped = text.replace("\0", "␀").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%" if anywhere else f"{escaped}%"


_NOT_MY_OTHER_HALF = (
    "(c.paired = 0 OR NOT EXISTS (SELECT 1 FROM cases o LEFT JOIN leases l ON l.case_id = o.id AND l.until > :now WHERE o.run = c.run "
    "AND o.key = c.key AND o.id <> c.id AND c.round IN ('review', 'second') AND o.round IN ('review', 'second') "
    "AND (o.coder = :me OR l.coder = :me)))"
)

_WRITTEN = (*_COLUMNS[1:-4], "best", "probability", "state")
INSERT = (
    f"INSERT INTO cases ({', '.join(_WRITTEN)}, version, decision, coder) "
    f"VALUES ({', '.join('?' * len(_WRITTEN))}, 0, 0, '') ON CONFLICT (run, round, key) DO NOTHING"
)


def case_cells(case: Case) -> list[object]:
    """Cells of a case nobody has decided, for ``INSERT``."""
    packed = {
        "fields": _encode(dict(case.fields)),
        "codes": _encode(list(case.codes)),
        "proposed": _encode([[given.code, given.share] for given in case.proposed]),
        "state": "automatic" if case.automatic else "waiting",
        "automatic": int(case.automatic),
        "paired": int(case.paired),
    }
    return [packed[name] if name in packed else getattr(case, name) for name in _WRITTEN]


def kept_case(row: Sequence[object]) -> Case:
    """A row of ``SELECT``."""
    values = dict(zip(_COLUMNS, row, strict=True))
    values["fields"] = json.loads(str(values["fields"]))
    values["codes"] = tuple(KeptCode(*entry) for entry in json.loads(str(values["codes"])))
    values["proposed"] = tuple(CodeShare(*entry) for entry in json.loads(str(values["proposed"])))
    values["automatic"], values["paired"] = bool(values["automatic"]), bool(values["paired"])
    return Case(**values)  # type: ignore[arg-type]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
