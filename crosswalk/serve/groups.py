"""What there is to say of a group: its title in a language, its definition, its place, its neighbours, titles in the book."""

import csv
from collections import defaultdict

import numpy as np

from crosswalk import places
from crosswalk.coding.autocoder import Autocoder
from crosswalk.model import Item

_EXAMPLES = 12
_LEVELS = {4: ("Major group", "Sub-major group", "Minor group", "Unit group")}
"""Names of the levels, by their number, where the classification has those of ISCO."""


class Groups:
    """The groups of an open Autocoder."""

    def __init__(self, coder: Autocoder) -> None:
        self.classification = coder.classification
        self._book = coder.retriever.book
        self._titles = _titles_by_language() if coder.classification.scheme == "isco-08" else {}
        self._children: dict[str | None, list[Item]] = defaultdict(list)
        for item in self.classification.items:
            self._children[item.parent].append(item)

    @property
    def languages(self) -> list[str]:
        """Languages there are titles in, English first."""
        return ["en", *sorted(set(self._titles) - {"en"})]

    def title(self, code: str, language: str = "en") -> str:
        """The title of a code in a language, else as the classification has it."""
        return self._titles.get(language, {}).get(code) or self.classification.title(code)

    def level_name(self, level: int) -> str:
        """What a level is called."""
        names = _LEVELS.get(self.classification.depth)
        return names[level - 1] if names else f"Level {level}"

    def examples(self, code: str, language: str = "") -> list[str]:
        """Some of the book's titles of a unit group, those in the language first."""
        if code not in self._book.code_names:
            return []
        found = np.flatnonzero(self._book.codes == self._book.code_names.index(code))[:2000]
        titles = [self._book.title(int(position)) for position in found]
        titles.sort(key=lambda title: (title.language != language, title.language not in ("", "en")))
        return list(dict.fromkeys(title.text for title in titles))[:_EXAMPLES]

    def facts(self, code: str, language: str = "en") -> dict[str, object]:
        """All of it, as JSON has it. Raises KeyError for a code the classification lacks."""
        item = self.classification.by_code[code]
        beside = [other for other in self._children[item.parent] if other.code != code] if item.parent else []
        return {
            **self._named(item, language),
            "level": item.level,
            "level_name": self.level_name(item.level),
            "definition": item.notes,
            "above": [self._named(self.classification.by_code[parent], language) for parent in self.classification.ancestors(code)],
            "below": [self._named(child, language) for child in self._children[code]],
            "neighbours": [self._named(other, language) for other in beside],
            "examples": self.examples(code, language),
        }

    def _named(self, item: Item, language: str) -> dict[str, str]:
        return {"code": item.code, "title": self.title(item.code, language)}


def _titles_by_language() -> dict[str, dict[str, str]]:
    """The shipped titles of ISCO-08; where a language has several for a group, the first."""
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    with places.shipped("data", "isco-08", "titles.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            titles[row["language"]].setdefault(row["code"], row["title"])
    return dict(titles)
