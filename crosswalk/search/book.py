"""The book of index titles as arrays: quick to open, small in memory, read-only."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosswalk.model import IndexTitle
from crosswalk.text import normalise

_KEPT_OPEN = 1 << 15  # a census meets the same titles again and again
_BLOB, _STARTS, _MARKS, _NAMES = "titles.txt", "title_starts.npy", "title_marks.npy", "title_names.json"


class Book:
    """Index titles by position. ``codes[i]`` is the position in ``code_names`` of title i's code."""

    def __init__(
        self, blob: bytes, starts: NDArray[np.int64], marks: NDArray[np.int32], names: tuple[list[str], list[str], list[str]]
    ) -> None:
        self._blob = blob
        self._starts = starts
        self._marks = marks
        self.code_names, self._languages, self._sources = names
        self._opened = lru_cache(_KEPT_OPEN)(self._open)

    @classmethod
    def of(cls, titles: Iterable[IndexTitle]) -> "Book":
        """A book of these titles; doubles (same text, code and language) are kept once, the first source wins."""
        kept = {(title.text, title.code, title.language): title for title in reversed(list(titles))}
        rows = list(reversed(kept.values()))
        columns = [[t.code for t in rows], [t.language for t in rows], [t.source for t in rows]]
        names = [sorted(set(column)) for column in columns]
        marks = np.array([_positions(column, known) for column, known in zip(columns, names, strict=True)], dtype=np.int32)
        encoded = [title.text.replace("\n", " ").encode() for title in rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(text) + 1 for text in encoded], out=starts[1:])
        blob = b"".join(text + b"\n" for text in encoded)
        return cls(blob, starts, marks.reshape(3, len(rows)), (names[0], names[1], names[2]))

    @classmethod
    def load(cls, folder: Path) -> "Book":
        """Open the book of an index folder (whose manifest has been verified)."""
        names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
        return cls(
            (folder / _BLOB).read_bytes(),
            np.load(folder / _STARTS, allow_pickle=False),
            np.load(folder / _MARKS, allow_pickle=False),
            (names[0], names[1], names[2]),
        )

    def save(self, folder: Path) -> None:
        """Write the book's files into an index folder."""
        (folder / _BLOB).write_bytes(self._blob)
        np.save(folder / _STARTS, self._starts)
        np.save(folder / _MARKS, self._marks)
        names = [self.code_names, self._languages, self._sources]
        (folder / _NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def codes(self) -> NDArray[np.int32]:
        """Shape (titles,): positions in ``code_names``."""
        codes: NDArray[np.int32] = self._marks[0]
        return codes

    def text(self, position: int) -> str:
        """One title's text."""
        return self._blob[self._starts[position] : self._starts[position + 1] - 1].decode()

    def texts(self) -> list[str]:
        """All titles in order."""
        return self._blob.decode().split("\n")[:-1]

    def title(self, position: int) -> IndexTitle:
        """One title with its code, language and source."""
        return self._opened(position)

    def _open(self, position: int) -> IndexTitle:
        code, language, source = self._marks[:, position].tolist()
        return IndexTitle(self.text(position), self.code_names[code], self._languages[language], self._sources[source])

    def normalised(self) -> list[str]:
        """All titles in the form in which they are compared."""
        return [normalise(text) for text in self.texts()]


def _positions(column: Sequence[str], known: Sequence[str]) -> list[int]:
    position = {name: place for place, name in enumerate(known)}
    return [position[value] for value in column]
