"""What the review screen must show: python benchmarks/review.py [--data DIR] [--cases 100000]

Opening a queue of 100,000 cases, how long keys take on it, and a coder who goes through 200 real French answers by keys alone (the screen
runs without a terminal, driven by key presses; the right codes come from the file). Times are wall clock on whatever else runs there;
CPU seconds are given beside them.
"""

import argparse
import asyncio
import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from crosswalk.jobs.code_book import CodeBook
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare
from crosswalk.store.answers import KeptCode
from crosswalk.store.store import Store
from crosswalk.tui.app import ReviewApp

ROOT = Path(__file__).resolve().parent.parent
CROSSWALK = [sys.executable, "-c", "from crosswalk.cli import main; main()"]
CODES = ["2221", "5120", "8331", "7212", "9111", "9412"]


def main() -> None:
    """Print one row a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cases", type=int, default=100_000)
    chosen = parser.parse_args()
    print("| what | figure | target |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CROSSWALK_HOME"] = folder
        asyncio.run(large_queue(Path(folder) / "large.db", chosen.cases))
        answers = chosen.data / "responses" / "french_answers.csv.gz"
        if answers.is_file():
            asyncio.run(scripted_coder(Path(folder), answers))
        else:
            print("| 200 French answers | skipped: the development data is not here | |")


async def large_queue(path: Path, count: int) -> None:
    """Opening, and keys, on a large queue."""
    with Store(path) as store:
        store.begin_run("large", "code", "f", {}, (), {})
        begun, cpu = time.perf_counter(), time.process_time()
        store.cases.fill(
            new_case("large", f"k{n}", f"answer {n % 70_000} of the survey", [KeptCode(CODES[n % 6], (n % 97) / 100, "title")],
                     [CodeShare(CODES[n % 6])], frequency=1 + n % 13, position=n, method="review")
            for n in range(count)
        )  # fmt: skip
        store.cases.rank_clusters("large")
        row(f"filling a queue of {count:,}", f"{time.perf_counter() - begun:.1f} s ({time.process_time() - cpu:.1f} s CPU)", "")
    begun, cpu = time.perf_counter(), time.process_time()
    with Store(path) as store, ReviewQueue(store, "large", "anna") as queue:
        app = ReviewApp(queue, CodeBook.open())
        async with app.run_test(size=(160, 48)) as pilot:
            await pilot.pause()
            seconds, used = time.perf_counter() - begun, time.process_time() - cpu
            row(f"opening a queue of {count:,}, to the first case drawn", f"{seconds:.2f} s ({used:.2f} s CPU)", "<= 2 s")
            for keys, what in (("1", "decide and show the next"), ("right", "next case"), ("down", "mark an answer"), ("u", "undo")):
                await keys_take(pilot, keys, what)


async def keys_take(pilot: Pilot[None], key: str, what: str) -> None:
    """Median and worst wall time, and median CPU time, of one key until its answer is drawn."""
    wall, used = [], []
    for _ in range(40):
        begun, cpu = time.perf_counter(), time.process_time()
        await pilot.press(key)
        wall.append(time.perf_counter() - begun)
        used.append(time.process_time() - cpu)
    middle, high, cpu = statistics.median(wall), sorted(wall)[37], statistics.median(used)
    figure = f"{middle * 1000:.0f} ms, 95 of 100 under {high * 1000:.0f} ms ({cpu * 1000:.0f} ms CPU)"
    row(f"key {key!r}: {what} (40 presses)", figure, "<= 50 ms")


async def scripted_coder(folder: Path, answers: Path) -> None:
    """Every answer coded by keys: the number of the right code where it is listed, else a search for it."""
    with gzip.open(answers, "rt", encoding="utf-8", newline="") as stream:
        truth = dict(list({r["text"].casefold(): r["isco08"] for r in csv.DictReader(stream)}.items())[:200])
    with (folder / "french.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["text"], *([text] for text in truth)])
    store_path = folder / "french.db"
    subprocess.run([*CROSSWALK, "code", str(folder / "french.csv"), "--text-column", "text", "--threshold", "1", "--run", "french",
                    "--store", str(store_path), "-o", str(folder / "coded.csv")], check=True, capture_output=True)  # fmt: skip
    with Store(store_path) as store, ReviewQueue(store, "french", "script") as queue:
        app = ReviewApp(queue, CodeBook.open())
        listed = pressed = 0
        begun, cpu = time.perf_counter(), time.process_time()
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            while (case := app.screen.case) is not None:  # type: ignore[attr-defined]
                right = truth[case.text.casefold()]
                codes = [option.code for option in app.screen.options]  # type: ignore[attr-defined]
                keys = [str(codes.index(right) + 1)] if right in codes else ["a", *right, "enter"]
                listed += right in codes
                pressed += len(keys)
                await pilot.press(*keys)
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        settled = store.decisions.settled("french")
        states = store.cases.states("french")
        same = sum(kept.code == truth[case.text.casefold()] for case, kept in store.decisions.in_force("french"))
    row("real French answers coded by keys alone", f"{len(settled)} of {sum(states.values())}, {same} with the code of the file", "200")
    row(
        "... right code among the six",
        f"{listed / max(len(settled), 1):.1%}; {pressed / max(len(settled), 1):.2f} keys an answer",
        "printed",
    )
    row(
        "... time of the machine",
        f"{1000 * seconds / max(pressed, 1):.0f} ms a key ({1000 * used / max(pressed, 1):.0f} ms CPU)",
        "<= 50 ms",
    )


def row(what: str, figure: str, target: str) -> None:
    """One row of the table."""
    print(f"| {what} | {figure} | {target} |", flush=True)


if __name__ == "__main__":
    main()
