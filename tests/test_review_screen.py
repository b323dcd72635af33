import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare, Opinion
from crosswalk.places import shipped
from crosswalk.store.answers import KeptCode
from crosswalk.store.case_rows import Case
from crosswalk.store.store import Store
from crosswalk.tui.app import ReviewApp
from crosswalk.tui.clock import CaseClock
from tests.promises import promise

TEXTS = [
    "cook in a school",
    "[red]bold[/red] [/] driver",
    "nurse\x1b]52;c;x\x07",
    "מורה בבית ספר",
    "x" * 300,
    "ward nurse",
    "Ward  nurse",
    "welder",
]
CODES = ["5120", "8331", "2221", "2341", "9629", "2221", "2221", "7212"]


def fill(store: Store) -> None:
    store.begin_run("day", "code", "f", {}, (), {})
    store.cases.fill(
        new_case("day", f"k{n}", text.replace("\x1b", "␛").replace("\x07", "␇"),
                 [KeptCode(CODES[n], 0.6, "kitchen [b]hand"), KeptCode("9111", 0.2, "maid"), KeptCode("9412", 0.1, "")],
                 [CodeShare(CODES[n])], frequency=20 - n, position=n, method="review",
                 fields={"tasks": "cuts [blink]vegetables", "register": "5120"}, note="5120 or 9412? It depends on skill")
        for n, text in enumerate(TEXTS)
    )  # fmt: skip
    store.cases.rank_clusters("day")


Script = Callable[[Pilot[None], ReviewQueue], Awaitable[None]]


def drive(path: Path, script: Script, *, size: tuple[int, int] = (80, 24), coder: str = "anna", **more: object) -> None:
    """Run the screen without a terminal and do what a coder would."""

    async def run() -> None:
        with Store(path) as store:
            if not store.runs():
                fill(store)
            with ReviewQueue(store, "day", coder, **more) as queue:  # type: ignore[arg-type]
                app = ReviewApp(queue, CodeBook(shipped("indexes", "isco-08")), CaseClock(lambda: 0.0))
                async with app.run_test(size=size) as pilot:
                    await pilot.pause()
                    await script(pilot, queue)

    asyncio.run(run())


async def typed(pilot: Pilot[None], text: str) -> None:
    await pilot.press(*("space" if letter == " " else letter for letter in text))
    await pilot.pause()


def current(pilot: Pilot[None]) -> Case:
    case = pilot.app.screen.case  # type: ignore[attr-defined]
    assert isinstance(case, Case)
    return case


def shown(pilot: Pilot[None]) -> str:
    """All text on the screen, as a terminal would have it."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def last(queue: ReviewQueue) -> tuple[str, str]:
    decision = list(queue.store.decisions.log())[-1]
    return decision.action, decision.code


def test_numbers_pick_and_advance(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        for key, expected in [("1", ("accept", "5120")), ("2", ("amend", "9111")), ("3", ("amend", "9412"))]:
            before = current(pilot)
            await pilot.press(key)
            assert last(queue) == expected
            assert current(pilot).id != before.id
        await pilot.press("4", "5", "6")
        assert len(list(queue.store.decisions.log())) == 3
        assert "no answer 6" in shown(pilot)

    drive(tmp_path / "s.db", script)


def test_a_second_opinion_is_shown_and_hidden_from_those_who_code_blind(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        fill(store)
        answer = Opinion(
            "r0", "office/[b]model", "m", "p", "answered", "5120", "yes", "clearly", "{}", 9, 9, 0.0, 0.1, "2026-11-21T10:00:00"
        )
        store.opinions.keep([answer])
        store.opinions.link("day", {"k0": "r0"}, decides=False)

    async def seen(pilot: Pilot[None], queue: ReviewQueue) -> None:
        assert "office/[b]model says: 5120" in shown(pilot)
        assert "direct, clearly better" in shown(pilot)
        await pilot.press("right")
        assert "says:" not in shown(pilot)

    async def hidden(pilot: Pilot[None], queue: ReviewQueue) -> None:
        assert queue.opinion(current(pilot)) is None
        assert "says:" not in shown(pilot)

    drive(tmp_path / "s.db", seen, size=(160, 48))
    drive(tmp_path / "s.db", hidden, size=(160, 48), blind=True)


def test_enter_accepts_the_proposal_or_what_is_marked(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("enter")
        assert last(queue) == ("accept", "5120")
        await pilot.press("down", "enter")
        assert last(queue) == ("amend", "9111")
        await pilot.press("down", "up", "enter")
        assert last(queue) == ("accept", "2221")
        assert queue.store.decisions.settled("day")["k0"].suggested

    drive(tmp_path / "s.db", script)


def test_amend_searches_words_codes_and_the_tree(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("a")
        await typed(pilot, "sheep shearer")
        assert "« sheep shearer" in shown(pilot).casefold()
        await pilot.press("enter")
        assert last(queue)[1].startswith(("61", "92"))
        await pilot.press("a")
        await typed(pilot, "222")
        await pilot.press("enter")
        assert last(queue) == ("amend", "222")
        await pilot.press("a", "left", "left", "left")
        assert "1    Managers" in shown(pilot)
        await pilot.press("right", "right", "right", "enter")
        assert len(last(queue)[1]) == 4
        await pilot.press("a", "escape")
        assert len(list(queue.store.decisions.log())) == 3

    drive(tmp_path / "s.db", script)


def test_split(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("s")
        await typed(pilot, " 60, 9412 30")
        assert "not yet" in shown(pilot)
        await pilot.press("enter", "backspace", "backspace")
        await typed(pilot, "40")
        await pilot.press("enter")
        kept = list(queue.store.decisions.log())[-1]
        assert (kept.action, kept.codes) == ("split", (CodeShare("5120", 0.6), CodeShare("9412", 0.4)))

    drive(tmp_path / "s.db", script)


def test_new_occupation_reject_defer_and_comment(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("n", "end")
        await typed(pilot, " robot")
        await pilot.press("enter")
        await typed(pilot, "no code")
        await pilot.press("enter")
        kept = list(queue.store.decisions.log())[-1]
        assert (kept.action, kept.name, kept.note) == ("new", "cook in a school robot", "no code")
        await pilot.press("r")
        assert last(queue) == ("reject", "")
        await pilot.press("d")
        assert last(queue) == ("defer", "")
        before = current(pilot)
        await pilot.press("c")
        await typed(pilot, "ask")
        await pilot.press("enter")
        await pilot.pause()
        assert last(queue) == ("comment", "")
        assert current(pilot).id == before.id
        assert "“ask”" in shown(pilot)

    drive(tmp_path / "s.db", script)


def test_undo_step_by_step_across_restarts(tmp_path: Path) -> None:
    async def three(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("1", "2", "r")

    async def back(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("u")
        assert current(pilot).key == "k2"
        await pilot.press("u", "u")
        assert current(pilot).key == "k0"
        await pilot.press("u")
        assert "nothing left to undo" in shown(pilot)
        assert queue.count()[0] == len(TEXTS)
        await pilot.press("1")
        assert last(queue) == ("accept", "5120")

    drive(tmp_path / "s.db", three)
    drive(tmp_path / "s.db", back)


def test_moving_search_filter_order_and_go_to_code(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("right", "j", "left", "k")
        assert current(pilot).key == "k0"
        await pilot.press("slash")
        await typed(pilot, "ward")
        await pilot.press("enter")
        assert "2 waiting" in shown(pilot)
        assert current(pilot).key == "k5"
        await pilot.press("slash", "ctrl+u", "enter", "f", "enter", "enter")
        await typed(pilot, "7")
        await pilot.press("enter", "enter", "enter", "enter")
        assert current(pilot).key == "k7"
        assert "filter: code '7'" in shown(pilot)
        await pilot.press("f", "ctrl+u")
        await typed(pilot, "nonsense")
        await pilot.press(*["enter"] * 6)
        assert "no status 'nonsense'" in shown(pilot)
        await pilot.press("o")
        assert queue.order == "cluster"
        await pilot.press("o", "o")
        assert queue.order == "impact"
        await pilot.press("g")
        await typed(pilot, "0110")
        await pilot.press("enter")
        assert "0110 Commissioned Armed Forces" in shown(pilot)
        assert list(queue.store.decisions.log()) == []

    drive(tmp_path / "s.db", script)


def test_bulk_shows_what_it_settles_and_one_undo_takes_it_back(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("slash")
        await typed(pilot, "ward")
        await pilot.press("enter", "b")
        assert "identical answers — 2 cases, 29 rows" in shown(pilot)
        await pilot.press("enter")
        assert {d.key: d.action for d in queue.store.decisions.settled("day").values()} == {"k5": "accept", "k6": "accept"}
        await pilot.press("u")
        assert queue.store.decisions.settled("day") == {}
        await pilot.press("slash", "ctrl+u", "enter", "down", "b", "tab")
        assert "all that the filter selects — 8 cases" in shown(pilot)
        await pilot.press("h")
        assert {d.code for d in queue.store.decisions.settled("day").values()} == {"9111"}
        assert "nothing is left here" in shown(pilot)
        await pilot.press("u")
        for key in ("r", "d"):
            await pilot.press("b", "tab", key, "u")
        await pilot.press("b", "escape")
        assert queue.count()[0] == 8

    drive(tmp_path / "s.db", script)


def test_help_names_every_key(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press("question_mark")
        text = shown(pilot)
        assert all(word in text for word in ["amend", "split", "new occupation", "defer", "comment", "undo", "bulk", "search", "Ctrl+T"])
        await pilot.press("escape", "ctrl+t")
        assert pilot.app.theme == "textual-light"
        await pilot.press("q")
        assert pilot.app._exit

    drive(tmp_path / "s.db", script)


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 12), (20, 5)])
@promise("U7", "the screen is usable, or says so, in any size of terminal")
def test_data_is_shown_as_it_is_in_any_size(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        texts = ""
        for _ in TEXTS:
            texts += shown(pilot)
            await pilot.press("right")
        if size[0] >= 80:
            assert "[red]bold[/red] [/] driver" in texts
            assert "nurse␛]52;c;x␇" in texts
            assert "cuts [blink]vegetables" in texts
        assert "\x1b" not in texts
        await pilot.press("1")
        assert len(queue.store.decisions.settled("day")) == 1

    drive(tmp_path / "s.db", script, size=size)


def test_blind_shows_no_code_and_takes_none_unseen(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        text = shown(pilot)
        assert "suggestions are hidden" in text
        assert "5120" not in text.replace("register: 5120", "")
        await pilot.press("1", "enter")
        assert list(queue.store.decisions.log()) == []
        await pilot.press("a")
        await typed(pilot, "5120")
        await pilot.press("enter")
        kept = list(queue.store.decisions.log())[-1]
        assert (kept.action, kept.code, kept.suggested) == ("amend", "5120", False)

    drive(tmp_path / "s.db", script, blind=True)


@promise("S6")
@promise("U5", "where another coder changed the case on the screen, that is shown before anything is overwritten")
def test_another_coder_decides_first(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        case = current(pilot)
        with Store(tmp_path / "s.db") as other, ReviewQueue(other, "day", "bert") as bert:
            other._connection.execute("DELETE FROM leases")
            bert.decide(replace(case, version=0), bert.choose(case, "9111"), seconds=1)
            await pilot.press("1")
            text = shown(pilot)
            assert "changed meanwhile: bert says 9111" in text
            assert current(pilot).id == case.id
            assert queue.store.decisions.settled("day")["k0"].coder == "bert"
            await pilot.press("1")
            assert queue.store.decisions.settled("day")["k0"].coder == "anna"
            held = bert.next()
            assert held is not None
            pilot.app.screen._open(held)  # type: ignore[attr-defined]
            await pilot.press("1")
            assert "bert is coding this case" in shown(pilot)
            assert held.key not in queue.store.decisions.settled("day")

    drive(tmp_path / "s.db", script, size=(160, 48))


@promise("S8")
def test_a_full_disk_keeps_the_case_on_the_screen(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        db = queue.store._connection
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        before = current(pilot)
        for _ in range(12):
            await pilot.press("c")
            pilot.app.screen.query_one(Input).value = "comment " * 240
            await pilot.press("enter")
            await pilot.pause()
        assert "not kept: the disk is full" in shown(pilot)
        assert current(pilot).id == before.id
        db.execute("PRAGMA max_page_count = 100000")
        await pilot.press("1")
        assert last(queue) == ("accept", "5120")

    drive(tmp_path / "s.db", script)


@promise("U6", "a key held down decides each case once; undo takes it back")
def test_key_repeat_decides_each_case_once(tmp_path: Path) -> None:
    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        await pilot.press(*["enter"] * 40)
        log = list(queue.store.decisions.log())
        assert len(log) == len({d.key for d in log}) == len(TEXTS)
        await pilot.press(*["u"] * 10)
        assert queue.count()[0] == len(TEXTS)

    drive(tmp_path / "s.db", script)


@promise("U1", "a fault in the screen ends it with one line; what was decided is kept")
@promise("U4", "no respondent's text and no key is printed when the program breaks")
def test_a_crash_prints_no_data(tmp_path: Path) -> None:
    said = ""

    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        nonlocal said
        try:
            raise ValueError("secret respondent text")
        except ValueError as error:
            pilot.app._handle_exception(error)
        said = "".join(str(renderable) for renderable in pilot.app._exit_renderables)

    with pytest.raises(ValueError, match="secret"):
        drive(tmp_path / "s.db", script)
    assert "ValueError at test_review_screen.py" in said
    assert "secret" not in said


def test_idle_time_does_not_count() -> None:
    times = iter([0.0, 0.0, 10.0, 500.0, 505.0])
    clock = CaseClock(lambda: next(times))
    clock.start()
    clock.touch()
    clock.touch()
    assert clock.seconds() == 10.0 + 60.0 + 5.0


SNAPSHOTS = Path(__file__).parent / "snapshots"
STATES = {
    "review-80x24": ((80, 24), []),
    "review-160x48": ((160, 48), []),
    "light": ((80, 24), ["ctrl+t"]),
    "amend": ((80, 24), ["a", "n", "u", "r", "s", "e"]),
    "tree": ((80, 24), ["a"]),
    "split": ((80, 24), ["s", "space", "6", "0", "comma", "9", "4", "1", "2", "space", "4", "0"]),
    "filter": ((80, 24), ["f"]),
    "bulk": ((80, 24), ["b", "tab"]),
    "help": ((80, 24), ["question_mark"]),
    "undone": ((80, 24), ["1", "u"]),
}


def drawing(svg: str) -> str:
    """The picture without what differs from one process or day to the next, and without fonts from the internet."""
    svg = re.sub(r"\d{4}-\d{2}-\d{2}", "2026-11-21", re.sub(r"@font-face \{[^}]*\}\s*", "", svg))
    return re.sub(r"terminal-\d+", "terminal", svg)


@pytest.mark.parametrize("name", STATES)
def test_the_screen_looks_as_it_did(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    size, keys = STATES[name]
    monkeypatch.setattr("crosswalk.store.decision_rows.now", lambda: "2026-11-21T12:00:00.000+00:00")  # a decision is shown with its day

    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        for cursor in pilot.app.screen.query("Input"):
            cursor.cursor_blink = False  # type: ignore[attr-defined]
        await pilot.press(*keys)
        for cursor in pilot.app.screen.query("Input"):
            cursor.cursor_blink = False  # type: ignore[attr-defined]
        await pilot.pause()
        compare(pilot, SNAPSHOTS / f"{name}.svg")

    drive(tmp_path / "s.db", script, size=size)


def compare(pilot: Pilot[None], path: Path) -> None:
    svg = drawing(pilot.app.export_screenshot(title="crosswalk review"))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(svg, encoding="utf-8")
    assert svg == path.read_text(encoding="utf-8"), f"{path.name} looks different: UPDATE_SNAPSHOTS=1 pytest, then look at the picture"


# The picture in the README: answers as people give them.
SHOWN = [
    ("conducteur de travaux", 41, [("3123", 0.62, "conducteur de travaux"), ("1323", 0.21, "construction manager"), ("2142", 0.06, "")]),
    ("care assistant nights", 33, [("5322", 0.48, "care assistant, home"), ("5321", 0.41, "care assistant"), ("3221", 0.04, "")]),
    ("works in the office", 52, [("4110", 0.71, "office clerk"), ("3341", 0.09, "office supervisor"), ("9112", 0.05, "")]),
    ("agent polyvalent", 17, [("9629", 0.22, "handyperson"), ("5153", 0.19, "caretaker"), ("7119", 0.08, "")]),
    ("drone pilot", 9, [("3153", 0.35, "pilot"), ("3155", 0.12, ""), ("3521", 0.06, "")]),
    ("sheep and some barley", 6, [("6130", 0.66, "mixed farmer"), ("6121", 0.2, "sheep farmer"), ("6111", 0.04, "")]),
]


def test_the_picture_of_the_readme(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        store.begin_run("day", "code", "f", {}, (), {})
        for n, (text, rows, codes) in enumerate(SHOWN):
            kept = [KeptCode(code, p, matched) for code, p, matched in codes]
            fields = {"tasks": "plans the site, orders material", "industry": "construction"} if n == 0 else {}
            note = "3123 or 1323? It depends on whether the person supervises other workers" if n == 0 else ""
            case = new_case(
                "day", f"k{n}", text, kept, [CodeShare(kept[0].code)], frequency=rows, fields=fields, note=note, method="review"
            )
            store.cases.fill([case])

    async def script(pilot: Pilot[None], queue: ReviewQueue) -> None:
        while current(pilot).key != "k0":
            await pilot.press("right")
        await pilot.pause()
        compare(pilot, Path(__file__).parent.parent / "docs" / "review.svg")

    drive(tmp_path / "s.db", script, size=(120, 26))
