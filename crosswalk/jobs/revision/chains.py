"""Correspondence tables one after another (national -> SOC -> ISCO, old -> new), and the other way round."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from crosswalk.errors import DataError
from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.jobs.revision.tables import relation_of, with_shares
from crosswalk.model import Map, Relation

CHAIN_COLUMNS = ("source_code", "target_code", "relation", "share", "via", "doubt")

_SMALL = 0.05
"""A pair whose parts need not meet is doubtful below this share (chosen on the British tables: benchmarks/revision.py)."""

_THROUGH: dict[tuple[Relation, Relation], Relation] = {
    ("exact", "exact"): "exact",
    ("exact", "broad"): "broad",
    ("broad", "exact"): "broad",
    ("broad", "broad"): "broad",
    ("exact", "narrow"): "narrow",
    ("narrow", "exact"): "narrow",
    ("narrow", "narrow"): "narrow",
}
"""A relation after a relation: what goes up and then down again, or is only close somewhere, is close."""

_BACK: dict[Relation, Relation] = {"exact": "exact", "close": "close", "narrow": "broad", "broad": "narrow"}


@dataclass(frozen=True, slots=True)
class ChainLink:
    """Where a source ends after all tables. ``via`` are the codes in between; ``doubt`` says why it may be wrong, else blank."""

    source_code: str
    target_code: str
    relation: Relation | None
    share: float
    via: tuple[str, ...]
    doubt: str


def compose(tables: Sequence[Sequence[Map]]) -> list[ChainLink]:
    """Chain tables; shares are multiplied along a path and added over paths, so those of a source sum to one where no path breaks off.

    Raises DataError when a table has not a single code in common with the one before it.
    """
    first = [ChainLink(link.source_code, link.target_code or "", link.relation, link.share, (), "") for link in tables[0]]
    return reduce(_then, tables[1:], first)


def _then(chain: Sequence[ChainLink], table: Sequence[Map]) -> list[ChainLink]:
    onward: dict[str, list[Map]] = defaultdict(list)
    for step in table:
        onward[step.source_code].append(step)
    middle = {link.target_code for link in chain if link.target_code}
    if not middle & set(onward):
        raise DataError(
            f"the tables do not meet: none of the {len(middle):,} targets of one (such as {min(middle, default='-')!r}) "
            f"is a source of the next (such as {min(onward, default='-')!r})",
            hint="check the order of the tables, their columns, and that no zeros were lost",
        )
    filled = _filled(chain)
    paths: dict[tuple[str, str], list[_Path]] = defaultdict(list)
    for link in chain:
        steps = onward.get(link.target_code, ())
        for step in steps:
            part = filled[link.source_code, link.target_code]
            paths[link.source_code, step.target_code or ""].append(_Path(link, step, part + step.share > 1))
        if not steps:
            paths[link.source_code, ""].append(_Path(link, None, False))
    return [_joined(source, target, found) for (source, target), found in paths.items()]


@dataclass(frozen=True, slots=True)
class _Path:
    """A link and a step on from it. ``meets``: the source fills so much of the middle code that its part and the step's have to overlap."""

    link: ChainLink
    step: Map | None
    meets: bool


def _filled(chain: Sequence[ChainLink]) -> dict[tuple[str, str], float]:
    """(source, target) -> the part of the target that comes from the source, where all sources are of one size."""
    whole: dict[str, float] = defaultdict(float)
    for link in chain:
        whole[link.target_code] += link.share
    return {(link.source_code, link.target_code): link.share / whole[link.target_code] if link.share else 0.0 for link in chain}


def _joined(source: str, target: str, paths: Sequence[_Path]) -> ChainLink:
    """All paths from a source to a target as one link."""
    share = sum(path.link.share * (path.step.share if path.step else 1.0) for path in paths)
    via = tuple(dict.fromkeys(" > ".join((*path.link.via, path.link.target_code)) for path in paths if path.link.target_code))
    if not target:
        broken = ", ".join(path.link.target_code or "no target" for path in paths)
        return ChainLink(source, "", None, share, via, f"the chain ends at {broken}: no row in the next table")
    relations = {
        _THROUGH.get((path.link.relation, path.step.relation), "close")
        for path in paths
        if path.link.relation and path.step and path.step.relation
    }
    relation: Relation = relations.pop() if len(relations) == 1 else "close"
    return ChainLink(source, target, relation, share, via, _doubt(paths, share))


def _doubt(paths: Sequence[_Path], share: float) -> str:
    """Two splits in a row may have nothing in common: the part of A that is in B need not meet the part of B that is in C."""
    reasons = list(dict.fromkeys(path.link.doubt for path in paths if path.link.doubt))
    if share < _SMALL and not any(path.meets for path in paths):
        middle = ", ".join(dict.fromkeys(path.link.target_code for path in paths))
        reasons.append(f"a share of {share:.1%} through {middle}, whose parts need not meet")
    return "; ".join(reasons)


def invert(table: Sequence[Map], sizes: Mapping[str, float] | None = None) -> list[Map]:
    """The table the other way round. Each source counts as one, or as ``sizes`` says: a table does not know how many people it has."""
    weights: dict[tuple[str, str], float] = {}
    relations: dict[tuple[str, str], str] = {}
    for link in table:
        if link.target_code:
            pair = (link.target_code, link.source_code)
            weights[pair] = link.share * (sizes or {}).get(link.source_code, 1.0)
            relations[pair] = _BACK[link.relation] if link.relation else ""
    return sorted(with_shares(weights, relations), key=lambda link: (link.source_code, -round(link.share, 6), link.target_code or ""))


def as_maps(chain: Sequence[ChainLink]) -> list[Map]:
    """A chain as a table that can be chained, inverted and converted with."""
    reached: dict[str, int] = defaultdict(int)
    degree: dict[str, int] = defaultdict(int)
    for link in chain:
        if link.target_code:
            degree[link.source_code] += 1
            reached[link.target_code] += 1
    return [
        Map(link.source_code, link.target_code or None, relation_of(degree[link.source_code], reached[link.target_code]), link.share, 1.0)
        if link.target_code
        else Map(link.source_code, None, None, link.share, 1.0)
        for link in chain
    ]


def as_chain(table: Sequence[Map]) -> list[ChainLink]:
    """A single table in the form of a chain."""
    return [ChainLink(link.source_code, link.target_code or "", link.relation, link.share, (), "") for link in table]


def chain_cells(link: ChainLink) -> list[str]:
    """A row of the composed table."""
    return [link.source_code, link.target_code, link.relation or "", f"{link.share:.4f}", ", ".join(link.via), link.doubt]


def write_chain(path: Path, chain: Sequence[ChainLink]) -> list[Path]:
    """Write the composed table, one row a pair."""
    return write_tables(path, [Sheet("correspondence", CHAIN_COLUMNS, map(chain_cells, chain))])
