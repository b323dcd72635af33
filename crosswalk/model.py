"""The words everybody uses: values of GSIM, XKOS and survey coding, as frozen dataclasses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from crosswalk.errors import DataError

Relation = Literal["exact", "close", "narrow", "broad"]
Method = Literal["lookup", "register", "rule", "model", "review", "llm", "non-occupation"]
Action = Literal["accept", "amend", "split", "new", "reject", "defer", "comment", "undo"]
Kind = Literal["map", "split", "new", "group", "non-occupation", "cross-reference"]


@dataclass(frozen=True, slots=True)
class Item:
    """A category of a classification: a unit group, minor group and so on up."""

    code: str
    title: str
    level: int
    parent: str | None = None
    notes: str = ""


@dataclass(frozen=True)
class Classification:
    """A scheme in one version: its items in the scheme's order."""

    scheme: str
    version: str
    items: tuple[Item, ...]

    @cached_property
    def by_code(self) -> dict[str, Item]:
        """Items by their code."""
        return {item.code: item for item in self.items}

    @cached_property
    def depth(self) -> int:
        """The number of levels."""
        return max((item.level for item in self.items), default=0)

    @cached_property
    def unit_groups(self) -> tuple[Item, ...]:
        """The items of the lowest level, which texts are coded to."""
        return tuple(item for item in self.items if item.level == self.depth)

    def title(self, code: str) -> str:
        """The title of a code, blank for one the scheme does not have."""
        item = self.by_code.get(code)
        return item.title if item else ""

    def ancestors(self, code: str) -> list[str]:
        """Codes from the item's parent up to its major group."""
        chain: list[str] = []
        item = self.by_code.get(code)
        while item and item.parent and item.parent not in chain:
            chain.append(item.parent)
            item = self.by_code.get(item.parent)
        return chain


def check_items(items: Sequence[Item], *, where: str) -> None:
    """Refuse a classification that contradicts itself, listing every fault found.

    Raises DataError for codes that stand twice, parents that do not exist and circles of parents.
    """
    faults: list[str] = []
    seen: dict[str, int] = {}
    for position, item in enumerate(items, start=1):
        if item.code in seen:
            faults.append(f"code {item.code!r} stands twice (items {seen[item.code]} and {position})")
        seen.setdefault(item.code, position)
    parents = {item.code: item.parent for item in items}
    for code, parent in parents.items():
        if parent is not None and parent not in parents:
            faults.append(f"code {code!r} has a parent {parent!r} that does not exist")
        trail, step = {code}, parent
        while step is not None:
            if step in trail:
                faults.append(f"code {code!r} is among its own ancestors")
                break
            trail.add(step)
            step = parents.get(step)
    if faults:
        shown = "; ".join(faults[:20]) + (f"; and {len(faults) - 20} more" if len(faults) > 20 else "")
        raise DataError(
            f"the classification has {len(faults)} faults: {shown}",
            where=where,
            hint="correct these codes in the file and import it again",
        )


@dataclass(frozen=True, slots=True)
class IndexTitle:
    """A title in the book: what people call the job, and the code it belongs to."""

    text: str
    code: str
    language: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A text to be coded. ``context`` holds further fields (tasks, industry, employer ...).

    ``facts`` holds columns that only rules look at (a register's code, supervises, employment status ...).
    """

    text: str
    id: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A code that might be right, and the index title that speaks for it. Scores are 0..1, high is good."""

    code: str
    matched: IndexTitle
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The candidates for one query, the strongest first, each code once."""

    query: Query
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeProbability:
    """One code of a coding, with the evidence that carried it."""

    code: str
    probability: float
    candidate: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Coding:
    """What a text was coded to: probabilities over codes (largest first) plus ``p_none``.

    Over all codes of the scheme they sum to one; ``codes`` holds the likeliest, ``rest`` is what the others have together.
    ``method`` says who decided; ``note`` says why in words when it was not the model. With method "register" the
    register's code stands first, whatever its probability. ``coarser`` is the finest group that is sure enough where
    no unit group is.
    """

    query: Query
    codes: tuple[CodeProbability, ...]
    p_none: float
    method: Method = "model"
    note: str = ""
    coarser: CodeProbability | None = None

    @property
    def best(self) -> CodeProbability:
        """The most probable code. Raises DataError when the text has no code at all."""
        if not self.codes:
            raise DataError(f"no code for this text ({self.note or 'nothing in the book resembles it'})")
        return self.codes[0]

    @property
    def rest(self) -> float:
        """Probability of the codes that are not listed, together."""
        return max(0.0, 1.0 - self.p_none - sum(entry.probability for entry in self.codes))

    @property
    def has_code(self) -> bool:
        """Whether its first code counts: it is at least as probable as none, or a language model was allowed to choose it."""
        return bool(self.codes) and (self.method == "llm" or self.codes[0].probability >= self.p_none)

    def top(self, k: int) -> tuple[CodeProbability, ...]:
        """The ``k`` most probable codes."""
        return self.codes[:k]

    def probability_of(self, prefix: str) -> float:
        """Probability of a group: the sum over the unit groups whose codes begin with ``prefix``."""
        return sum(entry.probability for entry in self.codes if entry.code.startswith(prefix))


@dataclass(frozen=True, slots=True)
class Map:
    """One link of a correspondence: ``target_code`` is None where the source has no counterpart."""

    source_code: str
    target_code: str | None
    relation: Relation | None
    share: float
    probability: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """What crosswalk proposes for one source item: one map, a split into several, or a new occupation."""

    source_code: str
    source_title: str
    kind: Kind
    maps: tuple[Map, ...]
    reasons: str
    titles: int = 1


@dataclass(frozen=True, slots=True)
class CorrespondenceTable:
    """The proposals for a whole classification, in the order of its file."""

    source: str
    target: str
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class CodeShare:
    """A code that a person gave, with its share of the case: 1.0 unless the case was split."""

    code: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a case. ``name`` names a new occupation; ``note`` is free text (a comment, a reason).

    accept: the proposal as it stands. amend: one other code, of any level. split: several codes whose shares sum to one. new: an
    occupation that the scheme lacks. reject: no code. defer: later. comment: says something, decides nothing. undo: takes one back.
    """

    action: Action
    codes: tuple[CodeShare, ...] = ()
    name: str = ""
    note: str = ""

    @property
    def code(self) -> str:
        """The code given, or the one with the largest share; blank where there is none."""
        return max(self.codes, key=lambda given: given.share).code if self.codes else ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a language model said of one text and its shortlist, known by ``request``, the hash of all that was sent.

    ``outcome`` is "answered", or the fault for which the reply was refused (``said`` has its beginning). ``choice`` is a listed code,
    "NONE" or "SEVERAL"; of a draft it is the name, and ``said`` the definition. ``cost`` in dollars, ``seconds`` from the question to the
    answer, ``asked`` in UTC.
    """

    request: str
    model: str
    answered_by: str
    prompt: str
    outcome: str
    choice: str
    direct: str
    better: str
    said: str
    tokens_in: int
    tokens_out: int
    cost: float
    seconds: float
    asked: str

    @property
    def is_draft(self) -> bool:
        """Whether it is a name and a definition for a candidate, and no choice among codes."""
        return self.outcome == "answered" and not self.direct

    @property
    def fit(self) -> str:
        """Its grade in words, strongest first: "direct, clearly better", "direct, slightly better", "partly, no better" ..."""
        degree = {"yes": "direct", "partly": "partly", "no": "no fit"}.get(self.direct, "")
        return f"{degree}, {self.better} better" if self.outcome == "answered" else f"refused: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Run:
    """One piece of work kept in the store, bound to its inputs and settings by ``fingerprint``."""

    name: str
    job: str
    fingerprint: str
    settings: Mapping[str, object]
    started: str
    finished: str | None = None
