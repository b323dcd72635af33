"""Small versions of benchmarks/trust.py: what may happen to a store and to a run, tried at random."""

import getpass
import json
import mmap
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.trust_coders import coders_at_once
from benchmarks.trust_flips import flips_in_index, flips_in_store, reviewed_store
from benchmarks.trust_power import cuts, record
from benchmarks.trust_soak import Pace, soak
from crosswalk import Autocoder, manifest
from crosswalk.coding.rules import Rules
from crosswalk.errors import IndexFolderError, ModelError, StoreError, UsageError
from crosswalk.files.readers import read_table
from crosswalk.jobs import workers
from crosswalk.jobs.answers import AnswerCoder, AnswerColumns, Task
from crosswalk.jobs.census import CodingJob, code_file
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Decision
from crosswalk.search.encoder import TransformerEncoder
from crosswalk.store import decision_rows, sqlite
from crosswalk.store.case_rows import CaseFilter
from crosswalk.store.copying import back_up
from crosswalk.store.store import Store
from crosswalk.store.verifying import verify_store
from tests.conftest import ROOT, Run
from tests.promises import promise


@promise("S2", "after a power cut every acknowledged decision is there and the store is whole")
def test_no_power_cut_takes_a_decision(tmp_path: Path) -> None:
    found = cuts(tmp_path, record(tmp_path, 60, "FULL"), 60)
    assert found == {"cuts": 60, "corrupt": 0, "lost_some": 0, "lost_decisions": 0}
    weaker = cuts(tmp_path, record(tmp_path, 60, "NORMAL"), 25)
    assert weaker["lost_some"], "the simulation would not notice a loss"


KILLS = """
import shutil, sys
from functools import partial
from pathlib import Path
from benchmarks.trust_kills import interrupted, works
folder = Path(sys.argv[1])
work = works(folder)
work["map"](folder / "begin.db", folder / "begin.csv", lambda line: None)
for name in work:
    (folder / name).mkdir()
    prepare = partial(shutil.copy, folder / "begin.db") if name == "review" else lambda path: None
    found = interrupted(work[name], folder / name, 5, prepare=prepare)
    assert found.killed == found.equal == 5, (name, found)
    assert found.lost == 0, (name, found)
"""


@promise("B1", "a run killed at any moment is completed by the same command, and its output is that of an unbroken run, byte for byte")
@promise("S1")
def test_killed_at_random_moments_outputs_are_equal(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@promise("S6")
@promise("S5")
def test_eight_coders_at_once_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    found = coders_at_once(tmp_path, 8, 12, 0.05)
    assert (found["decisions"], found["failed"], found["lost"], found["doubled"]) == (96, 0, 0, 0)


@promise("S11", "one bit of a decision changed, by a disk or a hand, is noticed and named by `crosswalk store verify`")
def test_a_flipped_bit_never_changes_a_decision_unnoticed(tmp_path: Path) -> None:
    found = flips_in_store(tmp_path, 60, decisions=40)
    assert found["missed"] == 0
    assert found["noticed"] > 5


@promise("S11")
def test_what_is_in_force_is_compared_with_the_log(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        pass
    reviewed_store(tmp_path / "s.db", 12)
    with Store(tmp_path / "s.db") as store:
        assert verify_store(store).decisions > 12
        store.connection.execute("UPDATE cases SET decision = decision - 1 WHERE key = 'k5'")
        with pytest.raises(StoreError, match="'k5'"):
            verify_store(store)


def test_a_store_with_everything_undone_and_commented_verifies(tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 12)
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "bert") as bert, ReviewQueue(store, "r", "anna") as anna:
        case = store.cases.find("r", "k3")
        assert case is not None
        bert.decide(case, Decision("comment", note="why"), seconds=0)
        bert.decide(case, Decision("defer"), seconds=0)
        assert anna.undo().taken_back
        assert bert.undo().taken_back
        assert bert.undo().taken_back
        while anna.undo().taken_back:
            pass
        verify_store(store)
        anna.decide_many(anna.selected(), Decision("accept"), seconds=1)
        anna.undo()
        verify_store(store)


@promise("X1", "an index with one bit turned over or its end cut off is refused before it is used")
def test_a_flipped_bit_of_an_index_is_refused(tmp_path: Path) -> None:
    found = flips_in_index(tmp_path, 60)
    assert found == {"flips": 60, "refused": 60, "missed": 0}


@pytest.mark.slow
@promise("S5", "processes that read and then write take turns: none is refused because another wrote in between")
@promise("S10", "the store's log stays small while people work all day: it is folded in at 16 MB, whoever reads")
def test_people_at_work_for_a_while(tmp_path: Path) -> None:
    found = soak(tmp_path, 20, Pace(0.4, 0.4, 2), reviewers=4, lookers=1, filers=1)
    assert found["decisions"] > 5
    assert found["files"] >= 1


@promise("S5")
def test_a_write_may_begin_with_answers_that_are_being_read(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store, Store(tmp_path / "s.db") as other:
        store.begin_run("r", "code", "f", {}, (), {})
        answers = store.answers("r")
        other.begin_run("q", "code", "f", {}, (), {})
        store.begin_run("p", "code", "f", {}, (), {})
        assert list(answers) == []


@promise("S10")
def test_the_log_is_folded_in_while_a_store_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_LARGEST_LOG", 100_000)
    reviewed_store(tmp_path / "s.db", 2)
    with Store(tmp_path / "s.db") as store, Store(tmp_path / "s.db") as reader:
        row = reader.connection.execute("SELECT key FROM cases")  # a reader that does not let go
        row.fetchone()
        begun = time.monotonic()
        for number in range(60):
            store.begin_run(f"run-{number}", "code", "f", {"pad": "x" * 2000}, (), {})
        assert time.monotonic() - begun < 30, "writers waited for the reader"
        row.close()
        store.begin_run("last", "code", "f", {}, (), {})
        assert sqlite.log_size(tmp_path / "s.db") < 100_000


@promise("S9", "`crosswalk store backup` writes what was decided to this moment, verified, while others work; a plain copy would not")
def test_a_backup_is_whole_where_a_copy_is_not(crosswalk: Run, tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        store.begin_run("first", "code", "f", {}, (), {})
    with Store(tmp_path / "s.db") as store:
        store.begin_run("second", "code", "f", {}, (), {})
        shutil.copy(tmp_path / "s.db", tmp_path / "copied.db")
        crosswalk("store", "backup", tmp_path / "backup.db", "--store", tmp_path / "s.db")
        assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]
        assert (tmp_path / "backup.db").stat().st_mode & 0o077 == 0
        refused = crosswalk("store", "backup", tmp_path / "backup.db", "--store", tmp_path / "s.db", code=2)
        assert "overwrites nothing" in refused.stderr
    assert sqlite3.connect(tmp_path / "copied.db").execute("SELECT count(*) FROM runs").fetchone() == (1,)
    said = crosswalk("store", "verify", "--store", tmp_path / "backup.db").stderr
    assert "2 runs" in said


@promise("S9")
def test_a_backup_amid_decisions_has_every_one_made_before(tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 30)
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "bert") as queue:
        cases = queue.selected(queue.filter.__class__(states=("done",)))
        for number, (case_id, _) in enumerate(cases[:5]):
            queue.decide(store.cases.get(case_id), Decision("reject"), seconds=1)
            verified = back_up(store, tmp_path / f"{number}.db")
            assert verified.decisions == sum(1 for _ in store.decisions.log())


@promise("S9")
def test_a_damaged_store_is_not_backed_up_as_if_it_were_whole(tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 6)
    with Store(tmp_path / "s.db") as store:
        for trigger in ("decisions_stay", "decisions_words_stay"):
            store.connection.execute(f"DROP TRIGGER {trigger}")
        store.connection.execute("UPDATE decisions SET note = 'x' WHERE seq = 2")
        with pytest.raises(StoreError, match="decision 2 "):
            back_up(store, tmp_path / "b.db")
    assert not list(tmp_path.glob("*b.db*"))


def test_verify_says_what_is_wrong(crosswalk: Run, tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 6)
    assert "7 decisions" in crosswalk("store", "verify", "--store", tmp_path / "s.db").stderr
    with Store(tmp_path / "s.db") as store:
        for trigger in ("decisions_stay", "decisions_words_stay"):
            store.connection.execute(f"DROP TRIGGER {trigger}")
        store.connection.execute("UPDATE decisions SET coder = 'x' WHERE seq = 4")
    refused = crosswalk("store", "verify", "--store", tmp_path / "s.db", code=6)
    assert "decision 4 " in refused.stderr
    assert "next:" in refused.stderr


@promise("S8", "on a full disk the store keeps what it had, and the command says so")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 6)
    with Store(tmp_path / "s.db") as store:
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreError, match="full"):
            for number in range(2000):
                store.begin_run(f"run-{number}", "code", "f", {"pad": "x" * 4000}, (), {})
        kept = len(store.runs())
        verify_store(store)
    with Store(tmp_path / "s.db") as store:
        assert len(store.runs()) == kept


@promise("S12", "a migration that is broken off at any statement leaves a store that the next start completes")
def test_a_migration_killed_at_any_statement_is_completed(tmp_path: Path) -> None:
    total = int(_migrated(tmp_path / "count.db", 10_000).stdout)
    assert total > 20
    for place in range(2, total, 7):
        path = tmp_path / f"{place}.db"
        assert _migrated(path, place).returncode == -signal.SIGKILL
        with Store(path) as store:
            assert verify_store(store).decisions == 0
            store.begin_run("r", "code", "f", {}, (), {})


MIGRATED = """
import os, signal, sqlite3, sys
from pathlib import Path
from typing import Any
from crosswalk.store import sqlite
left = int(sys.argv[2])
count = 0
class Connection(sqlite3.Connection):
    def execute(self, statement, *more):
        global count
        if statement.split()[0] in ("CREATE", "INSERT", "SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"):
            count += 1
            if count > left:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(statement, *more)
opened = sqlite3.connect
sqlite.sqlite3.connect = lambda *words, **more: opened(*words, factory=Connection, **more)
sqlite.connect(Path(sys.argv[1])).close()
print(count)
"""


def _migrated(path: Path, left: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", MIGRATED, str(path), str(left)], capture_output=True, text=True, check=False, cwd=ROOT)


@promise("S4", "one place opens SQLite, with one library; the file of an open store is never opened, hashed or copied by other means")
def test_only_one_place_opens_sqlite() -> None:
    opening = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "crosswalk").rglob("*.py"))
        if re.search(r"sqlite3\.connect\(|import pysqlite3|import apsw", path.read_text(encoding="utf-8"))
    ]
    assert opening == ["crosswalk/store/copying.py", "crosswalk/store/sqlite.py"], "the first writes a new file that nobody has open"


@promise("S7", "a store on a network disk is refused before it is made")
def test_network_disks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path.as_posix()} nfs4 rw 0 0\n"
    real = Path.read_text

    def read(path: Path, *words: Any, **more: Any) -> str:
        return mounts if str(path) == "/proc/mounts" else real(path, *words, **more)

    monkeypatch.setattr(Path, "read_text", read)
    with pytest.raises(StoreError, match="network disk"):
        Store(tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


@promise("S3", "with any SQLite, one process at a time folds the log in, so that the race of older versions cannot happen")
def test_two_processes_never_fold_the_log_in_at_once(tmp_path: Path) -> None:
    from filelock import FileLock

    with Store(tmp_path / "s.db") as store:
        assert store.connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
        store.begin_run("r", "code", "f", {}, (), {})
        with FileLock(f"{tmp_path / 's.db'}.checkpoint"):
            before = sqlite.log_size(tmp_path / "s.db")
            store.fold_log()
            assert sqlite.log_size(tmp_path / "s.db") == before > 0
        store.fold_log()
        assert sqlite.log_size(tmp_path / "s.db") == 0


@promise("S20", "a file that is no store of ours, or that brings its own views and triggers, is refused and left as it was")
@pytest.mark.parametrize("statement", ["CREATE VIEW runs_shown AS SELECT 1", "CREATE TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END"])
def test_views_and_triggers_of_others_are_refused(tmp_path: Path, statement: str) -> None:
    with Store(tmp_path / "s.db") as store:
        store.connection.execute(statement)
    with pytest.raises(StoreError, match="view or trigger"):
        Store(tmp_path / "s.db")


def test_backups_need_a_file_and_a_store(crosswalk: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Store(tmp_path / "none.db", create=False)
    crosswalk("store", "backup", tmp_path / "b.db", "--store", tmp_path / "none.db", code=2)


@promise("S15", "whatever is typed into a search is looked for as it stands: no sign is an operator or matches everything")
@pytest.mark.parametrize("typed", ["%", "_", "\\", "'; DROP TABLE cases; --", '"', "(", "AND", "-x", "*", "nurse OR 1=1", "[a-z]", "\x00"])
def test_search_words_are_only_words(tmp_path: Path, typed: str) -> None:
    reviewed_store(tmp_path / "s.db", 3)
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "bert") as queue:
        for filled in (CaseFilter(states=("done",), words=typed), CaseFilter(states=("done",), code=typed)):
            assert queue.page(5, chosen=filled) == []
        assert len(queue.page(5, chosen=CaseFilter(states=("done",), words="answer"))) == 2


@promise("S18", "the order of decisions is that in which they were made, whatever the clock says")
def test_a_clock_that_jumps_back_changes_no_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed_store(tmp_path / "s.db", 3)
    monkeypatch.setattr(decision_rows, "now", lambda: "1999-01-01T00:00:00.000+00:00")
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "bert") as queue:
        case = store.cases.find("r", "k1")
        assert case is not None
        queue.decide(case, Decision("reject"), seconds=1)
        assert store.decisions.settled("r")["k1"].action == "reject"
        assert [kept.time[:4] for kept in store.decisions.log()][-1] == "1999"
        verify_store(store)
        assert [kept.action for kept in queue.undo().taken_back] == ["reject"]


@promise("U11", "beside the name that a coder chose stands the account of the machine")
def test_the_account_stands_beside_the_name(tmp_path: Path) -> None:
    reviewed_store(tmp_path / "s.db", 1)
    with Store(tmp_path / "s.db") as store:
        assert {(kept.coder, kept.os_user) for kept in store.decisions.log()} == {("anna", getpass.getuser())}


@promise(
    "B6", "a worker that gives no answer ends the run with what was kept, and the same command goes on; workers are spawned, never forked"
)
def test_a_worker_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_DEADLINE_SECONDS", 0.5)
    monkeypatch.setattr(workers, "_code", lambda chunk: time.sleep(3))
    task = Task("isco-08", "any", AnswerColumns(("job",)), Rules(), 0.85)
    with pytest.raises(ModelError, match="gave no answer"), workers.Workers(task, 0) as pool:
        list(pool.coded([[("k", "cook", 1)]]))


@promise("B7", "an index that is replaced during a run is noticed, and the run ends")
def test_an_index_replaced_during_a_run_is_noticed() -> None:
    with pytest.raises(IndexFolderError, match="replaced during the run"):
        AnswerCoder(Task("isco-08", "another index", AnswerColumns(("job",)), Rules(), 0.85))


@promise("B8")
def test_a_small_file_is_coded_inside_another_programs_worker(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("job\nbus driver\ncook\n")
    worker = multiprocessing.get_context("spawn").Process(target=_code_as_a_worker, args=(tmp_path,))
    worker.start()
    worker.join(120)
    assert worker.exitcode == 0
    with Store(tmp_path / "s.db") as store:
        assert {answer.status for answer in store.answers("r")} <= {"coded", "review"}


def _code_as_a_worker(folder: Path) -> None:
    read = partial(read_table, folder / "in.csv")
    job = CodingJob(read(), read, folder / "out.csv", AnswerColumns(("job",)), "isco-08", Rules(), 0.85, 1, "r")
    with Store(folder / "s.db") as store:
        code_file(job, Autocoder.open(), store, lambda _what, _unit: nullcontext(lambda _done, _all: None), lambda _line: None)


@promise("X6", "no file of a model is ever unpickled: models are safetensors, arrays without objects, and JSON")
@promise("X7", "a model's own code is never run")
def test_no_model_file_can_run_code() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "crosswalk").rglob("*.py")))
    assert not re.search(
        r"import (pickle|joblib|dill|cloudpickle|shelve|marshal)|torch\.load|allow_pickle=True|trust_remote_code=True", text
    )
    assert text.count("np.load(") == text.count("allow_pickle=False") > 0


@promise("X7")
def test_a_model_that_names_a_function_of_the_system_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    ran = tmp_path / "ran"
    modules = [{"idx": 0, "name": "0", "path": f"touch {ran}", "type": "os.system"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError):
        TransformerEncoder(str(tmp_path))
    assert not ran.exists()


@promise("X9", "files are written beside the old ones and renamed when they are whole: a reader keeps what it opened")
@promise("X10")
def test_a_reader_keeps_the_file_it_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old" * 1000)
    with path.open("rb") as reader:
        mapped = mmap.mmap(reader.fileno(), 0, access=mmap.ACCESS_READ)
        with manifest.replacing(path) as temporary:
            temporary.write_bytes(b"new")
            assert path.read_bytes() == b"old" * 1000
        assert mapped[:] == b"old" * 1000
    assert path.read_bytes() == b"new"
    with pytest.raises(ZeroDivisionError), manifest.replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]
    assert path.read_bytes() == b"new"
