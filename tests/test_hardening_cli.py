"""What a tester found by attacking the command line and the store: each test is a finding."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosswalk.errors import StoreError
from crosswalk.files.tabular import with_kept_columns
from crosswalk.store.store import Store
from tests.conftest import Run, heed_signals
from tests.promises import promise
from tests.test_store import begin, coding

CALL = [sys.executable, "-c", "from crosswalk.cli import main; main()"]


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which "$CW" is the command."""
    line = script.replace("$CW", f"{sys.executable} -c 'from crosswalk.cli import main; main()'")
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, errors="replace", check=False, timeout=60, env={**os.environ, **environment}
    )


def small(path: Path, rows: int = 2) -> Path:
    path.write_text("code,title\n" + "".join(f"{n},bus driver {n}\n" for n in range(rows)))
    return path


def one_error(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr.count("error: ") == 1


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("$CW lookup nurse --scheme /etc/passwd", 4),
        (f"$CW lookup nurse --scheme {'x' * 5000}", 4),
        ("$CW lookup nurse > /dev/full", 3),
        ("$CW --help > /dev/full", 3),
        ("CROSSWALK_HOME=/dev/null $CW import titles t.csv", 3),
        ("CROSSWALK_HOME=/dev/null $CW map t.csv", 6),
        ("CROSSWALK_HOME=~nobody-of-that-name $CW lookup nurse", 2),
        ("$CW map t.csv --encoding undefined --store s.db", 2),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, code: int) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("code,title\n9611,snoggleflux\n")
    one_error(shell(script), code)


def test_closed_and_full_streams_do_no_harm(tmp_path: Path) -> None:
    path = small(tmp_path / "in.csv")
    for ending in (">&-", "2>&-", ">&- 2>&-"):
        done = shell(f"$CW map {path} --store {tmp_path}/s.db -o {tmp_path}/out.csv {ending}")
        assert done.returncode == 0, done.stderr
    assert shell(f"$CW runs --store {tmp_path}/s.db").stdout.count("in.csv") == 1


def test_an_empty_home_is_the_usual_one(tmp_path: Path) -> None:
    done = shell("$CW index info", CROSSWALK_HOME="", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert shell("$CW index info", CROSSWALK_HOME="  ", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path)).returncode == 0


def test_a_pipe_whose_reader_goes_ends_quietly(tmp_path: Path) -> None:
    for command in ("lookup -k 50 " + "nurse " * 800, "--help"):
        done = shell(f"set -o pipefail; $CW {command} | true")
        assert (done.returncode, done.stderr) == (0, ""), command


def test_too_little_memory_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import crosswalk.cli as face

    def starve(**_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(face, "cli", starve)
    with pytest.raises(SystemExit) as caught:
        face.main()
    assert caught.value.code == 1
    assert "not enough memory" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_file_error(crosswalk: Run, tmp_path: Path) -> None:
    path = small(tmp_path / "in.csv")
    path.chmod(0)
    crosswalk("map", path, code=3)


def test_a_file_may_be_without_permission_for_click() -> None:
    from crosswalk.cli import options

    assert options.FILE.readable is False


def test_every_encoding_of_the_terminal_can_be_written_to() -> None:
    for environment in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        done = shell("$CW lookup sygeplejerske krankenschwester сестра", **environment)
        assert done.returncode == 0, done.stderr
        assert "2221" in done.stdout


def test_names_with_control_characters_or_broken_bytes(tmp_path: Path) -> None:
    path = small(tmp_path / "in.csv")
    for name in ("$'a\\x1b]0;x\\a'", "$'a\\nerror: b'", "$'a\\xff'", "''", "x" * 300):
        one_error(shell(f"$CW map {path} --store {tmp_path}/s.db --run {name}"), 2)
    done = shell(
        f"cp {path} {tmp_path}/$'b\\xff\\x1b\\n.csv'; $CW map {tmp_path}/$'b\\xff\\x1b\\n.csv' --store {tmp_path}/s.db -o {tmp_path}/o.csv"
    )
    assert done.returncode == 0, done.stderr
    commands = ("runs --store s.db", "map $'no\\x1b[31m\\nfile'", "lookup --no$'\\x1b[31m'", "export $'\\xff\\x1b' --store s.db -o x.csv")
    done = shell(f"cd {tmp_path}; " + "; ".join(f"$CW {command}" for command in commands))
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_the_next_step_can_be_pasted_into_a_shell(crosswalk: Run, tmp_path: Path) -> None:
    done = crosswalk("map", small(tmp_path / "in.csv"), "--store", tmp_path / "s.db", "--run", "my run; rm -rf x")
    assert "crosswalk export 'my run; rm -rf x' -o" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
@promise("B9")
def test_a_signal_says_how_to_go_on(tmp_path: Path, number: signal.Signals, code: int) -> None:
    path = small(tmp_path / "in.csv", 60_000)
    running = subprocess.Popen(
        [*CALL, "map", str(path), "--store", str(tmp_path / "s.db")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_signals,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (tmp_path / "s.db").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(number)
    _, said = running.communicate(timeout=90)
    assert running.returncode == code, said
    assert "goes on from here" in said
    assert "Traceback" not in said


def damaged(path: Path, statement: str) -> Path:
    with Store(path) as store:
        begin(store)
        store.save_codings("r", [("k1", coding("officer"))])
        store.finish_run("r")
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    return path


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runs SET settings = '{'",
        "UPDATE runs SET settings = CAST(x'22ff22' AS TEXT)",
        "UPDATE runs SET name = CAST(x'ff' AS TEXT)",
        "UPDATE source_rows SET cells = '[1]'",
        "UPDATE source_rows SET cells = CAST(x'ff' AS TEXT)",
        "UPDATE texts SET context = '{'",
        "UPDATE codings SET codes = '[[1]]'",
        'UPDATE codings SET codes = \'[["1", "x", "", "", "", {}]]\'',
        "DROP TABLE codings",
    ],
)
@promise("S11")
def test_a_damaged_store_is_told(tmp_path: Path, statement: str) -> None:
    path = damaged(tmp_path / "s.db", statement)
    with pytest.raises(StoreError) as caught, Store(path) as store:
        store.runs()
        list(store.source_rows("r"))
        store.uncoded("r")
        store.codings("r")
    assert caught.value.hint


@promise("S20")
def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE music (title TEXT)")
    db.close()
    kept = (tmp_path / "other.db").read_bytes()
    with pytest.raises(StoreError, match="music"):
        Store(tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == kept


def test_looking_at_runs_makes_no_store_and_waits_for_nobody(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    assert "no such store" in crosswalk("runs", "--store", tmp_path / "typo.db", code=2).stderr
    assert "no runs yet" in crosswalk("runs").stderr
    assert not (tmp_path / "typo.db").exists()
    assert not (home / "crosswalk.db").exists()
    crosswalk("map", small(tmp_path / "in.csv"), "--store", tmp_path / "s.db")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    assert "in.csv" in crosswalk("runs", "--store", tmp_path / "s.db").stdout
    assert time.monotonic() - begun < 5
    other.close()


def test_no_two_columns_get_one_name() -> None:
    names = with_kept_columns(["status", "code"], ["status", "source status", "code", "x"])
    assert len(set(names.values())) == 4
    assert names["source status"] == "source status"
    assert not {"status", "code"} & set(names.values())


def test_repaired_truths_are_counted(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    path.write_text("answer,isco\nofficer,110\nnco,210\nnurse,2221\ncook,5120.0\n")
    done = crosswalk("evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--json")
    assert json.loads(done.stdout)["repaired"] == {"lost zeros": 2, ".0 at the end": 1}
    assert "(lost zeros): 2" in done.stderr
