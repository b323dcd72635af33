"""How answers are printed: data on stdout, talk on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.model import Classification, Coding
from crosswalk.text import clean, one_line

if TYPE_CHECKING:
    from crosswalk.jobs.leaving import Leaving

_LONGEST_WORD = 16  # words up to so many letters are not broken in a table, where there is room for them
_GAP = 2  # cells between two columns


def say(line: str) -> None:
    """One line of talk, on stderr."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    sys.stderr.write(f"{indent}{one_line(line)}\n")


def minute(moment: str) -> str:
    """A moment for a person, to the minute in the time of this machine; for a pipe as it is kept, in UTC."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}" if sys.stdout.isatty() else moment


def print_json(value: object) -> None:
    """JSON on stdout, codes and accents as they are."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table on stdout: drawn for a terminal, tab-separated for a pipe."""
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            sys.stdout.write("\t".join(clean(cell).replace("\t", " ").replace("\n", " ") for cell in row) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table, console = Table(box=None, header_style="bold", pad_edge=False), Console(highlight=False)
    for name, width in zip(columns, _widths([columns, *rows], console.width), strict=True):
        table.add_column(name, justify="right" if name in right else "left", overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console.print(table)


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """The width of each column of a table in ``room`` cells: words are broken only where they must be, and longer texts folded most."""
    from rich.cells import cell_len

    columns = [[clean(cell) for cell in column] for column in zip(*rows, strict=True)]
    room -= _GAP * (len(columns) - 1)
    wanted = [max(1, *map(cell_len, column)) for column in columns]
    words = [max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    most = next((most for most in range(_LONGEST_WORD, 0, -1) if sum(min(most, word) for word in words) <= room), 1)
    widths = [max(1, min(most, word)) for word in words]
    while sum(widths) < room and widths != wanted:
        widest = max(range(len(widths)), key=lambda place: wanted[place] - widths[place])
        widths[widest] += 1
    return widths


@contextmanager
def progress(label: str, unit: str = "titles") -> Iterator[Callable[[int, int], None]]:
    """A progress bar with an estimate on stderr (total 0: not known yet); one line at the end where stderr is no terminal."""
    if not sys.stderr.isatty():
        last = [0, 0]

        def remember(done: int, total: int) -> None:
            last[:] = [done, total]

        yield remember
        say(f"{label}: {last[0]:,} of {last[1]:,} {unit}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


def coding_as_json(coding: Coding, classification: Classification, k: int) -> dict[str, object]:
    """The object that ``lookup --json`` prints for one text."""
    codes = [
        {
            "code": entry.code,
            "title": classification.title(entry.code),
            "probability": round(entry.probability, 6),
            "matched": entry.candidate.matched.text if entry.candidate else "",
            "scores": {name: round(score, 4) for name, score in entry.candidate.scores.items()} if entry.candidate else {},
        }
        for entry in coding.top(k)
    ]
    answer: dict[str, object] = {"text": coding.query.text, "codes": codes, "none": round(coding.p_none, 6)}
    return {**answer, "note": coding.note} if coding.note else answer


def say_counts(what: str, counts: Mapping[str, int]) -> None:
    """Counts by kind in one line."""
    say(f"{what}: " + ", ".join(f"{count:,} {kind}" for kind, count in counts.items()))


def print_leaving(found: "Leaving", most: int, *, as_json: bool) -> None:
    """What would be sent: the texts with their context and the codes of their shortlists, and where to."""
    if as_json:
        print_json(found.as_json())
        return
    if not found.where:
        say("nothing leaves this machine: no --llm is given, and without it no command sends a text anywhere")
        return
    context = ["; ".join(map(": ".join, question.context.items())) for question in found.questions]
    codes = [" ".join(option.code for option in question.options) for question in found.questions]
    rows = [*zip((question.text for question in found.questions), context, codes, strict=True)][:most]
    print_table(["text", "with it", "shortlist"], rows)
    say(f"{len(found.questions):,} texts would leave this machine, to {found.where}; {len(rows):,} shown, --json shows all of it")
    say(f"changed by --llm-redact: {found.changed:,}; answered before, and not sent again: {found.known:,}. Nothing was sent.")
