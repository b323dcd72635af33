import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from crosswalk.coding.rules_file import read_rules
from crosswalk.jobs.agreement import Share, agreement, cohen_kappa
from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.promotion import write_lookup, write_training
from crosswalk.jobs.review import ReviewQueue
from crosswalk.jobs.sampling import draw_double, draw_experiment
from crosswalk.model import CodeShare, Decision
from crosswalk.places import shipped
from crosswalk.store.store import Store
from tests.conftest import Run
from tests.promises import promise
from tests.test_review_queue import desk

CLASSIFICATION = CodeBook(shipped("indexes", "isco-08")).classification


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=2, max_size=60))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    kappa, half = cohen_kappa(pairs)
    if kappa is None:
        assert len({code for pair in pairs for code in pair}) == 1
    else:
        assert kappa == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-9)
        assert half is not None
        assert half >= 0


def test_intervals_hold_the_share_and_shrink() -> None:
    few, many = Share(9, 10), Share(900, 1000)
    assert few.interval[0] < 0.9 < few.interval[1] <= 1
    assert many.interval == pytest.approx((0.880, 0.917), abs=0.001)
    assert Share(0, 0).interval == (0.0, 1.0)


@promise("U10")
def test_double_coding_is_blind_to_the_other_half_and_ends_in_adjudication(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 20) as store:
        assert draw_double(store, "r", 6) == draw_double(store, "r", 6) == 6
        pairs = set(store.cases.keys("r", "second", "waiting"))
        with ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
            seen: dict[str, list[str]] = {"anna": [], "bert": []}
            while case := anna.next():
                seen["anna"].append(case.key)
                anna.decide(case, anna.accept(case), seconds=10)
            while case := bert.next():
                seen["bert"].append(case.key)
                assert bert.history(case) == []
                wrong = case.key in sorted(pairs)[:2]
                bert.decide(case, bert.choose(case, "9412" if wrong else case.best), seconds=20)
            assert sorted(seen["anna"]) == sorted(set(seen["anna"]))
            assert sorted(seen["bert"]) == sorted(pairs)
        with ReviewQueue(store, "r", "carl", task="adjudicate") as carl:
            case = carl.next()
            assert case is not None
            assert {kept.code for kept in carl.rivals(case)} == {"9412", case.best}
            carl.decide(case, Decision("amend", (CodeShare("9412"),)), seconds=5)
            assert store.decisions.settled("r")[case.key].coder == "carl"
            assert carl.next() is not None
        found = agreement(store, "r", CLASSIFICATION)
        assert (found.double[3].agreement.count, found.double[3].agreement.n) == (4, 6)
        assert found.adjudicated == 1
        assert found.accepted.count == found.accepted.n - 2


def test_a_pair_brought_to_agree_needs_no_adjudication(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 1) as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        draw_double(store, "r", 1)
        hers = anna.next()
        assert hers is not None
        anna.decide(hers, anna.accept(hers), seconds=0)
        his = bert.next()
        assert his is not None
        bert.decide(his, Decision("reject"), seconds=0)
        assert store.cases.states("r")["adjudication", "waiting"] == 1
        bert.undo()
        assert ("adjudication", "waiting") not in store.cases.states("r")


def test_the_experiment_measures_accuracy_and_time(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 12) as store:
        with ReviewQueue(store, "r", "anna") as queue:
            while case := queue.next():
                queue.decide(case, queue.accept(case), seconds=41)
        assert draw_experiment(store, "r", 10) == 10
        with ReviewQueue(store, "r", "bert", task="experiment") as queue:
            number = 0
            while case := queue.next():
                if case.round == "experiment":
                    number += 1
                    assert not queue.shows_suggestions(case)
                    queue.decide(case, queue.choose(case, case.best if number % 2 else "9412"), seconds=49 + number % 3)
                else:
                    blind_is_better = case.key in ("k1", "k3")
                    codes = {kept.suggested: kept.code for kept in queue.rivals(case)}
                    queue.decide(case, Decision("amend", (CodeShare(codes[not blind_is_better]),)), seconds=5)
        found = agreement(store, "r", CLASSIFICATION).experiment
        assert found is not None
        assert found.undecided == 0
        assert found.with_right.n == found.without_right.n == 10
        assert found.levels[3].agreement.count == 5
        assert found.with_right.count + found.without_right.count == 15
        assert found.difference.value == pytest.approx(-9, abs=1)
        assert found.seconds_with.value == 41


def test_decisions_become_a_look_up_table_and_training_data(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 6) as store, ReviewQueue(store, "r", "anna") as queue:
        codes = iter(["5120", "222", "", "7212"])
        for case in queue.page(4):
            code = next(codes)
            queue.decide(case, queue.choose(case, code) if code else Decision("reject"), seconds=0)
        assert write_lookup(store, "r", CLASSIFICATION, tmp_path / "dictionary.csv") == (2, 2)
        assert write_training(store, "r", tmp_path / "training.csv") == 4
    (tmp_path / "rules.toml").write_text('[[lookup-table]]\nfile = "dictionary.csv"\ntext-column = "text"\ncode-column = "code"\n')
    rules = read_rules(tmp_path / "rules.toml", CLASSIFICATION)
    assert set(rules.lookups.values()) == {"5120", "7212"}
    with (tmp_path / "training.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["code"] for row in rows].count("") == 1
    assert all(row["code"] not in row["not"].split("|") for row in rows if row["code"])


def test_the_journey_of_a_day(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("job\nBus driver\nLollipop lady\nmanager of qwxyz\nwelder of things\n")
    code = ["code", tmp_path / "day.csv", "--text-column", "job", "--store", tmp_path / "s.db", "--run", "day", "--threshold", "1",
            "-o", tmp_path / "out.csv"]  # fmt: skip
    assert "crosswalk review day" in crosswalk(*code).stderr
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "day", "anna") as queue:
        case = next(case for case in queue.page(9) if case.text == "Lollipop lady")
        queue.decide(case, queue.choose(case, "9629"), seconds=12)
        waiting = queue.count()[0]
    state = json.loads(crosswalk("queue", "day", "--store", tmp_path / "s.db", "--json", "--promote", tmp_path / "d.csv").stdout)
    assert (state["waiting"], state["done"], state["coders"][0]["coder"]) == (waiting, 1, "anna")
    assert "9629" in (tmp_path / "d.csv").read_text()
    shown = crosswalk("queue", "--store", tmp_path / "s.db", "--verify")
    assert "all 1 decisions of the store are as they were made" in shown.stderr
    assert "anna" in shown.stdout
    assert json.loads(crosswalk("agreement", "day", "--store", tmp_path / "s.db", "--json").stdout)["decisions"] == 1
    assert "took the first suggestion" in crosswalk("agreement", "--store", tmp_path / "s.db").stdout
    crosswalk(*code)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["job"]: row for row in csv.DictReader(stream)}
    assert (rows["Lollipop lady"]["code"], rows["Lollipop lady"]["method"]) == ("9629", "coder")
    assert "anna" in rows["Lollipop lady"]["note"]


@promise("E9", "an exported item says whether its target is proposed or decided, a coded row who coded it")
def test_a_mapping_is_exported_with_the_decisions(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n11,Bus driver\n12,Registered Nurse\n13,Drone pilot\n")
    crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "s.db", "--run", "m")
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "m", "anna") as queue:
        items = {case.key: case for case in queue.page(9)}
        queue.decide(items["11"], Decision("split", (CodeShare("8331", 0.7), CodeShare("8322", 0.3))), seconds=1)
        queue.decide(items["13"], Decision("new", name="Drone pilots"), seconds=1)
    crosswalk("export", "m", "-o", tmp_path / "out.csv", "--store", tmp_path / "s.db")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["target_code"], r["share"]) for r in rows if r["source_code"] == "11"] == [("8331", "0.7000"), ("8322", "0.3000")]
    drone = next(row for row in rows if row["source_code"] == "13")
    assert (drone["target_code"], drone["status"]) == ("", "new occupation")
    assert "Drone pilots" in drone["reasons"]


def test_review_needs_a_terminal_a_run_and_a_name(crosswalk: Run, tmp_path: Path) -> None:
    assert "no such store" in crosswalk("review", "--store", tmp_path / "s.db", code=2).stderr
    desk(tmp_path / "s.db").__exit__(None, None, None)
    assert "needs a terminal" in crosswalk("review", "r", "--store", tmp_path / "s.db", code=2).stderr
    assert "coder's name" in crosswalk("review", "r", "--coder", "a\x1bb", "--store", tmp_path / "s.db", code=2).stderr
    refused = crosswalk("review", "r", "--experiment", 5, "--store", tmp_path / "s.db", code=2)
    assert "nothing has been coded with suggestions" in refused.stderr
    assert "exclude each other" in crosswalk("review", "r", "--experiment", 5, "--adjudicate", "--store", tmp_path / "s.db", code=2).stderr
