import csv
import gzip
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from crosswalk import Autocoder, manifest
from crosswalk.coding.ambiguity import groups_above, settled
from crosswalk.coding.rules import Rules
from crosswalk.jobs import census, workers
from crosswalk.jobs.answers import AnswerColumns, Task, gather
from crosswalk.places import shipped
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.store import Store
from tests.conftest import Run, heed_signals
from tests.promises import promise

OURS = ["code", "title", "probability", "method", "coarser_code", "coarser_title", "coarser_probability", "note"]


def read(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:  # type: ignore[operator]
        return list(csv.DictReader(stream))


def survey(path: Path) -> Path:
    path.write_text(
        "id,job,work,reg,supervises,code\n"
        "007,Bus driver,,8331,no,x\n"
        "008,BUS DRIVER,,8331,no,y\n"
        "009,student,,,no,=1+1\n"
        "010,Registered Nurse,hospital,2221,yes,\n"
        "011,,,,no,\n"
        "012,Lollipop lady,,,no,\n"
        "013,manager of something unheard of,qwxyz,,no,\n"
        '014,"teacher, ""primary"" school",,,no,\n',
        encoding="utf-8",
    )
    return path


def many(path: Path, rows: int = 9000) -> Path:
    """A file with more different answers than are coded in the first process."""
    chance = random.Random(3)
    nouns, places = ["driver", "cook", "nurse", "clerk", "teacher", "welder", "guard"], ["school", "ship", "hotel", "mine", "bank", "farm"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "job", "work"])
        for number in range(rows):
            writer.writerow([number, f"{chance.choice(nouns)} {chance.choice(places)}", f"{chance.choice(nouns)} {chance.randrange(700)}"])
    return path


def test_the_journey_from_answers_to_codes(crosswalk: Run, tmp_path: Path) -> None:
    out, store = tmp_path / "out.csv", tmp_path / "s.db"
    (tmp_path / "rules.toml").write_text('[lookup]\n"lollipop lady" = "5419"\n', encoding="utf-8")
    done = crosswalk("code", survey(tmp_path / "in.csv"), "--text-column", "job", "--text-column", "work", "--run", "first",
                     "--rules", tmp_path / "rules.toml", "--threshold", 0.7, "--store", store, "-o", out)  # fmt: skip
    rows = read(out)
    assert list(rows[0])[:6] == ["id", "job", "work", "reg", "supervises", "source code"]
    assert list(rows[0])[6:14] == OURS
    assert list(rows[0])[14:] == [f"{name}_{place}" for place in range(1, 7) for name in ("code", "probability")]
    assert [row["id"] for row in rows] == ["007", "008", "009", "010", "011", "012", "013", "014"]
    assert (rows[0]["code"], rows[0]["title"], rows[0]["method"]) == ("8331", "Bus and Tram Drivers", "model")
    assert [rows[1][name] for name in OURS] == [rows[0][name] for name in OURS]
    assert (rows[2]["method"], rows[2]["code"], rows[2]["source code"]) == ("non-occupation", "", "'=1+1")
    assert rows[4]["note"] == "no usable text"
    assert (rows[5]["method"], rows[5]["code"], rows[5]["probability"]) == ("lookup", "5419", "1.0000")
    assert (rows[6]["method"], rows[6]["code"]) == ("review", "")
    assert rows[6]["code_1"]
    assert rows[7]["job"] == 'teacher, "primary" school'
    assert "8 rows, 7 different answers" in done.stderr
    assert "coded automatically" in done.stderr
    assert "crosswalk export first" in done.stderr
    assert "first" in crosswalk("runs", "--store", store).stdout
    crosswalk("export", "first", "-o", tmp_path / "queue.csv", "--store", store)
    queue = read(tmp_path / "queue.csv")
    assert {row["status"] for row in queue} == {"review"}
    assert "manager of something unheard of" in {row["answer"] for row in queue}
    assert "work: qwxyz" in {row["more"] for row in queue}


def test_where_two_codes_are_equally_good_the_note_says_which_fact_decides(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("answer\ncare\n")
    crosswalk("code", tmp_path / "in.csv", "--text-column", "answer", "-o", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert {row["code_1"], row["code_2"]} == {"5321", "5322"}  # in an institution, or in people's homes
    assert f"{row['code_1']} or {row['code_2']}?" in row["note"]


def test_a_registers_code_decides_where_the_model_lists_it(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("code", survey(tmp_path / "in.csv"), "--text-column", "job", "--register-column", "REG", "--threshold", 1,
              "--store", tmp_path / "s.db", "-o", tmp_path / "out.csv")  # fmt: skip
    rows = read(tmp_path / "out.csv")
    assert [(row["method"], row["code"]) for row in (rows[0], rows[3])] == [("register", "8331"), ("register", "2221")]
    assert "register's code" in rows[0]["note"]


def test_constraints_on_columns_of_the_file(crosswalk: Run, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[constraint]]\nreason = "why"\nremove = ["8331"]\nwhen.supervises = ["NO"]\n', encoding="utf-8")
    command = (
        "code",
        survey(tmp_path / "in.csv"),
        "--text-column",
        "job",
        "--rules",
        rules,
        "--threshold",
        0,
        "--store",
        tmp_path / "s.db",
    )
    crosswalk(*command, "-o", tmp_path / "out.csv")
    row = read(tmp_path / "out.csv")[0]
    assert row["method"] in {"rule", "review"}
    assert row["code"] != "8331"
    assert row["note"].startswith("8331 is ruled out: why")
    rules.write_text('[[constraint]]\nremove = ["8331"]\nwhen.boss = "no"\n', encoding="utf-8")
    assert "'boss'" in crosswalk(*command, "-o", tmp_path / "out.csv", code=2).stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--threshold", 0.5, "--target-accuracy", 0.9), 2, "exclude"),
        (("--target-accuracy", 0.999), 5, "can be kept"),
        (("-o", "out.docx"), 2, ".csv"),
        (("--text-column", "jobb"), 2, "did you mean 'job'"),
        (("--register-column", "nothing"), 2, "columns:"),
        (("--rules", "nowhere.toml"), 3, "no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_the_work(
    crosswalk: Run, tmp_path: Path, words: tuple[object, ...], code: int, said: str
) -> None:
    refused = crosswalk("code", survey(tmp_path / "in.csv"), "--text-column", "job", "-o", tmp_path / "out.csv",
                        "--store", tmp_path / "s.db", *words, code=code)  # fmt: skip
    assert said in refused.stderr
    assert not (tmp_path / "out.csv").exists()


def test_a_file_is_never_written_over_itself(crosswalk: Run, tmp_path: Path) -> None:
    source = survey(tmp_path / "in.csv")
    before = source.read_bytes()
    crosswalk("code", source, "--text-column", "job", "-o", source, "--store", tmp_path / "s.db", code=2)
    assert source.read_bytes() == before


@promise("B2")
def test_a_run_is_not_mixed_with_other_rules(crosswalk: Run, tmp_path: Path) -> None:
    command = (
        "code",
        survey(tmp_path / "in.csv"),
        "--text-column",
        "job",
        "--run",
        "r",
        "--store",
        tmp_path / "s.db",
        "-o",
        tmp_path / "o.csv",
    )
    crosswalk(*command)
    assert "threshold was" in crosswalk(*command, "--threshold", 0.3, code=2).stderr
    again = crosswalk(*command)
    assert "was begun before" in again.stderr


def test_the_threshold_is_chosen_for_an_accuracy(crosswalk: Run, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shutil.copytree(shipped("indexes", "isco-08"), folder)
    sure = np.linspace(0, 1, 4000, dtype=np.float32)
    save_file({"sure": sure, "right": (np.random.default_rng(1).random(4000) < sure).astype(np.uint8)}, folder / "calibration.safetensors")
    facts = manifest.read(folder)
    manifest.seal(folder, {name: value for name, value in facts.items() if name != "files"})
    command = (
        "code",
        survey(tmp_path / "in.csv"),
        "--text-column",
        "job",
        "--scheme",
        folder,
        "--store",
        tmp_path / "s.db",
        "-o",
        tmp_path / "o.csv",
    )
    assert "with 95 % confidence at least 90.0%" in crosswalk(*command, "--target-accuracy", 0.9).stderr
    refused = crosswalk(*command, "--target-accuracy", 0.999, code=5)
    assert "can be kept" in refused.stderr


def test_gzip_tsv_and_parquet_say_the_same(crosswalk: Run, tmp_path: Path) -> None:
    source = survey(tmp_path / "in.csv")
    for name in ("out.csv", "out.csv.gz", "out.tsv", "out.parquet"):
        crosswalk("code", source, "--text-column", "job", "--threshold", 0.7, "--store", tmp_path / "s.db", "-o", tmp_path / name)
    plain = read(tmp_path / "out.csv")
    assert read(tmp_path / "out.csv.gz") == plain
    first = (tmp_path / "out.csv.gz").read_bytes()
    crosswalk("code", source, "--text-column", "job", "--threshold", 0.7, "--store", tmp_path / "s.db", "-o", tmp_path / "out.csv.gz")
    assert (tmp_path / "out.csv.gz").read_bytes() == first
    with (tmp_path / "out.tsv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream, delimiter="\t")) == plain
    parquet = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["code"] for row in parquet] == [row["code"] for row in plain]
    assert parquet[0]["probability"] == float(plain[0]["probability"])
    assert parquet[4]["probability"] is None
    crosswalk(
        "code",
        tmp_path / "out.parquet",
        "--text-column",
        "job",
        "--threshold",
        0.7,
        "--store",
        tmp_path / "s.db",
        "-o",
        tmp_path / "again.csv",
    )
    assert [row["source source code"] for row in read(tmp_path / "again.csv")] == [row["code"] for row in plain]


def test_a_workbook_is_coded_too(crosswalk: Run, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["id", "job"], *([number, job] for number, job in enumerate(["bus driver", "student", "Bus Driver"]))):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    crosswalk(
        "code", tmp_path / "in.xlsx", "--text-column", "job", "--threshold", 0.7, "--store", tmp_path / "s.db", "-o", tmp_path / "out.csv"
    )
    assert [(row["id"], row["code"]) for row in read(tmp_path / "out.csv")] == [("0", "8331"), ("1", ""), ("2", "8331")]


def test_the_number_of_workers_does_not_matter(crosswalk: Run, tmp_path: Path) -> None:
    source = many(tmp_path / "in.csv")
    command = ("code", source, "--text-column", "job", "--text-column", "work")
    for count in (1, 2):
        crosswalk(*command, "--workers", count, "--store", tmp_path / f"{count}.db", "-o", tmp_path / f"{count}.csv")
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_every_row_is_what_the_autocoder_says(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("code", many(tmp_path / "in.csv", 400), "--text-column", "job", "--store", tmp_path / "s.db", "-o", tmp_path / "out.csv")
    coder = Autocoder.open("isco-08")
    rows = read(tmp_path / "out.csv")
    above = groups_above(coder.classification)
    for row, coding in zip(rows, coder.code([row["job"] for row in rows]), strict=True):
        out = settled(coding, 0.85, above, coder.classification)
        assert row["method"] == out.method
        assert row["code_1"] == out.best.code
        assert row["coarser_code"] == (out.coarser.code if out.coarser else "")
        assert float(row["probability"]) == pytest.approx(out.best.probability, abs=1e-4)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answers_in(store: Path) -> int:
    try:
        return int(sqlite3.connect(store).execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.Error:
        return 0


@promise("B9", "Ctrl+C, SIGTERM and SIGHUP end a run soon, keep what was done and say how to go on")
def test_ctrl_c_ends_a_run_soon_and_keeps_what_was_done(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    words = ["code", str(many(tmp_path / "in.csv", 40_000)), "--text-column", "job", "--text-column", "work",
             "--store", str(tmp_path / "s.db"), "-o", str(tmp_path / "o.csv")]  # fmt: skip
    stopped = subprocess.Popen([sys.executable, "-c", "from crosswalk.cli import main; main()", *words],
                               stderr=subprocess.PIPE, text=True, start_new_session=True,
                               preexec_fn=heed_signals, env=os.environ.copy())  # fmt: skip
    deadline = time.monotonic() + 60
    while not answers_in(tmp_path / "s.db") and time.monotonic() < deadline:
        time.sleep(0.2)
    begun = time.monotonic()
    os.killpg(stopped.pid, signal.SIGINT)
    talk = stopped.communicate(timeout=60)[1]
    assert time.monotonic() - begun < 30
    assert stopped.returncode == 130, talk
    assert "goes on from here" in talk
    assert "Traceback" not in talk
    assert answers_in(tmp_path / "s.db")


@pytest.mark.slow
@promise("B1")
def test_killed_at_any_moment_a_run_is_completed_as_if_unbroken(crosswalk: Run, tmp_path: Path, home: Path) -> None:
    source = many(tmp_path / "in.csv", 10_000)
    words = ("code", source, "--text-column", "job", "--text-column", "work", "--run", "r")
    crosswalk(*words, "--store", tmp_path / "whole.db", "-o", tmp_path / "whole.csv")
    command = [sys.executable, "-c", "from crosswalk.cli import main; main()", *map(str, words),
               "--store", str(tmp_path / "broken.db"), "-o", str(tmp_path / "broken.csv")]  # fmt: skip
    for seconds in (0.7, 2.5, 4.0, 5.5):
        broken = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
        time.sleep(seconds)
        children = Path(f"/proc/{broken.pid}/task/{broken.pid}/children")
        workers_left = children.read_text().split() if children.exists() else []
        broken.send_signal(signal.SIGKILL)
        broken.wait()
        deadline = time.monotonic() + 20
        while any(map(alive, workers_left)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(map(alive, workers_left)), "workers outlive their parent"
    crosswalk(*words, "--store", tmp_path / "broken.db", "-o", tmp_path / "broken.csv")
    assert (tmp_path / "broken.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@promise("B2")
@promise("B3", "what is kept is the only mark of what is done, so that the two cannot differ")
def test_a_resumed_run_codes_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = AnswerColumns(("job",))
    answers = gather(iter([[str(n)] for n in range(100)]), ["job"], columns, lambda done, total: None)
    everything = [answer for chunk in answers.waiting(set(), 10) for answer in chunk]
    assert [key for key, _, _ in everything] == sorted(answers.keys)
    for size in (7, 10, 64):
        left = [answer[0] for chunk in answers.waiting(set(sorted(answers.keys)[:33]), size) for answer in chunk]
        assert left == sorted(answers.keys)[33:]


def test_answers_that_differ_in_case_are_one(tmp_path: Path) -> None:
    rows = iter([["1", "Cook", "x"], ["2", "COOK", "X"], ["3", "cook", ""], ["4", "Cook", "x"]])
    answers = gather(rows, ["id", "job", "work"], AnswerColumns(("job", "work")), lambda done, total: None)
    assert list(answers.of_row) == [0, 0, 1, 0]
    assert answers.frequency.tolist() == [3, 1]
    assert AnswerColumns(("job", "work")).query("k", answers.joined[0]).context == {"work": "x"}


class Poisoned(workers.AnswerCoder):
    """Codes, but dies on one answer."""

    def code(self, waiting: list[tuple[str, str, int]]) -> list[KeptAnswer]:  # type: ignore[override]
        if any("poison" in joined for _, joined, _ in waiting):
            raise ValueError("poison")
        return super().code(waiting)


@promise("B8", "one bad row fails alone, is counted and tried again by the next run; all others are coded")
@promise("B4")
def test_one_bad_answer_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "AnswerCoder", Poisoned)
    task = Task("isco-08", Autocoder.open("isco-08").fingerprint, AnswerColumns(("job",)), Rules(), 0.85)
    waiting = [(f"k{n:03d}", "poison" if n == 37 else f"cook {n}", 1) for n in range(100)]
    with workers.Workers(task, 0) as pool:
        kept = [answer for chunk in pool.coded([waiting[:50], waiting[50:]]) for answer in chunk]
    assert [answer.text_key for answer in kept] == [key for key, _, _ in waiting]
    assert [answer.text_key for answer in kept if answer.status == "failed"] == ["k037"]
    assert "ValueError: poison" in kept[37].note
    with Store(tmp_path / "s.db") as store:
        store.begin_run("r", "code", "f", {}, (), {})
        store.save_answers("r", kept)
        assert store.answers_done("r") == {key for key, _, _ in waiting} - {"k037"}
        store.save_answers("r", [kept[37]._replace(status="coded", note="now"), kept[1]._replace(note="changed")])
        again = {answer.text_key: answer for answer in store.answers("r")}
        assert (again["k037"].note, again["k001"].note) == ("now", kept[1].note)


def _suicide(chunk: list[tuple[str, str, int]]) -> list[KeptAnswer]:
    if any(joined == "poison" for _, joined, _ in chunk):
        os._exit(9)
    return workers._code(chunk)


@promise("B5", "a worker that dies takes with it the one answer that killed it, marked as failed; all others are coded")
def test_a_worker_that_dies_costs_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task("isco-08", Autocoder.open("isco-08").fingerprint, AnswerColumns(("job",)), Rules(), 0.85)
    waiting = [(f"k{n:03d}", "poison" if n == 5 else f"cook {n}", 1) for n in range(24)]
    with workers.Workers(task, 2) as pool:
        submit = pool._submit

        def poisoned(chunk: list[tuple[str, str, int]]) -> object:
            monkeypatch.setattr(workers, "_code", _suicide)
            return submit(chunk)

        monkeypatch.setattr(pool, "_submit", poisoned)
        kept = [answer for chunk in pool.coded([waiting[:8], waiting[8:16], waiting[16:]]) for answer in chunk]
    assert [answer.text_key for answer in kept if answer.status == "failed"] == ["k005"]
    assert len(kept) == 24


def test_the_queue_has_the_most_frequent_first(tmp_path: Path) -> None:
    def kept(key: str, frequency: int, status: str) -> KeptAnswer:
        return KeptAnswer(key, key, "{}", frequency, status, "review", "", "", 0.0, 1.0, "[]")  # type: ignore[arg-type]

    with Store(tmp_path / "s.db") as store:
        store.begin_run("r", "code", "f", {}, (), {})
        store.save_answers("r", [kept("a", 1, "review"), kept("b", 5, "review"), kept("c", 9, "coded"), kept("d", 5, "review")])
        assert [answer.text_key for answer in store.queue("r")] == ["b", "d", "a"]
        plan = store._connection.execute(
            "EXPLAIN QUERY PLAN SELECT text FROM answers WHERE run = 'r' AND status = 'review' ORDER BY frequency DESC, text_key"
        ).fetchall()
        assert "answers_queue" in str(plan)
        assert "TEMP B-TREE" not in str(plan)


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, home: Path) -> None:
    from functools import partial

    from crosswalk.errors import DataError
    from crosswalk.files.readers import read_table
    from crosswalk.output import progress

    source = survey(tmp_path / "in.csv")

    def changed() -> object:
        source.write_text(source.read_text(encoding="utf-8").replace("student", "surgeon"), encoding="utf-8")
        return read_table(source)

    job = census.CodingJob(partial(read_table, source)(), changed, tmp_path / "o.csv", AnswerColumns(("job",)), "isco-08", Rules(), 0.9, 1)  # type: ignore[arg-type]
    with Store(tmp_path / "s.db") as store, pytest.raises(DataError, match="changed"):
        census.code_file(job, Autocoder.open("isco-08"), store, progress, print)
    assert not (tmp_path / "o.csv").exists()


def test_the_settings_of_a_run_are_kept(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk(
        "code", survey(tmp_path / "in.csv"), "--text-column", "job", "--run", "r", "--store", tmp_path / "s.db", "-o", tmp_path / "o.csv"
    )
    run = json.loads(crosswalk("runs", "--store", tmp_path / "s.db", "--json").stdout)[0]
    assert (run["job"], run["settings"]["threshold"], run["settings"]["columns"]["texts"]) == ("code", 0.85, ["job"])
    assert run["finished"]


@promise("X11")
def test_answers_that_are_cut_are_counted(crosswalk: Run, tmp_path: Path) -> None:
    long, whole = "nurse " * 400, "nurse " * 200
    (tmp_path / "a.csv").write_text(f"job,tasks\n{long},x\n{long.upper()},x\n{whole},{whole}\ncook,{whole}\ncook,\n", encoding="utf-8")
    words = [
        "code",
        tmp_path / "a.csv",
        "--text-column",
        "job",
        "--text-column",
        "tasks",
        "-o",
        tmp_path / "o.csv",
        "--store",
        tmp_path / "s.db",
    ]
    assert "answers longer than 2,000 characters, of which only these are looked at: 2" in crosswalk(*words).stderr
