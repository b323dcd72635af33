"""What was found among job ads, kept with the run it came from: new index titles and new-occupation candidates."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosswalk.store import sqlite

CandidateKind = Literal["index title", "occupation"]


@dataclass(frozen=True, slots=True)
class KeptCandidate:
    """A proposal for the classification. ``key`` is that of its case in the queue; ``code`` the (nearest) group."""

    run: str
    key: str
    kind: CandidateKind
    name: str
    code: str
    titles: tuple[str, ...]
    ads: int
    growth: float | None
    languages: str
    why: str


class Candidates:
    """The candidates of a store: written once with their run, never changed; what became of them is in the log of decisions."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def save(self, kept: Iterable[KeptCandidate]) -> None:
        """Keep candidates; one that is there already stays as it is."""
        rows = [
            (c.run, c.key, c.kind, c.name, c.code, json.dumps(c.titles, ensure_ascii=False), c.ads, c.growth, c.languages, c.why)
            for c in kept
        ]
        with sqlite.writing(self._connection, self._path) as db:
            db.executemany("INSERT OR IGNORE INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def of(self, runs: Sequence[str]) -> list[KeptCandidate]:
        """The candidates of some runs, by run and key."""
        query = "SELECT run, key, kind, name, code, titles, ads, growth, languages, why FROM candidates WHERE run = ? ORDER BY key"
        with sqlite.reading(self._path):
            return [
                KeptCandidate(run, key, kind, name, code, tuple(json.loads(titles)), *more)
                for wanted in runs
                for run, key, kind, name, code, titles, *more in self._connection.execute(query, (wanted,))
            ]
