"""Figures of coded runs that need no truth: who decided, how sure, what is left; and the table over all runs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crosswalk.jobs.quality.cost import Cost, cost
from crosswalk.jobs.quality.drift import Batch, Verdict, batch, drift
from crosswalk.model import Classification, Run
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.store import Store


@dataclass(frozen=True)
class MethodCount:
    """Rows and different answers that one method decided; ``share`` of the rows."""

    method: str
    rows: int
    answers: int
    share: float


@dataclass(frozen=True)
class RunFigures:
    """A run without its truth. ``expected_accuracy`` is the mean probability of the codes the model took: a promise, not a measurement."""

    run: str
    started: str
    finished: str | None
    rows: int
    answers: int
    methods: tuple[MethodCount, ...]
    automatic_share: float
    expected_accuracy: float | None
    failed: int
    threshold: float
    cost: Cost


@dataclass(frozen=True)
class MonitoredRun:
    """A line of the monitoring table: a run beside the one before it coded from the same columns (None for the first)."""

    run: str
    started: str
    rows: int
    automatic_share: float
    expected_accuracy: float | None
    review_share: float
    failed: int
    threshold: float
    index: str
    unseen_words: float | None
    psi_probability: float | None
    psi_groups: float | None
    verdict: Verdict | None


class _Tally:
    """Counts of a run, taken while its answers stream by."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.failed = 0
        self.promised, self.taken = 0.0, 0

    def watched(self, answers: Iterator[KeptAnswer]) -> Iterator[KeptAnswer]:
        """The answers, counted as they pass."""
        for answer in answers:
            self.rows[answer.method] += answer.frequency
            self.answers[answer.method] += 1
            self.failed += answer.status == "failed"
            if answer.status == "coded" and answer.method in ("model", "rule"):
                self.promised += answer.best()[0].probability * answer.frequency
                self.taken += answer.frequency
            yield answer


def run_figures(store: Store, name: str) -> tuple[RunFigures, Batch]:
    """The figures of a run, and its batch for comparison. The answers are read once."""
    run, tally = store.run(name), _Tally()
    counted = batch(name, tally.watched(store.answers(name)))
    total = tally.rows.total()
    methods = tuple(MethodCount(method, rows, tally.answers[method], rows / max(1, total)) for method, rows in tally.rows.most_common())
    clerical = tally.rows["review"]
    automatic = total - clerical - tally.rows["non-occupation"]
    figures = RunFigures(
        name, run.started, run.finished, total, tally.answers.total(), methods, automatic / max(1, total),
        tally.promised / tally.taken if tally.taken else None, tally.failed, float(str(run.settings.get("threshold", 0.0))),
        cost(tally.answers.total(), _seconds(run), automatic, clerical, store.opinions.usage(name, run.started)),
    )  # fmt: skip
    return figures, counted


def monitoring(store: Store, classification: Classification) -> tuple[MonitoredRun, ...]:
    """All finished coded runs of the scheme, the oldest first, each held against the one before that was coded from the same columns."""
    rows: list[MonitoredRun] = []
    last: dict[str, Batch] = {}
    for run in store.runs():
        if run.job != "code" or run.finished is None or run.settings.get("scheme") != classification.scheme:
            continue
        figures, now = run_figures(store, run.name)
        columns = str(run.settings.get("columns"))
        change = drift(last[columns], now, classification) if columns in last else None
        review = next((count.share for count in figures.methods if count.method == "review"), 0.0)
        rows.append(
            MonitoredRun(
                run.name, run.started, figures.rows, figures.automatic_share, figures.expected_accuracy, review, figures.failed,
                figures.threshold, str(run.settings.get("index", "")), change.unseen_words if change else None,
                change.shifts[0].psi if change else None, change.shifts[1].psi if change else None, change.verdict if change else None,
            )
        )  # fmt: skip
        last[columns] = now
    return tuple(rows)


def _seconds(run: Run) -> float:
    """From the run's begin to its end, pauses included; 0 while it is unfinished."""
    if run.finished is None:
        return 0.0
    return (datetime.fromisoformat(run.finished) - datetime.fromisoformat(run.started)).total_seconds()
