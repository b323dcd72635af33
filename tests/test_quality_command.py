"""The journeys: measure, review the labels, measure again; a run against its truth, against an earlier run, over time."""

import csv
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Decision
from crosswalk.store.case_rows import CaseFilter, State
from crosswalk.store.store import Store
from tests.conftest import Run
from tests.promises import promise

CODED = [("bin man", "9611"), ("bus driver", "8331"), ("nurse", "2221"), ("welder", "7212"), ("carpenter", "7115"), ("Bus Driver", "8331")]


def write(path: Path, rows: list[tuple[str, str]], header: str = "answer,isco") -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


@pytest.fixture(scope="module")
def runs(crosswalk_once: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three coded runs, the last of other answers; their files lie beside it."""
    folder = tmp_path_factory.mktemp("runs")
    store, other = folder / "s.db", [("drone pilot", "3153"), ("yoga teacher", "3423"), ("barista", "5132")]
    for name, rows in {"q1": CODED * 20, "q2": CODED * 20, "q3": other * 40}.items():
        path, out = write(folder / f"{name}.csv", rows), folder / f"{name}-coded.csv"
        crosswalk_once("code", path, "--text-column", "answer", "--run", name, "--store", store, "--threshold", 0.5, "-o", out)
    return store


def test_labels_are_reviewed_and_measured_again(crosswalk: Run, tmp_path: Path) -> None:
    rows = [*CODED * 4, ("nurse", "9611")]
    path, errors = write(tmp_path / "coded.csv", rows), tmp_path / "errors.csv"
    words = ["evaluate", path, "--text-column", "answer", "--truth-column", "isco"]
    before = json.loads(crosswalk(*words, "--json", "--label-errors", errors).stdout)
    with errors.open(encoding="utf-8-sig", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert listed[0]["row"] == str(len(rows) + 1)
    assert (listed[0]["given"], listed[0]["suggested"]) == ("9611", "2221")
    assert before["quality"]["label_errors"]["ranked"][0]["text"] == "nurse"
    for line in listed:
        line["settled"] = line["suggested"] if line["given"] == "9611" else ""
    with errors.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, listed[0])
        writer.writeheader()
        writer.writerows(listed)
    done = crosswalk(*words, "--json", "--settled", errors)
    after = json.loads(done.stdout)
    assert after["settled"]["looked_at"] == after["settled"]["changed"] == 1
    assert after["settled"]["accuracy_before"] == before["accuracy"] < after["accuracy"] == after["settled"]["accuracy_after"]
    assert "before" in done.stderr
    assert "may hold what was settled" in crosswalk(*words, "--label-errors", errors, code=2).stderr
    write(tmp_path / "other.csv", [("smith", "7221")] * len(rows))
    crosswalk("evaluate", tmp_path / "other.csv", *words[2:], "--settled", errors, code=3)
    write(tmp_path / "bad.csv", [("2", "bin man", "12345")], "row,text,settled")
    assert "no unit group" in crosswalk(*words, "--settled", tmp_path / "bad.csv", code=3).stderr


def test_weights_and_parts(crosswalk: Run, tmp_path: Path) -> None:
    rows = [("bin man", "9611", "3", "en"), ("bus driver", "2221", "1", "fr"), ("nurse", "2221", "0", "en")]
    path = tmp_path / "weighted.csv"
    path.write_text("answer,isco,w,language\n" + "".join(",".join(row) + "\n" for row in rows))
    words = ["evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--weight-column", "w", "--by", "language", "--json"]
    found = json.loads(crosswalk(*words).stdout)
    assert found["n"] == 2
    assert found["accuracy"] == 0.75
    assert found["left_out"]["weight 0"] == 1
    split = found["quality"]["breakdowns"][0]
    assert {part["value"]: part["accuracy"]["value"] for part in split["parts"]} == {"en": 1.0, "fr": 0.0}
    path.write_text("answer,isco,w\nbin man,9611,many\n")
    refused = crosswalk("evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--weight-column", "w", code=3)
    assert "row 2, column 'w'" in refused.stderr


def test_a_run_is_measured_as_evaluate_measures_it(crosswalk: Run, runs: Path, tmp_path: Path) -> None:
    truth = ["--truth", runs.parent / "q1-coded.csv", "--truth-column", "isco"]
    of_run = json.loads(crosswalk("quality", "q1", *truth, "--store", runs, "--json", "--report", tmp_path / "r.html").stdout)
    direct = json.loads(
        crosswalk(
            "evaluate", runs.parent / "q1.csv", "--text-column", "answer", "--truth-column", "isco", "--threshold", 0.5, "--json"
        ).stdout
    )
    measured = of_run["quality"]
    assert measured["cases"] == direct["n"] == 120
    assert measured["top_k"]["1"]["value"] == pytest.approx(direct["accuracy"])
    assert measured["calibration"]["ece"] == pytest.approx(direct["ece"], abs=1e-5)
    assert measured["thresholds"]["chosen"]["coding_rate"] == pytest.approx(of_run["run"]["automatic_share"])
    assert of_run["left_out"] == {"no truth": 0, "truth not in the scheme": 0, "not among the answers of the run": 0}
    assert of_run["provenance"]["commands"][0].startswith("crosswalk code q1.csv --text-column answer")
    assert "<svg" in (tmp_path / "r.html").read_text()
    said = crosswalk("quality", "q1", *truth, "--store", runs).stdout
    assert "cases with a true code\t120" in said
    assert f"{measured['top_k']['1']['value']:.1%}" in said


def decide(store: Store, run: str, right: dict[str, str], states: tuple[State, ...]) -> None:
    """Anna gives each case the code that is right for it; a text without one is no occupation."""
    with ReviewQueue(store, run, "anna", blind=True) as queue:
        queue.filter = CaseFilter(states=states)
        while case := queue.next():
            code = right.get(case.text.casefold())
            queue.decide(case, queue.choose(case, code) if code else Decision("reject"), seconds=5.0)


def test_decisions_are_the_truth_where_no_other_is_given(crosswalk: Run, tmp_path: Path) -> None:
    right = {**{text.casefold(): code for text, code in CODED}, "bus driver": "8332", "zzqx vvk": "8331"}
    rows = [*CODED * 3, ("zzqx vvk", ""), ("qqw", "")]
    path, db = write(tmp_path / "a.csv", rows), tmp_path / "s.db"
    crosswalk("code", path, "--text-column", "answer", "--run", "a", "--store", db, "--threshold", 0.5, "-o", tmp_path / "out.csv")
    asked = ["quality", "a", "--store", db]
    assert json.loads(crosswalk(*asked, "--json").stdout)["decided"] is None
    with Store(db) as store:
        decide(store, "a", right, ("waiting",))
    first = json.loads(crosswalk(*asked, "--json").stdout)
    assert first["decided"]["automatic"]["decided"] == 0
    assert "coded without a person has been decided" in " ".join(first["decided"]["words"])
    assert "(filter: automatic): 2" in crosswalk("queue", "a", "--sample", 2, "--store", db).stderr
    assert "(filter: automatic): 5" in crosswalk("queue", "a", "--sample", 50, "--store", db).stderr
    with Store(db) as store:
        decide(store, "a", right, ("automatic",))
    said = crosswalk(*asked, "--json", "--report", tmp_path / "r.html")
    found = json.loads(said.stdout)
    automatic, clerical = found["decided"]["automatic"], found["decided"]["clerical"]
    assert (automatic["answers"], automatic["rows"], automatic["in_queue"], automatic["decided"]) == (5, 18, 5, 5)
    assert automatic["with_suggestion"] == 0
    assert automatic["right"]["value"] == pytest.approx(12 / 18), "both spellings of the bus driver were decided otherwise"
    assert clerical["decided"] == clerical["answers"] == 2
    assert found["left_out"]["decided to have no code"] == 1
    assert found["quality"]["cases"] == pytest.approx(20), "what was decided stands for all rows"
    assert found["quality"]["texts"] == 6
    assert "As people decided" in (tmp_path / "r.html").read_text()
    shown = crosswalk(*asked)
    assert f"coded without a person\t18\t5\t5\t{12 / 18:.1%}" in shown.stdout
    assert "are decided" in shown.stderr


def test_runs_are_compared_and_watched(crosswalk: Run, runs: Path, tmp_path: Path) -> None:
    like = json.loads(crosswalk("quality", "q2", "--against", "q1", "--store", runs, "--json").stdout)["drift"]
    assert (like["verdict"], like["unseen_words"]) == ("stable", 0.0)
    unlike = json.loads(crosswalk("quality", "q3", "--against", "q2", "--store", runs, "--json").stdout)["drift"]
    assert unlike["verdict"] == "act"
    assert unlike["unseen_words"] == 1.0
    assert "act" in crosswalk("quality", "q3", "--against", "q2", "--store", runs).stdout
    lines = crosswalk("quality", "--store", runs, "--report", tmp_path / "m.html").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["run", "q1", "q2", "q3"]
    assert [line.split("\t")[-1] for line in lines[1:]] == ["first", "stable", "act"]
    assert "All runs" in (tmp_path / "m.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--against", "q1"], 2, "which run?"),
        (["q1", "--against", "q1"], 2, "with itself"),
        (["q1", "--truth", "x.csv"], 2, "belong together"),
        (["q9"], 2, "no run called 'q9'"),
    ],
)
def test_what_means_nothing_is_refused(crosswalk: Run, runs: Path, words: list[str], code: int, said: str) -> None:
    assert said in crosswalk("quality", *words, "--store", runs, code=code).stderr


def test_a_truth_that_is_of_another_file_is_refused(crosswalk: Run, runs: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [("astronaut", "3153")])
    refused = crosswalk("quality", "q1", "--truth", path, "--truth-column", "isco", "--store", runs, code=3)
    assert "no row of this file is an answer of the run" in refused.stderr
    path = write(tmp_path / "t.csv", [("astronaut", "3153")], "text,isco")
    assert "'answer'" in crosswalk("quality", "q1", "--truth", path, "--truth-column", "isco", "--store", runs, code=2).stderr


@promise("C3", "codes of one scheme are never measured against another")
def test_a_run_of_another_scheme_is_refused(crosswalk: Run, runs: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    store.write_bytes(runs.read_bytes())
    with sqlite3.connect(store) as db:
        db.execute("UPDATE runs SET settings = replace(settings, '\"isco-08\"', '\"other\"') WHERE name = 'q1'")
    db.close()
    assert "was coded to other" in crosswalk("quality", "q1", "--store", store, code=2).stderr
    with sqlite3.connect(store) as db:
        db.execute("UPDATE answers SET codes = replace(codes, '9611', '9999') WHERE run = 'q2'")
    db.close()
    truth = ["--truth", runs.parent / "q2-coded.csv", "--truth-column", "isco"]
    assert "'9999'" in crosswalk("quality", "q2", *truth, "--store", store, code=3).stderr


def test_the_report_never_overwrites_what_is_needed(crosswalk: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "coded.csv", CODED)
    refused = crosswalk("evaluate", path, "--text-column", "answer", "--truth-column", "isco", "--report", path, code=2)
    assert "the input" in refused.stderr
    assert path.read_text().startswith("answer,isco")


def test_a_terminal_shows_the_curves(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "coded.csv", CODED * 5)
    ours, theirs = pty.openpty()
    command = ["evaluate", str(path), "--text-column", "answer", "--truth-column", "isco"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from crosswalk.cli import main; main()", *command], stdout=theirs, stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert process.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert any("share coded (o: threshold 0.85)" in line for line in lines)
    assert any("ideal; ECE" in line for line in lines)
    assert sum(line.count("o") for line in lines[-20:]) >= 2
    assert max(map(len, lines)) <= 80


def test_two_indexes_are_compared_on_the_same_texts(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "coded.csv").write_text("answer,code\nbin man,9611\nnurse,2221\nbus driver,8331\nbaker,7512\n")
    asked = ("evaluate", tmp_path / "coded.csv", "--text-column", "answer", "--truth-column", "code", "--against", "isco-08")
    assert "may be chance" in crosswalk(*asked).stderr
    found = json.loads(crosswalk(*asked, "--json").stdout)
    assert found["challenger"]["accuracy"] == found["champion"]["accuracy"]
    assert (found["difference"], found["p"]) == (0.0, 1.0)


def test_counts_as_unequal_as_these_by_chance() -> None:
    from scipy.stats import binomtest

    from crosswalk.jobs.comparison import mcnemar

    for first, second in ((0, 0), (3, 9), (40, 41), (0, 12)):
        wanted = binomtest(first, first + second).pvalue if first + second else 1.0
        assert mcnemar(first, second) == pytest.approx(wanted)
    assert mcnemar(1300, 1500) == pytest.approx(binomtest(1300, 2800).pvalue, rel=0.01)
