"""The codes of a scheme for a person who looks for one: by code, by words of a title in any imported language, or down the tree."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from crosswalk import manifest
from crosswalk.coding.autocoder import find_index
from crosswalk.model import Classification, Item
from crosswalk.search.book import Book
from crosswalk.search.groups import load_classification
from crosswalk.text import fold, one_line

_TITLES_LOOKED_AT = 3000
_SECTION = re.compile(r"(?:^|\n\n)([^\n:]{2,40}): ")


@dataclass(frozen=True, slots=True)
class CodeHit:
    """A code that was found, with the index title that matched (blank where the group's own title or code did)."""

    code: str
    title: str
    matched: str = ""
    language: str = ""


class CodeBook:
    """A classification with its index titles, opened for reading. The titles are prepared when the first word is searched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.classification: Classification = load_classification(folder)

    @classmethod
    def open(cls, scheme: str | Path = "isco-08") -> "CodeBook":
        """Open a scheme by name or folder. Raises IndexFolderError when it is missing or damaged."""
        folder = find_index(scheme)
        manifest.verify(folder, manifest.read(folder))
        return cls(folder)

    @cached_property
    def _book(self) -> Book:
        return Book.load(self._folder)

    @cached_property
    def _titles(self) -> tuple[str, list[int]]:
        """All index titles folded, one a line, and where each line begins."""
        lines = [fold(line) for line in "\n".join(self._book.texts()).casefold().split("\n")]
        return "\n".join(lines), [0, *accumulate(len(line) + 1 for line in lines)]

    def prepare(self) -> None:
        """Make the titles ready to be searched, for a thread to do in advance."""
        self._titles  # noqa: B018

    def search(self, words: str, most: int = 60) -> list[CodeHit]:
        """Codes for what was typed so far, the nearest first: a code's beginning, or words (and beginnings of words) of titles."""
        typed = fold(words.casefold()).split()
        if not typed:
            return []
        if len(typed) == 1 and any(item.code.startswith(typed[0]) for item in self.classification.items):
            found = [item for item in self.classification.items if item.code.startswith(typed[0])]
            return [CodeHit(item.code, item.title) for item in sorted(found, key=lambda item: (item.level, item.code))][:most]
        groups = ((_nearness(fold(item.title.casefold()), typed), CodeHit(item.code, item.title)) for item in self.classification.items)
        ranked = [*((near, hit) for near, hit in groups if near is not None), *self._by_title(typed)]
        best: dict[str, CodeHit] = {}
        for _, hit in sorted(ranked, key=lambda entry: (entry[0], len(entry[1].matched), entry[1].code)):
            best.setdefault(hit.code, hit)
        return list(best.values())[:most]

    def _by_title(self, typed: list[str]) -> Iterator[tuple[int, CodeHit]]:
        text, starts = self._titles
        longest = max(typed, key=len)
        place, looked_at = text.find(longest), 0
        while place >= 0 and looked_at < _TITLES_LOOKED_AT:
            number = bisect_right(starts, place) - 1
            near = _nearness(text[starts[number] : starts[number + 1] - 1], typed)
            if near is not None:
                title = self._book.title(number)
                yield near, CodeHit(title.code, self.classification.title(title.code), one_line(title.text), title.language)
            looked_at += 1
            place = text.find(longest, starts[number + 1])

    def children(self, code: str = "") -> list[Item]:
        """Items directly below a code; the top level for a blank one."""
        return [item for item in self.classification.items if (item.parent or "") == code]

    def path(self, code: str) -> list[Item]:
        """The item's groups from the top down to itself."""
        known = self.classification.by_code
        return [known[above] for above in [*reversed(self.classification.ancestors(code)), code] if above in known]

    def sections(self, code: str) -> list[tuple[str, str]]:
        """What the imported book says of a code, as (heading, text): definition, tasks, included, excluded occupations."""
        item = self.classification.by_code.get(code)
        parts = _SECTION.split(item.notes) if item else []
        opening = [("", parts[0].strip())] if parts and parts[0].strip() else []
        return opening + [(heading, text.strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)]


def _nearness(text: str, typed: list[str]) -> int | None:
    """0 the very words, 1 they begin it, 2 every word begins a word, 3 they stand somewhere; None where one is missing."""
    if not all(word in text for word in typed):
        return None
    whole = " ".join(typed)
    if text == whole:
        return 0
    if text.startswith(whole):
        return 1
    words = f" {re.sub(r'[^0-9a-z]+', ' ', text) if text.isascii() else text}"
    return 2 if all(f" {word}" in words for word in typed) else 3
