"""Who may read what is written: the store its owner alone, an output whom the system's mask lets."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk import manifest
from crosswalk.files.rows import write_rows
from crosswalk.files.tabular import Sheet, write_tables
from crosswalk.store import sqlite
from crosswalk.store.copying import back_up
from crosswalk.store.store import Store
from tests.conftest import Run
from tests.promises import promise

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")


@pytest.fixture(params=[0o000, 0o022, 0o077])
def mask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def begun(store: Store) -> None:
    store.begin_run("r", "code", "f", {}, (), {})


@promise("P8", "the store, its logs, locks and backups are their owner's alone; outputs are whose the system's mask lets, or as they were")
def test_a_store_with_all_its_files_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "new" / "s.db"
    with Store(path) as store:
        begun(store)
        open_now = {each.name: rights(each) for each in path.parent.iterdir()}
        back_up(store, tmp_path / "new" / "b.db")
    assert {"s.db", "s.db-wal", "s.db-shm"} <= set(open_now)
    left = {each.name: rights(each) for each in path.parent.iterdir()}
    assert {name: mode for name, mode in {**open_now, **left}.items() if mode & 0o077} == {}
    assert rights(path.parent) == 0o700


@promise("P8")
def test_an_output_is_whose_the_mask_lets(tmp_path: Path, mask: int) -> None:
    write_tables(tmp_path / "a.csv", [Sheet("s", ["a"], [["x"]])])
    write_tables(tmp_path / "a.xlsx", [Sheet("s", ["a"], [["x"]])])
    write_rows(tmp_path / "b.csv.gz", ["a", "b"], [(["x"], ("y",))])
    manifest.write_json(tmp_path / "c.json", {})
    assert {each.name: rights(each) for each in tmp_path.iterdir()} == dict.fromkeys(
        ("a.csv", "a.xlsx", "b.csv.gz", "c.json"), 0o666 & ~mask
    )


@promise("P8")
def test_an_output_that_is_replaced_keeps_its_rights(tmp_path: Path, mask: int) -> None:
    for mode in (0o600, 0o640):
        path = tmp_path / f"{mode}.csv"
        path.touch()
        path.chmod(mode)
        write_tables(path, [Sheet("s", ["a"], [["x"]])])
        assert rights(path) == mode


@promise("P8")
def test_a_store_that_all_can_read_is_told_of(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store(path) as store:
        begun(store)
    assert "chmod" not in crosswalk("store", "verify", "--store", path).stderr
    path.chmod(0o644)
    assert "everybody on this machine can read it (chmod 600" in crosswalk("store", "verify", "--store", path).stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can be two people")
def test_coders_of_two_accounts_share_a_store_that_both_may_write(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o777)
    path = tmp_path / "s.db"
    with Store(path) as store:
        begun(store)
    path.chmod(0o666)
    with Store(path) as store:
        store.finish_run("r")
    child = os.fork()
    if not child:
        outcome = 1
        try:
            os.setuid(65534)
            with Store(path) as store:
                store.begin_run("other", "code", "f", {}, (), {})
            outcome = 0
        finally:
            os._exit(outcome)  # whatever happened: a second test runner must not go on
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with Store(path) as store:
        assert {run.name for run in store.runs()} == {"r", "other"}
        assert sqlite.log_size(path) == 0, "the other account could fold the log in"
