"""Figures of quality in a terminal: tables, and the two curves drawn small."""

import sys
from collections.abc import Iterable, Sequence

from crosswalk.jobs.quality.calibration import Calibration
from crosswalk.jobs.quality.decided import DecidedSample
from crosswalk.jobs.quality.drift import Drift
from crosswalk.jobs.quality.estimates import Estimate
from crosswalk.jobs.quality.learning_curve import LearningCurve
from crosswalk.jobs.quality.measures import Quality
from crosswalk.jobs.quality.runs import MonitoredRun, RunFigures
from crosswalk.jobs.quality.thresholds import Thresholds
from crosswalk.output import print_table, say

_WIDTH, _HEIGHT = 76, 17
_WORST = 5


def print_quality(measured: Quality) -> None:
    """What a terminal has room for: another threshold's cost, the worst pairs, the curves. The report has everything."""
    sys.stdout.write("\n")
    offered = [row for row in measured.thresholds.offered if row.threshold >= 0.5 or row == measured.thresholds.chosen]
    rows = [
        [f"{row.threshold:.2f}{' *' if row == measured.thresholds.chosen else ''}", f"{row.coding_rate:.1%}", _between(row.accuracy),
         f"{row.wrong_cases:,.0f}", f"{row.clerical_cases:,.0f}", f"{row.more_hours[0]:+z,.1f}"]
        for row in offered
    ]  # fmt: skip
    columns = ["threshold", "coded", "of these right", "wrong", "clerical cases", "± hours at 41 s"]
    print_table(columns, rows, right=columns)
    if measured.confusions:
        sys.stdout.write("\n")
        pairs = measured.confusions[:_WORST]
        print_table(
            ["true", "coded to", "cases"], [[f"{p.truth} {p.truth_title}", f"{p.coded} {p.coded_title}", f"{p.cases:,.0f}"] for p in pairs]
        )
    sys.stdout.write(f"\n{coding_rate_chart(measured.thresholds)}\n\n{reliability_chart(measured.calibration)}\n")


def print_learning_curve(curve: LearningCurve) -> None:
    """Whether more data would help: the points, and in a terminal the curve."""
    sys.stdout.write("\n")
    rows = [[f"{share:.1%}", f"{accuracy:.1%}"] for share, accuracy in curve.points]
    print_table(["share learned from", "accuracy"], rows, right=["share learned from", "accuracy"])
    if sys.stdout.isatty():
        sys.stdout.write(f"\n{learning_chart(curve)}\n")
    sys.stdout.write(f"{curve.words}\n")


def print_measured(measured: Quality) -> None:
    """A run's figures against people's codes, with intervals."""
    chosen, level = measured.thresholds.chosen, measured.levels[-1]
    rows = [
        ["cases with a true code", f"{measured.cases:,.0f}"],
        ["accuracy (first code)", _between(measured.top_k["1"])],
        ["truth among the first 6", _between(measured.top_k["6"])],
        ["macro F1", _between(level.macro_f1)],
        ["calibration error (ECE)", f"{measured.calibration.ece:.3f}"],
        [f"coded at threshold {chosen.threshold:g}", f"{chosen.coding_rate:.1%}"],
        ["of these right", _between(chosen.accuracy)],
    ]
    print_table(["figure", "value"], rows, right=["value"])


def print_run(figures: RunFigures) -> None:
    """Who decided how many rows of a run."""
    rows = [[m.method, f"{m.rows:,}", f"{m.share:.1%}", f"{m.answers:,}"] for m in figures.methods]
    print_table(["method", "rows", "share", "answers"], rows, right=["rows", "share", "answers"])
    if used := figures.cost.llm:
        say(
            f"second opinions of {', '.join(used.models)} on {used.texts:,} texts: {used.answers:,} answers, "
            f"{used.tokens_in:,} tokens sent, {used.tokens_out:,} received, {used.dollars:.4f} dollars"
        )


def print_decided(sample: DecidedSample) -> None:
    """What coders decided of a run, and in words which cases these are."""
    parts = [("coded without a person", sample.automatic), ("left to people", sample.clerical)]
    rows = [[name, f"{p.rows:,}", f"{p.in_queue:,}", f"{p.decided:,}", _between(p.right)] for name, p in parts]
    print_table(["answers", "rows", "in the queue", "decided", "first code right"], rows, right=["rows", "in the queue", "decided"])
    for line in sample.words:
        say(line)


def print_drift(change: Drift) -> None:
    """What moved from one run to the next, and what to do."""
    rows = [[shift.what, f"{shift.psi:.3f}", f"{shift.noise:.3f}", shift.verdict, shift.advice] for shift in change.shifts]
    rows.append(["words not seen before", f"{change.unseen_words:.1%}", "", "", ", ".join(word for word, _ in change.unseen[:5])])
    print_table([f"{change.now} after {change.before}", "PSI", "noise", "verdict", "what to do"], rows, right=["PSI", "noise"])
    sys.stdout.write(f"{change.verdict}: {change.advice}\n")


def print_monitoring(runs: Sequence[MonitoredRun]) -> None:
    """The table over all runs."""
    rows = [
        [r.run, r.started[:10], f"{r.rows:,}", f"{r.automatic_share:.1%}", _share(r.expected_accuracy), _share(r.unseen_words),
         _index(r.psi_probability), _index(r.psi_groups), r.verdict or "first"]
        for r in runs
    ]  # fmt: skip
    columns = ["run", "begun", "rows", "automatic", "expected", "unseen words", "PSI p", "PSI groups", "verdict"]
    print_table(columns, rows, right=columns[2:8])


def coding_rate_chart(limits: Thresholds) -> str:
    """Accuracy against the share coded, the chosen threshold marked."""
    lowest = min([0.9, *(accuracy for _, accuracy in limits.curve)])
    marked = [(limits.chosen.coding_rate, limits.chosen.accuracy.value)] if limits.chosen.accuracy else []
    return _drawn(
        f"of the codes right, by share coded (o: threshold {limits.chosen.threshold:g})",
        lowest,
        [(limits.curve, "braille", True), (marked, "o", False)],
    )


def reliability_chart(measured: Calibration) -> str:
    """Accuracy against probability; the dotted line is a calibrated model."""
    seen = [(one.probability, one.accuracy.value) for one in measured.bins]
    ideal = [(place / 100, place / 100) for place in range(0, 101, 4)]
    return _drawn(
        f"of the codes right, by probability (o; dots: ideal; ECE {measured.ece:.3f})", 0.0, [(ideal, "·", False), (seen, "o", False)]
    )


def learning_chart(curve: LearningCurve) -> str:
    """Accuracy against the share of the data learned from."""
    lowest = max(0.0, min(accuracy for _, accuracy in curve.points) - 0.05)
    highest = min(1.0, max(accuracy for _, accuracy in curve.points) + 0.05)
    return _drawn(
        "accuracy, by share of the data learned from", lowest, [(curve.points, "braille", True), (curve.points, "o", False)], highest
    )


def _drawn(title: str, lowest: float, layers: Iterable[tuple[Sequence[tuple[float, float]], str, bool]], highest: float = 1.0) -> str:
    """A chart of shares without colours. plotext keeps one figure for the whole program, so it is cleared first."""
    import plotext

    figure = plotext.figure
    figure.clear()
    for points, marker, joined in layers:
        if points:
            signal = figure.signal([x for x, _ in points], [y for _, y in points], marker=marker)
            figure.draw(signal.lines() if joined else signal)
    figure.ruler("x").lim(0, 1).frequency(6)
    figure.ruler("y").lim(lowest, highest)
    figure.title(title)
    figure.plot_size(_WIDTH, _HEIGHT)
    lines: str = plotext.uncolorize(figure.build().string())
    return lines.rstrip("\n")


def _between(estimate: Estimate | None) -> str:
    return f"{estimate.value:.1%} ({100 * estimate.low:.1f}-{100 * estimate.high:.1f})" if estimate else "-"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _index(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
