"""Codes the answers of a survey or a census: read once for the distinct answers, code those, read again and write.

The file is never in memory. Progress is kept by the answer's text and bound to a fingerprint of file, columns, index, rules and
threshold, as in ``mapping``: killed at any moment, the same command completes the run and writes the same bytes.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.errors import DataError, UsageError
from crosswalk.files.rows import Row, check_ending, write_rows
from crosswalk.files.table import Table
from crosswalk.files.tabular import with_kept_columns
from crosswalk.jobs.answers import AnswerColumns, Answers, Task, gather
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.coded_cells import COLUMNS, NUMBERS, cells_of
from crosswalk.jobs.filling import fill_queue
from crosswalk.jobs.mapping import Talk
from crosswalk.jobs.promotion import decided_answer
from crosswalk.jobs.workers import Workers
from crosswalk.manifest import sha256_of
from crosswalk.model import Classification
from crosswalk.store.store import Store
from crosswalk.text import LONGEST_TEXT

CHUNK = 4096
"""Answers that are coded together and kept in one transaction."""

SMALL = 3000
"""Files with no more distinct answers are coded in this process: two workers would take longer to start."""

QUEUED_AT_ONCE = 100_000
"""More answers than this are put into the queue when somebody opens it (a minute a million), not while the file is waited for."""

_CHUNKS_BETWEEN_FOLDS = 16
_ROWS_BETWEEN_SIGNS = 50_000

Stage = Callable[[str, str], AbstractContextManager[Progress]]
"""Opens a progress bar: what is done, and to what."""


@dataclass(frozen=True)
class CodingJob:
    """What is to be done. ``read`` opens the table a second time; ``workers`` is the number of processes."""

    table: Table
    read: Callable[[], Table]
    out: Path
    columns: AnswerColumns
    scheme: str
    rules: Rules
    threshold: float
    workers: int
    run: str | None = None
    reading: Mapping[str, str | None] | None = None


@dataclass(frozen=True)
class CodedFile:
    """What came out: rows and distinct answers by method, and how many answers failed."""

    run: str
    rows: Mapping[str, int]
    answers: Mapping[str, int]
    failed: int
    out: Path


def code_file(job: CodingJob, coder: Autocoder, store: Store, stage: Stage, say: Talk) -> CodedFile:
    """Code a file; a run that was broken off is completed.

    Raises UsageError when ``run`` was made from something else, DataError for a file that changed meanwhile.
    """
    check_ending(job.out)
    table = job.table
    before = _refuse_same_file(table.path, job.out)
    with stage("reading", "rows") as progress:
        answers = gather(table.rows, table.columns, job.columns, progress)
    if not answers.of_row:
        raise DataError("the table has a header but no rows", where=str(table.path), hint="check the sheet and the file")
    say(f"{len(answers.of_row):,} rows, {len(answers.keys):,} different answers")
    if cut := job.columns.cut(answers.joined):
        say(f"answers longer than {LONGEST_TEXT:,} characters, of which only these are looked at: {cut:,}")
    settings = _settings(job, table, coder)
    fingerprint = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    name = job.run or f"{table.path.stem.split('.')[0][:40]}-{fingerprint[:6]}"
    if store.begin_run(name, "code", fingerprint, settings, (), {}):
        say(f"run {name!r} was begun before with the same file and settings: what is there is not done again")
    with stage("coding", "answers") as progress:
        _code(answers, name, job, coder, store, progress)
    coded = _cells_by_answer(answers, name, store, coder.classification)
    with stage("writing", "rows") as progress:
        _write(job, answers, coded.cells, before, progress)
    if coded.answers.get("review", 0) <= QUEUED_AT_ONCE:
        fill_queue(store, name, zip(answers.order, store.answers(name), strict=True))
    else:
        say(f"{coded.answers['review']:,} different answers wait for a person: 'crosswalk review {name}' sets them out the first time")
    store.finish_run(name)
    return CodedFile(name, coded.rows, coded.answers, coded.failed, job.out)


def _refuse_same_file(source: Path, out: Path) -> os.stat_result:
    """What the file looks like now. Raises UsageError when it would be written over itself."""
    if out.exists() and source.samefile(out):
        raise UsageError("the coded file would replace the file itself", where=str(out), hint="give -o another name")
    return source.stat()


def _settings(job: CodingJob, table: Table, coder: Autocoder) -> dict[str, object]:
    """All that the codes depend on."""
    return {
        "input": sha256_of(table.path)[:16], "sheet": table.sheet, "file": table.path.name,
        "reading": {name: value for name, value in (job.reading or {}).items() if value},
        "columns": job.columns.settings(), "register": job.rules.register_column, "rules": job.rules.fingerprint,
        "index": coder.fingerprint, "scheme": coder.classification.scheme, "threshold": job.threshold,
    }  # fmt: skip


def _code(answers: Answers, run: str, job: CodingJob, coder: Autocoder, store: Store, progress: Progress) -> None:
    """Code what the store does not have yet. The parent alone writes."""
    done = store.answers_done(run)
    finished, total = len(done), len(answers.keys)
    progress(finished, total)
    if finished == total:
        return
    task = Task(job.scheme, coder.fingerprint, job.columns, job.rules, job.threshold)
    with Workers(task, job.workers if total > SMALL else 0) as workers:
        for number, kept in enumerate(workers.coded(answers.waiting(done, CHUNK)), start=1):
            store.save_answers(run, kept)
            finished += len(kept)
            progress(finished, total)
            if number % _CHUNKS_BETWEEN_FOLDS == 0:
                store.fold_log()


@dataclass(frozen=True)
class _Coded:
    """The cells of each answer by its place, and the counts."""

    cells: list[tuple[str, ...]]
    rows: Mapping[str, int]
    answers: Mapping[str, int]
    failed: int


def _cells_by_answer(answers: Answers, run: str, store: Store, classification: Classification) -> _Coded:
    """Read the run's answers back, by key as they are numbered; cells share their strings, some 300 bytes an answer."""
    cells: list[tuple[str, ...]] = [()] * len(answers.keys)
    rows: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    failed = 0
    settled = store.decisions.settled(run)
    for place, kept in zip(answers.order, store.answers(run), strict=True):
        answer = decided_answer(kept, settled.get(kept.text_key))
        cells[place] = cells_of(answer, classification)
        rows[answer.method] += answer.frequency
        texts[answer.method] += 1
        failed += answer.status == "failed"
    return _Coded(cells, rows, texts, failed)


def _write(job: CodingJob, answers: Answers, cells: list[tuple[str, ...]], before: os.stat_result, progress: Progress) -> None:
    table = job.read()
    kept = with_kept_columns(COLUMNS, table.columns)
    write_rows(job.out, [*kept.values(), *COLUMNS], _rows(table, answers, cells, before, progress), NUMBERS)


def _rows(table: Table, answers: Answers, cells: list[tuple[str, ...]], before: os.stat_result, progress: Progress) -> Iterator[Row]:
    """The file's rows with what was found. Raises DataError at the end, before anything is renamed, if the file changed."""
    total, number = len(answers.of_row), 0
    numbered: Iterable[tuple[list[str], int]] = zip(table.rows, answers.of_row, strict=False)
    for number, (row, place) in enumerate(numbered, start=1):
        yield row, cells[place]
        if number % _ROWS_BETWEEN_SIGNS == 0:
            progress(number, total)
    progress(number, total)
    after = table.path.stat()
    if number != total or (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise DataError("the file changed while it was being coded", where=str(table.path), hint="give the command again")
