"""What changed between two versions, in GSIM's terms: real changes (RC) of what an item holds, virtual ones (VC) of its name or code."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from crosswalk.jobs.revision.editions import Edition
from crosswalk.jobs.revision.links import Link
from crosswalk.jobs.revision.successors import likeness, open_shipped_encoder
from crosswalk.model import Item
from crosswalk.text import normalise

Kind = Literal[
    "added", "removed", "merged", "taken over", "broken down", "split off", "transferred", "recoded", "renamed", "moved", "redefined"
]

GSIM: dict[Kind, str] = {
    "added": "RC1 Creation",
    "removed": "RC2 Elimination",
    "merged": "RC3.1 Merger",
    "taken over": "RC3.2 Take-over",
    "broken down": "RC4.1 Breakdown",
    "split off": "RC4.2 Split off",
    "transferred": "RC5 Transfer",
    "recoded": "VC1 Code change",
    "renamed": "VC2 Name change",
    "moved": "moved to another group",
    "redefined": "definition changed",
}
"""Terms of change; the last two have no letter in GSIM. Source: GSIM, Statistical Classifications Model, types of item change."""

REAL: tuple[Kind, ...] = ("added", "removed", "merged", "taken over", "broken down", "split off", "transferred")


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the change table: an old item, a new one (or one of the two), what kind of change it is, how that is known."""

    old: Item | None
    new: Item | None
    kinds: tuple[Kind, ...]
    evidence: str
    continues: bool = False
    """Whether the old item lives on as the new one."""

    @property
    def is_real(self) -> bool:
        """Whether data coded to the old item cannot simply be given the new code."""
        return any(kind in REAL for kind in self.kinds)


def find_changes(old: Edition, new: Edition, links: Sequence[Link]) -> list[Change]:
    """The change table of two versions: every link and every item without one; unchanged ones have no kinds."""
    before, after = {item.code: item for item in old.items}, {item.code: item for item in new.items}
    kinds = _real_kinds(links)
    groups = {link.old: link.new for link in links if link.continues}
    changes = []
    for link in links:
        one, other = before.get(link.old), after.get(link.new)
        if one and other:
            virtual = _virtual_kinds(one, other, groups) if link.continues else []
            changes.append(Change(one, other, (*kinds[link], *virtual), link.why, link.continues))
    linked = {link.old for link in links} | {None}
    changes += [
        Change(item, None, ("removed",), "nothing in the new version corresponds to it") for item in old.items if item.code not in linked
    ]
    reached = {link.new for link in links}
    changes += [
        Change(None, item, ("added",), "nothing in the old version corresponds to it") for item in new.items if item.code not in reached
    ]
    return changes


def with_nearest(changes: Sequence[Change], old: Edition, new: Edition) -> list[Change]:
    """The changes, with added and removed items told what in the other version resembles them most: the first place to look."""
    near = _nearest([change.new for change in changes if change.new and not change.old], old)
    near |= _nearest([change.old for change in changes if change.old and not change.new], new)

    def told(change: Change) -> Change:
        item = change.new if not change.old else change.old if not change.new else None
        return replace(change, evidence=f"{change.evidence}; nearest: {near[item.code]}") if item and item.code in near else change

    return [told(change) for change in changes]


def _nearest(items: Sequence[Item], edition: Edition) -> dict[str, str]:
    """Code -> the item of the other version with the most similar title, and how similar."""
    others = [item for item in edition.items if item.title]
    if not items or not others:
        return {}
    forms = [normalise(item.title) for item in items]
    scores = likeness(forms, [normalise(item.title) for item in others], open_shipped_encoder())
    found = zip(items, scores.argmax(axis=1).tolist(), scores.max(axis=1).tolist(), strict=True)
    return {item.code: f"{others[place].code} {others[place].title} ({score:.2f})" for item, place, score in found}


def _real_kinds(links: Sequence[Link]) -> dict[Link, tuple[Kind, ...]]:
    """The real changes of each link. A continuing item bears those of the parts it gave away and of the items it took over."""
    out: dict[str, list[Link]] = defaultdict(list)
    into: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        out[link.old].append(link)
        into[link.new].append(link)
    found: dict[Link, set[Kind]] = {link: set() for link in links}
    for link in links:
        if not link.continues:
            found[link].add(_kind_of_part(out[link.old], into[link.new]))
    for link in links:
        if link.continues:
            given = {kind for other in out[link.old] for kind in found[other] if not other.continues}
            taken = {kind for other in into[link.new] for kind in found[other] if not other.continues and kind == "taken over"}
            found[link] |= given | taken
    return {link: tuple(kind for kind in REAL if kind in kinds) for link, kinds in found.items()}


def _kind_of_part(of_old: Sequence[Link], of_new: Sequence[Link]) -> Kind:
    """What happened to a part that is not where its item lives on: told by whether the two items live on, and in how many parts."""
    survives, emerging = any(link.continues for link in of_old), not any(link.continues for link in of_new)
    if survives:
        return "split off" if emerging else "transferred"
    if len(of_old) == 1:
        return "merged" if emerging else "taken over"
    return "broken down" if emerging else "transferred"


def _virtual_kinds(one: Item, other: Item, groups: dict[str, str]) -> list[Kind]:
    kinds: list[Kind] = []
    if one.code != other.code:
        kinds.append("recoded")
    if one.title != other.title:
        kinds.append("renamed")
    if one.parent and other.parent and groups.get(one.parent, one.parent) != other.parent:
        kinds.append("moved")
    if one.notes and other.notes and one.notes.split() != other.notes.split():
        kinds.append("redefined")
    return kinds


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many rows bear each kind of change, and how many none ("unchanged")."""
    changes = list(changes)
    number = Counter(kind for change in changes for kind in change.kinds)
    return {"unchanged": sum(not change.kinds for change in changes), **{kind: number[kind] for kind in GSIM if number[kind]}}
