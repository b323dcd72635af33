"""Correspondence tables in and out: pairs of codes with a relation and a share, from whatever columns a file has."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import guess_code_pair, named_column
from crosswalk.files.readers import read_table
from crosswalk.model import Map, Relation
from crosswalk.text import is_code

Talk = Callable[[str], None]

_SOURCES = ("source_code", "old_code", "source", "from", "subject_id")
_TARGETS = ("target_code", "new_code", "target", "to", "object_id")
_RELATIONS: tuple[Relation, ...] = get_args(Relation)
_SEVERAL = "|"


@dataclass(frozen=True)
class TableColumns:
    """Columns of a correspondence table; None is guessed."""

    source: str | None = None
    target: str | None = None
    share: str | None = None
    relation: str | None = None


def read_pairs(path: Path, columns: TableColumns | None = None) -> list[tuple[str, str]]:
    """The pairs of a correspondence table, in its order."""
    return [(link.source_code, link.target_code) for link in read_maps(path, columns or TableColumns()) if link.target_code]


def read_all(paths: Sequence[Path], sources: Sequence[str], targets: Sequence[str], say: Talk) -> list[list[Map]]:
    """Several tables; the columns are named once for all of them, or once for each, or guessed, which is said.

    Raises UsageError for another number of names.
    """
    for names, option in ((sources, "--from-column"), (targets, "--to-column")):
        if len(names) not in (0, 1, len(paths)):
            raise UsageError(f"{len(paths)} tables and {len(names)} columns", where=option, hint="name it once for all, or once for each")

    def name(names: Sequence[str], place: int) -> str | None:
        return names[place if len(names) > 1 else 0] if names else None

    return [read_maps(path, TableColumns(name(sources, place), name(targets, place)), say=say) for place, path in enumerate(paths)]


def read_maps(path: Path, columns: TableColumns, sheet: str | None = None, say: Talk | None = None) -> list[Map]:
    """The maps of a table, each pair once; several targets in a cell may be parted by "|".

    Rows of one pair (the titles of a coding index) are counted: without a column of shares a pair's share is its part of the rows.
    Raises UsageError for columns that are not there, DataError for shares that are no numbers and tables without pairs.
    """
    table = read_table(path, sheet=sheet)
    source, target = _ends(table.columns, columns, path)
    if say and not (columns.source and columns.target):
        say(f"{path.name}: from the codes of column {source!r} to those of {target!r}")
    share, relation = (_found(table.columns, name, usual) for name, usual in ((columns.share, "share"), (columns.relation, "relation")))
    weights: dict[tuple[str, str], float] = {}
    relations: dict[tuple[str, str], str] = {}
    for number, cells in enumerate(table.rows):
        row = dict(zip(table.columns, cells, strict=True))
        targets = [code.strip() for code in row[target].split(_SEVERAL) if is_code(code)]
        if not is_code(row[source]) or not targets:
            continue
        weight = _number(row[share], table.place(number, share)) if share and row[share].strip() else 1.0
        for code in targets:
            pair = (row[source].strip(), code)
            weights[pair] = weights.get(pair, 0.0) + weight / len(targets)
            relations.setdefault(pair, row[relation].strip().casefold() if relation else "")
    if not weights:
        raise DataError("the table holds no pairs of codes", where=str(path), hint="check --from-column and --to-column")
    return with_shares(weights, relations)


def with_shares(weights: dict[tuple[str, str], float], relations: dict[tuple[str, str], str]) -> list[Map]:
    """Maps of weighted pairs: the shares of a source sum to one; a relation that is not known is told from the degrees."""
    degree, reached = Counter(source for source, _ in weights), Counter(target for _, target in weights)
    total: dict[str, float] = defaultdict(float)
    for (source, _), weight in weights.items():
        total[source] += weight
    maps = []
    for (source, target), weight in weights.items():
        given = relations.get((source, target), "")
        told = relation_of(degree[source], reached[target])
        part = weight / total[source] if total[source] else 1.0 / degree[source]
        maps.append(Map(source, target, next((name for name in _RELATIONS if name == given), told), part, 1.0))
    return maps


def relation_of(targets: int, sources: int) -> Relation:
    """The relation that the numbers of targets of the source and sources of the target tell."""
    if targets == 1:
        return "exact" if sources == 1 else "broad"
    return "narrow" if sources == 1 else "close"


def _ends(names: Sequence[str], columns: TableColumns, path: Path) -> tuple[str, str]:
    source = named_column(names, columns.source, option="--from-column") if columns.source else _usual(names, _SOURCES)
    target = named_column(names, columns.target, option="--to-column") if columns.target else _usual(names, _TARGETS)
    if source is None and target is None:
        pair = guess_code_pair(names) or ((names[0], names[1]) if len(names) == 2 else None)
        if pair:
            return pair
    if source is None or target is None:
        raise UsageError(
            "which columns are the two codes?", where=str(path), hint=f"give --from-column and --to-column; columns: {', '.join(names)}"
        )
    return source, target


def _found(names: Sequence[str], wanted: str | None, usual: str) -> str | None:
    return named_column(names, wanted, option=f"--{usual}-column") if wanted else _usual(names, (usual,))


def _usual(names: Sequence[str], usual: Sequence[str]) -> str | None:
    plain = {name.casefold().replace(" ", "_"): name for name in names}
    return next((plain[name] for name in usual if name in plain), None)


def _number(cell: str, where: str) -> float:
    try:
        value = float(cell.strip().rstrip("%").replace(",", "."))
    except ValueError:
        raise DataError(f"{cell!r} is no share", where=where, hint="shares are numbers such as 0.25") from None
    return max(value, 0.0)
