"""The panes of the review screen. They draw what they are given, as text and never as markup, and post what was clicked."""

from collections.abc import Mapping, Sequence

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from crosswalk.jobs.code_book import CodeBook
from crosswalk.model import Classification, Opinion
from crosswalk.store.case_rows import Case
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.text import clean, counted, one_line
from crosswalk.tui.options import Option, said

_BAR = 8
_EIGHTHS = " ▏▎▍▌▋▊▉"
_MARKS = {"waiting": " ", "deferred": "~", "done": "✓", "automatic": "="}


def plain(text: str) -> Content:
    """Text of a file on one line, whatever it holds."""
    return Content(one_line(text))


def bar(probability: float) -> str:
    """A probability as a bar of eight cells."""
    eighths = round(max(0.0, min(1.0, probability)) * _BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)


class QueuePane(Static):
    """A window on the queue: the case on the screen among those before and after it."""

    class Chosen(Message):
        """A case was clicked."""

        def __init__(self, case: Case) -> None:
            super().__init__()
            self.case = case

    cases: Sequence[Case] = ()

    def show(self, cases: Sequence[Case], current: Case | None, held: Mapping[int, str], *, blind: bool) -> None:
        """Draw the cases, one a line; ``held`` says by whom others are being coded."""
        self.cases = cases
        width = max(self.content_size.width, 10)
        self.update(Content("\n").join(self._line(case, current, held, width, blind=blind) for case in cases), layout=False)

    def _line(self, case: Case, current: Case | None, held: Mapping[int, str], width: int, *, blind: bool) -> Content:
        here = current is not None and case.id == current.id
        mark = "▶" if here else "●" if case.id in held else _MARKS[case.state]
        right = f" {case.frequency:>3}" + ("" if blind else f" .{min(int(case.probability * 100), 99):02d}")
        text = plain(case.text).truncate(width - 2 - len(right), ellipsis=True, pad=True)
        if here:
            return Content.assemble(f"{mark} ", text, right).stylize("bold reverse")
        return Content.assemble(f"{mark} ", text, (right, "dim"))

    def on_click(self, event: Click) -> None:
        """Take the case whose line was clicked."""
        place = event.get_content_offset(self)
        if place is not None and place.y < len(self.cases):
            self.post_message(self.Chosen(self.cases[place.y]))


class CasePane(Static):
    """The case: its text, what was decided on it before, all its fields, and what the program noted."""

    def show(
        self,
        case: Case | None,
        history: Sequence[KeptDecision],
        classification: Classification,
        opinion: Opinion | None,
        *,
        blind: bool,
        empty: str,
    ) -> None:
        """Draw a case, or why there is none."""
        if case is None:
            self.update(Content(empty))
            return
        lines = [Content.styled(clean(case.text) or "(no text)", "bold"), Content.styled(_about(case, blind=blind), "dim")]
        lines += [_earlier(kept, case, classification) for kept in history]
        if opinion and opinion.is_draft:
            lines.append(Content.assemble((f"draft by {one_line(opinion.model)}: ", "dim"), one_line(f"{opinion.choice}. {opinion.said}")))
        lines += [Content.assemble((f"{one_line(name)}: ", "dim"), one_line(value)) for name, value in case.fields.items() if value]
        if opinion and not opinion.is_draft:
            lines.append(Content.assemble((f"{one_line(opinion.model)} says: ", "dim"), _said(opinion, classification)))
        if case.note and not blind:
            lines.append(Content.assemble(("why: ", "dim"), one_line(case.note)))
        self.update(Content("\n").join(lines))


def _said(opinion: Opinion, classification: Classification) -> str:
    return f"{opinion.choice} {one_line(classification.title(opinion.choice))} ({opinion.fit})".replace("  ", " ")


def _about(case: Case, *, blind: bool) -> str:
    rows = counted(case.frequency, "row")
    if blind:
        return f"{rows} · suggestions hidden"
    rounds = {"second": "second coding", "adjudication": "two coders disagree", "choice": "which answer is better?"}
    parts = [rows, case.method, rounds.get(case.round, ""), case.state if case.state != "waiting" else ""]
    return " · ".join(part for part in parts if part)


def _earlier(kept: KeptDecision, case: Case, classification: Classification) -> Content:
    where = "" if kept.key == case.key and kept.run == case.run else " (the same text elsewhere)"
    stale = " · not in force, made too late" if kept.stale else ""
    words = said(kept, classification)
    note = f" “{one_line(kept.note)}”" if kept.note and kept.action != "comment" else ""
    return Content.assemble((f"◦ {kept.coder} {kept.time[:10]}: ", "dim"), words + note, (where + stale, "dim"))


class OptionsPane(Static):
    """The numbered answers: code, title, probability as a bar, and the index title that spoke for it."""

    class Chosen(Message):
        """An answer was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def show(self, options: Sequence[Option], highlighted: int, empty: str) -> None:
        """Draw the answers, the highlighted one marked."""
        width = max(self.content_size.width, 20)
        lines = [_option_line(number, option, width, here=number == highlighted) for number, option in enumerate(options)]
        self.update(Content("\n").join(lines) if lines else Content.styled(empty, "italic"), layout=False)

    def on_click(self, event: Click) -> None:
        """Highlight the answer whose line was clicked."""
        place = event.get_content_offset(self)
        if place is not None:
            self.post_message(self.Chosen(place.y))


def _option_line(number: int, option: Option, width: int, *, here: bool) -> Content:
    right = f"{bar(option.probability)} {option.probability:.2f}" if option.probability is not None else " " * (_BAR + 5)
    room = width - 4 - len(right)
    remark = min(len(option.remark), room // 3)
    label = Content(option.label).truncate(room - remark - 1, ellipsis=True, pad=True)
    quiet = Content.styled(option.remark, "dim").truncate(remark, ellipsis=True, pad=True)
    numbered = Content.assemble(f"{'▸' if here else ' '}{number + 1} ", label)
    return Content.assemble(numbered.stylize("bold reverse") if here else numbered, " ", quiet, " ", right)


class DefinitionPane(Static):
    """What the imported book says of a code: where it stands, definition, tasks, what is in and out, and its neighbours."""

    def show(self, code: str, book: CodeBook) -> None:
        """Draw a code; blank for none."""
        path = book.path(code)
        if not path:
            self.update("")
            return
        lines = [Content.assemble((item.code.ljust(5), "dim"), plain(item.title)) for item in path[:-1]]
        lines.append(Content.styled(f"{path[-1].code.ljust(5)}{one_line(path[-1].title)}", "bold underline"))
        for heading, text in book.sections(code):
            lines += [Content(""), Content.assemble((f"{one_line(heading)}  " if heading else "", "bold"), clean(text))]
        if not path[-1].notes:
            lines += [Content.styled("no definition imported: crosswalk import isco-08 FILE", "dim italic")]
        beside = [item for item in book.children(path[-1].parent or "") if item.code != code]
        lines += [Content(""), Content.styled("beside it", "bold")] if beside else []
        lines += [Content.assemble((item.code.ljust(5), "dim"), plain(item.title)) for item in beside]
        self.update(Content("\n").join(lines))
