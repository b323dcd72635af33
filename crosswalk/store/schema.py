"""Numbered migrations of the store. One is never edited after a release; a change is a new one.

Every table is STRICT and every code TEXT, so that no zero is ever lost.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("crosswalk")

NEWEST = "m002_answers"


@migrations(name="m001_runs")
def _runs(db: Database) -> None:
    """Runs; the rows of their input; codings by text; proposals and their maps."""
    for statement in (
        """CREATE TABLE runs (
            name TEXT PRIMARY KEY, job TEXT NOT NULL, fingerprint TEXT NOT NULL, settings TEXT NOT NULL,
            started TEXT NOT NULL, finished TEXT) STRICT""",
        """CREATE TABLE source_rows (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, row INTEGER NOT NULL,
            source_code TEXT NOT NULL, source_title TEXT NOT NULL, text_key TEXT NOT NULL, outcome TEXT NOT NULL,
            cells TEXT NOT NULL, PRIMARY KEY (run, row)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE texts (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, text_key TEXT NOT NULL,
            text TEXT NOT NULL, context TEXT NOT NULL, PRIMARY KEY (run, text_key)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE codings (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, text_key TEXT NOT NULL,
            method TEXT NOT NULL, note TEXT NOT NULL, p_none REAL NOT NULL, codes TEXT NOT NULL,
            PRIMARY KEY (run, text_key)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE proposals (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, position INTEGER NOT NULL,
            source_code TEXT NOT NULL, source_title TEXT NOT NULL, kind TEXT NOT NULL, reasons TEXT NOT NULL,
            titles INTEGER NOT NULL, kept TEXT NOT NULL, maps TEXT NOT NULL, PRIMARY KEY (run, position)) STRICT, WITHOUT ROWID""",
    ):
        db.execute(statement)


@migrations(name="m002_answers")
def _answers(db: Database) -> None:
    """Distinct answers of surveys and censuses with their codes; the queue is an index over those that wait for a person."""
    for statement in (
        """CREATE TABLE answers (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, text_key TEXT NOT NULL,
            text TEXT NOT NULL, context TEXT NOT NULL, frequency INTEGER NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('coded', 'review', 'no occupation', 'failed')),
            method TEXT NOT NULL, note TEXT NOT NULL, coarser TEXT NOT NULL, coarser_probability REAL NOT NULL,
            p_none REAL NOT NULL, codes TEXT NOT NULL, PRIMARY KEY (run, text_key)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX answers_queue ON answers (run, frequency DESC, text_key) WHERE status = 'review'",
    ):
        db.execute(statement)
