"""The charts of a report, drawn from figures."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from crosswalk.jobs.quality.by_code import FEWEST_CODED, CodeFigures, MajorGroup, Trend
from crosswalk.jobs.quality.calibration import Calibration
from crosswalk.jobs.quality.drift import Drift
from crosswalk.jobs.quality.learning_curve import LearningCurve
from crosswalk.jobs.quality.thresholds import Thresholds
from crosswalk.report.svg import BOTTOM, LEFT, PER_CENT, RIGHT, TOP, Frame, element, group, picture

_WHOLE = (0.0, 1.0)
_SIZES = (0, 1, 2, 5, 10, 20, 30, 50, 70, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000)


def coding_rate(limits: Thresholds) -> Markup:
    """Accuracy of what is coded automatically against how much that is, the chosen threshold marked."""
    lowest = min([0.9, *(accuracy for _, accuracy in limits.curve)])
    floor = max(0.0, math.floor(lowest * 10) / 10)
    frame = Frame(_WHOLE, (floor, 1.0))
    ticks = [(place / 10, f"{place * 10} %") for place in range(round(floor * 10), 11)]
    chosen, parts = limits.chosen, [frame.axes("share coded without a person", "of these right", PER_CENT, ticks)]
    parts.append(frame.line(limits.curve, "line"))
    words = "nothing is coded automatically at the chosen threshold"
    if chosen.accuracy:
        words = f"threshold {chosen.threshold:g}: {chosen.coding_rate:.1%} coded, {chosen.accuracy.value:.1%} of these right"
        x, _ = frame.place(chosen.coding_rate, chosen.accuracy.value)
        side = "end" if chosen.coding_rate > 0.6 else "start"
        parts += [
            element("line", x1=x, x2=x, y1=TOP, y2=BOTTOM, class_="mark"),
            frame.dot(chosen.coding_rate, chosen.accuracy.value, 6, "chosen"),
        ]
        parts.append(
            element(
                "text",
                f"threshold {chosen.threshold:g}",
                x=x + (-10 if side == "end" else 10),
                y=BOTTOM - 10,
                class_=f"label {side}",
            )
        )
    return picture("coding-rate", "Coding rate and accuracy", f"The surest texts come first. {words}.", *parts)


def reliability(measured: Calibration) -> Markup:
    """Accuracy against probability with intervals; the dashed line is a perfectly calibrated model. Bars: where the texts lie."""
    frame, most = Frame(_WHOLE), max(bin_.texts for bin_ in measured.bins)
    parts = [frame.axes("probability of the first code", "of these right", PER_CENT, PER_CENT)]
    parts += [frame.bar((b.low, b.high), 0.25 * b.texts / most, "count", f"{b.texts:,} texts") for b in measured.bins]
    parts.append(frame.line([(0, 0), (1, 1)], "ideal"))
    parts += [frame.whisker(b.probability, b.accuracy.low, b.accuracy.high) for b in measured.bins]
    parts.append(frame.line([(b.probability, b.accuracy.value) for b in measured.bins], "line"))
    parts += [frame.dot(b.probability, b.accuracy.value, 4, "point", f"{b.texts:,} texts") for b in measured.bins]
    described = "; ".join(f"said {b.probability:.0%}, right {b.accuracy.value:.0%}" for b in measured.bins)
    return picture("reliability", "Reliability diagram", f"Expected calibration error {measured.ece:.3f}. {described}.", *parts)


def precision_by_size(figures: Sequence[CodeFigures], line: Trend | None) -> Markup:
    """Precision of every code with enough cases against what was learned of it, with the trend."""
    points = [f for f in figures if f.coded_cases >= FEWEST_CODED and f.precision is not None]
    least, most = min((f.learned for f in points), default=0), max((f.learned for f in points), default=1)
    low = max((n for n in _SIZES if n <= least), default=0)
    frame = Frame((float(low), float(max(most, low + 1))), log=True)
    ticks = [(float(n), f"{n:,}") for n in _SIZES if low <= n <= most]
    parts = [frame.axes("titles or answers of the code that the model learned from", "precision", ticks, PER_CENT)]
    parts += [frame.dot(f.learned, f.precision or 0.0, 3.5, "cloud", f"{f.code} {f.title}: {f.precision:.0%}") for f in points]
    words = f"{len(points)} codes with {FEWEST_CODED} or more cases."
    if line:
        ends = [(n, min(1.0, max(0.0, line.intercept + line.slope * math.log10(1 + n)))) for n in (least, most)]
        parts.append(frame.line(ends, "line"))
        words += f" Rank correlation {line.rank_correlation:.2f}."
    return picture("by-size", "Precision of each code against training size", words, *parts)


def by_major_group(groups: Sequence[MajorGroup]) -> Markup:
    """Accuracy of each major group with its interval."""
    frame = Frame((0.0, float(len(groups))))
    ticks = [(place + 0.5, one.code[:6]) for place, one in enumerate(groups)]
    parts = [frame.axes("major group", "right", ticks, PER_CENT)]
    for place, one in enumerate(groups):
        said = f"{one.code} {one.title}: {one.accuracy.value:.1%}"
        parts += [frame.bar((place + 0.18, place + 0.82), one.accuracy.value, "bar", said)]
        parts += [frame.whisker(place + 0.5, one.accuracy.low, one.accuracy.high)]
    described = "; ".join(f"{one.code} {one.accuracy.value:.0%}" for one in groups)
    return picture("major-groups", "Accuracy by major group", described, *parts)


def learning(curve: LearningCurve) -> Markup:
    """Accuracy against the share of the data learned from."""
    lowest = min(accuracy for _, accuracy in curve.points)
    frame = Frame((0.0, max(share for share, _ in curve.points)), (max(0.0, math.floor(lowest * 10 - 0.5) / 10), 1.0))
    ticks = [(place / 10, f"{place * 10} %") for place in range(round(frame.y[0] * 10), 11)]
    shares = [(share, f"{share:.0%}") for share, _ in curve.points]
    parts = [frame.axes("share of the data learned from", "accuracy", shares, ticks), frame.line(curve.points, "line")]
    parts += [frame.dot(share, accuracy, 4, "point", f"{accuracy:.1%}") for share, accuracy in curve.points]
    described = "; ".join(f"{share:.0%} of the data {accuracy:.1%}" for share, accuracy in curve.points)
    return picture("learning", "Learning curve", described, *parts)


def probabilities(change: Drift) -> Markup:
    """Shares of answers by the probability of their first code, the batch before (hatched outline) and this one (filled)."""
    top = max(0.1, math.ceil(10 * max(*change.probabilities_before, *change.probabilities_now)) / 10)
    frame = Frame(_WHOLE, (0.0, top))
    step = 5 if top <= 0.3 else 10
    ticks = [(share / 100, f"{share} %") for share in range(0, round(100 * top) + 1, step)]
    parts = [frame.axes("probability of the first code", "share of the rows", PER_CENT, ticks)]
    for place, (before, now) in enumerate(zip(change.probabilities_before, change.probabilities_now, strict=True)):
        low = place / 10
        parts += [frame.bar((low + 0.01, low + 0.05), before, "before", f"before: {before:.1%}")]
        parts += [frame.bar((low + 0.05, low + 0.09), now, "bar", f"now: {now:.1%}")]
    parts.append(_legend(("before", "before"), ("bar", "now")))
    return picture("probabilities", "Probabilities before and now", "Shares of the rows in tenths of probability.", *parts)


def _legend(*entries: tuple[str, str]) -> Markup:
    left = (LEFT + RIGHT) / 2 - 60.0
    boxes = [element("rect", x=left + 90 * n, y=TOP - 6, width=14, height=12, class_=class_) for n, (class_, _) in enumerate(entries)]
    names = [element("text", name, x=left + 20 + 90 * n, y=TOP + 5, class_="tick start") for n, (_, name) in enumerate(entries)]
    return group([*boxes, *names])
