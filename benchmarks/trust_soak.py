"""Sixteen processes at one store for as long as is asked: look-ups, coded files, reviewing, paced like people.

Every process writes down what it was told is kept; in the end that is compared with the store. Memory of every process and the size of
the write-ahead log are measured all the while.
"""

import csv
import hashlib
import multiprocessing
import os
import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

from crosswalk import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.files.readers import read_table
from crosswalk.jobs.answers import AnswerColumns
from crosswalk.jobs.census import CodingJob, code_file
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare, Decision
from crosswalk.store.answers import KeptCode
from crosswalk.store.store import Store

TITLES = ["bus driver", "sygeplejerske", "cook in a school", "chauffeur de bus", "welder", "Lehrerin", "night guard", "dairy farmer"]
CODES = ["2221", "5120", "8331", "7212", "9111", "9412"]
RUN = "soak"
_LONGEST_THOUGHT = 4
"""Times the mean."""


@dataclass(frozen=True)
class Pace:
    """Mean seconds that a coder thinks, that pass between look-ups, and between two files; 0.2 of one core at the usual ones."""

    decision: float = 6.0
    look_up: float = 4.0
    file: float = 90.0


def soak(folder: Path, seconds: float, pace: Pace, *, reviewers: int = 10, lookers: int = 3, filers: int = 3) -> dict[str, float | int]:
    """Run it in ``folder``; gives the figures. Raises AssertionError where something was lost, doubled or changed."""
    path = folder / "soak.db"
    fill(path, int(reviewers * (seconds / pace.decision) * 1.6) + 200)
    write_survey(folder / "survey.csv")
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(reviewers + lookers + filers + 1)
    works: list[tuple[Callable[..., None], float]] = (
        [(review, pace.decision)] * reviewers + [(look_up, pace.look_up)] * lookers + [(code, pace.file)] * filers
    )
    people = [
        spawn.Process(target=begin, args=(work, folder, number, seconds, mean, together)) for number, (work, mean) in enumerate(works)
    ]
    for person in people:
        person.start()
    together.wait(900)
    measured = gauge(path, people, seconds)
    last = time.monotonic() + _LONGEST_THOUGHT * max(pace.decision, pace.look_up, pace.file) + 300  # who thinks when time is over thinks on
    for person in people:
        person.join(max(1.0, last - time.monotonic()))
    ends = [person.exitcode for person in people]
    assert ends == [0] * len(people), f"a process failed, or never ended: {ends}"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**account(folder, path), **measured, "cpu_share": round((used.ru_utime + used.ru_stime) / seconds, 3)}


def fill(path: Path, count: int) -> None:
    """A run with as many cases as could be decided."""
    with Store(path) as store:
        store.begin_run(RUN, "code", "f", {}, (), {})
        store.cases.fill(
            new_case(RUN, f"k{n}", f"answer {n % (count * 2 // 3)} of the survey", [KeptCode(CODES[n % 6], (n % 97) / 100, "title")],
                     [CodeShare(CODES[n % 6])], frequency=1 + n % 13, position=n, method="review")
            for n in range(count)
        )  # fmt: skip
        store.cases.rank_clusters(RUN)


def write_survey(path: Path) -> None:
    """A file of 200 answers."""
    chance = random.Random(5)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "job"])
        writer.writerows([n, f"{chance.choice(TITLES)} {chance.choice(['', 'senior', 'trainee', 'at sea'])}".strip()] for n in range(200))


def begin(work: Callable[..., None], folder: Path, number: int, seconds: float, mean: float, together: Barrier) -> None:
    """A process: all begin together, however long it took to start them."""
    os.environ["CROSSWALK_HOME"] = str(folder / f"home-{number}")
    chance = random.Random(number)
    work(folder, number, seconds, partial(_think, chance, mean), chance, together)


def _think(chance: random.Random, mean: float) -> None:
    time.sleep(min(chance.expovariate(1 / mean), _LONGEST_THOUGHT * mean))


def review(folder: Path, number: int, seconds: float, think: Callable[[], None], chance: random.Random, together: Barrier) -> None:
    """A coder: decides, changes their mind, goes and comes back."""
    with (folder / f"kept-{number}").open("a", encoding="utf-8") as kept:
        together.wait(900)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with Store(folder / "soak.db") as store, ReviewQueue(store, RUN, f"coder-{number}") as queue:
                for _ in range(chance.randint(40, 120)):
                    think()
                    if time.monotonic() > end or not _one_key(queue, chance, kept.write):
                        return
                    kept.flush()


def _one_key(queue: ReviewQueue, chance: random.Random, kept: Callable[[str], object]) -> bool:
    """One thing a coder does; written down when it is acknowledged. False when nothing waits."""
    if chance.random() < 0.05:
        for undone in queue.undo().taken_back:
            kept(f"undo {undone.seq} {undone.key} 0\n")
        return True
    case = queue.next()
    if case is None:
        return False
    decision = Decision("defer") if chance.random() < 0.03 else queue.accept(case)
    begun = time.perf_counter()
    outcome = queue.decide(case, decision, seconds=1.0)
    kept(f"{'stale' if outcome.stale else 'kept'} {outcome.kept.seq} {case.key} {time.perf_counter() - begun:.6f}\n")
    return True


def look_up(folder: Path, number: int, seconds: float, think: Callable[[], None], chance: random.Random, together: Barrier) -> None:
    """Somebody with one title at a time: the same title has the same answer all day."""
    coder, first = Autocoder.open("isco-08"), dict[str, list[tuple[str, float]]]()
    with (folder / f"looked-{number}").open("a", encoding="utf-8") as looked:
        together.wait(900)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            think()
            title = f"{chance.choice(TITLES)} {chance.choice(['', 'apprentice', 'manager', str(chance.randint(1, 9))])}"
            best = [(entry.code, round(entry.probability, 6)) for entry in coder.code([title])[0].top(6)]
            assert first.setdefault(title, best) == best, f"{title} had {first[title]}, has {best}"
            looked.write(f"{title}\n")


def code(folder: Path, number: int, seconds: float, think: Callable[[], None], chance: random.Random, together: Barrier) -> None:  # noqa: ARG001 - as the others
    """Somebody who codes the file again and again, each time as a run of its own: the output is the same each time."""
    coder, columns = Autocoder.open("isco-08"), AnswerColumns(("job",))
    read = partial(read_table, folder / "survey.csv")
    with (folder / f"coded-{number}").open("a", encoding="utf-8") as coded:
        together.wait(900)
        end, turn = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            out, turn = folder / f"out-{number}.csv", turn + 1
            job = CodingJob(read(), read, out, columns, "isco-08", Rules(), 0.85, 1, f"file-{number}-{turn}")
            with Store(folder / "soak.db") as store:
                done = code_file(job, coder, store, lambda _what, _unit: nullcontext(lambda _done, _total: None), lambda _line: None)
            assert done.failed == 0, "answers could not be coded"
            coded.write(f"{job.run} {hashlib.sha256(out.read_bytes()).hexdigest()}\n")
            coded.flush()
            think()


def gauge(path: Path, people: list[multiprocessing.context.SpawnProcess], seconds: float) -> dict[str, float]:
    """Memory of all processes and the size of the log, until the time is over."""
    sizes: list[tuple[float, float]] = []
    largest, begun, stop = 0.0, time.monotonic(), threading.Event()
    while (passed := time.monotonic() - begun) < seconds:
        sizes.append((passed, sum(_resident(person.pid) for person in people)))
        wal = Path(f"{path}-wal")
        largest = max(largest, wal.stat().st_size / 2**20 if wal.exists() else 0.0)
        stop.wait(max(0.5, seconds / 600))
    settled = [size for when, size in sizes if seconds * 0.2 <= when <= seconds * 0.4]
    last = [size for when, size in sizes if seconds * 0.75 <= when <= seconds * 0.95]
    early, late = sum(settled) / len(settled), sum(last) / len(last)
    return {"memory_mb": round(late), "memory_drift": round(late / early - 1, 4), "wal_mb": round(largest, 1), "seconds": round(seconds)}


def _resident(pid: int | None) -> float:
    """MB of a process that are in memory and its own: pages of a file that it mapped come and go as the machine likes."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0.0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") / 2**20


def account(folder: Path, path: Path) -> dict[str, float | int]:
    """Compare what was acknowledged with what the store has."""
    said = [line.split() for file in sorted(folder.glob("kept-*")) for line in file.read_text(encoding="utf-8").splitlines()]
    with Store(path) as store:
        log = {kept.seq: kept for kept in store.decisions.log(RUN)}
        verified, states = store.decisions.verify(), store.cases.states(RUN)
        undone = {kept.undoes for kept in log.values() if kept.undoes}
        lost = sum(int(seq) not in (undone if what == "undo" else log) for what, seq, _, _ in said)
        in_force = Counter(kept.key for kept in log.values() if not kept.stale and kept.action != "undo" and kept.seq not in undone)
        doubled = sum(count > 1 for count in in_force.values())
        coded = {line.split()[1] for file in folder.glob("coded-*") for line in file.read_text(encoding="utf-8").splitlines()}
        runs = sum(run.name != RUN and run.finished is not None for run in store.runs())
    assert verified == len(log) >= len(said) - sum(what == "undo" for what, *_ in said), "the log is shorter than what was acknowledged"
    assert lost == 0, f"{lost} acknowledged decisions are not in the store"
    assert doubled == 0, f"{doubled} cases were decided twice"
    assert sum(count for (_, state), count in states.items() if state in ("done", "deferred")) == len(in_force)
    assert len(coded) == 1, "a file was not coded as before"
    waits = sorted(float(seconds) for what, _, _, seconds in said if what != "undo")
    assert waits, "nobody decided anything in the time given"
    looked = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in folder.glob("looked-*"))
    return {
        "decisions": len(waits), "undone": len(undone), "lost": lost, "doubled": doubled, "files": runs, "look_ups": looked,
        "p50_ms": round(1000 * waits[len(waits) // 2], 1), "p99_ms": round(1000 * waits[int(len(waits) * 0.99)], 1),
    }  # fmt: skip
