"""The store in PostgreSQL: the tests of SQLite's store again, on a real server; then what only a server can go through."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crosswalk.errors import StoreError, UsageError
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare, Query
from crosswalk.store import dialect, postgres, schema
from crosswalk.store.answers import KeptAnswer, KeptCode
from crosswalk.store.erasing import Wanted
from crosswalk.store.store import Store
from crosswalk.store.verifying import verify_store
from tests import test_review_queue, test_store
from tests.conftest import ROOT, Run
from tests.planted import CANARY
from tests.postgres_server import Server, needs_postgres, running_server
from tests.promises import promise
from tests.test_erase import erased, older_store, planted_store

pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
pytestmark = needs_postgres

_OF_SQLITE_ALONE = {
    "test_a_broken_transaction_leaves_nothing",  # looks into sqlite3 itself; its like is below
    "test_every_table_is_strict_and_durable",
    "test_a_file_that_is_no_store_is_refused",
    "test_a_store_of_a_newer_crosswalk_is_left_alone",
    "test_several_processes_write_at_once_and_nothing_is_lost",  # processes of their own open a path; their likes are below
    "test_the_case_of_a_dead_session_is_free_again",
    "test_a_log_that_was_changed_is_found_out",
    "test_two_processes_make_a_thousand_decisions_none_lost_none_doubled",
    "test_killed_between_keys_nothing_that_was_acknowledged_is_lost",
    "test_a_coded_file_fills_the_queue",
    "test_a_mapped_classification_fills_the_queue",
    "test_the_first_answer_of_an_item_is_the_one_that_its_table_proposes",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def address(server: Server) -> str:
    return server.address()


@pytest.fixture
def files_are_databases(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests of SQLite's store open as a file is a database of the server, the same one for the same file."""
    known: dict[Path, str] = {}

    def connect(path: Path) -> postgres.Connection:
        path.touch()
        if path not in known:
            known[path] = server.address()
        return postgres.connect(known[path])

    monkeypatch.setattr("crosswalk.store.sqlite.connect", connect)


class _SameTests:
    """Filled below with the tests of the store and of the queue."""

    pytestmark = pytest.mark.usefixtures("files_are_databases")


for _module in (test_store, test_review_queue):
    for _name, _test in vars(_module).items():
        if _name.startswith("test_") and _name not in _OF_SQLITE_ALONE:
            setattr(_SameTests, _name, staticmethod(_test))


class TestAsInSqlite(_SameTests):
    """The same statements, the same answers."""


def filled(address: str, count: int) -> None:
    with Store(address) as store:
        store.begin_run("r", "code", "f", {"file": "x"}, (), {"k": Query("x", context={"a": "Ä 100 %"})})
        store.cases.fill(
            [new_case("r", f"k{n}", f"answer {n}", [KeptCode("5120", 0.5, "cook")], [CodeShare("5120")], position=n) for n in range(count)]
        )
        store.cases.rank_clusters("r")


@contextmanager
def coders(address: str, count: int, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that decide, what was acknowledged to each in a file of its own; none is left behind."""
    running = [
        subprocess.Popen([sys.executable, "-m", "tests.postgres_coder", address, f"coder{number}", "240"], cwd=ROOT,
                         stdout=(folder / f"{number}.txt").open("wb"), stderr=(folder / f"{number}.log").open("wb"))
        for number in range(count)
    ]  # fmt: skip
    try:
        yield running
    finally:
        for coder in running:
            coder.kill()


def acknowledged(folder: Path) -> list[tuple[int, str, bool]]:
    lines = [line.split() for path in folder.glob("*.txt") for line in path.read_text().splitlines()]
    return [(int(seq), key, stale == "1") for seq, key, stale in lines]


@promise("W7", "many coders at one PostgreSQL store: no case twice, none lost")
def test_coders_at_once_lose_nothing_and_double_nothing(address: str, tmp_path: Path) -> None:
    filled(address, 200)
    with coders(address, 5, tmp_path) as running:
        assert [coder.wait(240) for coder in running] == [0] * 5
    with Store(address) as store:
        log = list(store.decisions.log("r"))
        assert len(log) == len({decision.key for decision in log}) == 200
        assert store.decisions.verify() == 200
        assert not any(decision.stale for decision in log)
        assert store.cases.held("r") == []
    assert sorted((seq, key) for seq, key, _ in acknowledged(tmp_path)) == [(decision.seq, decision.key) for decision in log]


def test_the_server_is_killed_and_what_was_acknowledged_is_there(server: Server, address: str, tmp_path: Path) -> None:
    filled(address, 200)
    with coders(address, 4, tmp_path) as running:
        while len(acknowledged(tmp_path)) < 40:
            time.sleep(0.05)
            assert all(coder.poll() in (None, 0) for coder in running)
        server.kill()
        time.sleep(0.5)
        server.start()
        assert [coder.wait(240) for coder in running] == [0] * 4
    with Store(address) as store:
        log = {decision.seq: decision for decision in store.decisions.log("r")}
        assert store.decisions.verify() == len(log)
        for seq, key, stale in acknowledged(tmp_path):
            assert (log[seq].key, log[seq].stale) == (key, stale)
        in_force = [decision.key for decision in log.values() if not decision.stale]
        assert len(in_force) == len(set(in_force)) == 200
        assert store.cases.states("r") == {("review", "done"): 200}


def test_a_case_that_another_is_taking_is_passed_over(address: str) -> None:
    filled(address, 3)
    with Store(address) as one, Store(address) as two, ReviewQueue(one, "r", "anna") as anna, ReviewQueue(two, "r", "bert") as bert:
        first = anna.page(1)[0]
        db = one.connection
        db.execute(postgres.LEASING)
        db.execute("SELECT 1 FROM cases WHERE id = ? /* postgres: FOR UPDATE */", (first.id,))
        taken: list[object] = []
        thread = threading.Thread(target=lambda: taken.append(bert.next()))
        thread.start()
        thread.join(20)  # the row is locked still: who waited for it would wait for ever
        db.execute("ROLLBACK")
        thread.join()
        assert taken[0].id != first.id  # type: ignore[attr-defined]
        assert anna.next().id == first.id  # type: ignore[union-attr]


@promise("W8", "the case of a worker that died goes to another")
def test_a_lease_that_ran_out_goes_to_another(address: str) -> None:
    filled(address, 1)
    with Store(address) as store:
        gone = ReviewQueue(store, "r", "gone")
        case = gone.next()
        assert case is not None
        with ReviewQueue(store, "r", "bert") as bert:
            assert bert.next() is None
            store.connection.execute("UPDATE leases SET until = 1")
            found = bert.next()
            assert found is not None
            assert found.id == case.id
            assert gone.decide(case, gone.accept(case), seconds=1).holder == "bert"


def test_the_log_stays_as_it_was_written(address: str) -> None:
    filled(address, 2)
    with Store(address) as store, ReviewQueue(store, "r", "anna") as queue:
        case = queue.next()
        assert case is not None
        queue.decide(case, queue.accept(case), seconds=1)
        for statement in ("UPDATE decisions SET note = 'x'", "DELETE FROM decisions", "TRUNCATE decisions"):
            with pytest.raises(StoreError, match="never"):
                store.connection.execute(statement)
        with pytest.raises(ZeroDivisionError):
            _break_off(store)
        assert store.runs()[0].name == "r"


def _break_off(store: Store) -> None:
    from crosswalk.store import sqlite

    with sqlite.writing(store.connection, store.path) as db:
        db.execute("UPDATE runs SET name = 'x' WHERE name = 'none'")
        db.execute("INSERT INTO runs VALUES ('x', 'map', 'f', '{}', '', NULL)")
        raise ZeroDivisionError


def test_answers_are_kept_once_and_failed_ones_tried_again(address: str) -> None:
    answer = KeptAnswer("k", "cook", "{}", 3, "failed", "review", "", "", 0.0, 1.0, "[]")
    with Store(address) as store:
        store.begin_run("r", "code", "f", {}, (), {})
        store.save_answers("r", [answer])
        assert store.answers_done("r") == set()
        store.save_answers("r", [answer._replace(status="coded", method="model")])
        store.save_answers("r", [answer._replace(status="review")])
        assert [kept.status for kept in store.answers("r")] == ["coded"]


@promise("W9", "a server set to lose acknowledged decisions is refused")
def test_a_newer_store_and_unsafe_servers_are_refused(server: Server, address: str) -> None:
    with Store(address) as store:
        store.connection.execute("INSERT INTO crosswalk_migrations VALUES ('m999_later', '')")
    with pytest.raises(StoreError, match="newer crosswalk"):
        Store(address)
    with pytest.raises(StoreError, match="cannot be reached"):
        Store("postgresql://coder:secret-word@127.0.0.1:9/none")


def test_passwords_are_never_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Store("postgresql://coder:secret-word@127.0.0.1:9/none")
    assert "secret-word" not in f"{caught.value} {caught.value.hint}"
    assert postgres.shown("postgresql:///x?host=/tmp&password=abc&user=b") == "postgresql:///x?host=/tmp&password=***&user=b"


def test_processes_open_a_new_database_at_once(address: str) -> None:
    command = [sys.executable, "-c", "import sys; from crosswalk.store.store import Store; Store(sys.argv[1])", address]
    openers = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [opener.wait(240) for opener in openers] == [0] * 3


def test_a_store_is_copied_there_and_back_without_loss(address: str, crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n11,Bus driver\n12,Registered Nurse\n", encoding="utf-8")
    crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "a.db", "--run", "m")
    with Store(tmp_path / "a.db") as store, ReviewQueue(store, "m", "anna") as queue:
        for _ in range(2):
            case = queue.next()
            assert case is not None
            queue.decide(case, queue.accept(case), seconds=1.5)
        queue.undo()
    crosswalk("store", "copy", tmp_path / "a.db", address)
    assert "not empty" in crosswalk("store", "copy", tmp_path / "a.db", address, code=2).stderr
    crosswalk("store", "copy", address, tmp_path / "b.db")
    assert whole(tmp_path / "a.db") == whole(address) == whole(tmp_path / "b.db")
    with Store(address) as store, ReviewQueue(store, "m", "bert") as queue:
        case = queue.next()
        assert case is not None
        queue.decide(case, queue.accept(case), seconds=1)
        assert store.decisions.verify() == 4
        store.cases.fill([new_case("m", "new", "new", [], [])])


def whole(place: Path | str) -> dict[str, list[tuple[object, ...]]]:
    from crosswalk.store.copying import _tables

    with Store(place) as store:
        return {name: sorted(map(tuple, store.connection.execute("SELECT * FROM " + name)), key=repr) for name in _tables(store)}


def test_map_code_runs_and_export_work_on_it(address: str, crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n11,Bus driver\n12,Registered Nurse\n", encoding="utf-8")
    crosswalk("map", tmp_path / "in.csv", "--run", "m", "--store", address, "-o", tmp_path / "postgres.csv")
    crosswalk("map", tmp_path / "in.csv", "--run", "m", "--store", tmp_path / "s.db", "-o", tmp_path / "sqlite.csv")
    assert (tmp_path / "postgres.csv").read_bytes() == (tmp_path / "sqlite.csv").read_bytes()
    for store, out in ((address, "p.csv"), (tmp_path / "s.db", "s.csv")):
        crosswalk("code", tmp_path / "in.csv", "--text-column", "title", "--run", "c", "--store", store, "-o", tmp_path / out)
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()
    assert [line.split("\t")[0] for line in crosswalk("runs", "--store", address).stdout.splitlines()[1:]] == ["m", "c"]
    crosswalk("export", "m", "--store", address, "-o", tmp_path / "again.csv")
    with pytest.raises(UsageError), Store(address) as store:
        store.run("none")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM t WHERE b = ? AND c LIKE '50%'", "SELECT a FROM t WHERE b = %s AND c ILIKE '50%%'"),
        ("SELECT a FROM t WHERE b = ?1 AND c = ?1", "SELECT a FROM t WHERE b = %(p1)s AND c = %(p1)s"),
        ("SELECT a FROM t WHERE b = :name LIMIT :size", "SELECT a FROM t WHERE b = %(name)s LIMIT %(size)s"),
        ("INSERT OR IGNORE INTO t VALUES (?, ?)", "INSERT INTO t VALUES (%s, %s) ON CONFLICT DO NOTHING"),
        ("SELECT x::regclass", "SELECT x::regclass"),
    ],
)
def test_statements_are_said_in_the_other_dialect(ours: str, theirs: str) -> None:
    assert dialect.statement(ours) == theirs


@promise("P7")
def test_an_erased_answer_leaves_the_tables_files(server: Server, address: str) -> None:
    planted_store(address)
    with Store(address) as store:
        database = store.connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()[0]
        files = server.folder / "data" / "base" / str(database)
        store.connection.execute("CHECKPOINT")
        assert any(CANARY.encode() in path.read_bytes() for path in files.iterdir())
        assert len(erased(store, Wanted(keys=frozenset({"k03"})))) == 1
        verify_store(store)
        store.connection.execute("CHECKPOINT")
        assert not any(CANARY.encode() in path.read_bytes() for path in files.iterdir())
        with pytest.raises(StoreError, match="never changed"):
            store.connection.execute("UPDATE decisions SET codes = '[]'")
        with pytest.raises(StoreError, match="only erased"):
            store.connection.execute("UPDATE decisions SET note = 'other'")
        with pytest.raises(StoreError, match="never removed"):
            store.connection.execute("DELETE FROM erasures")


@promise("S13")
def test_words_of_an_older_log_get_hashes_of_their_own(
    server: Server, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(schema.migrations, "_migrations", schema.migrations._migrations[:-1])
        postgres.connect(address).close()
    rows = older_store(tmp_path / "old.db")
    old = sqlite3.connect(tmp_path / "old.db")
    plain = postgres.Connection(address)
    for table in ("runs", "decisions"):
        cells = old.execute(f"SELECT * FROM {table}").fetchall()
        plain.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(cells[0]))})", cells)
    plain.close()
    with Store(address) as store:
        assert store.decisions.verify() == len(rows)
        assert [(kept.name, kept.note) for kept in store.decisions.log()] == [(row[6], row[7]) for row in rows]
