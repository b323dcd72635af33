import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from crosswalk import Autocoder
from crosswalk.errors import StoreError, UsageError
from crosswalk.jobs.filling import cluster_of, fill_queue, new_case
from crosswalk.jobs.review import ReviewQueue, checked
from crosswalk.model import CodeShare, Decision
from crosswalk.store.answers import KeptCode
from crosswalk.store.case_rows import CaseFilter
from crosswalk.store.store import Store
from tests.conftest import ROOT, Run, heed_signals
from tests.promises import promise

REJECT = Decision("reject")


def cases(count: int, run: str = "r") -> list:
    codes = ["2221", "5120", "8331", "7212"]
    return [
        new_case(run, f"k{n}", f"answer number {n}", [KeptCode(codes[n % 4], 0.1 + 0.8 * (n % 9) / 9, "cook"), KeptCode("9111", 0.05, "")],
                 [CodeShare(codes[n % 4])], frequency=1 + n % 5, position=n)
        for n in range(count)
    ]  # fmt: skip


def desk(path: Path, count: int = 12) -> Store:
    store = Store(path)
    store.begin_run("r", "code", "f", {}, (), {})
    store.cases.fill(cases(count))
    store.cases.rank_clusters("r")
    return store


def test_cases_come_by_impact_and_each_once(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 40) as store, ReviewQueue(store, "r", "anna") as queue:
        seen = []
        while case := queue.next():
            seen.append(case)
            assert queue.decide(case, queue.accept(case), seconds=1.26).kept.seconds == 1.3
        assert [case.rank for case in seen] == sorted(case.rank for case in seen)
        assert len({case.key for case in seen}) == 40
        assert store.decisions.verify() == 40
        assert store.decisions.settled("r")["k3"].code == "7212"


@pytest.mark.parametrize("order", ["impact", "cluster", "file"])
def test_pages_forward_and_back_are_one_list(tmp_path: Path, order: str) -> None:
    with desk(tmp_path / "s.db", 50) as store, ReviewQueue(store, "r", "anna") as queue:
        queue.order = order  # type: ignore[assignment]
        for number in range(20):
            case = queue.next()
            assert case is not None
            queue.decide(case, Decision("defer") if number % 3 else REJECT, seconds=0)
        queue.filter = replace(queue.filter, states=("waiting", "deferred", "done"))
        whole, start = [], None
        while page := queue.page(7, start):
            whole += page
            start = page[-1]
        assert len(whole) == len({case.id for case in whole}) == 50
        back = queue.page(49, whole[-1], back=True)
        assert [case.id for case in back] == [case.id for case in whole[:-1]]


def test_filters(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 40) as store, ReviewQueue(store, "r", "anna") as queue:
        everything = cases(40)
        for chosen, expected in [
            ({"code": "5"}, [c for c in everything if c.best.startswith("5")]),
            ({"lowest": 0.5}, [c for c in everything if c.probability >= 0.5]),
            ({"highest": 0.3}, [c for c in everything if c.probability <= 0.3]),
            ({"words": "number 1"}, [c for c in everything if "number 1" in c.text]),
            ({"words": "%"}, []),
            ({"words": '"; DROP TABLE cases --'}, []),
            ({"coder": "anna"}, []),
        ]:
            queue.filter = CaseFilter(**chosen)
            assert {case.key for case in queue.page(100)} == {case.key for case in expected}, chosen
            assert queue.count()[0] == len(expected)


@promise("S6", "of two coders who decide one case the second is told, both decisions are kept, one counts")
def test_a_decision_against_an_old_state_is_kept_and_shown_and_changes_nothing(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        case = anna.page(1)[0]
        assert anna.decide(case, anna.choose(case, "9111"), seconds=1).stale is False
        refused = bert.decide(case, bert.choose(case, "2221"), seconds=2)
        assert refused.stale
        assert refused.theirs is not None
        assert (refused.theirs.coder, refused.theirs.code) == ("anna", "9111")
        assert store.decisions.settled("r")[case.key].coder == "anna"
        again, _ = bert.take(case)
        assert not bert.decide(again, bert.choose(again, "2221"), seconds=2).stale
        assert [(d.coder, d.stale) for d in bert.history(case)] == [("anna", False), ("bert", True), ("bert", False)]
        assert store.decisions.verify() == 3


def test_a_leased_case_belongs_to_one(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        hers, his = anna.next(), bert.next()
        assert hers is not None
        assert his is not None
        assert hers.id != his.id
        _, lease = bert.take(hers)
        assert (lease.mine, lease.coder) == (False, "anna")
        outcome = bert.decide(hers, REJECT, seconds=0)
        assert outcome.stale
        assert outcome.holder == "anna"
        anna.__exit__(None, None, None)
        assert bert.take(hers)[1].mine


@promise("S17", "what a crashed program held is free at the next start")
def test_the_case_of_a_dead_session_is_free_again(tmp_path: Path) -> None:
    desk(tmp_path / "s.db").__exit__(None, None, None)
    held = subprocess.run(
        [sys.executable, "-c", _GHOST, str(tmp_path / "s.db")], capture_output=True, text=True, check=False
    ).stdout.strip()
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        case = queue.next()
        assert case is not None
        assert case.key == held


@promise("U9")
def test_undo_goes_back_step_by_step_across_restarts(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        for _ in range(5):
            case = queue.next()
            assert case is not None
            queue.decide(case, REJECT, seconds=0)
        queue.decide(case, Decision("comment", note="why"), seconds=0)
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        assert [queue.undo().taken_back[0].action for _ in range(3)] == ["comment", "reject", "reject"]
        assert queue.count()[0] == 9
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        assert [len(queue.undo().taken_back) for _ in range(4)] == [1, 1, 1, 0]
        assert store.cases.states("r") == {("review", "waiting"): 12}
        assert store.decisions.verify() == 12
        assert store.decisions.settled("r") == {}


def test_undo_gives_back_the_decision_before(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        case = queue.page(1)[0]
        queue.decide(case, Decision("amend", (CodeShare("9111"),)), seconds=0)
        queue.decide(queue.take(case)[0], REJECT, seconds=0)
        queue.undo()
        assert store.decisions.settled("r")[case.key].code == "9111"
        queue.undo()
        assert store.cases.get(case.id).state == "waiting"


@promise("U9", "undo goes back step by step across restarts, and never takes back what another decided since")
def test_what_another_has_decided_since_is_not_undone(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        first, second = anna.page(2)
        anna.decide(first, REJECT, seconds=0)
        anna.decide(second, REJECT, seconds=0)
        bert.decide(bert.take(second)[0], bert.choose(second, "9111"), seconds=0)
        undone = anna.undo()
        assert undone.taken_back == ()
        assert undone.superseded[0].key == second.key
        assert store.decisions.settled("r")[second.key].coder == "bert"
        assert anna.undo().taken_back[0].key == first.key
        bert.undo()
        assert store.decisions.settled("r") == {}


@promise("U12", "a bulk decision acts on the cases that were shown, leaves those changed meanwhile, and is undone at once")
def test_a_bulk_is_undone_at_once_and_leaves_what_changed_meanwhile(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db", 30) as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        shown = anna.selected()
        taken, changed = bert.page(2)
        bert.take(taken)
        bert.decide(changed, REJECT, seconds=0)
        bulk = anna.decide_many(shown, Decision("accept"), seconds=30)
        assert (bulk.settled, bulk.left) == (28, 2)
        assert Counter(d.code for d in store.decisions.settled("r").values()).keys() == {"2221", "5120", "8331", "7212", ""}
        assert len(anna.undo().taken_back) == 28
        assert anna.undo().taken_back == ()
        assert store.decisions.verify() == 1 + 28 + 28


def test_a_comment_decides_nothing(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as anna, ReviewQueue(store, "r", "bert") as bert:
        case = anna.page(1)[0]
        bert.decide(case, Decision("comment", note="ask the interviewer"), seconds=0)
        assert not anna.decide(case, REJECT, seconds=0).stale
        assert [d.note for d in anna.history(case)] == ["ask the interviewer", ""]


@promise("U10", "a blind coder sees neither the program's codes nor another's; the queue itself withholds them")
def test_blind_coders_see_nothing(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna", blind=True) as queue:
        case = queue.page(1)[0]
        with pytest.raises(UsageError, match="nothing is proposed"):
            queue.accept(case)
        kept = queue.decide(case, queue.choose(case, case.best), seconds=3).kept
        assert (kept.action, kept.suggested) == ("amend", False)
        assert queue.history(case) == []


@pytest.mark.parametrize(
    ("decision", "complaint"),
    [
        (Decision("amend", (CodeShare("0000"),)), "no code"),
        (Decision("split", (CodeShare("2221"),)), "two codes or more"),
        (Decision("split", (CodeShare("2221", 0.5), CodeShare("5120", 0.6))), "100 %"),
        (Decision("split", (CodeShare("2221", 0.5), CodeShare("2221", 0.5))), "twice"),
        (Decision("split", (CodeShare("2221", 1.5), CodeShare("5120", -0.5))), "100 %"),
        (Decision("new", name=" "), "name"),
        (Decision("comment"), "empty"),
        (Decision("reject", (CodeShare("2221"),)), "1 codes"),
    ],
)
def test_decisions_that_cannot_be_are_refused(decision: Decision, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        checked(decision, Autocoder.open().classification)


def test_decisions_are_made_clean() -> None:
    classification = Autocoder.open().classification
    assert checked(Decision("new", name="drone \x1b]52;c;x\x07 pilot"), classification).name == "drone ␛]52;c;x␇ pilot"
    assert checked(Decision("amend", (CodeShare("222"),)), classification).code == "222"


def test_a_log_that_was_changed_is_found_out(tmp_path: Path) -> None:
    with desk(tmp_path / "s.db") as store, ReviewQueue(store, "r", "anna") as queue:
        for case in queue.page(6):
            queue.decide(case, REJECT, seconds=0)
        db = store._connection
        for statement in ("UPDATE decisions SET coder = 'x' WHERE seq = 3", "DELETE FROM decisions WHERE seq = 6"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                db.execute(statement)
        for trigger in ("decisions_stay", "decisions_words_stay"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("UPDATE decisions SET note = 'x' WHERE seq = 4")
        with pytest.raises(StoreError, match="decision 4 "):
            store.decisions.verify()


def _code_all(path: Path, name: str, together: Barrier) -> None:
    with Store(path) as store, ReviewQueue(store, "r", name) as queue:
        together.wait(100)
        first = True
        while case := queue.next():
            assert not queue.decide(case, queue.accept(case), seconds=0.1).stale
            if first:  # a busy machine may run one of them for so long that it finds all cases done by the other
                together.wait(100)
            first = False


@promise("S6")
def test_two_processes_make_a_thousand_decisions_none_lost_none_doubled(tmp_path: Path) -> None:
    desk(tmp_path / "s.db", 1000).__exit__(None, None, None)
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)  # however long a busy machine takes to start them
    coders = [spawn.Process(target=_code_all, args=(tmp_path / "s.db", name, together)) for name in ("anna", "bert")]
    for coder in coders:
        coder.start()
    for coder in coders:
        coder.join(120)
    assert [coder.exitcode for coder in coders] == [0, 0]
    with Store(tmp_path / "s.db") as store:
        log = list(store.decisions.log("r"))
        assert len(log) == len({d.key for d in log}) == 1000
        by_coder = Counter(d.coder for d in log)
        assert set(by_coder) == {"anna", "bert"}, by_coder
        assert store.cases.states("r") == {("review", "done"): 1000}
        assert store.decisions.verify() == 1000


_GHOST = """
import os, sys
from pathlib import Path
from crosswalk.jobs.review import ReviewQueue
from crosswalk.store.store import Store
queue = ReviewQueue(Store(Path(sys.argv[1])), "r", "ghost")
print(queue.next().key, flush=True)
os.kill(os.getpid(), 9)
"""

_CODER = """
import sys
from pathlib import Path
from crosswalk.jobs.review import ReviewQueue
from crosswalk.store.store import Store
queue = ReviewQueue(Store(Path(sys.argv[1])), "r", "anna")
while case := queue.next():
    print(queue.decide(case, queue.accept(case), seconds=0).kept.seq, case.key, flush=True)
"""


@promise("S1", "killed at any moment, a coder's process loses nothing that it acknowledged and leaves nothing half done")
@promise("U3", "a decision is on the disk before the next case is shown")
def test_killed_between_keys_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    desk(tmp_path / "s.db", 3000).__exit__(None, None, None)
    acknowledged: dict[int, str] = {}
    for attempt in range(5):
        with (tmp_path / "out").open("w+b") as out:
            coder = subprocess.Popen([sys.executable, "-c", _CODER, str(tmp_path / "s.db")], stdout=out, preexec_fn=heed_signals)
            begun = time.time()
            while out.tell() == 0 and time.time() < begun + 30 and not os.fstat(out.fileno()).st_size:
                time.sleep(0.02)
            time.sleep(random.Random(attempt).uniform(0.01, 0.2))
            coder.send_signal(signal.SIGKILL)
            coder.wait()
            out.seek(0)
            lines = [line.split() for line in out.read().decode().splitlines(keepends=True) if line.endswith("\n")]
            acknowledged |= {int(seq): key for seq, key in lines}
    with Store(tmp_path / "s.db") as store:
        log = {d.seq: d.key for d in store.decisions.log()}
        assert len(acknowledged) >= 5
        assert acknowledged.items() <= log.items()
        assert len(log) - len(acknowledged) <= 5
        assert len(set(log.values())) == len(log) == store.decisions.verify()


def test_near_identical_texts_are_one_cluster(tmp_path: Path) -> None:
    assert cluster_of("chauffeur de bus") == cluster_of("bus de chauffeuse")
    with Store(tmp_path / "s.db") as store:
        store.begin_run("r", "code", "f", {}, (), {})
        texts = ["bus driver", "lone answer", "driver, bus", "another", "Bus  drivers"]
        store.cases.fill([new_case("r", str(n), text, [], [], frequency=2, position=n) for n, text in enumerate(texts)])
        store.cases.rank_clusters("r")
        with ReviewQueue(store, "r", "anna") as queue:
            queue.order = "cluster"
            assert [case.key for case in queue.page(3)] == ["0", "2", "4"]


def test_a_coded_file_fills_the_queue(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("job,tasks\nBus driver,\nmanager of qwxyz,things\nCleaning,\nCLEANING,\n")
    crosswalk("code", tmp_path / "day.csv", "--text-column", "job", "--text-column", "tasks", "--store", tmp_path / "s.db", "--run", "day",
              "--threshold", "0.99", "-o", tmp_path / "out.csv")  # fmt: skip
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "day", "anna") as queue:
        waiting = {case.text: case for case in queue.page(10)}
        assert waiting["Cleaning"].frequency == 2
        assert waiting["manager of qwxyz"].fields == {"tasks": "things"}
        assert waiting["manager of qwxyz"].position == 1
        assert fill_queue(store, "day") == 0
        assert fill_queue(store, "day", automatic=True) == 4 - 1 - len(waiting)


def test_a_mapped_classification_fills_the_queue(crosswalk: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("code,title\n1,Drivers\n11,Bus driver\n12,Registered Nurse\n12,Ward nurse\n13,qwx zzyqx\n")
    crosswalk("map", tmp_path / "in.csv", "--store", tmp_path / "s.db", "--run", "m")
    with Store(tmp_path / "s.db") as store, ReviewQueue(store, "m", "anna") as queue:
        items = {case.key: case for case in queue.page(10)}
        assert set(items) == {"11", "12", "13"}
        assert items["11"].proposed == (CodeShare("8331"),)
        assert "Ward nurse" in items["12"].fields["titles"]
        assert items["12"].frequency == 2
        outcome = queue.decide(items["12"], queue.accept(items["12"]), seconds=4)
        assert outcome.kept.against["codes"][0][0] == items["12"].best  # type: ignore[index]


def test_the_first_answer_of_an_item_is_the_one_that_its_table_proposes(crosswalk: Run, tmp_path: Path) -> None:
    crosswalk("map", ROOT / "data" / "isco-88" / "groups.tsv", "--run", "r", "--store", tmp_path / "s.db")
    with Store(tmp_path / "s.db") as store:
        fill_queue(store, "r")
        maps = {kept.proposal.source_code: kept.proposal.maps for kept in store.proposals("r")}
        with ReviewQueue(store, "r", "anna") as queue:
            cases = queue.page(1000)
        shown, proposed = {case.key: case.codes for case in cases}, {case.key: case.proposed for case in cases}
        coded = {key: maps[key][0] for key in shown if maps[key][0].target_code is not None}
        assert all(not proposed[key] for key in shown.keys() - coded.keys())  # else Enter would take a code where the table has none
        assert len(coded) > 300
        assert all(shown[key][0][:2] == (first.target_code, round(first.probability, 6)) for key, first in coded.items())
        assert all(sum(code.probability for code in codes) <= 1.00001 for codes in shown.values())
