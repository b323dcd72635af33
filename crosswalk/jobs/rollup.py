"""From the codings of an item's titles to one proposal: 1:1 where the titles agree, a split where they do not."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from crosswalk.jobs.relations import features, load_relation_model
from crosswalk.model import Classification, CodeProbability, Coding, CorrespondenceTable, Kind, Map, Proposal

SMALLEST_SHARE = 0.10
"""Targets that fewer of an item's titles speak for are named in the reasons, not mapped."""


def roll_up(source_code: str, source_title: str, codings: Sequence[Coding], outcomes: Sequence[str]) -> Proposal:
    """The proposal for one item from the codings of its titles (all of them weigh the same)."""
    coded = [coding for coding in codings if coding.method != "non-occupation"]
    if not coded:
        return _uncoded(source_code, source_title, codings, outcomes)
    votes = [coding.codes[0] for coding in coded if coding.has_code]
    if 2 * len(votes) < len(coded):
        none = sum(coding.p_none for coding in coded) / len(coded)
        reason = f"nothing in the book is near: {_nearest(coded)}"
        return Proposal(source_code, source_title, "new", (Map(source_code, None, None, 1.0, none),), reason, len(coded))
    maps, small = _maps(source_code, votes, len(coded))
    kind: Kind = "map" if len(maps) == 1 else "split"
    return Proposal(source_code, source_title, kind, tuple(maps), _reasons(coded, votes, maps, small), len(coded))


def _maps(source_code: str, votes: Sequence[CodeProbability], titles: int) -> tuple[list[Map], int]:
    """Targets with at least the smallest share, largest first, and how many titles the others had."""
    by_code: dict[str, list[float]] = defaultdict(list)
    for vote in votes:
        by_code[vote.code].append(vote.probability)
    ranked = sorted(by_code.items(), key=lambda entry: (-len(entry[1]), -round(sum(entry[1]), 6), entry[0]))
    kept = [entry for entry in ranked if len(entry[1]) >= SMALLEST_SHARE * titles] or ranked[:1]
    total = sum(len(given) for _, given in kept)
    maps = [Map(source_code, code, None, len(given) / total, sum(given) / len(given)) for code, given in kept]
    return maps, len(votes) - total


def _reasons(coded: Sequence[Coding], votes: Sequence[CodeProbability], maps: Sequence[Map], small: int) -> str:
    """The evidence in words."""
    if len(coded) == 1:
        best = votes[0]
        matched = best.candidate.matched.text if best.candidate else ""
        second = coded[0].codes[1] if len(coded[0].codes) > 1 else None
        rival = f"; next {second.code} with {second.probability:.2f}" if second and second.probability >= 0.1 else ""
        return f"nearest index title {matched!r}{rival}"
    counts = Counter(vote.code for vote in votes)
    parts = [f"{counts[str(link.target_code)]} of {len(coded)} titles say {link.target_code}" for link in maps]
    if small:
        parts.append(f"{small} titles say other codes, each under a tenth")
    if len(votes) < len(coded):
        parts.append(f"{len(coded) - len(votes)} titles match nothing")
    return "; ".join(parts)


def _nearest(coded: Sequence[Coding]) -> str:
    best = max((coding.codes[0] for coding in coded if coding.codes), key=lambda entry: entry.probability, default=None)
    return f"{best.candidate.matched.text!r} ({best.code})" if best and best.candidate else "no title shares a word with it"


def _uncoded(source_code: str, source_title: str, codings: Sequence[Coding], outcomes: Sequence[str]) -> Proposal:
    """An item none of whose rows names an occupation to be coded."""
    said = Counter(outcome for outcome in outcomes if outcome)
    note = said.most_common(1)[0][0] if said else (codings[0].note if codings else "no title")
    if note == "group":
        return Proposal(source_code, source_title, "group", (), "a group: its items are mapped one by one", 0)
    if note.startswith(("cross-reference", "no code")):
        return Proposal(source_code, source_title, "cross-reference", (), note, 0)
    return Proposal(source_code, source_title, "non-occupation", (), note, 0)


def with_relations(table: CorrespondenceTable, target: Classification) -> CorrespondenceTable:
    """Add the relation of every map, as seen from the source, from its titles and the shape of the whole table."""
    sources = Counter(link.target_code for proposal in table.proposals for link in proposal.maps if link.target_code)
    links = [(proposal, link.target_code) for proposal in table.proposals for link in proposal.maps if link.target_code]
    rows = [features(proposal.source_title, [target.title(code)], len(proposal.maps), sources[code]) for proposal, code in links]
    found = iter(load_relation_model().relations(rows))

    def related(proposal: Proposal) -> Proposal:
        return replace(proposal, maps=tuple(replace(link, relation=next(found) if link.target_code else None) for link in proposal.maps))

    return replace(table, proposals=tuple(map(related, table.proposals)))
