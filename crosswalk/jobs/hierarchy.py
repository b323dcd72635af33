"""Which codes of a file are groups of its other codes: believed only where the whole file looks like a classification.

"1" stands before "11" in a classification, but also before "10" in a file whose rows are merely numbered. An item taken
as a group is not mapped, so a wrong guess would lose it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from crosswalk.text import is_code

_NUMBERED = re.compile(r"(.*?)([1-9]\d*)\Z")
_MOST = 0.8
_HALF = 0.5


def groups(codes: Iterable[str]) -> set[str]:
    """Codes of items that have items below them ("21" where "2111" stands in the file), given in the order of the file.

    A group is listed before its children, and they have one length and shape. Half of the file's codes must take part, and either
    the children follow their group or nearly every shorter code is a group; codes that merely count have no groups.
    """
    listed = list(dict.fromkeys(code for code in codes if is_code(code)))
    children = _children(listed)
    place = {code: number for number, code in enumerate(listed)}
    found = {
        code
        for code, below in children.items()
        if code.isalnum() and len({_shape(code, child) for child in below}) == 1 and place[code] < min(place[child] for child in below)
    }
    part = found.union(*(children[code] for code in found))
    if not found or len(part) < _HALF * len(listed) or _is_numbering(listed):
        return set()
    followed = sum(place[code] + 1 == min(place[child] for child in children[code]) for code in found)
    return found if followed >= _MOST * len(found) or _shorter_codes_are_groups(listed, found) else set()


def parents_of(codes: Iterable[str]) -> dict[str, str]:
    """The parent of every code that has one among the groups of the file."""
    listed = list(dict.fromkeys(codes))
    found = groups(listed)
    children = _children(listed)
    return {child: group for group in found for child in children[group]}


def families(codes: Iterable[str]) -> dict[str, str]:
    """The family of every code that may have siblings: its group in the file, else its code without the last sign.

    Rows that are merely numbered have none.
    """
    listed = list(dict.fromkeys(codes))
    parents = parents_of(listed)
    if not parents and _is_numbering(listed):
        return {}
    return {code: family for code in listed if (family := parents.get(code) or code[:-1].rstrip("-./ "))}


def _shape(code: str, child: str) -> tuple[int, bool]:
    """What the children of one group have in common: their length, and whether a point or dash stands before their own part."""
    return len(child), child[len(code)].isalnum()


def _children(listed: Sequence[str]) -> Mapping[str, list[str]]:
    """Codes directly below each code: those of which it is the longest beginning."""
    known = set(listed)
    children: dict[str, list[str]] = defaultdict(list)
    for code in listed:
        parent = next((code[:length] for length in range(len(code) - 1, 0, -1) if code[:length] in known), None)
        if parent is not None:
            children[parent].append(code)
    return children


def _shorter_codes_are_groups(listed: Sequence[str], found: set[str]) -> bool:
    """Level after level: nearly every code as long as a group is one."""
    lengths = {len(code) for code in found}
    alike = [code for code in listed if len(code) in lengths]
    longest = max(map(len, listed))
    return longest not in lengths and len(found) >= _MOST * len(alike)


def _is_numbering(listed: Sequence[str]) -> bool:
    """Whether the codes count: 8, 9, 10, 11 (with or without letters before them) and hardly a number left out."""
    by_prefix: dict[str, set[int]] = defaultdict(set)
    for code in listed:
        match = _NUMBERED.match(code)
        if match is None or len(match.group(2)) > 18:
            return False
        by_prefix[match.group(1)].add(int(match.group(2)))
    span = sum(max(numbers) - min(numbers) + 1 for numbers in by_prefix.values())
    crosses = any({10**k - 1, 10**k} <= numbers for numbers in by_prefix.values() for k in range(1, 7))
    return crosses and len(listed) >= _MOST * span
