"""Official correspondences of earlier versions or neighbouring schemes: imported, a prior for the mapping, and a reason to look twice."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosswalk import places
from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import guess_code, named_column
from crosswalk.files.readers import read_table
from crosswalk.files.table import Table
from crosswalk.jobs.evaluation import known_code
from crosswalk.manifest import sha256_of, write_json
from crosswalk.model import Classification, Coding, Proposal, Run

DISAGREES = "the official table says"
"""Begins the reason of a map that an official table does not have."""

_TRUSTED = 4.0
"""How much more likely a code is where the official table lists it: a prior, to be outweighed by clear titles."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}\Z")


@dataclass(frozen=True)
class Official:
    """An official correspondence: unit groups of the target by source code."""

    name: str
    sha256: str
    targets: Mapping[str, frozenset[str]]


def import_correspondence(
    path: Path, name: str, classification: Classification, sheet: str | None, source: str | None, target: str | None
) -> tuple[Official, int]:
    """Read pairs of codes and keep them under a name; gives them, and how many rows had no unit group of the target.

    Raises UsageError for columns that cannot be told, DataError when no row has a pair.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"{name[:60]!r} cannot be a name", where="--scheme", hint="small letters, digits, '-' and '.', for instance soc-2010"
        )
    table = read_table(path, sheet=sheet)
    columns = _columns(table, source, target)
    found: dict[str, set[str]] = defaultdict(set)
    left = 0
    for row in table.rows:
        own, others = row[columns[0]].strip(), row[columns[1]].split("|")
        known = {code for other in others if (code := known_code(other.strip(), classification))}
        left += not known
        if own and known:
            found[own] |= known
    if not found:
        raise DataError("no row has a code of the target", where=str(path), hint="give --code-column and --target-column")
    official = Official(name, sha256_of(path)[:16], {code: frozenset(codes) for code, codes in found.items()})
    pairs = {code: sorted(codes) for code, codes in official.targets.items()}
    write_json(_file(name), {"sha256": official.sha256, "file": path.name, "targets": pairs})
    return official, left


def load_official(name: str) -> Official:
    """An imported correspondence. Raises UsageError, naming those there are, when it is not; DataError when it is damaged."""
    path = _file(name)
    if not _NAME.match(name) or not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json"))) or "none"
        raise UsageError(
            f"no correspondence {name[:60]!r} was imported", hint=f"crosswalk import correspondence FILE --scheme NAME; there are: {known}"
        )
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Official(name, str(raw["sha256"]), {code: frozenset(map(str, codes)) for code, codes in raw["targets"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the imported correspondence is damaged ({error!r})", where=str(path), hint="import its file again") from None


def official_of(run: Run) -> Mapping[str, frozenset[str]]:
    """The official targets by source code that a run was mapped with; none where it had no such table."""
    name = run.settings.get("official")
    return load_official(str(name)).targets if name else {}


def with_prior(coding: Coding, listed: frozenset[str]) -> Coding:
    """The coding with the codes an official table lists made more likely, probabilities still summing to one."""
    if not listed or coding.method != "model" or not coding.codes:
        return coding
    weights = [entry.probability * (_TRUSTED if entry.code in listed else 1.0) for entry in coding.codes]
    total = sum(weights) + coding.p_none
    entries = [replace(entry, probability=weight / total) for entry, weight in zip(coding.codes, weights, strict=True)]
    entries.sort(key=lambda entry: (-round(entry.probability, 6), entry.code))
    return replace(coding, codes=tuple(entries), p_none=coding.p_none / total)


def with_official_reason(proposal: Proposal, listed: frozenset[str]) -> Proposal:
    """The proposal with what the official table says of its item, where it says anything."""
    if not listed or proposal.kind not in ("map", "split", "new"):
        return proposal
    ours = {link.target_code for link in proposal.maps if link.target_code}
    said = ", ".join(sorted(listed))
    word = f"in the official table ({said})" if ours and ours <= listed else f"{DISAGREES} {said}"
    return replace(proposal, reasons=f"{proposal.reasons}; {word}")


def _columns(table: Table, source: str | None, target: str | None) -> tuple[int, int]:
    def isco(name: str) -> bool:
        return re.sub(r"\W|_", "", name.casefold()) in {"isco08", "isco08code", "ciuo08", "iscocode", "targetcode", "target"}

    goal = named_column(table.columns, target, option="--target-column") if target else next(filter(isco, table.columns), None)
    own = named_column(table.columns, source, option="--code-column") if source else guess_code([c for c in table.columns if c != goal])
    if goal is None or own is None or own == goal:
        raise UsageError("which column is the source's code, which the target's?", where=str(table.path),
                         hint=f"give --code-column and --target-column; columns: {', '.join(table.columns)}")  # fmt: skip
    return table.columns.index(own), table.columns.index(goal)


def _file(name: str) -> Path:
    return places.user_folder() / "correspondences" / f"{name}.json"
