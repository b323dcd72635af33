import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from crosswalk.errors import StoreError, UsageError
from crosswalk.model import Candidate, CodeProbability, Coding, IndexTitle, Query
from crosswalk.store import sqlite
from crosswalk.store.store import SourceRow, Store
from tests.promises import promise


def begin(store: Store, name: str = "r", fingerprint: str = "f", **settings: object) -> bool:
    rows = [
        SourceRow(0, "0110", "officer", "k1", {"code": "0110", "title": "officer"}),
        SourceRow(1, "2", "cook", "k2", {"code": "2", "title": "cook"}),
    ]
    return store.begin_run(
        name, "map", fingerprint, settings, rows, {"k1": Query("officer"), "k2": Query("cook", context={"ind": "hotel"})}
    )


def coding(text: str) -> Coding:
    candidate = Candidate("5120", IndexTitle("cook", "5120", "en", "starter book"), {"exact": 1.0})
    return Coding(Query(text), (CodeProbability("5120", 0.75, candidate),), 0.25)


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        assert begin(store) is False
        assert [key for key, _ in store.uncoded("r")] == ["k1", "k2"]
        store.save_codings("r", [("k2", coding("cook"))])
    with Store(tmp_path / "s.db") as store:
        assert [key for key, _ in store.uncoded("r")] == ["k1"]
        kept = store.codings("r")["k2"]
        assert kept.best.code == "5120"
        assert kept.best.candidate is not None
        assert kept.best.candidate.matched.text == "cook"
        assert kept.query.context == {"ind": "hotel"}
        assert [row.source_code for row in store.source_rows("r")] == ["0110", "2"]


def test_a_run_of_the_same_name_is_taken_up_or_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        begin(store, index="a")
        assert begin(store, index="a") is True
        with pytest.raises(UsageError, match="index was 'a', is 'b'"):
            begin(store, fingerprint="g", index="b")


@promise("B4", "a piece of work that is done twice is kept once")
def test_the_first_coding_of_a_text_stays(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        begin(store)
        store.save_codings("r", [("k1", coding("a"))])
        store.save_codings("r", [("k1", Coding(Query("a"), (), 1.0))])
        assert store.codings("r")["k1"].best.code == "5120"


@promise("S14", "rows that come from a source that fails half way are kept all or not at all")
@promise("B3")
def test_a_broken_transaction_leaves_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        with pytest.raises(ZeroDivisionError), sqlite.writing(store._connection, store.path) as db:
            db.execute("INSERT INTO runs VALUES ('x', 'map', 'f', '{}', '', NULL)")
            raise ZeroDivisionError
        assert store.runs() == []


@promise("S16", "codes are text in every table, so that no zero is lost")
@promise("S2")
def test_every_table_is_strict_and_durable(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        db = store._connection
        tables = db.execute(
            "SELECT DISTINCT strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND name <> '_sqlite_migrations'"
        )
        assert {strict for (strict,) in tables} == {1}
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert (tmp_path / "s.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"this is no database, only a text of some length" * 40, b"x"])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.db").write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "s.db")
    assert "--store" in caught.value.hint
    assert (tmp_path / "s.db").read_bytes() == content


@promise("S13", "a store of a newer version is refused and left as it was, one of an older version is brought up to date")
@promise("S19", "of two versions on one store the older is told, and writes nothing")
def test_a_store_of_a_newer_crosswalk_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        store._connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('crosswalk', 'm999_later', '')")
    with pytest.raises(StoreError, match="newer crosswalk"):
        Store(tmp_path / "s.db")


def _write_many(path: Path, worker: int) -> None:
    with Store(path) as store:
        for number in range(20):
            begin(store, name=f"{worker}-{number}")


@promise("S5")
def test_several_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_write_many, args=(tmp_path / "s.db", worker)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with Store(tmp_path / "s.db") as store:
        assert len(store.runs()) == 80
    assert sqlite3.connect(tmp_path / "s.db").execute("PRAGMA integrity_check").fetchone()[0] == "ok"
