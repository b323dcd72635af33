"""How far people are with a run, and how they agree, for a person."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from crosswalk.output import print_json, print_table

if TYPE_CHECKING:
    from crosswalk.jobs.agreement import Agreement, LevelAgreement, Mean, Share
    from crosswalk.jobs.queue_state import QueueState

_ALWAYS_SHOWN = 5  # states of a queue; those after them are of double coding and experiments


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
