"""Answers that do not say enough: the coarser group that is sure all the same, and the fact that would decide."""

import re
from collections.abc import Mapping
from functools import lru_cache

from crosswalk.model import Classification, CodeProbability, Coding
from crosswalk.text import fold

NEARLY_EQUAL = 0.8
"""The second code is as good as the first when its probability is at least this part of the first's."""

_WORTH_ASKING = 0.1
_STEM = 4
_NO_CONTENT = frozenset(["and", "or", "of", "the", "in", "for", "not", "elsewhere", "classified", "other", "related", "workers"])
_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*")

# What separates groups of one field of work (their titles share the beginning of a word) where one has one of these words:
# the lines ISCO-08 itself draws, by skill level, management and ownership.
_FACTS = {
    "managers": "whether the person manages the unit (plans, staff, budget) or does its work",
    "supervisors": "whether the person supervises other workers",
    "supervisor": "whether the person supervises other workers",
    "shopkeepers": "whether the person runs the shop on own account",
    "subsistence": "whether the produce is mainly for the household's own use or for sale",
    "associate": "whether the job needs a professional's full training",
    "assistants": "whether the person assists or is in charge of the work",
    "labourers": "whether the work is simple and manual or needs a trade",
    "helpers": "whether the work is simple and manual or needs a trade",
}

Above = Mapping[str, tuple[tuple[str, int], ...]]
"""For each unit group its groups above, with their levels."""


def groups_above(classification: Classification) -> dict[str, tuple[tuple[str, int], ...]]:
    """The minor, sub-major and major group of every unit group (whatever the levels are called)."""
    items = classification.by_code
    return {
        unit.code: tuple((code, items[code].level) for code in classification.ancestors(unit.code)) for unit in classification.unit_groups
    }


def settled(coding: Coding, threshold: float, above: Above, classification: Classification) -> Coding:
    """The coding as it goes out: what the model is not sure enough of gets method "review", with what is sure and what would decide."""
    if coding.method not in ("model", "rule") or (coding.codes and is_sure(coding.codes[0].probability, threshold)):
        return coding
    note = "; ".join(part for part in (coding.note, _reason(coding), deciding_fact(coding, classification)) if part)
    return Coding(coding.query, coding.codes, coding.p_none, "review", note, coarser(coding, threshold, above))


def is_sure(probability: float, threshold: float) -> bool:
    """Whether a probability reaches the threshold, at the six digits that are kept of it."""
    return round(probability, 6) >= round(threshold, 6)


def coarser(coding: Coding, threshold: float, above: Above) -> CodeProbability | None:
    """The finest group that reaches the threshold: a group's probability is the sum of its unit groups'."""
    least = round(threshold, 6)
    if round(_largest_top(coding, above), 6) < least:
        return None
    sums: dict[tuple[str, int], float] = {}
    for entry in coding.codes:
        for group in above.get(entry.code, ()):
            sums[group] = sums.get(group, 0.0) + entry.probability
    reached = [(-level, -round(probability, 6), code) for (code, level), probability in sums.items() if round(probability, 6) >= least]
    if not reached:
        return None
    level, _, code = min(reached)
    return CodeProbability(code, sums[code, -level])


def _largest_top(coding: Coding, above: Above) -> float:
    """What the likeliest of the highest groups has: no group below has more."""
    sums: dict[str, float] = {}
    for entry in coding.codes:
        groups = above.get(entry.code)
        if groups:
            top = groups[-1][0]
            sums[top] = sums.get(top, 0.0) + entry.probability
    return max(sums.values(), default=0.0)


def deciding_fact(coding: Coding, classification: Classification) -> str:
    """Where the two best codes are nearly equal: which fact would decide, from the words that separate their groups; else blank."""
    if len(coding.codes) < 2:
        return ""
    first, second = coding.codes[:2]
    if second.probability < max(_WORTH_ASKING, NEARLY_EQUAL * first.probability):
        return ""
    fact = _difference(classification.title(first.code), classification.title(second.code))
    return f"{first.code} or {second.code}? It depends on {fact}" if fact else ""


def _reason(coding: Coding) -> str:
    if not coding.codes or coding.p_none > coding.codes[0].probability:
        return "" if coding.note else "no code is near enough"
    return ""


def _difference(title: str, other: str) -> str:
    """What separates two groups, in words: a line ISCO draws itself within one field of work, else the words that only one title has."""
    first, second = _content(title), _content(other)
    only_first = [word for word in first if word not in second]
    only_second = [word for word in second if word not in first]
    if {word[:_STEM] for word in first} & {word[:_STEM] for word in second}:
        known = next((_FACTS[word] for word in (*only_first, *only_second) if word in _FACTS), None)
        if known:
            return known
    if only_first and only_second:
        return f"whether it is about {' '.join(only_first)!r} or {' '.join(only_second)!r}"
    apart = only_first or only_second
    return f"whether it is about {' '.join(apart)!r}" if apart else ""


@lru_cache(maxsize=4096)
def _content(title: str) -> tuple[str, ...]:
    """The words of a group's title that carry its meaning, in their order."""
    words = _WORD.findall(fold(title.casefold()))
    return tuple(word for word in words if word not in _NO_CONTENT)
