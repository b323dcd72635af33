"""What speaks for an item's targets beside its titles: its own title, its description and its place in the hierarchy.

Each gives every code a likelihood. A title's probabilities are multiplied by those of its item, each to a power below one that says how far
it is trusted, and brought back to a sum of one: clear titles stand, doubtful ones lean to where the item as a whole belongs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crosswalk.jobs.hierarchy import families
from crosswalk.model import Classification, Coding, Proposal

OWN_TITLE, DESCRIPTION, SIBLINGS = 0.3, 0.3, 0.5
"""How far each is trusted (the power). ``benchmarks/correspondence.py`` prints what each brings; chosen there among 0.1 to 1."""

_LEAST = 1e-5
_GROUP_LEVEL = 2
"""Siblings share a sub-major group more often than not, a unit group seldom."""


@dataclass(frozen=True)
class Evidence:
    """Likelihood of the codes named, of "no code" and of each ``other`` code; ``weight`` is how far it is trusted."""

    codes: Mapping[str, float]
    none: float
    other: float
    weight: float

    def factor(self, code: str) -> float:
        """What the probability of a code is multiplied by."""
        return float(max(self.codes.get(code, self.other), _LEAST) ** self.weight)

    @property
    def factor_of_none(self) -> float:
        """What the probability of "no code" is multiplied by."""
        return float(max(self.none, _LEAST) ** self.weight)

    @property
    def factor_of_others(self) -> float:
        """What the probability of codes that are not named is multiplied by."""
        return float(max(self.other, _LEAST) ** self.weight)


def of_text(coding: Coding | None, weight: float, target: Classification) -> Evidence | None:
    """The evidence of an item's own title or description; None where it says nothing."""
    if coding is None or coding.method != "model" or not coding.codes:
        return None
    listed = {entry.code: entry.probability for entry in coding.codes}
    return Evidence(listed, coding.p_none, coding.rest / max(1, len(target.unit_groups) - len(listed)), weight)


def of_siblings(codings: Mapping[str, Sequence[Coding]], target: Classification) -> dict[str, Evidence]:
    """For each item with siblings: how likely they make each group of the target, the item itself left out.

    One sibling more is imagined that goes anywhere, so that few siblings say little.
    """
    group = {unit.code: _group(unit.code, target) for unit in target.unit_groups}
    members: dict[str, list[str]] = defaultdict(list)
    for code, family in families(codings).items():
        members[family].append(code)
    count = len(set(group.values())) + 1
    found = {}
    for siblings in members.values():
        shares = {code: share for code in siblings if (share := _group_shares(codings[code], group))}
        total: dict[str, float] = defaultdict(float)
        for share in shares.values():
            for name, part in share.items():
                total[name] += part
        for code in siblings:
            others = len(shares) - (code in shares)
            if others:
                left, own = others + 1, shares.get(code, {})
                likely = {name: (max(0.0, total[name] - own.get(name, 0.0)) + 1 / count) / left for name in {*total, *group.values(), ""}}
                named = {unit: likely[name] for unit, name in group.items()}
                found[code] = Evidence(named, likely[""], 1 / count / left, SIBLINGS)
    return found


def weighed(coding: Coding, evidence: Iterable[Evidence | None]) -> Coding:
    """A title's coding in the light of its item; what rules, look-ups or a language model decided stands."""
    said = [one for one in evidence if one is not None]
    if not said or coding.method != "model" or not coding.codes:
        return coding
    weights = [entry.probability for entry in coding.codes]
    none, rest = coding.p_none, coding.rest
    for one in said:
        weights = [weight * one.factor(entry.code) for weight, entry in zip(weights, coding.codes, strict=True)]
        none, rest = none * one.factor_of_none, rest * one.factor_of_others
    total = sum(weights) + none + rest
    entries = [replace(entry, probability=weight / total) for entry, weight in zip(coding.codes, weights, strict=True)]
    entries.sort(key=lambda entry: (-round(entry.probability, 6), entry.code))
    return replace(coding, codes=tuple(entries), p_none=none / total)


def with_reasons(proposal: Proposal, own: Coding | None, description: Coding | None) -> Proposal:
    """The proposal with what the item's own title and description say of it."""
    if proposal.kind not in ("map", "split", "new"):
        return proposal
    ours = {link.target_code for link in proposal.maps}
    said = [_in_words(what, coding, ours) for what, coding in (("own title", own), ("description", description))]
    return replace(proposal, reasons="; ".join([proposal.reasons, *filter(None, said)]))


def _in_words(what: str, coding: Coding | None, ours: set[str | None]) -> str:
    if coding is None or coding.method != "model" or not coding.codes:
        return ""
    best = coding.codes[0]
    first = best.code if coding.has_code else "no code"
    agrees = " too" if first in ours or (first == "no code" and None in ours) else ""
    return f"its {what} says {first}{agrees} ({max(best.probability, coding.p_none):.2f})"


def _group_shares(codings: Sequence[Coding], group: Mapping[str, str]) -> dict[str, float]:
    """How the titles of an item are spread over the groups of the target, "" being none; sums to one or less."""
    usable = [coding for coding in codings if coding.codes and coding.method in ("model", "llm")]
    shares: dict[str, float] = defaultdict(float)
    for coding in usable:
        shares[""] += coding.p_none / len(usable)
        for entry in coding.codes:
            shares[group.get(entry.code, "")] += entry.probability / len(usable)
    return dict(shares)


def _group(code: str, target: Classification) -> str:
    """The code's group of the second level, or the highest it has below."""
    above = [code, *target.ancestors(code)]
    return next((group for group in above if target.by_code[group].level <= _GROUP_LEVEL), code)
