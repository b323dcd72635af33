"""What an executor does: give rows the key of their answer, and code answers, each executor process with one opened index."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crosswalk import manifest, places
from crosswalk.errors import IndexFolderError
from crosswalk.files.parquet import texts
from crosswalk.files.rows import as_numbers
from crosswalk.jobs.answers import SEPARATOR, Task, Waiting, key_of
from crosswalk.jobs.coded_cells import COLUMNS, NUMBERS, cells_of
from crosswalk.jobs.workers import ONE_THREAD, Workers
from crosswalk.model import Classification
from crosswalk.search.groups import load_classification

if TYPE_CHECKING:
    from pyarrow import RecordBatch

KEY, ANSWER = "crosswalk_key", "crosswalk_answer"


class _Opened(NamedTuple):
    task: Task
    workers: Workers
    classification: Classification


_opened: _Opened | None = None
"""What this process has opened; Spark keeps a process for many tasks."""


def with_keys(places: Sequence[int], texts_of: int, batches: "Iterator[RecordBatch]") -> "Iterator[RecordBatch]":
    """Each row with the key of its answer, whose fields stand in the columns at ``places``.

    The cells of the first ``texts_of`` columns become the text that `crosswalk code` reads in a file.
    """
    import pyarrow

    for batch in batches:
        keys = [key_of(answer.casefold()) for answer in _answers(batch, places)]
        read = [pyarrow.array(_texts(batch, place), pyarrow.string()) for place in range(texts_of)]
        columns = [*read, *batch.columns[texts_of:], pyarrow.array(keys, pyarrow.string())]
        yield pyarrow.RecordBatch.from_arrays(columns, names=[*batch.schema.names, KEY])


def with_answers(count: int, batches: "Iterator[RecordBatch]") -> "Iterator[RecordBatch]":
    """The first ``count`` columns made into the answer and its key; what stands behind them stays in front."""
    import pyarrow

    for batch in batches:
        answers = _answers(batch, range(count))
        made = [
            pyarrow.array(answers, pyarrow.string()),
            pyarrow.array([key_of(answer.casefold()) for answer in answers], pyarrow.string()),
        ]
        yield pyarrow.RecordBatch.from_arrays([*batch.columns[count:], *made], names=[*batch.schema.names[count:], ANSWER, KEY])


def _answers(batch: "RecordBatch", columns: Sequence[int]) -> list[str]:
    cells = [_texts(batch, place) for place in columns]
    return [SEPARATOR.join(fields) for fields in zip(*cells, strict=True)]


def _texts(batch: "RecordBatch", place: int) -> list[str]:
    return texts(batch.column(place), batch.schema.names[place], "what Spark reads")


def coded(task: Task, batches: "Iterator[RecordBatch]") -> "Iterator[RecordBatch]":
    """Answers in, by chunk and key; keys and the cells of ``COLUMNS`` out. One answer that fails takes no other with it."""
    import pyarrow

    opened = _open(task)
    for kept in opened.workers.coded(_chunks(batches)):
        cells = zip(*(cells_of(answer, opened.classification) for answer in kept), strict=True)
        arrays = [
            pyarrow.array(as_numbers(column), pyarrow.float64()) if name in NUMBERS else pyarrow.array(column, pyarrow.string())
            for name, column in zip(COLUMNS, cells, strict=True)
        ]
        keys = pyarrow.array([answer.text_key for answer in kept], pyarrow.string())
        yield pyarrow.RecordBatch.from_arrays([keys, *arrays], names=[KEY, *COLUMNS])


def _chunks(batches: "Iterator[RecordBatch]") -> Iterator[list[Waiting]]:
    """What is coded together: the rows of one chunk, wherever Spark cuts its batches."""
    rows = (row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
    for _, chunk in groupby(rows, itemgetter(0)):
        yield [(key, answer, 1) for _, key, answer in chunk]


def _open(task: Task) -> _Opened:
    """Workers for a task, opened once a process. Raises IndexFolderError where this machine has another index than the driver."""
    global _opened
    if _opened is None or _opened.task != task:
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
        folder = _index_here(task)
        _opened = _Opened(task, Workers(replace(task, scheme=str(folder)), 0), load_classification(folder))
    return _opened


def _index_here(task: Task) -> Path:
    """The shipped index of that name, or the folder that was sent along."""
    from pyspark import SparkFiles

    folder = places.shipped("indexes", task.scheme)
    if not folder.is_dir():
        folder = Path(SparkFiles.get(task.scheme))
    if not folder.is_dir() or manifest.sha256_of(folder / manifest.MANIFEST)[:16] != task.index:
        raise IndexFolderError(
            "an executor has another index than the driver", where=str(folder), hint="install the same crosswalk on every machine"
        )
    return folder
