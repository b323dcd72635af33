"""Quality against known codes: accuracy, top-k, by level, calibration, and how much could be coded at which accuracy."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import DataError
from crosswalk.files.table import Table
from crosswalk.jobs.batch import Progress
from crosswalk.model import Classification, Coding, Query

KS = (1, 2, 3, 4, 5, 6)
ACCURACIES = (0.90, 0.95, 0.99)
_BINS = 15
_CHUNK = 2048


@dataclass(frozen=True)
class Evaluation:
    """Figures 0..1 over ``n`` texts. ``coding_rate_at[a]``: the largest share that can be coded with accuracy ``a``."""

    n: int
    accuracy: float
    top_k: dict[str, float]
    accuracy_by_level: dict[str, float]
    ece: float
    coding_rate_at: dict[str, float]
    seconds: float
    left_out: dict[str, int]
    repaired: dict[str, int] = field(default_factory=dict)


def evaluate(table: Table, text_columns: Sequence[str], truth_column: str, coder: Autocoder, progress: Progress) -> Evaluation:
    """Code the texts of a table and compare with its truth column (several acceptable codes separated by "|").

    Rows without a truth in the scheme are left out and counted; so are codes that had to be repaired.
    Raises DataError when no row is left.
    """
    left_out, repaired = {"no truth": 0, "truth not in the scheme": 0}, {"lost zeros": 0, ".0 at the end": 0}
    queries, truths = _questions(table, text_columns, truth_column, coder.classification, left_out, repaired)
    if not queries:
        raise DataError(
            "no row has a code of the scheme",
            where=table.place(0, truth_column),
            hint="check the truth column and --scheme; codes are compared as text",
        )
    begun = time.perf_counter()
    codings = list(_coded(queries, coder, progress))
    seconds = time.perf_counter() - begun
    return replace(figures(codings, truths, coder.classification.depth, seconds, left_out), repaired=repaired)


def _questions(
    table: Table,
    text_columns: Sequence[str],
    truth_column: str,
    classification: Classification,
    left_out: dict[str, int],
    repaired: dict[str, int],
) -> tuple[list[Query], list[frozenset[str]]]:
    queries: list[Query] = []
    truths: list[frozenset[str]] = []
    places = [table.columns.index(column) for column in text_columns]
    truth_place = table.columns.index(truth_column)
    for row in table.rows:
        given = [code.strip() for code in row[truth_place].split("|") if code.strip()]
        found = {code: known for code in given if (known := known_code(code, classification))}
        for code, unit in found.items():
            if code != unit:
                repaired[".0 at the end" if code.endswith(".0") else "lost zeros"] += 1
        if not found:
            left_out["truth not in the scheme" if given else "no truth"] += 1
            continue
        context = {text_columns[place]: row[column] for place, column in enumerate(places) if place and row[column]}
        queries.append(Query(row[places[0]], context=context))
        truths.append(frozenset(found.values()))
    return queries, truths


def known_code(code: str, classification: Classification) -> str | None:
    """The unit group a code names; zeros lost in a spreadsheet are restored only where that code exists."""
    padded = code.removesuffix(".0").zfill(len(classification.unit_groups[0].code))
    item = classification.by_code.get(code) or classification.by_code.get(padded)
    if item is None or item.level != classification.depth:
        item = classification.by_code.get(padded)
    return item.code if item and item.level == classification.depth else None


def _coded(queries: Sequence[Query], coder: Autocoder, progress: Progress) -> Iterator[Coding]:
    progress(0, len(queries))
    for begin in range(0, len(queries), _CHUNK):
        chunk = queries[begin : begin + _CHUNK]
        yield from coder.code(chunk)
        progress(begin + len(chunk), len(queries))


def figures(
    codings: Sequence[Coding], truths: Sequence[frozenset[str]], depth: int, seconds: float, left_out: dict[str, int]
) -> Evaluation:
    """The figures of codings whose truths are known."""
    ranks = np.array([_rank(coding, truth) for coding, truth in zip(codings, truths, strict=True)])
    right = ranks == 0
    sure = np.array([round(coding.codes[0].probability, 6) if coding.codes else 0.0 for coding in codings])
    by_level = {str(level): _accuracy_at_level(codings, truths, level) for level in range(1, depth + 1)}
    return Evaluation(
        n=len(codings),
        accuracy=float(right.mean()),
        top_k={str(k): float((ranks < k).mean()) for k in KS},
        accuracy_by_level=by_level,
        ece=expected_calibration_error(sure, right),
        coding_rate_at={f"{accuracy:.2f}": coding_rate(sure, right, accuracy) for accuracy in ACCURACIES},
        seconds=round(seconds, 3),
        left_out=left_out,
    )


def _rank(coding: Coding, truth: frozenset[str]) -> int:
    return next((place for place, entry in enumerate(coding.codes) if entry.code in truth), 10**6)


def _accuracy_at_level(codings: Sequence[Coding], truths: Sequence[frozenset[str]], level: int) -> float:
    """Share whose first code agrees with a truth in its first ``level`` digits."""
    hits = [
        bool(coding.codes) and coding.codes[0].code[:level] in {code[:level] for code in truth}
        for coding, truth in zip(codings, truths, strict=True)
    ]
    return float(np.mean(hits))


def expected_calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean distance between probability and accuracy over 15 equal bins, weighted by their counts (Guo et al. 2017)."""
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(np.bincount(bins, weights=right, minlength=_BINS) - np.bincount(bins, weights=sure, minlength=_BINS))
    return float(gaps.sum() / max(1, counts.sum()))


def coding_rate(sure: NDArray[np.float64], right: NDArray[np.bool_], accuracy: float) -> float:
    """Largest share of texts, the surest first, of which at least ``accuracy`` are right; equal probabilities go together."""
    order = np.argsort(-sure, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(sure[order][1:] != sure[order][:-1], True)
    good = np.flatnonzero((reached >= accuracy) & last_of_equals)
    return float((good[-1] + 1) / len(order)) if len(good) else 0.0
