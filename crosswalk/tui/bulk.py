"""The dialog of bulk decisions: what they would settle is shown before they are made."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Classification, CodeShare, Decision
from crosswalk.store.case_rows import Case, CaseFilter
from crosswalk.text import counted
from crosswalk.tui.options import Option, described
from crosswalk.tui.widgets import plain

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Bulk:
    """What was chosen: the cases as they were shown, and the decision for all of them."""

    seen: Sequence[tuple[int, int]]
    decision: Decision


class BulkDialog(ModalScreen[Bulk | None]):
    """Tab changes between identical answers and all that the filter selects; the next key decides."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "cancel"),
        Binding("tab", "other_scope", "which cases"),
        Binding("enter", "decide('accept')", "accept each proposal"),
        Binding("h", "decide('amend')", "the highlighted code for all"),
        Binding("r", "decide('reject')", "none"),
        Binding("d", "decide('defer')", "defer"),
    ]

    def __init__(self, queue: ReviewQueue, case: Case, option: Option | None, classification: Classification) -> None:
        super().__init__(classes="dialog")
        self._queue, self._option, self._classification = queue, option, classification
        self._scopes = {"identical answers": queue.alike(case), "all that the filter selects": queue.filter}
        self._scope = "identical answers"
        self._seen: list[tuple[int, int]] = []
        self._preview: list[Case] = []

    def compose(self) -> ComposeResult:
        """One text: what would be settled, and the keys."""
        with Vertical():
            yield Static(id="bulk")

    def on_mount(self) -> None:
        """Begin with the identical answers."""
        self._show()

    def action_other_scope(self) -> None:
        """The other set of cases."""
        self._scope = next(name for name in self._scopes if name != self._scope)
        self._show()

    def action_decide(self, action: str) -> None:
        """Answer with a decision for exactly the cases that were counted here."""
        decisions = {"accept": Decision("accept"), "reject": Decision("reject"), "defer": Decision("defer")}
        if self._option and self._option.code:
            decisions["amend"] = Decision("amend", (CodeShare(self._option.code),))
        suited = action in decisions and not (action == "accept" and self._queue.blind)
        if suited and self._seen:
            self.dismiss(Bulk(self._seen, decisions[action]))

    def _show(self) -> None:
        chosen = self._scopes[self._scope]
        self._seen = self._queue.selected(chosen)
        self.query_one("#bulk", Static).update(self._text(chosen))

    def _text(self, chosen: CaseFilter) -> Content:
        shown = self._queue.page(_SHOWN, chosen=chosen)
        rows = self._queue.count(chosen)[1]
        lines = [
            Content.assemble(
                ("bulk: ", "bold"), self._scope, f" — {counted(len(self._seen), 'case')}, {counted(rows, 'row')}   (Tab: others)"
            )
        ]
        lines += [Content.assemble("  ", plain(case.text), (f"  {self._proposal(case)}", "dim")) for case in shown]
        more = len(self._seen) - len(shown)
        lines += [Content(f"  ... and {more:,} more")] if more > 0 else []
        highlighted = self._option.label if self._option and self._option.code else "-"
        keys = "Enter accept each its own proposal · h all become: " + highlighted + "\nr none · d defer · Esc nothing"
        return Content("\n").join([*lines, Content(""), Content(keys), Content.styled("one u takes all of it back", "dim")])

    def _proposal(self, case: Case) -> str:
        return "" if self._queue.blind else f"→ {described(case.proposed, self._classification) or 'nothing proposed'}"
