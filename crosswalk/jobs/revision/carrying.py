"""Decisions carried to a run of a new version: only what is new, changed or no longer valid is left for a person."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from crosswalk.coding.autocoder import find_index
from crosswalk.errors import UsageError
from crosswalk.jobs.filling import fill_queue
from crosswalk.jobs.review import ReviewQueue
from crosswalk.jobs.revision.changes import Change, find_changes
from crosswalk.jobs.revision.editions import Edition, flat_edition
from crosswalk.jobs.revision.links import find_links
from crosswalk.model import Classification, CodeShare, Decision
from crosswalk.search.groups import load_classification
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.store import Store

_NEW_GROUPS = "it was no group's before, and the new version has new ones"


@dataclass
class Carried:
    """Decisions carried, and why the others were not: reason -> how many."""

    carried: int = 0
    left: Counter[str] = field(default_factory=Counter)


def carry(store: Store, old: str, new: str, coder: str) -> Carried:
    """Carry the decisions of one run to another, of the same source or its next version, to the same target or its next version.

    A decision is carried where its item is the same (only code or title may have changed) and its codes live on whole; that an occupation
    is new is looked at again where the target has new groups. Cases of the new run that somebody has decided already stay as they are.
    Raises UsageError for runs of different kinds.
    """
    before, after = store.run(old), store.run(new)
    if old == new or before.job != after.job or before.job not in ("map", "code"):
        raise UsageError(
            f"decisions cannot be carried from {old!r} ({before.job}) to {new!r} ({after.job})",
            hint="map (or code) the new version first, then name the old run and the new one",
        )
    if not store.cases.filled(new):
        fill_queue(store, new)
    items = _same_items(store, old, new) if before.job == "map" else None
    targets, grown = _lasting_targets(str(before.settings["scheme"]), str(after.settings["scheme"]))
    result = Carried()
    with ReviewQueue(store, new, coder) as queue:
        for key, decision in store.decisions.settled(old).items():
            place = key if items is None else items.get(key, "")
            why = _NEW_GROUPS if grown and decision.action == "new" else _carry_one(queue, place, decision, targets)
            if why:
                result.left[why] += 1
            else:
                result.carried += 1
    return result


def _carry_one(queue: ReviewQueue, key: str, decision: KeptDecision, targets: Mapping[str, str]) -> str:
    """Give a decision to its case in the new run; blank when that is done, else why not."""
    case = queue.store.cases.find(queue.run, key) if key else None
    if case is None:
        return "the item is gone or has changed"
    if case.decision:
        return "decided in the new run already"
    if any(given.code not in targets for given in decision.codes):
        return "its code was split, merged or removed"
    codes = tuple(CodeShare(targets[given.code], given.share) for given in decision.codes)
    action = "amend" if decision.action == "accept" and codes != case.proposed else decision.action
    action = "split" if action == "amend" and len(codes) > 1 else action
    said = f"carried from run {decision.run!r}, decision {decision.seq} by {decision.coder} on {decision.time[:10]}"
    note = f"{said}: {decision.note}" if decision.note else said
    outcome = queue.decide(case, Decision(action, codes, decision.name, note), seconds=0.0)
    return "somebody has the case on the screen" if outcome.stale else ""


def _same_items(store: Store, old: str, new: str) -> dict[str, str]:
    """Old source code -> the new one, for items in which nothing but code and title changed."""
    before, after = _edition(store, old), _edition(store, new)
    return _lasting(find_changes(before, after, find_links(before, after)))


def _edition(store: Store, run: str) -> Edition:
    """The items of a mapped classification, as the run read them, with their titles."""
    rows = [(row.source_code, row.source_title) for row in store.source_rows(run)]
    return flat_edition(run, rows)


def _lasting_targets(old: str, new: str) -> tuple[dict[str, str], bool]:
    """Code of the old target -> code of the new one, for groups that data can be brought over to without looking; and whether the new one
    has others besides.
    """
    before, after = (load_classification(find_index(scheme)) for scheme in (old, new))
    if before == after:
        return {item.code: item.code for item in before.items}, False
    one, other = (_of(classification) for classification in (before, after))
    lasting = _lasting(find_changes(one, other, find_links(one, other)))
    return lasting, not {item.code for item in after.items} <= set(lasting.values())


def _of(classification: Classification) -> Edition:
    return Edition(
        classification.scheme,
        tuple(replace(item, notes="") for item in classification.items),
        {i.code: frozenset() for i in classification.items},
    )


def _lasting(changes: list[Change]) -> dict[str, str]:
    return {change.old.code: change.new.code for change in changes if change.old and change.new and change.continues and not change.is_real}
