"""Which items of the old version went into which of the new, whole or in part, and how that is known."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crosswalk.jobs.revision.editions import Edition
from crosswalk.jobs.revision.successors import Successors

_SHARED_LEAST, _SHARE_LEAST = 2, 0.05
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Link:
    """Part of an old item that is in a new one. ``continues``: the old item lives on as the new one; ``why`` in words."""

    old: str
    new: str
    continues: bool
    why: str


def find_links(old: Edition, new: Edition) -> list[Link]:
    """Links between two versions, from what is in them, in the order of the old one."""
    successors = Successors(old, new)
    shared = _shared_titles(old, new)
    for (one, other), (count, total) in sorted(shared.items(), key=lambda entry: (-entry[1][0], entry[0])):
        if count > _MOST * total and not old.has_identifiers:
            successors.take(one, other, "")
    links = {(one, other): Link(one, other, True, why) for one, (other, why) in successors.of.items()}
    for pair, (count, total) in shared.items():
        why = f"{count} of {total} index titles"
        before = links.get(pair)
        links[pair] = replace(before, why="; ".join(filter(None, (before.why, why)))) if before else Link(*pair, False, why)
    return _in_order(links.values(), old)


def links_of_table(pairs: Iterable[tuple[str, str]], old: Edition, new: Edition) -> list[Link]:
    """The links of a correspondence table; which of them are continuations is told from codes and titles."""
    wanted = list(dict.fromkeys(pairs))
    known = Successors(old, new, among=set(wanted)).of
    out, into = Counter(one for one, _ in wanted), Counter(other for _, other in wanted)
    found = []
    for one, other in wanted:
        if known.get(one, ("", ""))[0] == other:
            found.append(Link(one, other, True, f"in the table; {known[one][1]}"))
        else:
            found.append(Link(one, other, out[one] == 1 and into[other] == 1, "in the table"))
    return _in_order(found, old)


def _shared_titles(old: Edition, new: Edition) -> dict[tuple[str, str], tuple[int, int]]:
    """(old, new) -> (index titles of the old item that are now the new one's, index titles of the old item that are in the new version).

    Only titles that belong to one item in each version say that something went from here to there.
    """
    before, after = _homes(old), _homes(new)
    moved = [(code, after[title]) for title, code in before.items() if title in after]
    total = Counter(code for code, _ in moved)
    return {
        pair: (count, total[pair[0]])
        for pair, count in Counter(moved).items()
        if count >= _SHARED_LEAST and count >= _SHARE_LEAST * total[pair[0]]
    }


def _homes(edition: Edition) -> dict[str, str]:
    """Title -> its code, for titles (the items' own too) that have only one."""
    homes: dict[str, set[str]] = defaultdict(set)
    for code, titles in edition.titles.items():
        for title in titles:
            homes[title].add(code)
    for code, form in edition.forms().items():
        homes[form].add(code)
    return {title: min(codes) for title, codes in homes.items() if len(codes) == 1}


def _in_order(links: Iterable[Link], old: Edition) -> list[Link]:
    place = {item.code: number for number, item in enumerate(old.items)}
    return sorted(links, key=lambda link: (place.get(link.old, len(place)), not link.continues, link.new))
