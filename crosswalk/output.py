"""How answers are printed: data on stdout, talk on stderr."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from crosswalk.model import Classification, Coding, Proposal
from crosswalk.text import clean, counted, one_line

if TYPE_CHECKING:
    from crosswalk.jobs.agreement import Agreement, LevelAgreement, Mean, Share
    from crosswalk.jobs.books import BookRecord, Built
    from crosswalk.jobs.census import CodedFile
    from crosswalk.jobs.evaluation import Evaluation
    from crosswalk.jobs.fitting import Fitted
    from crosswalk.jobs.leaving import Leaving
    from crosswalk.jobs.queue_state import QueueState


_LONGEST_WORD = 16  # words up to so many letters are not broken in a table, where there is room for them
_GAP = 2  # cells between two columns
_ALWAYS_SHOWN = 5  # states of a queue; those after them are of double coding and experiments


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


def print_codings(codings: Sequence[Coding], classification: Classification, k: int) -> None:
    """Look-up for a person: each text with its best codes."""
    rows = []
    for coding in codings:
        text = coding.query.text
        if not coding.codes:
            rows.append([text, "-", coding.note or "nothing near", "", ""])
        for place, entry in enumerate(coding.top(k)):
            matched = entry.candidate.matched.text if entry.candidate else ""
            rows.append(
                [
                    "" if place and sys.stdout.isatty() else text,
                    entry.code,
                    classification.title(entry.code),
                    f"{entry.probability:.2f}",
                    matched,
                ]
            )
    print_table(["text", "code", "title", "p", "matched"], rows, right=["p"])


def print_evaluation(result: "Evaluation") -> None:
    """The figures of an evaluation for a person."""
    rows = [["texts", f"{result.n:,}"], ["accuracy (first code)", f"{result.accuracy:.3f}"]]
    rows += [[f"truth among the first {k}", f"{share:.3f}"] for k, share in result.top_k.items() if k in {"3", "5", "6"}]
    rows += [[f"accuracy at {level} digit{'s' * (level != '1')}", f"{share:.3f}"] for level, share in result.accuracy_by_level.items()]
    rows += [["calibration error (ECE)", f"{result.ece:.3f}"]]
    rows += [[f"can be coded at {float(a):.0%} accuracy", f"{rate:.1%}"] for a, rate in result.coding_rate_at.items()]
    rows += [["seconds", f"{result.seconds:.1f}"], ["titles a second", f"{result.n / max(result.seconds, 1e-9):,.0f}"]]
    rows += [[f"left out: {why}", f"{count:,}"] for why, count in result.left_out.items() if count]
    print_table(["figure", "value"], rows, right=["value"])


def say_fitted(fitted: "Fitted") -> None:
    """What a fit learned from, how good it is on answers kept apart, and what to do with it."""
    left = ", ".join(f"{count:,} with {why}" for why, count in fitted.left_out.items() if count)
    learned = f"learned from {fitted.answers:,} different answers, {fitted.codes:,} codes, in {fitted.seconds:.0f} s"
    say(learned + (f"; left out: {left}" if left else ""))
    say(f"tested on {fitted.quality.n:,} answers kept apart:")
    print_evaluation(fitted.quality)
    say(f"written: {fitted.folder} (its README.md is the model's card); use it: crosswalk code FILE --scheme {fitted.folder} ...")


def say_imported(record: "BookRecord", before: Sequence["BookRecord"]) -> None:
    """What a file brought, what it replaced, and which book may be an earlier edition of it."""
    why = "they have no code" if record.groups else f"their codes are no unit groups of {record.scheme}"
    left = f"; {record.left_out:,} left out ({why})" if record.left_out else ""
    say(f"imported {record.file} as {record.name!r}: {record.groups:,} groups, {record.titles:,} titles{left}")
    for earlier in before:
        if earlier.name == record.name:
            say(f"it replaces {earlier.file} of {earlier.imported[:10]}")
        elif earlier.file == record.file:
            say(
                f"there is a book of that file name already, with other contents: {earlier.name!r}, of {earlier.imported[:10]}; "
                f"if this one succeeds it: crosswalk index remove {record.scheme} {earlier.name}"
            )


def say_built(scheme: str, built: "Built") -> None:
    """The index that was built, and titles that fit its groups no longer."""
    for name, count in built.dropped.items():
        say(f"{count:,} titles of {name!r} are left out: their codes are no unit groups of {scheme}")
    say(f"{scheme} now has {built.titles:,} index titles ({built.folder})")


def say_repaired(result: "Evaluation") -> None:
    """Truths that were read otherwise than they stand in the file."""
    for what, count in result.repaired.items():
        if count:
            say(f"codes in the truth column that were repaired ({what}): {count:,}")


def print_proposals(proposals: Sequence[Proposal], classification: Classification, most: int) -> None:
    """The first proposals of a mapping, to see at a glance what came out."""
    rows = []
    for proposal in [p for p in proposals if p.kind in ("map", "split", "new")][:most]:
        for link in proposal.maps:
            code = link.target_code or "-"
            rows.append(
                [
                    proposal.source_code,
                    proposal.source_title,
                    code,
                    classification.title(code),
                    f"{link.share:.0%}",
                    f"{link.probability:.2f}",
                ]
            )
    print_table(["source", "title", "isco", "target title", "share", "p"], rows[:most], right=["share", "p"])


def say_what_came_out(proposals: Sequence[Proposal], run: str, written: Sequence[object]) -> None:
    """Counts by kind, where the files are, and the next step."""
    counts = {
        kind: sum(proposal.kind == kind for proposal in proposals)
        for kind in ("map", "split", "new", "non-occupation", "cross-reference", "group")
    }
    words = {
        "map": "one to one",
        "split": "split",
        "new": "without target",
        "non-occupation": "no occupation",
        "cross-reference": "not coded",
        "group": "groups",
    }
    shown = ", ".join(f"{count:,} {words[kind]}" for kind, count in counts.items() if count)
    say(f"{counted(len(proposals), 'item')}: {shown}. Run {run!r} is kept.")
    for path in written:
        say(f"written: {path}")
    name = shlex.quote(run)
    say(f"next: crosswalk review {name}, then crosswalk export {name} -o reviewed.xlsx")


def say_counts(what: str, counts: Mapping[str, int]) -> None:
    """Counts by kind in one line."""
    say(f"{what}: " + ", ".join(f"{count:,} {kind}" for kind, count in counts.items()))


def say_what_was_coded(coded: "CodedFile", threshold: float) -> None:
    """Rows and answers by method, the share coded without a person, and the next step."""
    say_methods(coded.rows, threshold, coded.answers)
    say(f"written: {coded.out}. Run {coded.run!r} is kept.")
    if coded.rows.get("review"):
        say(f"next: crosswalk review {shlex.quote(coded.run)} (or as a file: crosswalk export {shlex.quote(coded.run)} -o queue.csv)")


def say_methods(rows: Mapping[str, int], threshold: float, answers: Mapping[str, int] | None = None) -> None:
    """Rows (and answers, where they were counted) by method, and the share coded without a person."""
    total = sum(rows.values())
    for method, count in sorted(rows.items(), key=lambda entry: -entry[1]):
        different = f"   {counted(answers[method], 'different answer')}" if answers else ""
        say(f"  {method:<15} {count:>12,} {'row' if count == 1 else 'rows':<4}  {count / total:>6.1%}{different}")
    named = total - rows.get("non-occupation", 0)
    automatic = named - rows.get("review", 0)
    share = f"{automatic / named:.1%}" if named else "none"
    say(f"coded automatically: {share} of the {named:,} rows that may name an occupation (threshold {threshold:.4g})")


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


def print_queue(state: "QueueState", *, as_json: bool) -> None:
    """How far the people are with a run: cases by state (those of quality where there are any), then each coder's days."""
    if as_json:
        print_json(asdict(state))
        return
    words = {
        "waiting": "waiting", "held": "of these on a screen now", "deferred": "deferred", "done": "done by people",
        "automatic": "coded without a person", "second_waiting": "second coding: waiting", "second_done": "second coding: done",
        "to_adjudicate": "to adjudicate", "to_choose": "experiment: better answer to choose",
    }  # fmt: skip
    counts = [(word, getattr(state, name)) for name, word in words.items()]
    shown = [*counts[:_ALWAYS_SHOWN], *(each for each in counts[_ALWAYS_SHOWN:] if each[1])]
    print_table(["state", "cases"], [[word, f"{count:,}"] for word, count in shown], right=["cases"])
    if state.coders:
        rows = [[day.day, day.coder, f"{day.decisions:,}", f"{day.seconds:.0f}"] for day in state.coders]
        print_table(["day", "coder", "decisions", "seconds a case"], rows, right=["decisions", "seconds a case"])


def print_agreement(found: "Agreement") -> None:
    """Agreement for a person; every figure with its 95 % interval and what it is of."""
    rows = [
        ["decisions in force", f"{found.decisions:,}", ""],
        _share_row("took the first suggestion", found.accepted),
        _share_row("took one of the six", found.among_six),
        _mean_row("seconds a case, with suggestions", found.seconds_with),
        _mean_row("seconds a case, without", found.seconds_without),
        *_level_rows("two coders", found.double),
    ]
    if found.double:
        rows.append(["adjudicated", f"{found.adjudicated:,}", ""])
    if found.experiment:
        rows += _level_rows("with and without suggestions", found.experiment.levels)
        rows += [
            _share_row("right with suggestions (as chosen)", found.experiment.with_right),
            _share_row("right without", found.experiment.without_right),
            ["better answer still to choose", f"{found.experiment.undecided:,}", ""],
            _mean_row("experiment: seconds with", found.experiment.seconds_with),
            _mean_row("experiment: seconds without", found.experiment.seconds_without),
            _mean_row("experiment: seconds with minus without", found.experiment.difference),
        ]
    print_table(["figure", "value", "95 % interval, of how many"], rows, right=["value"])


def _share_row(what: str, share: "Share") -> list[str]:
    low, high = share.interval
    return [what, f"{share.value:.3f}" if share.n else "-", f"{low:.3f} to {high:.3f}, n = {share.n:,}" if share.n else ""]


def _mean_row(what: str, mean: "Mean") -> list[str]:
    known = mean.n > 0
    return [what, f"{mean.value:.1f}" if known else "-", f"± {mean.half:.1f}, n = {mean.n:,}" if known else ""]


def _level_rows(what: str, levels: "Sequence[LevelAgreement]") -> list[list[str]]:
    rows = []
    for each in levels:
        rows.append(_share_row(f"{what}: agree at level {each.level}", each.agreement))
        if each.kappa is not None and each.kappa_half is not None:
            rows.append([f"{what}: kappa at level {each.level}", f"{each.kappa:.3f}", f"± {each.kappa_half:.3f}"])
    return rows
