"""Quality against known codes: ask a table's texts, hold the codings against its truths, and measure."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import DataError
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.label_review import Settled, settle
from crosswalk.jobs.quality.calibration import expected_calibration_error
from crosswalk.jobs.quality.measures import Quality, quality
from crosswalk.jobs.quality.outcomes import CodedText, Outcomes, coded_text
from crosswalk.jobs.quality.thresholds import coding_rate
from crosswalk.model import Classification, Query

__all__ = [
    "Columns", "Evaluation", "Question", "Questions", "answered", "ask", "coding_rate", "evaluate", "expected_calibration_error", "figures",
    "known_code", "titles_by_code", "truths_of",
]  # fmt: skip

_CHUNK = 2048


@dataclass(frozen=True)
class Columns:
    """Columns of a coded file: texts, truth, those that results are split by, and the weight of a row ("" for none)."""

    texts: Sequence[str]
    truth: str
    by: Sequence[str] = ()
    weight: str = ""


class Question(NamedTuple):
    """A text and the codes that are right; its weight, its row (from 0) and its values in the columns that results are split by."""

    query: Query
    truths: frozenset[str]
    weight: float = 1.0
    row: int = 0
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Questions:
    """The rows whose truth is known, and what was left out or repaired, counted."""

    asked: list[Question] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=lambda: {"no truth": 0, "truth not in the scheme": 0})
    repaired: dict[str, int] = field(default_factory=lambda: {"lost zeros": 0, ".0 at the end": 0})


@dataclass(frozen=True)
class Evaluation:
    """Figures 0..1 over ``n`` texts. ``coding_rate_at[a]``: the largest share that can be coded with accuracy ``a``.

    These names are stable; ``quality`` has everything else that is measured.
    """

    n: int
    accuracy: float
    top_k: dict[str, float]
    accuracy_by_level: dict[str, float]
    ece: float
    coding_rate_at: dict[str, float]
    seconds: float
    left_out: dict[str, int]
    repaired: dict[str, int]
    quality: Quality
    settled: Settled | None = None


def evaluate(
    table: Table,
    columns: Columns,
    coder: Autocoder,
    threshold: float,
    progress: Progress,
    settled: Mapping[int, tuple[str, str]] | None = None,
) -> Evaluation:
    """Code the texts of a table and compare with its truth column (several acceptable codes separated by "|").

    Rows without a truth in the scheme are left out and counted; so are codes that had to be repaired. ``settled`` codes, by the
    row's number in the file, take the place of its truth. Raises DataError when no row is left.
    """
    questions = ask(table, columns, coder.classification)
    outcomes, seconds = answered(questions, coder, progress)
    review = None
    if settled:
        outcomes, review = settle(outcomes, settled, table.first_row)
    found = figures(outcomes, questions, seconds, threshold, titles_by_code(coder), columns.by)
    return replace(found, settled=review)


def titles_by_code(coder: Autocoder) -> dict[str, int]:
    """How many titles of each code the coder's book has: what it learned from."""
    book = coder.retriever.book
    return dict(zip(book.code_names, np.bincount(book.codes, minlength=len(book.code_names)).tolist(), strict=True))


def ask(table: Table, columns: Columns, classification: Classification) -> Questions:
    """The rows of a table that have a truth. Several coders can be asked the same questions. Raises DataError when there are none."""
    questions = Questions()
    texts, by = [table.columns.index(name) for name in columns.texts], [table.columns.index(name) for name in columns.by]
    truth = table.columns.index(columns.truth)
    weight = table.columns.index(columns.weight) if columns.weight else None
    for number, row in enumerate(table.rows):
        codes = truths_of(row[truth], classification, questions)
        size = 1.0 if weight is None else _weight(row[weight], table.place(number, columns.weight))
        if codes and not size:
            questions.left_out["weight 0"] = questions.left_out.get("weight 0", 0) + 1
        if not codes or not size:
            continue
        context = {columns.texts[place]: row[column] for place, column in enumerate(texts) if place and row[column]}
        groups = tuple(row[column] for column in by)
        questions.asked.append(Question(Query(row[texts[0]], context=context), codes, size, number, groups))
    if not questions.asked:
        raise DataError(
            "no row has a code of the scheme",
            where=table.place(0, columns.truth),
            hint="check the truth column and --scheme; codes are compared as text",
        )
    return questions


def truths_of(cell: str, classification: Classification, questions: Questions) -> frozenset[str]:
    """The unit groups that a cell names; what is left out or repaired is counted."""
    given = [code.strip() for code in cell.split("|") if code.strip()]
    found = {code: known for code in given if (known := known_code(code, classification))}
    for code, unit in found.items():
        if code != unit:
            questions.repaired[".0 at the end" if code.endswith(".0") else "lost zeros"] += 1
    if not found:
        questions.left_out["truth not in the scheme" if given else "no truth"] += 1
    return frozenset(found.values())


def _weight(cell: str, where: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise DataError(f"{cell[:40]!r} is no weight", where=where, hint="weights are numbers from 0 on, with a point for decimals")
    return weight


def known_code(code: str, classification: Classification) -> str | None:
    """The unit group a code names; zeros lost in a spreadsheet are restored only where that code exists."""
    padded = code.removesuffix(".0").zfill(len(classification.unit_groups[0].code))
    item = classification.by_code.get(code) or classification.by_code.get(padded)
    if item is None or item.level != classification.depth:
        item = classification.by_code.get(padded)
    return item.code if item and item.level == classification.depth else None


def answered(questions: Questions, coder: Autocoder, progress: Progress) -> tuple[Outcomes, float]:
    """The questions coded, and the seconds that took."""
    begun = time.perf_counter()
    outcomes = Outcomes(coder.classification, list(_coded(questions, coder, progress)))
    return outcomes, time.perf_counter() - begun


def _coded(questions: Questions, coder: Autocoder, progress: Progress) -> Iterator[CodedText]:
    total = len(questions.asked)
    progress(0, total)
    for begin in range(0, total, _CHUNK):
        chunk = questions.asked[begin : begin + _CHUNK]
        for coding, asked in zip(coder.code([question.query for question in chunk]), chunk, strict=True):
            yield coded_text(coding, asked.truths, asked.weight, asked.row, asked.groups)
        progress(begin + len(chunk), total)


def figures(
    outcomes: Outcomes, questions: Questions, seconds: float, threshold: float, learned: dict[str, int], by: Sequence[str] = ()
) -> Evaluation:
    """The figures of texts whose truths are known; ``learned`` counts by code what the model learned from."""
    measured = quality(outcomes, learned, threshold, seconds, by)
    return Evaluation(
        n=measured.texts,
        accuracy=measured.top_k["1"].value,
        top_k={k: estimate.value for k, estimate in measured.top_k.items()},
        accuracy_by_level={str(level.level): level.accuracy.value for level in measured.levels},
        ece=measured.calibration.ece,
        coding_rate_at=measured.thresholds.coding_rate_at,
        seconds=round(seconds, 3),
        left_out=questions.left_out,
        repaired=questions.repaired,
        quality=measured,
    )
