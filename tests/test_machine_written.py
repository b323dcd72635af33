"""Examples that a language model writes for codes with few answers, through the real client from a small server."""

import csv
import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.errors import ModelError, UsageError
from crosswalk.jobs.machine_written import SOURCE, Writing, machine_written, wanted_examples
from crosswalk.llm.budget import Price
from crosswalk.llm.examples import Wanted, titles_written
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import request_key
from crosswalk.llm.replies import Reply, judge
from crosswalk.llm.service import Service
from crosswalk.model import Classification, IndexTitle, Item, Opinion
from crosswalk.store.store import Store
from tests.conftest import Run
from tests.test_fit import coded_answers
from tests.test_llm import TestServer
from tests.test_llm import server as server

SCHEME = Classification("mine", "", (
    Item("1", "Health", 1), Item("11", "Nurses", 2, "1", "care for the sick"), Item("12", "Midwives", 2, "1"), Item("13", "13", 2, "1"),
))  # fmt: skip


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as opened:
        yield opened


def writing(server: TestServer, mode: str, under: int = 3, cost: float = 1.0) -> Writing:
    return Writing(Service("openai/test-model", server.url(mode), first_wait=0.01), under, cost, Price(0.15, 0.6))


def write(learned: list[str], allowed: Writing, store: Store, said: list[str] | None = None) -> list[IndexTitle]:
    return machine_written(
        SCHEME, learned, allowed, store, lambda name: nullcontext(lambda done, total: None), [].append if said is None else said.append
    )


def test_only_thin_codes_with_a_title_are_written_for_and_no_answer_is_sent() -> None:
    (wanted,) = wanted_examples(SCHEME, {"11": 3, "12": 1}, under=3)
    assert (wanted.code, wanted.count, wanted.others) == ("12", 2, ("Nurses", "13"))


def test_examples_are_marked_kept_and_paid_for_once(server: TestServer, store: Store) -> None:
    server.get("reset")
    said: list[str] = []
    found = write(["11"] * 9, writing(server, "ok"), store, said)
    assert [(title.text, title.code) for title in found] == [("Midwives helper", "12"), ("Midwives in town", "12")]
    assert {title.source for title in found} == {SOURCE}
    assert any("no answers, leave this machine" in line for line in said)
    assert server.get("calls") == {"ok": 1}
    sent = json.loads(server.get("seen")["requests"][-1]["request"]["messages"][-1]["content"])
    assert set(sent) == {"code", "group", "description", "others", "titles"}
    assert write(["11"] * 9, writing(server, "ok"), store, said) == found
    assert server.get("calls") == {"ok": 1}


@pytest.mark.parametrize("mode", ["wrong-json", "null", "truncated", "empty", "extra", "500"])
def test_a_reply_that_is_none_gives_no_examples(server: TestServer, store: Store, mode: str) -> None:
    assert write([], writing(server, mode), store) == []


def test_a_refused_key_stops_and_a_spent_budget_ends(server: TestServer, store: Store) -> None:
    with pytest.raises(ModelError, match="refuses"):
        write([], writing(server, "401"), store)
    said: list[str] = []
    assert write([], writing(server, "ok", cost=0.0), store, said) == []
    assert any("is reached" in line for line in said)


def test_a_price_that_is_not_known_stops_before_any_call(server: TestServer, store: Store) -> None:
    unknown = Writing(Service("openai/test-model", server.url("ok")), 3, 1.0)
    with pytest.raises(UsageError, match="price"):
        write([], unknown, store)


def test_what_an_earlier_version_kept_is_found_and_read() -> None:
    key = request_key("openai/m", Prompt("write_examples", "Write.", 900), Wanted("12", "Midwives", "care", ("Nurses",), 2))
    assert key == "a28e59565e8180568d02fe2ac42ef433"
    assert titles_written(Opinion(key, "m", "m", "p", "examples", "", "", "", '["Midwife"]', 1, 1, 0.0, 0.0, "")) == ("Midwife",)


@given(st.text(max_size=200), st.sampled_from(["stop", "length"]))
def test_any_reply_gives_short_different_lines_or_none(content: str, finish: str) -> None:
    for text in (content, json.dumps({"titles": [content, content, 3, None]}), json.dumps({"titles": content})):
        verdict = judge(Reply(text, finish, "m", 0, 0), Wanted("12", "Midwives", "", (), 2))
        titles = [] if verdict.fault else json.loads(verdict.said)
        assert len(titles) == len(set(titles)) <= 2
        assert all(title.strip() and "\n" not in title and "\x1b" not in title and len(title) <= 120 for title in titles)


@pytest.mark.slow
def test_a_fit_with_written_examples_marks_them_and_keeps_them_out_of_the_book(server: TestServer, tmp_path: Path, crosswalk: Run) -> None:
    pytest.importorskip("torch", reason="fitting needs the extra 'transformers'")
    rows = coded_answers(tmp_path / "coded.csv", codes=4)
    codes = sorted({code for _, code in rows})
    with (tmp_path / "scheme.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("code", "title"), *((code, f"Group {code}") for code in codes), ("X99", "Lion tamers")])
    done = crosswalk(
        "fit", tmp_path / "coded.csv", "--text-column", "answer", "--truth-column", "code", "--scheme", "written", "--classification",
        tmp_path / "scheme.csv", "--llm", "openai/test-model", "--llm-url", server.url("ok"), "--llm-price", "0/0", "--llm-examples-under",
        "3", "-o", tmp_path / "out", "--store", tmp_path / "store.db",
    )  # fmt: skip
    assert "1 codes have fewer than 3 answers" in done.stderr
    listed = (tmp_path / "out" / "machine-written.tsv").read_text(encoding="utf-8")
    assert listed == f"code\ttext\tsource\nX99\tlion tamers helper\t{SOURCE}\nX99\tlion tamers in town\t{SOURCE}\n"
    assert "written by a language model" in (tmp_path / "out" / "README.md").read_text()
    best = json.loads(crosswalk("lookup", "lion tamers in town", "--scheme", tmp_path / "out", "--json").stdout)[0]["codes"][0]
    assert (best["code"], best["matched"]) == ("X99", "Lion tamers")
