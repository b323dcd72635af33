"""The next version of a classification, made from what people accepted: its items, its new index titles, its change table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosswalk.errors import DataError, UsageError
from crosswalk.jobs.revision.changes import Change
from crosswalk.model import Classification, IndexTitle, Item
from crosswalk.store.candidates import KeptCandidate
from crosswalk.store.decision_rows import KeptDecision

Accepted = tuple[KeptCandidate, KeptDecision]

_TAKEN = ("accept", "amend", "new")


@dataclass(frozen=True)
class NewVersion:
    """A version ready to be released. ``titles`` are the index titles that are new in it; ``changes`` has a row for every item."""

    classification: Classification
    titles: tuple[IndexTitle, ...]
    changes: tuple[Change, ...]
    notes: Mapping[str, str]
    """Code of a new item -> the evidence it was accepted on."""


def next_version(
    base: Classification, scheme: str, version: str, decided: Sequence[Accepted], known: frozenset[str], codes: Mapping[str, str]
) -> NewVersion:
    """The base with what was accepted. ``known`` are texts in its book, not added again; ``codes`` gives new occupations theirs by name.

    Raises UsageError when nothing was accepted or a name in ``codes`` is none of the new occupations, DataError where no code is free.
    """
    taken = [entry for entry in decided if entry[1].action in _TAKEN]
    if not taken:
        raise UsageError("no proposal has been accepted yet", hint="crosswalk review RUN, where RUN was made by 'crosswalk discover'")
    created = [entry for entry in taken if entry[1].action == "new"]
    strange = set(codes) - {_name(entry) for entry in created}
    if strange:
        raise UsageError(
            f"no accepted occupation is called {min(strange)!r}", where="--code", hint="; ".join(map(_name, created)) or "there is none"
        )
    items, places = list(base.items), dict[str, str]()
    for entry in created:
        places[entry[0].key] = _add(items, entry, codes.get(_name(entry), ""))
    titles = [title for entry in taken for title in _titles(entry, places.get(entry[0].key) or entry[1].code) if title.text not in known]
    notes = {places[entry[0].key]: _evidence(entry) for entry in created}
    before = base.by_code
    changes = [
        Change(before.get(item.code), item, () if item.code in before else ("added",), notes.get(item.code, ""), item.code in before)
        for item in items
    ]
    unique = {(title.text.casefold(), title.code): title for title in reversed(titles)}
    return NewVersion(Classification(scheme, version, tuple(items)), tuple(reversed(unique.values())), tuple(changes), notes)


def _add(items: list[Item], entry: Accepted, wanted: str) -> str:
    """Put a new occupation among those of its group, by its code; gives the code."""
    candidate, _ = entry
    taken = {item.code: item for item in items}
    near = taken.get(candidate.code)
    if near is None:
        raise DataError(
            f"{_name(entry)!r} is nearest to {candidate.code!r}, which the classification does not have",
            hint="choose the scheme it was found with",
        )
    code = wanted or _free_code(near, taken, _name(entry))
    if code in taken:
        raise UsageError(f"the code {code!r} belongs to {taken[code].title!r}", where="--code", hint="give the new occupation another one")
    before = [place for place, item in enumerate(items) if item.parent == near.parent and item.level == near.level and item.code < code]
    items.insert(max(before, default=items.index(near) - 1) + 1, Item(code, _name(entry), near.level, near.parent))
    return code


def _free_code(near: Item, taken: Mapping[str, Item], name: str) -> str:
    """The first free code after those of the group: another last digit. 9 is left to "not elsewhere classified"."""
    for digit in "12345678":
        code = f"{near.code[:-1]}{digit}"
        if code not in taken and near.code[:-1] == (near.parent or near.code[:-1]):
            return code
    raise DataError(f"no code is free beside {near.code} {near.title} for {name!r}", hint=f"give one: --code '{name}=CODE'")


def _titles(entry: Accepted, code: str) -> list[IndexTitle]:
    candidate, decision = entry
    language = candidate.languages if candidate.languages.isalpha() else ""
    source = f"job ads, run {candidate.run}, accepted by {decision.coder} on {decision.time[:10]}"
    texts = dict.fromkeys(([decision.name] if decision.name else []) + list(candidate.titles))
    return [IndexTitle(text, code, language, source) for text in texts]


def _name(entry: Accepted) -> str:
    return entry[1].name or entry[0].name


def _evidence(entry: Accepted) -> str:
    candidate, decision = entry
    growth = f", {candidate.growth:.1f} times as many in the later half" if candidate.growth is not None else ""
    return f"{candidate.ads:,} job ads{growth}; {candidate.why}; accepted by {decision.coder} on {decision.time[:10]}"
