"""The review screen: keys become decisions. Every decision is durable before the next case is shown."""

from collections.abc import Callable
from dataclasses import replace

from textual.binding import Binding
from textual.events import Event, Key, MouseDown

from crosswalk.errors import CrosswalkError
from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.review import ReviewQueue, checked
from crosswalk.model import Decision
from crosswalk.store.case_rows import Case, CaseFilter, Order
from crosswalk.text import one_line
from crosswalk.tui.bulk import Bulk, BulkDialog
from crosswalk.tui.clock import CaseClock
from crosswalk.tui.dialogs import CodeDialog, HelpDialog, SplitDialog, TextDialog, filter_fields, filter_from
from crosswalk.tui.keys import HELP
from crosswalk.tui.layout import ReviewLayout
from crosswalk.tui.options import options_for, said
from crosswalk.tui.widgets import OptionsPane, QueuePane

_ORDERS: tuple[Order, ...] = ("impact", "cluster", "file")
_ALIVE_SECONDS = 120.0
_NOTHING_PROPOSED = "nothing is proposed: pick 1-6, a to search a code, n new, r none"


class ReviewScreen(ReviewLayout):
    """Decides what keys and messages mean."""

    BINDINGS = [
        *(Binding(str(number), f"pick({number})", f"answer {number}", show=False) for number in range(1, 7)),
        Binding("enter", "accept", "accept"),
        Binding("up", "highlight(-1)", "answer above"),
        Binding("down", "highlight(1)", "answer below"),
        Binding("right,j", "step(1)", "next case"),
        Binding("left,k", "step(-1)", "case before"),
        Binding("a", "amend", "amend"),
        Binding("s", "split", "split"),
        Binding("n", "new_occupation", "new occupation"),
        Binding("r", "decide('reject')", "none"),
        Binding("d", "decide('defer')", "defer"),
        Binding("c", "comment", "comment"),
        Binding("u", "undo", "undo"),
        Binding("b", "bulk", "bulk"),
        Binding("slash", "search", "search"),
        Binding("g", "go_to_code", "go to code"),
        Binding("f", "filter", "filter"),
        Binding("o", "order", "order"),
        Binding("pagedown", "scroll('#definition-scroll', 1)", "definition down"),
        Binding("pageup", "scroll('#definition-scroll', -1)", "definition up"),
        Binding("ctrl+down,right_square_bracket", "scroll('#case-scroll', 1)", "case down"),
        Binding("ctrl+up,left_square_bracket", "scroll('#case-scroll', -1)", "case up"),
        Binding("question_mark", "help", "help"),
        Binding("q", "app.quit", "quit"),
    ]

    def __init__(self, queue: ReviewQueue, book: CodeBook, clock: CaseClock | None = None) -> None:
        super().__init__(queue, book)
        self.clock = clock or CaseClock()
        self.holder = ""

    def on_mount(self) -> None:
        """Count once, show the first case, and give a sign of life from time to time."""
        self.set_interval(_ALIVE_SECONDS, self._stay_alive)
        self._recount()
        self.call_after_refresh(self._open_next)

    async def on_event(self, event: Event) -> None:
        """Every event passes here first: keys and clicks count as work."""
        if isinstance(event, Key | MouseDown):
            self.clock.touch()
        await super().on_event(event)

    def on_queue_pane_chosen(self, message: QueuePane.Chosen) -> None:
        """A case was clicked."""
        self._open(message.case)

    def on_options_pane_chosen(self, message: OptionsPane.Chosen) -> None:
        """An answer was clicked: shown, not taken."""
        if message.number < len(self.options):
            self.highlighted = message.number
            self._draw_answers()

    # what keys do

    def action_pick(self, number: int) -> None:
        """Take the numbered answer and go on."""
        if number <= len(self.options):
            self._decide(self.options[number - 1].decision)
        else:
            self._say(f"there is no answer {number}")

    def action_accept(self) -> None:
        """Take the marked answer: the proposal, unless another was marked."""
        if 0 <= self.highlighted < len(self.options):
            self._decide(self.options[self.highlighted].decision)
        elif self.case:
            self._say(_NOTHING_PROPOSED)

    def action_highlight(self, step: int) -> None:
        """Mark another answer and show its definition."""
        if self.options:
            self.highlighted = max(0, min(len(self.options) - 1, self.highlighted + step))
            self._draw_answers()

    def action_step(self, step: int) -> None:
        """The next case, or the one before, undecided."""
        self._try(lambda: self._go(self.queue.next(self.case, back=step < 0)))

    def action_decide(self, action: str) -> None:
        """None, or later."""
        self._decide(Decision("reject") if action == "reject" else Decision("defer"))

    def action_amend(self) -> None:
        """Search any code."""
        if self.case:
            self.app.push_screen(CodeDialog(self.book, f"a code for: {one_line(self.case.text)}", self._code()), self._amended)

    def action_split(self) -> None:
        """Several codes with shares."""
        if self.case:
            marked = self.options[self.highlighted].decision.codes if 0 <= self.highlighted < len(self.options) else ()
            self.app.push_screen(SplitDialog(self.book, marked), lambda decision: self._decide(decision) if decision else None)

    def action_new_occupation(self) -> None:
        """An occupation the scheme lacks."""
        if self.case:
            fields = [("name of the new occupation", one_line(self.case.text)), ("note: what it is, why no code fits", "")]
            dialog = TextDialog("a new occupation", fields)
            self.app.push_screen(dialog, lambda typed: self._decide(Decision("new", name=typed[0], note=typed[1])) if typed else None)

    def action_comment(self) -> None:
        """Say something without deciding."""
        if self.case:
            dialog = TextDialog("a comment on this case", [("comment", "")])
            self.app.push_screen(dialog, lambda typed: self._decide(Decision("comment", note=typed[0])) if typed else None)

    def action_undo(self) -> None:
        """Take back the last decision, and show its case."""
        self._try(self._undo)

    def action_bulk(self) -> None:
        """Decide many at once, after seeing them."""
        if self.case:
            option = self.options[self.highlighted] if 0 <= self.highlighted < len(self.options) else None
            self.app.push_screen(BulkDialog(self.queue, self.case, option, self.book.classification), self._bulk)

    def action_search(self) -> None:
        """Cases whose text has some words."""
        dialog = TextDialog("search in the queue; blank shows all again", [("words", self.queue.filter.words)])
        self.app.push_screen(dialog, lambda typed: self._select(words=typed[0]) if typed is not None else None)

    def action_go_to_code(self) -> None:
        """Show the definition of any code."""
        self.app.push_screen(CodeDialog(self.book, "show which code?", self._code()), lambda code: self._define(code) if code else None)

    def action_filter(self) -> None:
        """Choose which cases come."""
        me = self.queue.coder.name
        self.app.push_screen(TextDialog("which cases? Enter goes down", filter_fields(self.queue.filter, me)), self._filtered)

    def action_order(self) -> None:
        """By impact, by clusters of near-identical texts, or by the file."""
        self.queue.order = _ORDERS[(_ORDERS.index(self.queue.order) + 1) % len(_ORDERS)]
        self._draw()

    def action_scroll(self, pane: str, step: int) -> None:
        """What is longer than its pane."""
        self.query_one(pane).scroll_relative(y=4 * step, animate=False)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpDialog(HELP))

    # what follows from them

    def _amended(self, code: str | None) -> None:
        if code and self.case:
            self._decide(self.queue.choose(self.case, code))

    def _filtered(self, typed: tuple[str, ...] | None) -> None:
        if typed is not None:
            self._try(lambda: self._use_filter(filter_from(typed, self.queue.filter, self.queue.coder.name)))

    def _select(self, **changes: str) -> None:
        self._use_filter(replace(self.queue.filter, **changes))  # type: ignore[arg-type]

    def _use_filter(self, chosen: CaseFilter) -> None:
        self.queue.filter = chosen
        self._recount()
        self._open_next()

    def _decide(self, decision: Decision) -> None:
        self._try(lambda: self._keep(decision))

    def _keep(self, decision: Decision) -> None:
        if self.case is None:
            return
        if self.holder and decision.action != "comment":
            self._say(f"{self.holder} is coding this case: you may look and comment; → goes on")
            return
        outcome = self.queue.decide(self.case, checked(decision, self.book.classification), seconds=self.clock.seconds())
        words = said(outcome.kept, self.book.classification)
        if outcome.stale:
            by = f"{outcome.theirs.coder} says {said(outcome.theirs, self.book.classification)}" if outcome.theirs else "it was taken back"
            self._open(self.case)
            self._say(f"changed meanwhile: {by}. Yours ({words}) is kept, not in force; decide again to overrule, → to go on")
        elif decision.action == "comment":
            self._open(self.case)
        else:
            self._count(-1)
            self._open_next(self.case, f"kept: {words} for {one_line(self.case.text)[:40]}   (u undoes)")

    def _undo(self) -> None:
        undone = self.queue.undo()
        last = (undone.taken_back or undone.superseded or (None,))[0]
        if last is None:
            self._say("nothing left to undo")
            return
        case = self.queue.find(last)
        if case:
            self._open(case)
        if len(undone.taken_back) == 1 and last.action != "comment":
            self._count(1)
        else:
            self._recount()
        self._draw_status()
        many = f" and {len(undone.taken_back) - 1} more of its bulk" if len(undone.taken_back) > 1 else ""
        words = said(last, self.book.classification)
        self._say(f"taken back: {words}{many}" if undone.taken_back else "another coder has decided this case since: theirs stays")

    def _bulk(self, bulk: Bulk | None) -> None:
        if bulk:
            self._try(lambda: self._keep_bulk(bulk))

    def _keep_bulk(self, bulk: Bulk) -> None:
        outcome = self.queue.decide_many(bulk.seen, bulk.decision, seconds=self.clock.seconds())
        self._recount()
        left = f"; {outcome.left:,} left, changed or held by others" if outcome.left else ""
        self._open_next(self.case, f"kept: {bulk.decision.action} for {outcome.settled:,} cases{left}   (one u undoes all)")

    def _open_next(self, after: Case | None = None, message: str = "") -> None:
        """The next case in the queue, from the beginning again at its end."""
        case = self.queue.next(after) or (self.queue.next() if after else None)
        if case is None:
            self.case, self.options, self.highlighted = None, [], -1
            self._draw()
        else:
            self._show(case)
        self._say(message)

    def _go(self, case: Case | None) -> None:
        if case is None:
            self._say("this is the end of the queue")
        else:
            self._show(case)

    def _open(self, case: Case) -> None:
        """One case, taken if nobody else has it."""
        fresh, lease = self.queue.take(case)
        self._show(fresh, "" if lease.mine else lease.coder)

    def _show(self, case: Case, holder: str = "") -> None:
        self.case, self.holder = case, holder
        self.options = options_for(self.queue, case, self.book.classification)
        self.highlighted = 0 if self.options and case.proposed and case.round not in ("adjudication", "choice") else -1
        self.clock.start()
        self._draw()
        self.query_one("#case-scroll").scroll_home(animate=False)
        self._say(f"● {holder} is coding this case: you may look and comment" if holder else "")

    def _try(self, act: Callable[[], object]) -> None:
        """What is refused is said, and the case stays."""
        try:
            act()
        except CrosswalkError as error:
            self._say(f"not kept: {error.message}" + (f" ({error.hint})" if error.hint else ""))

    def _recount(self) -> None:
        self.left = self.queue.count()

    def _count(self, step: int) -> None:
        """Counts follow the decisions; they are counted anew when the filter changes."""
        if self.case and self.case.state in self.queue.filter.states and len(self.queue.filter.states) < 4:
            self.left = (max(0, self.left[0] + step), max(0, self.left[1] + step * self.case.frequency))

    def _stay_alive(self) -> None:
        self._try(self.queue.alive)
        self.queue.store.fold_log()
