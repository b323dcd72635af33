"""Checks over a whole correspondence table: what an expert looks at before publishing it, one row a finding."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crosswalk.jobs.hierarchy import parents_of
from crosswalk.model import Classification, Map, Proposal

ALIKE = 0.6
"""Siblings go together when at least this share of them has one sub-major group of the target."""

WEAK = 0.5
"""A map is weak when a smaller share of the item's titles says it, or its titles are less sure than this on average."""

_FEWEST_SIBLINGS = 3

Votes = Mapping[str, Counter[str]]
"""By source code: how many of its titles were coded to each target ("" for those with none)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: its kind, the codes it is about (blank where there is none), and what was found in words."""

    kind: str
    source_code: str
    target_code: str
    finding: str


def check_table(
    proposals: Sequence[Proposal], target: Classification, votes: Votes, official: Mapping[str, frozenset[str]] | None = None
) -> list[Check]:
    """All findings, kind by kind, each kind in the order of the file. ``official``: targets by source code in an official table."""
    levels = _levels(proposals)
    return [
        *_without_target(proposals),
        *_level_jumps(proposals, levels),
        *_torn_siblings(proposals, levels),
        *_against_titles(proposals, votes),
        *_against_official(proposals, official or {}),
        *_knots(proposals),
        *_unreached(proposals, target),
    ]


def _links(proposals: Iterable[Proposal]) -> Iterator[tuple[Proposal, Map, str]]:
    """The maps that have a target, each with its proposal and the target's code."""
    return ((proposal, link, link.target_code) for proposal in proposals for link in proposal.maps if link.target_code)


def _without_target(proposals: Sequence[Proposal]) -> Iterator[Check]:
    for proposal in proposals:
        if proposal.kind == "new":
            yield Check("source without target", proposal.source_code, "", proposal.reasons)


def _unreached(proposals: Sequence[Proposal], target: Classification) -> Iterator[Check]:
    reached = {code for _, _, code in _links(proposals)}
    for item in target.unit_groups:
        if item.code not in reached:
            yield Check("target nobody reaches", "", item.code, "no item of the source maps here")


def _levels(proposals: Sequence[Proposal]) -> dict[str, int]:
    """The level of every item in the source, the top being 1; groups that the file itself lists count as levels."""
    parents = parents_of([proposal.source_code for proposal in proposals])

    def level(code: str) -> int:
        parent = parents.get(code)
        return 1 + level(parent) if parent else 1

    return {proposal.source_code: level(proposal.source_code) for proposal in proposals}


def _level_jumps(proposals: Sequence[Proposal], levels: Mapping[str, int]) -> Iterator[Check]:
    """An item that stands higher or lower than most mapped items, mapped to a unit group all the same."""
    mapped = [proposal for proposal in proposals if proposal.kind in ("map", "split")]
    usual = Counter(levels[proposal.source_code] for proposal in mapped).most_common(1)
    for proposal, _, code in _links(mapped):
        level = levels[proposal.source_code]
        if usual and level != usual[0][0]:
            what = f"an item of level {level}, where most mapped items have level {usual[0][0]}, goes to a unit group"
            yield Check("level jump", proposal.source_code, code, what)


def _torn_siblings(proposals: Sequence[Proposal], levels: Mapping[str, int]) -> Iterator[Check]:
    """An item that goes to another major group than its siblings, most of which go together."""
    parents = parents_of([proposal.source_code for proposal in proposals])
    families: dict[str, list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        parent = parents.get(proposal.source_code) or proposal.source_code[:-1]
        if proposal.kind in ("map", "split") and parent:
            families[f"{parent} {levels[proposal.source_code]}"].append(proposal)
    for family, members in families.items():
        groups = Counter(str(member.maps[0].target_code)[:2] for member in members)
        group, count = groups.most_common(1)[0]
        if len(members) < _FEWEST_SIBLINGS or count < ALIKE * len(members):
            continue
        for member in members:
            code = str(member.maps[0].target_code)
            if code[:1] != group[:1]:
                what = f"{count} of {len(members)} items under {family.split(' ')[0]} go to {group}, this one to {code[:2]}"
                yield Check("siblings torn apart", member.source_code, code, what)


def _against_titles(proposals: Sequence[Proposal], votes: Votes) -> Iterator[Check]:
    """Maps that their titles do not carry: most titles say other codes, or say it without being sure."""
    for proposal, link, code in _links(proposals):
        said = votes.get(proposal.source_code, Counter())
        titles = sum(said.values())
        others = [other for other, count in said.most_common() if count > said[code]]
        if titles and len(proposal.maps) == 1 and (others or said[code] < WEAK * titles):
            first = others[0] if others else "other codes"
            what = f"{said[code]} of {titles} titles say {code}, {said[first] if others else titles - said[code]} say {first}"
            yield Check("map against its titles", proposal.source_code, code, what)
        elif link.probability < WEAK:
            yield Check("weak evidence", proposal.source_code, code, f"its titles are sure to {link.probability:.2f} on average")


def _against_official(proposals: Sequence[Proposal], official: Mapping[str, frozenset[str]]) -> Iterator[Check]:
    for proposal in proposals:
        listed = official.get(proposal.source_code)
        if not listed or proposal.kind not in ("map", "split", "new"):
            continue
        ours = {str(link.target_code) for link in proposal.maps if link.target_code}
        for code in sorted(ours - listed):
            what = f"the official table says {', '.join(sorted(listed))}"
            yield Check("disagrees with the official table", proposal.source_code, code, what)
        for code in sorted(listed - ours):
            yield Check("in the official table only", proposal.source_code, code, f"mapped to {', '.join(sorted(ours)) or 'nothing'}")


def _knots(proposals: Sequence[Proposal]) -> Iterator[Check]:
    """Links between a source with several targets and a target with several sources: n:m, to be untied by a person."""
    fan_in = Counter(code for _, _, code in _links(proposals))
    tied = [(proposal, code) for proposal, _, code in _links(proposals) if len(proposal.maps) > 1 and fan_in[code] > 1]
    knot = _components([(proposal.source_code, code) for proposal, code in tied])
    sizes = Counter(knot[("s", proposal.source_code)] for proposal, _ in tied)
    for proposal, code in tied:
        number = knot[("s", proposal.source_code)]
        if sizes[number] == 1:
            continue
        what = f"knot {number} ({sizes[number]} links): the item has {len(proposal.maps)} targets, {code} has {fan_in[code]} sources"
        yield Check("n:m knot", proposal.source_code, code, what)


def _components(links: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Numbers, from 1 in the order of the file, of the connected parts of the graph of links."""
    neighbours: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for source, target in links:
        neighbours[("s", source)].append(("t", target))
        neighbours[("t", target)].append(("s", source))
    number: dict[tuple[str, str], int] = {}
    found = 0
    for start in neighbours:
        if start in number:
            continue
        found += 1
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in number:
                number[node] = found
                waiting += neighbours[node]
    return number
