"""Everything measured against known codes, in one value, and the report that holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crosswalk.jobs.quality.accuracy import LevelAccuracy, by_level, top_k
from crosswalk.jobs.quality.breakdown import Breakdown, breakdowns
from crosswalk.jobs.quality.by_code import CodeFigures, MajorGroup, Trend, code_figures, major_groups, trend
from crosswalk.jobs.quality.calibration import Calibration, calibration
from crosswalk.jobs.quality.confusion import Confusion, confusions
from crosswalk.jobs.quality.cost import Cost, cost
from crosswalk.jobs.quality.decided import DecidedSample
from crosswalk.jobs.quality.drift import Drift
from crosswalk.jobs.quality.estimates import Estimate, resamples_of
from crosswalk.jobs.quality.examples import Example, examples
from crosswalk.jobs.quality.label_errors import LabelErrors, label_errors
from crosswalk.jobs.quality.learning_curve import LearningCurve
from crosswalk.jobs.quality.outcomes import Outcomes
from crosswalk.jobs.quality.provenance import Provenance
from crosswalk.jobs.quality.runs import MonitoredRun, RunFigures
from crosswalk.jobs.quality.thresholds import Thresholds, thresholds
from crosswalk.store.opinions import Usage

SHOWN = 50
"""Suspected label errors that are shown; ``--label-errors`` writes all."""


@dataclass(frozen=True)
class Quality:
    """Figures against known codes. Shares are 0..1; cases are rows, or people where rows have weights."""

    texts: int
    cases: float
    resamples: int
    top_k: dict[str, Estimate]
    levels: tuple[LevelAccuracy, ...]
    calibration: Calibration
    thresholds: Thresholds
    confusions: tuple[Confusion, ...]
    codes: tuple[CodeFigures, ...]
    trend: Trend | None
    major_groups: tuple[MajorGroup, ...]
    breakdowns: tuple[Breakdown, ...]
    label_errors: LabelErrors
    cost: Cost
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class QualityReport:
    """What a report shows; a part that was not asked for is None or empty. ``left_out``: rows that were not looked at, and why."""

    title: str
    provenance: Provenance
    quality: Quality | None = None
    left_out: Mapping[str, int] | None = None
    run: RunFigures | None = None
    drift: Drift | None = None
    monitoring: tuple[MonitoredRun, ...] = ()
    learning_curve: LearningCurve | None = None
    decided: DecidedSample | None = None
    figures_only: bool = False


def quality(
    outcomes: Outcomes,
    learned: Mapping[str, int],
    threshold: float,
    seconds: float,
    columns: Sequence[str] = (),
    llm: Usage | None = None,
) -> Quality:
    """Measure everything once. ``learned``: titles or answers a code the model learned from; ``columns`` name the groups of the texts;
    ``llm`` is what second opinions took.
    """
    limits = thresholds(outcomes, threshold)
    codes = code_figures(outcomes, learned)
    chosen = limits.chosen
    return Quality(
        texts=len(outcomes),
        cases=float(outcomes.weights.sum()),
        resamples=resamples_of(len(outcomes)),
        top_k=top_k(outcomes),
        levels=tuple(by_level(outcomes)),
        calibration=calibration(outcomes),
        thresholds=limits,
        confusions=confusions(outcomes),
        codes=codes,
        trend=trend(codes),
        major_groups=major_groups(outcomes, codes),
        breakdowns=breakdowns(outcomes, columns, threshold),
        label_errors=label_errors(outcomes),
        cost=cost(len(outcomes), seconds, chosen.automatic_cases, chosen.clerical_cases, llm),
        examples=examples(outcomes, threshold),
    )


def shown(measured: Quality, *, figures_only: bool = False) -> Quality:
    """The figures as they are printed: the first suspected label errors, and no text of the file where only figures may go out."""
    errors = replace(measured.label_errors, ranked=() if figures_only else measured.label_errors.ranked[:SHOWN])
    if not figures_only:
        return replace(measured, label_errors=errors)
    pairs = tuple(replace(pair, texts=()) for pair in measured.confusions)
    return replace(measured, label_errors=errors, confusions=pairs, examples=())


def presentable(report: QualityReport, *, figures_only: bool = False) -> QualityReport:
    """The report as it is printed: without any text of the answers where only figures may go out."""
    measured = shown(report.quality, figures_only=figures_only) if report.quality else None
    change = replace(report.drift, unseen=()) if report.drift and figures_only else report.drift
    return replace(report, quality=measured, drift=change, figures_only=figures_only)
