"""A queue of a million cases: how long it takes to open it, to take the next case, to decide, and what memory that asks."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare
from crosswalk.store.answers import KeptCode
from crosswalk.store.case_rows import Order
from crosswalk.store.store import Store

CODES = ["2221", "5120", "8331", "7212", "9111", "9412"]
RUN = "large"
ORDERS: tuple[Order, ...] = ("impact", "cluster", "file")
_TIMES = 15


def fill(path: Path, count: int) -> float:
    """A run with so many cases that wait; gives the seconds it took."""
    begun = time.perf_counter()
    with Store(path) as store:
        store.begin_run(RUN, "code", "f", {}, (), {})
        store.cases.fill(
            new_case(RUN, f"k{n}", f"answer {n % (count * 7 // 10)} of the survey", [KeptCode(CODES[n % 6], (n % 97) / 100, "title")],
                     [CodeShare(CODES[n % 6])], frequency=1 + n % 13, position=n, method="review")
            for n in range(count)
        )  # fmt: skip
        store.cases.rank_clusters(RUN)
    return time.perf_counter() - begun


def opened(path: Path) -> dict[str, float]:
    """In a process that did nothing else: open the queue to its first case, then go on in it. Milliseconds, and megabytes."""
    before, found = _megabytes(), dict[str, float]()
    begun, cpu = time.perf_counter(), time.process_time()
    with Store(path) as store, ReviewQueue(store, RUN, "anna") as queue:
        left = queue.count()
        case = queue.next()
        found["open_ms"], found["open_cpu_ms"] = _ms(begun), round(1000 * (time.process_time() - cpu), 1)
        assert case is not None
        found["cases"] = left[0]
        for order in ORDERS:
            queue.order = order
            found[f"next_{order}_ms"], found[f"next_{order}_worst_ms"] = _usual(lambda: queue.next(queue.next()))
        queue.order = "impact"
        found["decide_ms"], found["decide_worst_ms"] = _usual(lambda: _decide(queue))
        found["undo_ms"], _ = _usual(queue.undo)
        queue.filter = replace(queue.filter, words="answer 69999 of")
        cpu = time.process_time()
        found["search_ms"] = _timed(lambda: (queue.count(), queue.next()))
        found["search_cpu_ms"] = round(1000 * (time.process_time() - cpu), 1)
    found["memory_mb"] = round(_megabytes() - before, 1)
    return found


def _decide(queue: ReviewQueue) -> None:
    case = queue.next()
    assert case is not None
    assert not queue.decide(case, queue.accept(case), seconds=1).stale


def _usual(act: Callable[[], object]) -> tuple[float, float]:
    """Median and worst milliseconds."""
    took = [_timed(act) for _ in range(_TIMES)]
    return round(statistics.median(took), 1), max(took)


def _timed(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return _ms(begun)


def _megabytes() -> float:
    """What is in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ms(begun: float) -> float:
    return round(1000 * (time.perf_counter() - begun), 1)


def large_queue(folder: Path, count: int) -> dict[str, float]:
    """Fill it here, open it in a process of its own; gives the figures of both."""
    path = folder / "large.db"
    seconds = fill(path, count)
    command = [sys.executable, "-c", "import json, sys; from pathlib import Path; from benchmarks.trust_queue import opened; "
               "print(json.dumps(opened(Path(sys.argv[1]))))", str(path)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {"fill_seconds": round(seconds), **json.loads(done.stdout)}
