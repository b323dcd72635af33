"""An exported table that was changed in a spreadsheet, read back: what changed, as decisions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosswalk.errors import DataError
from crosswalk.files.table import Table
from crosswalk.jobs.evaluation import known_code
from crosswalk.jobs.promotion import decided_proposals
from crosswalk.jobs.review import ReviewQueue, checked
from crosswalk.model import Classification, CodeShare, Decision, Proposal
from crosswalk.store.store import Store

_WORDS = {
    "accept": "accept", "accepted": "accept", "ok": "accept", "reject": "reject", "rejected": "reject",
    "new": "new", "new occupation": "new", "defer": "defer", "deferred": "defer",
}  # fmt: skip
_NEAR = 0.0005


@dataclass(frozen=True, slots=True)
class Change:
    """One item that the file says otherwise than the store: before and after in words, and the decision it makes."""

    source_code: str
    title: str
    before: str
    after: str
    decision: Decision


@dataclass(frozen=True)
class Applied:
    """Changes that are in force now, and those that are not since another coder holds the item."""

    kept: int
    left: tuple[str, ...]


def changes(table: Table, store: Store, run: str, classification: Classification) -> list[Change]:
    """What a person changed in an exported table of maps: targets, shares, or the status (accepted, rejected, new occupation, deferred).

    An item that still says what the program proposed, or what is in force, is no change. Raises DataError for codes the target lacks.
    """
    rows = _rows(table)
    proposed = {kept.proposal.source_code: kept.proposal for kept in store.proposals(run)}
    in_force = {kept.proposal.source_code: kept.proposal for kept in decided_proposals(store, run, classification)}
    settled = store.decisions.settled(run)
    strange = [code for code in rows if code not in proposed]
    if strange:
        raise DataError(f"{strange[0]!r} is no item of the run {run!r}", where=str(table.path), hint="is it the table of another run?")
    found = []
    for code, cells in rows.items():
        decision = _decision(cells, proposed[code], in_force[code], classification, table)
        already = settled[code].action if code in settled else ""
        if decision and not (decision.action == already and not decision.codes):
            found.append(Change(code, proposed[code].source_title, _in_words(in_force[code]), _words_of(decision), decision))
    return found


def apply_changes(store: Store, run: str, coder: str, wanted: Sequence[Change], classification: Classification) -> Applied:
    """Keep each change as a decision of this coder: appended to the log, undone like any other."""
    left = []
    with ReviewQueue(store, run, coder) as queue:
        for change in wanted:
            case = store.cases.find(run, change.source_code, "review")
            if case is None or queue.decide(case, checked(change.decision, classification), seconds=0.0).stale:
                left.append(change.source_code)
    return Applied(len(wanted) - len(left), tuple(left))


def _rows(table: Table) -> dict[str, list[tuple[int, Mapping[str, str]]]]:
    """Rows by source code, each with its place in the file; items without a target have one row."""
    missing = [name for name in ("source_code", "target_code") if name not in table.columns]
    if missing:
        raise DataError(
            f"there is no column {missing[0]!r}", where=str(table.path), hint="export the run's maps, change them, import that file"
        )
    found: dict[str, list[tuple[int, Mapping[str, str]]]] = defaultdict(list)
    for number, row in enumerate(table.rows):
        cells = dict(zip(table.columns, row, strict=True))
        found[cells["source_code"].strip().removeprefix("'")].append((number, cells))
    return found


def _decision(
    rows: Sequence[tuple[int, Mapping[str, str]]], proposed: Proposal, in_force: Proposal, classification: Classification, table: Table
) -> Decision | None:
    """What the rows of one item decide, or None where nothing was changed."""
    if proposed.kind not in ("map", "split", "new"):
        return None
    codes = _codes(rows, classification, table)
    words = {_WORDS[word] for _, cells in rows if (word := cells.get("status", "").strip().casefold()) in _WORDS}
    word = words.pop() if len(words) == 1 else ""
    if word in ("reject", "defer"):
        return Decision(word)  # type: ignore[arg-type]
    if word == "new" or (not codes and word):
        return Decision("new", name=proposed.source_title)
    same = _same(codes, _shares(proposed))
    if (same and word != "accept") or (_same(codes, _shares(in_force)) and in_force is not proposed and in_force != proposed):
        return None
    if not codes:
        return Decision("reject")
    if same:
        return Decision("accept", codes)
    return Decision("amend" if len(codes) == 1 else "split", codes)


def _codes(rows: Sequence[tuple[int, Mapping[str, str]]], classification: Classification, table: Table) -> tuple[CodeShare, ...]:
    """The targets of an item with shares that sum to one; shares left blank share evenly."""
    given: dict[str, float] = {}
    for number, cells in rows:
        text = cells["target_code"].strip()
        if not text:
            continue
        code = text if text in classification.by_code else known_code(text, classification)
        if code is None:
            raise DataError(
                f"{text!r} is no code of {classification.scheme}", where=table.place(number, "target_code"), hint="correct it there"
            )
        given[code] = _share(cells.get("share", ""), table.place(number, "share"))
    total = sum(given.values())
    even = total == 0 or min(given.values()) == 0
    return tuple(CodeShare(code, 1 / len(given) if even else share / total) for code, share in given.items())


def _share(text: str, place: str) -> float:
    text = text.strip()
    try:
        share = float(text.removesuffix("%").replace(",", ".")) / (100 if text.endswith("%") else 1) if text else 0.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DataError(f"{text!r} is no share", where=place, hint="write 0.25 or 25%")
    return share


def _shares(proposal: Proposal) -> tuple[CodeShare, ...]:
    return tuple(CodeShare(link.target_code, link.share) for link in proposal.maps if link.target_code)


def _same(one: Sequence[CodeShare], other: Sequence[CodeShare]) -> bool:
    """Whether the codes are the same, and the shares to what a table shows of them."""
    first, second = ({given.code: given.share for given in codes} for codes in (one, other))
    return first.keys() == second.keys() and all(abs(first[code] - second[code]) < _NEAR for code in first)


def _in_words(proposal: Proposal) -> str:
    return _listed(_shares(proposal)) or "no target"


def _words_of(decision: Decision) -> str:
    return f"{decision.action}: {_listed(decision.codes) or decision.name or 'no target'}"


def _listed(codes: Sequence[CodeShare]) -> str:
    return ", ".join(given.code if given.share == 1 else f"{given.code} {given.share:.0%}" for given in codes)
