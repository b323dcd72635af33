"""Processes that code answers: started by spawn, fed in chunks, answered in order; one that dies takes no other answer with it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import connection
from types import TracebackType

from crosswalk.errors import CrosswalkError, ModelError
from crosswalk.jobs.answers import AnswerCoder, Task, Waiting, failed_answer
from crosswalk.store.answers import KeptAnswer

_DEADLINE_SECONDS = 900.0
_MOST_FAILURES = 50
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")

_here = threading.local()


class Workers:
    """Workers for one task. ``count`` processes; 0 codes in this process, for files too small to be worth a start."""

    def __init__(self, task: Task, count: int) -> None:
        self.task = task
        self._count = count
        self._failures = 0
        self._executor = self._started()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let the workers go. After an error or Ctrl+C they are ended at once: they only read, so nothing is lost."""
        if kind is not None:
            _end_workers()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def coded(self, chunks: Iterable[list[Waiting]]) -> Iterator[list[KeptAnswer]]:
        """The answers of each chunk, in the chunks' order. Raises ModelError when workers stop again and again."""
        flying: deque[tuple[list[Waiting], Future[list[KeptAnswer]]]] = deque()
        for chunk in chunks:
            flying.append((chunk, self._submit(chunk)))
            if len(flying) > 2 * self._count:
                yield self._landed(flying)
        while flying:
            yield self._landed(flying)

    def _landed(self, flying: deque[tuple[list[Waiting], Future[list[KeptAnswer]]]]) -> list[KeptAnswer]:
        chunk, future = flying.popleft()
        if self._error(future) is None:
            return future.result()
        wait([other for _, other in flying], _DEADLINE_SECONDS)
        return self._apart(chunk)

    def _apart(self, chunk: list[Waiting]) -> list[KeptAnswer]:
        """A chunk that failed, coded while nothing else runs; halved until the answer that fails is alone."""
        future = self._submit(chunk)
        error = self._error(future)
        if error is None:
            return future.result()
        if len(chunk) > 1:
            half = len(chunk) // 2
            return self._apart(chunk[:half]) + self._apart(chunk[half:])
        self._failures += 1
        if self._failures > _MOST_FAILURES:
            raise ModelError(
                f"more than {_MOST_FAILURES} answers could not be coded", hint="what was saved is kept; is there memory enough?"
            )
        why = "the worker process died" if isinstance(error, BrokenExecutor) else f"{type(error).__name__}: {error}"
        return [failed_answer(self.task.columns, chunk[0], why)]

    def _error(self, future: Future[list[KeptAnswer]]) -> BaseException | None:
        """What went wrong with a chunk; what concerns the whole run is raised."""
        try:
            error = future.exception(_DEADLINE_SECONDS)
        except TimeoutError:
            raise ModelError(
                f"a worker gave no answer for {_DEADLINE_SECONDS:.0f} seconds", hint="what was saved is kept; give the same command again"
            ) from None
        if isinstance(error, CrosswalkError):
            raise error
        return error

    def _submit(self, chunk: list[Waiting]) -> Future[list[KeptAnswer]]:
        try:
            return self._executor.submit(_code, chunk)
        except BrokenExecutor:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = self._started()
            return self._executor.submit(_code, chunk)

    def _started(self) -> Executor:
        if self._count == 0:
            return ThreadPoolExecutor(1, initializer=_prepare, initargs=(self.task,))
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, spawn, initializer=_prepare, initargs=(self.task,))


def _end_workers() -> None:
    for child in multiprocessing.active_children():
        child.terminate()


def _prepare(task: Task) -> None:
    """In the worker: remember the task. A process ends with its parent and leaves Ctrl+C to it."""
    _here.task, _here.coder = task, None
    parent = multiprocessing.parent_process()
    if parent is not None and threading.current_thread() is threading.main_thread():  # not a thread of somebody else's worker
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """A pool's worker outlives a parent that was killed, unless it watches."""
    connection.wait([sentinel])
    sys.stderr.close()
    os._exit(1)


def _code(chunk: list[Waiting]) -> list[KeptAnswer]:
    """In the worker: code a chunk; the index is opened for the first."""
    if _here.coder is None:
        _here.coder = AnswerCoder(_here.task)
    coder: AnswerCoder = _here.coder
    return coder.code(chunk)
