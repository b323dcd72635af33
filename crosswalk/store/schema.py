"""Numbered migrations of the store. One is never edited after a release; a change is a new one.

Every table is STRICT and every code TEXT, so that no zero is ever lost.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from crosswalk.store.words_apart import set_words_apart

migrations = Migrations("crosswalk")


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


@migrations(name="m003_decisions")
def _decisions(db: Database) -> None:
    """Cases that people decide, who holds which, and the log of decisions: appended to, chained by hashes, never changed."""
    for statement in (
        """CREATE TABLE cases (
            id INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(name), round TEXT NOT NULL, key TEXT NOT NULL,
            position INTEGER NOT NULL, text TEXT NOT NULL, fields TEXT NOT NULL, frequency INTEGER NOT NULL,
            proposed TEXT NOT NULL, codes TEXT NOT NULL, p_none REAL NOT NULL, method TEXT NOT NULL, note TEXT NOT NULL,
            coarser TEXT NOT NULL, automatic INTEGER NOT NULL, best TEXT NOT NULL, probability REAL NOT NULL,
            same_text TEXT NOT NULL, cluster TEXT NOT NULL, rank REAL NOT NULL, cluster_rank REAL NOT NULL, paired INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'deferred', 'done', 'automatic')),
            version INTEGER NOT NULL, decision INTEGER NOT NULL, coder TEXT NOT NULL, UNIQUE (run, round, key)) STRICT""",
        "CREATE INDEX cases_by_impact ON cases (run, state, rank, id, round, paired, probability, best, method, frequency)",
        "CREATE INDEX cases_by_cluster ON cases (run, state, cluster_rank, cluster, id, round, paired)",
        "CREATE INDEX cases_by_position ON cases (run, state, position, id, round, paired)",
        "CREATE INDEX cases_by_text ON cases (same_text, run)",
        """CREATE TABLE sessions (
            id TEXT PRIMARY KEY, coder TEXT NOT NULL, os_user TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
            started TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE leases (
            case_id INTEGER PRIMARY KEY REFERENCES cases(id), session TEXT NOT NULL REFERENCES sessions(id),
            coder TEXT NOT NULL, until REAL NOT NULL) STRICT""",
        "CREATE INDEX leases_by_session ON leases (session)",
        """CREATE TABLE decisions (
            seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(name), round TEXT NOT NULL, key TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action IN ('accept', 'amend', 'split', 'new', 'reject', 'defer', 'comment', 'undo')),
            codes TEXT NOT NULL, name TEXT NOT NULL, note TEXT NOT NULL, coder TEXT NOT NULL, os_user TEXT NOT NULL,
            time TEXT NOT NULL, seconds REAL NOT NULL, suggested INTEGER NOT NULL, against TEXT NOT NULL, after INTEGER NOT NULL,
            stale INTEGER NOT NULL, undoes INTEGER NOT NULL, bulk TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT""",
        "CREATE INDEX decisions_by_case ON decisions (run, key, seq)",
        "CREATE INDEX decisions_by_coder ON decisions (run, coder, seq)",
        "CREATE UNIQUE INDEX decisions_undone ON decisions (undoes) WHERE undoes > 0",
        """CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
            BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
        """CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions
            BEGIN SELECT RAISE(ABORT, 'decisions are never removed'); END""",
    ):
        db.execute(statement)


@migrations(name="m004_opinions")
def _opinions(db: Database) -> None:
    """What language models answered, by the hash of what was sent; which answer speaks of which text; batches under way."""
    for statement in (
        """CREATE TABLE llm_answers (
            request TEXT PRIMARY KEY, model TEXT NOT NULL, answered_by TEXT NOT NULL, prompt TEXT NOT NULL, outcome TEXT NOT NULL,
            choice TEXT NOT NULL, direct TEXT NOT NULL, better TEXT NOT NULL, said TEXT NOT NULL, tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL, cost REAL NOT NULL, seconds REAL NOT NULL, asked TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE llm_opinions (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, text_key TEXT NOT NULL, request TEXT NOT NULL,
            decides INTEGER NOT NULL, PRIMARY KEY (run, text_key)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE llm_batches (
            batch TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, model TEXT NOT NULL,
            submitted TEXT NOT NULL, collected TEXT) STRICT""",
    ):
        db.execute(statement)


@migrations(name="m005_candidates")
def _candidates(db: Database) -> None:
    """Proposals from job ads, with the run that found them, and the versions that were released."""
    for statement in (
        """CREATE TABLE candidates (
            run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, key TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('index title', 'occupation')), name TEXT NOT NULL, code TEXT NOT NULL,
            titles TEXT NOT NULL, ads INTEGER NOT NULL, growth REAL, languages TEXT NOT NULL, why TEXT NOT NULL,
            PRIMARY KEY (run, key)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE releases (
            seq INTEGER PRIMARY KEY, scheme TEXT NOT NULL UNIQUE, version TEXT NOT NULL, based_on TEXT NOT NULL, made TEXT NOT NULL,
            added TEXT NOT NULL) STRICT""",
    ):
        db.execute(statement)


@migrations(name="m006_erasures")
def _erasures(db: Database) -> None:
    """Answers that were erased: a log of its own, chained too. Of a decision the words alone may go, all of them and for good."""
    for statement in (
        "DROP TRIGGER decisions_stay /* postgres: ON decisions */",
        "ALTER TABLE decisions ADD COLUMN salt TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE decisions ADD COLUMN words TEXT NOT NULL DEFAULT ''",
    ):
        db.execute(statement)
    set_words_apart(db)
    for statement in (
        """CREATE TRIGGER decisions_stay BEFORE UPDATE OF seq, run, round, key, action, codes, coder, os_user, time, seconds, suggested,
            against, after, stale, undoes, bulk, hash, words ON decisions
            BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END""",
        """CREATE TRIGGER decisions_words_stay BEFORE UPDATE OF name, note, salt ON decisions
            WHEN (NEW.name <> '' OR NEW.note <> '' OR NEW.salt <> '')
            BEGIN SELECT RAISE(ABORT, 'what a coder wrote is never changed, only erased'); END""",
        """CREATE TABLE erasures (
            seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs(name), key TEXT NOT NULL, decisions TEXT NOT NULL,
            reason TEXT NOT NULL, coder TEXT NOT NULL, os_user TEXT NOT NULL, time TEXT NOT NULL, after INTEGER NOT NULL,
            hash TEXT NOT NULL UNIQUE) STRICT""",
        """CREATE TRIGGER erasures_stay BEFORE UPDATE ON erasures
            BEGIN SELECT RAISE(ABORT, 'erasures are never changed'); END""",
        """CREATE TRIGGER erasures_remain BEFORE DELETE ON erasures
            BEGIN SELECT RAISE(ABORT, 'erasures are never removed'); END""",
    ):
        db.execute(statement)
