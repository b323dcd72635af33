"""Small dialogs: each asks one thing and answers with a value, or with None where the coder pressed Escape."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from crosswalk.errors import UsageError
from crosswalk.jobs.code_book import CodeBook, CodeHit
from crosswalk.jobs.review import checked
from crosswalk.model import CodeShare, Decision
from crosswalk.store.case_rows import CaseFilter, State
from crosswalk.text import one_line
from crosswalk.tui.widgets import plain

_CANCEL = Binding("escape", "dismiss(None)", "cancel")


class CodeDialog(ModalScreen[str | None]):
    """Search as you type over codes, titles and index titles; with nothing typed, walk the tree with → and ←."""

    BINDINGS = [_CANCEL]

    def __init__(self, book: CodeBook, title: str, start: str = "") -> None:
        super().__init__(classes="dialog")
        self._book, self._title = book, title
        self._at = (book.classification.by_code[start].parent or "") if start in book.classification.by_code else ""
        self._start = start

    def compose(self) -> ComposeResult:
        """A line to type in, and what was found."""
        with Vertical():
            yield Label(Content(self._title))
            yield Input(placeholder="code or words in any language; → ← walk the tree")
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """Begin in the tree, beside the code at hand."""
        self.run_worker(self._book.prepare, thread=True)
        self._show_tree(self._start)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what is typed so far."""
        if not event.value.strip():
            self._show_tree()
            return
        self._show([(hit.code, _hit_line(hit)) for hit in self._book.search(event.value)])

    def on_key(self, event: Key) -> None:
        """Keys of the list work while one types; → and ← walk the tree while nothing is typed."""
        found = self.query_one(OptionList)
        moves: dict[str, Callable[[], None]] = {
            "down": found.action_cursor_down,
            "up": found.action_cursor_up,
            "pagedown": found.action_page_down,
        }
        moves |= {"pageup": found.action_page_up}
        if event.key in moves:
            moves[event.key]()
        elif event.key in ("right", "left") and not self.query_one(Input).value:
            self._walk(inside=event.key == "right")
        else:
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self) -> None:
        """Take the marked code."""
        code = self._marked()
        if code:
            self.dismiss(code)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A code was clicked."""
        self.dismiss(event.option.id)

    def _marked(self) -> str:
        found = self.query_one(OptionList)
        option = found.get_option_at_index(found.highlighted) if found.highlighted is not None else None
        return (option.id or "") if option else ""

    def _walk(self, *, inside: bool) -> None:
        code = self._marked()
        if inside and self._book.children(code):
            self._at = code
            self._show_tree()
        elif not inside and self._at:
            left, self._at = self._at, self._book.classification.by_code[self._at].parent or ""
            self._show_tree(left)

    def _show_tree(self, marked: str = "") -> None:
        items = self._book.children(self._at)
        self._show([(i.code, _tree_line(i.code, i.title, deeper=bool(self._book.children(i.code)))) for i in items], marked)

    def _show(self, rows: Sequence[tuple[str, Content]], marked: str = "") -> None:
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options([Option(line, id=code) for code, line in rows])
        found.highlighted = next((place for place, (code, _) in enumerate(rows) if code == marked), 0) if rows else None


def _hit_line(hit: CodeHit) -> Content:
    language = f" {hit.language}" if hit.language else ""
    return Content.assemble((hit.code.ljust(5), "bold"), plain(hit.title), (f"  « {hit.matched} »{language}" if hit.matched else "", "dim"))


def _tree_line(code: str, title: str, *, deeper: bool) -> Content:
    return Content.assemble((code.ljust(5), "bold"), plain(title), " →" if deeper else "")


class TextDialog(ModalScreen[tuple[str, ...] | None]):
    """Asks for one or more lines; Enter goes to the next, and at the last one answers."""

    BINDINGS = [_CANCEL]

    def __init__(self, title: str, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog")
        self._title, self._fields = title, fields

    def compose(self) -> ComposeResult:
        """A line for each field, given as (what it is, what stands in it); where there are several, each below its name."""
        with Vertical():
            yield Label(Content(self._title))
            if len(self._fields) == 1:
                yield Input(self._fields[0][1], placeholder=self._fields[0][0])
                return
            for name, value in self._fields:
                yield Static(Content(name), classes="field")
                yield Input(value, classes="labelled")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The next field, or the answer."""
        fields = list(self.query(Input))
        if event.input is fields[-1]:
            self.dismiss(tuple(each.value.strip() for each in fields))
        else:
            self.focus_next()


class SplitDialog(ModalScreen[Decision | None]):
    """Several codes with shares: "2221 60, 5120 40". Those left out share the rest; what is typed is shown with its titles."""

    BINDINGS = [_CANCEL]

    def __init__(self, book: CodeBook, codes: Sequence[CodeShare]) -> None:
        super().__init__(classes="dialog")
        self._book = book
        self._begin = ", ".join(f"{given.code} {given.share * 100:.0f}" if len(codes) > 1 else given.code for given in codes)

    def compose(self) -> ComposeResult:
        """A line to type in, and what it means."""
        with Vertical():
            yield Label("split into several codes, each with its share in percent")
            yield Input(self._begin, placeholder="2221 60, 5120 40", select_on_focus=False)
            yield Static(id="meaning", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what it means so far."""
        given = shares(event.value)
        lines = [f"{each.share:>5.0%}  {each.code.ljust(5)}{one_line(self._book.classification.title(each.code))}" for each in given]
        self.query_one("#meaning", Static).update(Content("\n".join([*lines, self._fault(given)])))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, when it can be."""
        given = shares(event.value)
        if not self._fault(given):
            self.dismiss(Decision("split", given))

    def _fault(self, given: tuple[CodeShare, ...]) -> str:
        try:
            checked(Decision("split", given), self._book.classification)
        except UsageError as error:
            return f"not yet: {error.message}" + (f": {error.hint}" if len(given) < 2 else "")
        return ""


def shares(typed: str) -> tuple[CodeShare, ...]:
    """ "2221 60, 5120" -> shares .6 and .4: codes without a number share evenly what is left."""
    parts = [part.replace("%", " ").split() for part in typed.replace(";", ",").split(",")]
    parts = [part for part in parts if part]
    numbers = [_number(part[1]) if len(part) > 1 else None for part in parts]
    known = [number for number in numbers if number is not None]
    left = (100 - sum(known)) / max(len(parts) - len(known), 1)
    return tuple(CodeShare(part[0], (left if number is None else number) / 100) for part, number in zip(parts, numbers, strict=True))


def _number(typed: str) -> float | None:
    try:
        return float(typed)
    except ValueError:
        return None


STATES: dict[str, tuple[State, ...]] = {
    "waiting": ("waiting",),
    "deferred": ("deferred",),
    "done": ("done",),
    "automatic": ("automatic",),
    "open": ("waiting", "deferred"),
    "all": ("waiting", "deferred", "done", "automatic"),
}


def filter_fields(chosen: CaseFilter, me: str) -> list[tuple[str, str]]:
    """The lines of the filter dialog, as they stand."""
    state = next((name for name, states in STATES.items() if states == chosen.states), "waiting")
    band = f"{chosen.lowest:g}-{chosen.highest:g}" if (chosen.lowest, chosen.highest) != (0.0, 1.0) else ""
    return [
        (f"status: {', '.join(STATES)}", state),
        ("probability from-to, for instance 0.3-0.6", band),
        ("code or beginning of a code, for instance 2", chosen.code),
        ("method, for instance model, rule, review", chosen.method),
        ("words in the text", chosen.words),
        (f"coder: blank for all, 'me' for {me}", "me" if chosen.coder == me else chosen.coder),
    ]


def filter_from(typed: Sequence[str], before: CaseFilter, me: str) -> CaseFilter:
    """The filter that was typed. Raises UsageError for a status or a band that cannot be read."""
    state, band, code, method, words, coder = typed
    named = next((name for name in STATES if state and name.startswith(state.casefold())), None)
    if state and named is None:
        raise UsageError(f"there is no status {state!r}", hint=f"one of {', '.join(STATES)}")
    low, _, high = band.replace(",", ".").partition("-")
    limits = [_number(each) if each.strip() else default for each, default in ((low, 0.0), (high, 1.0))]
    if None in limits:
        raise UsageError(f"{band!r} is no band of probabilities", hint="for instance 0.3-0.6")
    return replace(
        before, states=STATES[named or "waiting"], lowest=limits[0] or 0.0, highest=1.0 if limits[1] is None else limits[1],
        code=code, method=method, words=words, coder=me if coder == "me" else coder,
    )  # fmt: skip


class HelpDialog(ModalScreen[None]):
    """All keys, with what they do."""

    BINDINGS = [_CANCEL, Binding("question_mark,enter,q", "dismiss(None)", "close")]

    def __init__(self, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__(classes="dialog")
        self._lines = lines

    def compose(self) -> ComposeResult:
        """Two columns of text."""
        with Vertical():
            yield Static(Content("\n").join(Content.assemble((f"{key:>11}  ", "bold"), what) for key, what in self._lines))
