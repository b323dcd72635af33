"""How the review screen is laid out and drawn: wide in three columns, narrow with the definition below the answers."""

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.review import ReviewQueue
from crosswalk.store.case_rows import Case, CaseFilter
from crosswalk.text import one_line
from crosswalk.tui.keys import KEY_BAR
from crosswalk.tui.options import Option
from crosswalk.tui.widgets import CasePane, DefinitionPane, OptionsPane, QueuePane


class ReviewLayout(Screen[None]):
    """Left the queue, in the middle the case and its numbered answers, right (or below) the definition, at the bottom the keys."""

    CSS_PATH = "screen.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]

    def __init__(self, queue: ReviewQueue, book: CodeBook) -> None:
        super().__init__()
        self.queue, self.book = queue, book
        self.case: Case | None = None
        self.options: list[Option] = []
        self.highlighted = -1
        self.left = (0, 0)
        """Cases and rows that the filter still selects."""

    def compose(self) -> ComposeResult:
        """The panes; each has a tooltip for those with a mouse."""
        yield Static(id="status")
        yield QueuePane(id="queue")
        with Vertical(id="work"):
            with VerticalScroll(id="case-scroll", can_focus=False):
                yield CasePane(id="case")
            yield OptionsPane(id="options")
        with VerticalScroll(id="definition-scroll", can_focus=False):
            yield DefinitionPane(id="definition")
        yield Static(id="banner")
        yield Static(Content(KEY_BAR), id="keys")

    def on_screen_resume(self) -> None:
        """Tooltips for those with a mouse."""
        self.query_one("#queue").tooltip = "the queue: rows and probability at the right; ▶ here, ● held by another, ~ deferred, ✓ done"
        self.query_one("#options").tooltip = "1-6 picks; ↑ ↓ shows the definition; Enter takes the marked one"
        self.query_one("#definition").tooltip = "the definition of the marked code: Page Up and Page Down move it"

    def on_resize(self, _event: Resize) -> None:
        """Lines are cut to the panes' width, so they are drawn again."""
        self.call_after_refresh(self._draw)

    def _code(self) -> str:
        return self.options[self.highlighted].code if 0 <= self.highlighted < len(self.options) else ""

    def _draw(self) -> None:
        blind = self.case is not None and not self.queue.shows_suggestions(self.case)
        history = self.queue.history(self.case) if self.case else []
        empty = "nothing is left here: f changes the filter, q quits"
        opinion = self.queue.opinion(self.case) if self.case else None
        self.query_one(CasePane).show(self.case, history, self.book.classification, opinion, blind=blind, empty=empty)
        self._draw_queue(blind=blind)
        self._draw_answers()
        self._draw_status()

    def _draw_queue(self, *, blind: bool) -> None:
        pane = self.query_one(QueuePane)
        height = max(pane.content_size.height, 5)
        before = self.queue.page(height // 3, self.case, back=True) if self.case else []
        after = self.queue.page(height, self.case)
        held = self.queue.held()
        pane.show([*before, *([self.case] if self.case else []), *after][:height], self.case, held, blind=blind)

    def _draw_answers(self) -> None:
        self.query_one(OptionsPane).show(self.options, self.highlighted, _no_answers(self.queue, self.case))
        self._define(self._code())

    def _define(self, code: str) -> None:
        self.query_one(DefinitionPane).show(code, self.book)
        self.query_one("#definition-scroll").scroll_home(animate=False)

    def _draw_status(self) -> None:
        chosen, blank = self.queue.filter, CaseFilter(rounds=self.queue.filter.rounds)
        cases, rows = self.left
        named = {"code": chosen.code, "method": chosen.method, "words": chosen.words, "coder": chosen.coder}
        parts = [f"{name} {value!r}" for name, value in named.items() if value]
        parts += [f"p {chosen.lowest:g}-{chosen.highest:g}"] if (chosen.lowest, chosen.highest) != (0.0, 1.0) else []
        filtered = f" · filter: {', '.join(parts)}" if parts else ""
        what = "/".join(chosen.states) if chosen.states != blank.states else "waiting"
        blind = " · blind" if self.queue.blind else ""
        text = f"{self.queue.run} · {self.queue.coder.name}{blind} · {cases:,} {what} ({rows:,} rows) · by {self.queue.order}{filtered}"
        self.query_one("#status", Static).update(Content(one_line(text)), layout=False)

    def _say(self, message: str) -> None:
        self.query_one("#banner", Static).update(Content(one_line(message)), layout=False)


def _no_answers(queue: ReviewQueue, case: Case | None) -> str:
    if case is None:
        return ""
    return "no code is near: a to search" if queue.shows_suggestions(case) else "suggestions are hidden: a to search, g to look at a code"
