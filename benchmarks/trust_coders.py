"""Many coders at one store at once, each a process of its own: every case decided once, every decision kept, and how long one waits."""

import multiprocessing
import random
import time
from collections import Counter
from multiprocessing.synchronize import Barrier
from pathlib import Path

from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare
from crosswalk.store.answers import KeptCode
from crosswalk.store.store import Store
from crosswalk.store.verifying import verify_store

CODES = ["2221", "5120", "8331", "7212"]


def coders_at_once(folder: Path, coders: int, each: int, think: float) -> dict[str, float | int]:
    """``coders`` processes with ``each`` decisions; ``think`` is the mean time in seconds that a person looks at a case."""
    path = folder / "coders.db"
    with Store(path) as store:
        store.begin_run("r", "code", "f", {}, (), {})
        store.cases.fill(
            new_case("r", f"k{n}", f"answer {n}", [KeptCode(CODES[n % 4], 0.5, "cook")], [CodeShare(CODES[n % 4])], position=n)
            for n in range(coders * each)
        )
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(coders)
    people = [spawn.Process(target=_code, args=(folder, number, each, think, together)) for number in range(coders)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    failed = sum(person.exitcode != 0 for person in people)
    said = [line.split() for file in folder.glob("said-*") for line in file.read_text(encoding="ascii").splitlines()]
    waits = sorted(float(seconds) for _, _, seconds in said)
    with Store(path) as store:
        log = {kept.seq: kept.key for kept in store.decisions.log("r")}
        verify_store(store)
    return {
        "coders": coders, "decisions": len(log), "failed": failed, "lost": sum(log.get(int(seq)) != key for seq, key, _ in said),
        "doubled": sum(count > 1 for count in Counter(log.values()).values()),
        "p50_ms": round(1000 * waits[len(waits) // 2], 1), "p99_ms": round(1000 * waits[int(0.99 * len(waits))], 1),
    }  # fmt: skip


def _code(folder: Path, number: int, each: int, think: float, together: Barrier) -> None:
    chance, said = random.Random(number), []
    with Store(folder / "coders.db") as store, ReviewQueue(store, "r", f"coder-{number}") as queue:
        together.wait(900)
        for _ in range(each):
            case = queue.next()
            if case is None:
                break
            time.sleep(chance.expovariate(1 / think) if think else 0)
            decision, begun = queue.accept(case), time.perf_counter()
            kept = queue.decide(case, decision, seconds=1).kept
            said.append(f"{kept.seq} {kept.key} {time.perf_counter() - begun:.6f}\n")
    (folder / f"said-{number}").write_text("".join(said), encoding="ascii")
