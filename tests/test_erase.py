"""What one respondent wrote can be taken out of a store: of its rows, of its bytes; the log of decisions stays whole."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosswalk.errors import StoreError
from crosswalk.jobs.filling import fill_queue, new_case
from crosswalk.jobs.promotion import write_lookup, write_training
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Decision, Opinion
from crosswalk.search.groups import load_classification
from crosswalk.store.answers import KeptAnswer, KeptCode, packed
from crosswalk.store.case_rows import CaseFilter
from crosswalk.store.copying import back_up, copy_store
from crosswalk.store.decision_rows import FIRST_HASH
from crosswalk.store.erasing import Found, Wanted
from crosswalk.store.store import Store
from crosswalk.store.verifying import verify_store
from tests.conftest import ROOT, Run
from tests.planted import CANARY
from tests.promises import promise

EVERY = CaseFilter(states=("waiting", "automatic"))
SECRETS = {"text": f"{CANARY}text", "field": f"{CANARY}field", "note": f"{CANARY}note", "said": f"{CANARY}said", "name": f"{CANARY}name"}


def planted_store(path: Path | str, *, cases: int = 12) -> None:
    """A coded file reviewed by two coders; one respondent's words stand everywhere a respondent's words can stand."""
    best = [KeptCode("5120", 0.4, "cook"), KeptCode("9411", 0.3, SECRETS["text"])]
    texts = [SECRETS["text"] if n == 3 else f"answer {n}" for n in range(cases)]
    with Store(path) as store:
        store.begin_run("r", "code", "f", {"file": "x.csv"}, (), {})
        store.save_answers("r", [
            KeptAnswer(f"k{n:02}", text, json.dumps({"tasks": SECRETS["field"]} if n == 3 else {}), 1 + n, "review", "review",
                       SECRETS["note"] if n == 3 else "", "", 0.0, 0.1, packed(best if n == 3 else best[:1]))
            for n, text in enumerate(texts)
        ])  # fmt: skip
        with ReviewQueue(store, "r", "anna") as anna:
            store.opinions.keep([Opinion("q1", "m", "m", "p", "answered", "5120", "yes", "no", SECRETS["said"], 1, 1, 0.0, 1.0, "now")])
            store.opinions.link("r", {"k03": "q1"}, decides=False)
            for n in range(cases - 2):
                case = store.cases.find("r", f"k{n:02}")
                assert case
                anna.decide(case, Decision("comment", note=f"{SECRETS['note']} {n}" if n == 3 else f"of {n}"), seconds=1)
                decision = Decision("new", name=f"{SECRETS['name']} job") if n == 3 else anna.accept(case)
                anna.decide(case, decision, seconds=1)
        store.finish_run("r")


def erased(store: Store, wanted: Wanted) -> list[Found]:
    found = store.erasing.find(wanted)
    with ReviewQueue(store, "r", "officer") as officer:
        store.erasing.erase(found, officer.coder, "request 17")
    store.erasing.scrub()
    return found


def bytes_beside(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))


@promise("P7", "what one respondent wrote is erased from rows, bytes and write-ahead log; decisions, codes and the chain stay whole")
@pytest.mark.parametrize("wanted", [
    Wanted(texts=frozenset({SECRETS["text"].casefold()})), Wanted(keys=frozenset({"k03"})), Wanted(parts=(SECRETS["name"].casefold(),)),
    Wanted(parts=(SECRETS["field"][2:].casefold(),), run="r"),
])  # fmt: skip
def test_nothing_of_an_erased_answer_is_left_in_the_bytes(tmp_path: Path, wanted: Wanted) -> None:
    path = tmp_path / "s.db"
    planted_store(path)
    assert all(secret.encode() in bytes_beside(path) for secret in SECRETS.values())
    with Store(path) as store:
        before = [(kept.seq, kept.key, kept.action, kept.code, kept.hash) for kept in store.decisions.log()]
        found = erased(store, wanted)
        assert [(one.run, one.key, one.rows, len(one.decisions)) for one in found] == [("r", "k03", 4, 2)]
        assert [(kept.seq, kept.key, kept.action, kept.code, kept.hash) for kept in store.decisions.log()] == before
        assert verify_store(store).decisions == len(before)
        assert store.erasing.find(wanted) == []
        for secret in SECRETS.values():
            assert secret.encode() not in bytes_beside(path), secret
    assert CANARY.encode() not in bytes_beside(path)
    with Store(path) as store:
        case = store.cases.find("r", "k03")
        assert case
        assert (case.text, case.fields, case.state, [kept.code for kept in case.codes]) == ("[erased]", {}, "done", ["5120", "9411"])


@promise("P7")
def test_words_that_vanish_without_an_erasure_are_noticed(tmp_path: Path) -> None:
    planted_store(tmp_path / "s.db")
    with Store(tmp_path / "s.db") as store:
        store.connection.execute("UPDATE decisions SET name = '', note = '', salt = '' WHERE seq = 1")
        with pytest.raises(StoreError, match="decision 1 is not as it was written"):
            verify_store(store)
        with pytest.raises(sqlite3.Error, match="never changed"):
            store.connection.execute("UPDATE decisions SET codes = '[]' WHERE seq = 2")
        with pytest.raises(sqlite3.Error, match="only erased"):
            store.connection.execute("UPDATE decisions SET note = 'other' WHERE seq = 3")


@promise("P7")
@pytest.mark.parametrize("change", ["reason = 'another'", "decisions = '[1]'", "after = 1", "key = 'k04'"])
def test_a_log_of_erasures_that_was_changed_is_noticed(tmp_path: Path, change: str) -> None:
    planted_store(tmp_path / "s.db")
    with Store(tmp_path / "s.db") as store:
        erased(store, Wanted(keys=frozenset({"k03"})))
        erased(store, Wanted(keys=frozenset({"k05"})))
        with pytest.raises(sqlite3.Error, match="never"):
            store.connection.execute("DELETE FROM erasures")
        store.connection.execute("DROP TRIGGER erasures_stay")
        store.connection.execute(f"UPDATE erasures SET {change} WHERE seq = 1")
        with pytest.raises(StoreError, match="not as it was written"):
            verify_store(store)


def test_an_erased_answer_is_no_look_up_and_no_training_and_can_be_decided(tmp_path: Path) -> None:
    planted_store(tmp_path / "s.db")
    classification = load_classification(ROOT / "indexes" / "isco-08")
    with Store(tmp_path / "s.db") as store:
        erased(store, Wanted(keys=frozenset({"k01", "k02", "k11"})))
        write_lookup(store, "r", classification, tmp_path / "l.csv")
        write_training(store, "r", tmp_path / "t.csv")
        assert "erased" not in (tmp_path / "l.csv").read_text() + (tmp_path / "t.csv").read_text()
        with ReviewQueue(store, "r", "bert") as bert:
            case = store.cases.find("r", "k11")
            assert case
            assert bert.history(case) == []
            bert.decide(case, Decision("defer", note="no text"), seconds=1)
        assert store.erasing.find(Wanted(parts=("no text",)))[0].decisions
        verify_store(store)


def test_an_erased_answer_stays_so_in_copies_and_when_its_case_is_made_later(tmp_path: Path) -> None:
    planted_store(tmp_path / "s.db")
    with Store(tmp_path / "s.db") as store, Store(tmp_path / "copy.db") as copy:
        erased(store, Wanted(keys=frozenset({"k03"})))
        copy_store(store, copy, lambda _done, _total: None)
        assert verify_store(copy) == verify_store(store)
        back_up(store, tmp_path / "backup.db")
    assert CANARY.encode() not in bytes_beside(tmp_path / "copy.db") + bytes_beside(tmp_path / "backup.db")
    one, other = (new_case("r", key, "[erased]", [], []) for key in ("a", "b"))
    assert one.same_text != other.same_text
    assert one.cluster != other.cluster


def test_what_a_coder_typed_between_the_look_and_the_erasing_goes_too(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    planted_store(path)
    with Store(path) as store, ReviewQueue(store, "r", "bert") as bert:
        found = store.erasing.find(Wanted(keys=frozenset({"k03"})))
        case = store.cases.find("r", "k03")
        assert case
        bert.decide(case, Decision("comment", note=f"{CANARY} typed late"), seconds=1)
        store.erasing.erase(found, bert.coder, "")
        store.erasing.scrub()
        verify_store(store)
    assert CANARY.encode() not in bytes_beside(path)


def test_while_another_reads_the_store_erasing_says_that_bytes_are_left(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    planted_store(path)
    reading = sqlite3.connect(path, isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM cases").fetchall()
    with Store(path) as store:
        store.connection.execute("PRAGMA busy_timeout=50")
        with pytest.raises(StoreError, match="others have the store open"):
            erased(store, Wanted(keys=frozenset({"k03"})))
        reading.close()
        store.erasing.scrub()
    assert CANARY.encode() not in bytes_beside(path)


def older_store(path: Path) -> list[tuple[object, ...]]:
    """A store as it was before words had hashes of their own; gives its decisions."""
    planted_store(path)
    db = sqlite3.connect(path, isolation_level=None)
    for trigger in ("decisions_stay", "decisions_words_stay"):
        db.execute(f"DROP TRIGGER {trigger}")
    previous = FIRST_HASH
    names = [name for _, name, *_ in db.execute("PRAGMA table_info(decisions)") if name not in ("hash", "salt", "words")]
    for row in db.execute(f"SELECT {', '.join(names)} FROM decisions ORDER BY seq").fetchall():
        previous = plain_hash([previous, *row])
        db.execute("UPDATE decisions SET hash = ? WHERE seq = ?", (previous, row[0]))
    db.execute("ALTER TABLE decisions DROP COLUMN salt")
    db.execute("ALTER TABLE decisions DROP COLUMN words")
    db.execute("DROP TABLE erasures")
    db.execute("CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm006_erasures'")
    rows = db.execute(f"SELECT {', '.join(names)} FROM decisions ORDER BY seq").fetchall()
    db.close()
    return rows


def plain_hash(content: list[object]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@promise("S13")
def test_decisions_of_an_older_store_can_be_erased_too(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    rows = older_store(path)
    with Store(path) as store:
        kept = list(store.decisions.log())
        assert [(one.seq, one.key, one.action, one.name, one.note, one.time) for one in kept] == [
            (row[0], row[3], row[4], row[6], row[7], row[10]) for row in rows
        ]
        assert all(bool(one.words) == bool(one.name or one.note) for one in kept)
        verify_store(store)
        erased(store, Wanted(keys=frozenset({"k03"})))
        verify_store(store)
    assert CANARY.encode() not in bytes_beside(path)


@promise("S13")
def test_an_older_store_that_was_changed_by_hand_is_not_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    older_store(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TRIGGER decisions_stay")
    db.execute("UPDATE decisions SET coder = 'mallory' WHERE seq = 5")
    db.execute("CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END")
    db.close()
    with Store(path) as store, pytest.raises(StoreError, match="decision 5 is not as it was written"):
        verify_store(store)


@promise("P7")
def test_the_command_shows_first_and_erases_when_told(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    planted_store(path)
    (tmp_path / "answers.txt").write_text(f"{SECRETS['text']}\n", encoding="utf-8")
    words = ["store", "erase", "--store", path, "--texts", tmp_path / "answers.txt"]
    shown = crosswalk(*words)
    assert "k03" in shown.stdout
    assert "1 answer would be erased" in shown.stderr
    assert CANARY not in shown.stderr
    assert CANARY.encode() in bytes_beside(path)
    done = crosswalk(*words, "--yes", "--reason", "request 17", "--coder", "officer")
    assert "1 answer erased" in done.stderr
    assert CANARY.encode() not in bytes_beside(path)
    assert "whole" in crosswalk("store", "verify", "--store", path).stderr
    assert "no answer" in crosswalk(*words, "--yes").stderr
    crosswalk("store", "erase", "--store", path, code=2)
    crosswalk("store", "erase", "--store", path, "--key", "k03", "--run", "none", code=2)


@promise("P7")
def test_the_same_command_does_not_bring_an_erased_answer_back(crosswalk: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "s.db", tmp_path / "o.csv"
    rows = [f"cook,{CANARY} field", f"thing doer {CANARY},x", "nurse,y", f"{CANARY},{CANARY}"]
    (tmp_path / "in.csv").write_text("job,tasks\n" + "\n".join(rows) + "\n", encoding="utf-8")
    words = ["code", tmp_path / "in.csv", "--text-column", "job", "--text-column", "tasks", "--run", "r", "-o", out, "--store", path]
    crosswalk(*words)
    first = out.read_bytes()
    assert "3 answers erased" in crosswalk("store", "erase", "--containing", CANARY, "--store", path, "--yes").stderr
    crosswalk(*words)
    with Store(path) as store:
        fill_queue(store, "r", automatic=True)
        assert [case.text for case in store.cases.page("r", EVERY, "file", "anna", 9)].count("[erased]") == 3
    assert CANARY.encode() not in bytes_beside(path)
    assert [line.split(b",")[:3] for line in out.read_bytes().splitlines()] == [line.split(b",")[:3] for line in first.splitlines()]


@promise("P7")
def test_killed_while_erasing_all_is_erased_or_nothing(tmp_path: Path) -> None:
    for turn in range(6):
        path = tmp_path / f"{turn}.db"
        planted_store(path)
        command = [sys.executable, "-c", "from crosswalk.cli import main; main()", "store", "erase", "--key", "k03", "--yes"]
        with subprocess.Popen([*command, "--store", str(path)], env={**os.environ, "PYTHONPATH": str(ROOT)}) as running:
            time.sleep(0.25 + turn * 0.05)
            running.kill()
        with Store(path) as store:
            verify_store(store)
            texts = {answer.text_key: answer.text for answer in store.answers("r")}
            kept = [one.note for one in store.decisions.log() if one.key == "k03" and one.action == "comment"]
            assert (texts["k03"] == "[erased]") == (kept == [""])
