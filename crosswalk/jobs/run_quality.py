"""Quality of a coded run: what it did, against codes of people where there are some, and beside an earlier run."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from crosswalk.coding.autocoder import Autocoder, find_index
from crosswalk.errors import DataError, UsageError
from crosswalk.files.columns import named_column
from crosswalk.files.table import Table
from crosswalk.jobs.answers import AnswerColumns, gather
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.evaluation import Questions, titles_by_code, truths_of
from crosswalk.jobs.quality.decided import decided_sample
from crosswalk.jobs.quality.drift import drift
from crosswalk.jobs.quality.learning_curve import kept_curve
from crosswalk.jobs.quality.measures import Quality, QualityReport, quality
from crosswalk.jobs.quality.outcomes import CodedText, Outcomes, coded_answer
from crosswalk.jobs.quality.provenance import Provenance, from_run
from crosswalk.jobs.quality.runs import RunFigures, monitoring, run_figures
from crosswalk.model import Classification, Run
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.store import Store

Stage = Callable[[str, str], AbstractContextManager[Progress]]
"""Opens a progress bar: what is done, and to what."""


@dataclass(frozen=True)
class Truth:
    """A file with the columns the run was coded from, and one of right codes."""

    table: Table
    column: str


def run_report(
    store: Store, name: str, against: str | None, truth: Truth | None, coder: Autocoder, scheme: str, command: str, stage: Stage
) -> QualityReport:
    """Everything known of a run, measured against ``truth``, or else against what coders have decided of it in the store.

    Raises UsageError for runs that are not coded answers, DataError for a truth that does not fit.
    """
    run = _coded_run(store, name, coder.classification)
    figures, now = run_figures(store, name)
    change = None
    if against:
        _coded_run(store, against, coder.classification)
        change = drift(run_figures(store, against)[1], now, coder.classification)
    outcomes, left_out, sample = None, None, None
    if truth:
        with stage("reading the right codes", "rows") as progress:
            outcomes, left_out = run_outcomes(store, run, truth, coder.classification, progress)
    elif settled := store.decisions.settled(name):
        answers = _known_answers(store, name, coder.classification)
        outcomes, sample, left_out = decided_sample(answers, settled, store.cases.count_by_automatic(name), coder.classification)
    measured = _measured(outcomes, coder, figures) if outcomes else None
    prompts = figures.cost.llm.prompts if figures.cost.llm else ()
    where = replace(_where(run, coder, scheme, command), prompts=prompts)
    curve = kept_curve(find_index(scheme))
    return QualityReport(f"Quality of the run {name}", where, measured, left_out, figures, change, learning_curve=curve, decided=sample)


def monitoring_report(store: Store, coder: Autocoder, scheme: str, command: str) -> QualityReport:
    """The table over all finished runs of the scheme. Raises UsageError when there are none."""
    rows = monitoring(store, coder.classification)
    if not rows:
        raise UsageError("no finished coded run in this store", where=str(store.path), hint="crosswalk code FILE makes one")
    where = from_run((command,), str(store.path.name), "", scheme, coder)
    return QualityReport("Coded runs", where, monitoring=rows)


def _coded_run(store: Store, name: str, classification: Classification) -> Run:
    run = store.run(name)
    if run.job != "code":
        raise UsageError(f"{name!r} is no run of 'crosswalk code'", where=str(store.path), hint="see 'crosswalk runs'")
    scheme = str(run.settings.get("scheme"))
    if scheme != classification.scheme:
        raise UsageError(f"{name!r} was coded to {scheme}, not to {classification.scheme}", hint=f"give --scheme {scheme}, or its folder")
    return run


def run_outcomes(
    store: Store, run: Run, truth: Truth, classification: Classification, progress: Progress
) -> tuple[Outcomes, Mapping[str, int]]:
    """The run's answers beside the right codes of a file. An answer that has several counts with each, as often as its rows."""
    wanted, asked = _truths_by_answer(run, truth, classification, progress)
    by_key: dict[str, list[tuple[frozenset[str], int]]] = {}
    for (key, codes), rows in wanted.items():
        by_key.setdefault(key, []).append((codes, rows))
    texts: list[CodedText] = []
    for answer in _known_answers(store, run.name, classification):
        for codes, rows in by_key.pop(answer.text_key, ()):
            texts.append(coded_answer(answer, codes, rows)._replace(row=len(texts)))
    asked.left_out["not among the answers of the run"] = sum(rows for pairs in by_key.values() for _, rows in pairs)
    if not texts:
        raise DataError(
            "no row of this file is an answer of the run with a code of the scheme",
            where=str(truth.table.path),
            hint="the columns of the run's file have to stand in it unchanged, beside the right code",
        )
    return Outcomes(classification, texts), asked.left_out


def _known_answers(store: Store, run: str, classification: Classification) -> Iterator[KeptAnswer]:
    """The answers of a run. Raises DataError where one has a code that the classification has not."""
    for answer in store.answers(run):
        _refuse_other_codes(answer, classification)
        yield answer


def _refuse_other_codes(answer: KeptAnswer, classification: Classification) -> None:
    for code, _, _ in answer.best():
        if code not in classification.by_code:
            raise DataError(
                f"the run has a code {code!r} that {classification.scheme} {classification.version} does not have",
                hint="open the index it was coded with: --scheme FOLDER",
            )


def _truths_by_answer(
    run: Run, truth: Truth, classification: Classification, progress: Progress
) -> tuple[Counter[tuple[str, frozenset[str]]], Questions]:
    """How many rows give an answer (by its key) these codes."""
    table, settings = truth.table, _columns(run)
    columns = AnswerColumns(*(tuple(named_column(table.columns, name, option="a column of the run") for name in settings[kind])
                              for kind in ("texts", "facts")))  # fmt: skip
    place = table.columns.index(truth.column)
    asked, codes = Questions(), list[frozenset[str]]()

    def watched() -> Iterator[list[str]]:
        for row in table.rows:
            codes.append(truths_of(row[place], classification, asked))
            yield row

    answers = gather(watched(), table.columns, columns, progress)
    pairs = zip(answers.of_row, codes, strict=True)
    return Counter((answers.keys[answer], code) for answer, code in pairs if code), asked


def _columns(run: Run) -> Mapping[str, list[str]]:
    columns: Any = run.settings.get("columns")
    return {"texts": list(columns["texts"]), "facts": list(columns["facts"])}


def _measured(outcomes: Outcomes, coder: Autocoder, figures: RunFigures) -> Quality:
    return quality(outcomes, titles_by_code(coder), figures.threshold, figures.cost.seconds, llm=figures.cost.llm)


def _where(run: Run, coder: Autocoder, scheme: str, command: str) -> Provenance:
    """The run's own fingerprints; the index now open may be a later one."""
    settings = run.settings
    words = ["crosswalk", "code", str(settings.get("file", "FILE"))]
    for column in _columns(run)["texts"]:
        words += ["--text-column", column]
    words += ["--register-column", str(settings["register"])] if settings.get("register") else []
    words += ["--rules", "RULES"] if settings.get("rules") else []
    words += ["--threshold", str(settings.get("threshold", "")), "--scheme", scheme, "--run", run.name, "-o", "OUT"]
    commands = (shlex.join(words), command)
    file, digest, rules = (str(settings.get(key, "")) for key in ("file", "input", "rules"))
    return replace(from_run(commands, file, digest, scheme, coder, rules), index=str(settings.get("index", coder.fingerprint)))
