"""Second opinions at speed: python benchmarks/llm.py [--titles 10000]

Doubtful titles go through the real litellm client to a small server on this machine that takes 100 ms a call, 32 at once; then the same
again (nothing is called); then a run is killed at half and taken up (only what is missing is called).
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crosswalk.jobs.opinions import SecondOpinion, When, second_opinions
from crosswalk.llm.budget import Price
from crosswalk.llm.questions import Option, Question
from crosswalk.llm.service import Service
from crosswalk.store.store import Store

ROOT = Path(__file__).resolve().parent.parent
DELAY, CONCURRENCY = 0.1, 32


def questions(count: int) -> list[Question]:
    """Distinct titles with a shortlist of six codes."""
    options = tuple(Option(str(2210 + n), f"Group {n}", f"title {n}") for n in range(6))
    return [Question(f"k{n}", f"doubtful title {n}", options) for n in range(count)]


@contextmanager
def no_bar(label: str) -> Iterator[object]:  # noqa: ARG001
    """No progress bar."""
    yield lambda _done, _total: None


def ask(store: Path, url: str, count: int) -> None:
    """What one process does."""
    wanted = SecondOpinion(Service("openai/test-model", url), When(), 1000.0, Price(0.15, 0.6))
    new = not store.exists()
    with Store(store) as kept:
        if new:
            kept.begin_run("r", "map", "f", {}, [], {})
        second_opinions(kept, "r", questions(count), wanted, no_bar, lambda _line: None)  # type: ignore[arg-type]


def calls(port: str) -> int:
    """Calls the server has had."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/calls", timeout=30) as stream:
        return int(json.load(stream).get("ok", 0))


def main() -> None:
    """Print a row a claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=10_000)
    parser.add_argument("--child", nargs=2, metavar=("STORE", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("OPENAI_API_KEY", "none")
    if options.child:
        ask(Path(options.child[0]), options.child[1], options.titles)
        return
    server = subprocess.Popen([sys.executable, str(ROOT / "tests/llm_server.py"), "--delay", str(DELAY)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = server.stdout.readline().strip()
    with tempfile.TemporaryDirectory() as folder:
        measure(folder, port, options.titles)
    server.kill()


def measure(folder: str, port: str, titles: int) -> None:
    """The three claims."""
    child = [sys.executable, __file__, "--titles", str(titles), "--child"]
    whole = [*child, f"{folder}/whole.db", f"http://127.0.0.1:{port}/ok/v1"]
    ideal = titles * DELAY / CONCURRENCY
    print("| what | figure | target |\n|---|---|---|")
    begun = time.perf_counter()
    subprocess.run(whole, check=True)
    seconds, first = time.perf_counter() - begun, calls(port)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (used.ru_utime + used.ru_stime) / titles * 1000
    print(f"| {titles:,} titles at {DELAY * 1000:.0f} ms, {CONCURRENCY} at once | {seconds:.1f} s, {seconds / ideal:.2f} times the ideal "
          f"{ideal:.1f} s; {cpu:.1f} ms of processor a call | 1.3 times |", flush=True)  # fmt: skip
    subprocess.run(whole, check=True)
    print(f"| calls of a second run | {calls(port) - first} | 0 |", flush=True)
    broken = [*child, f"{folder}/broken.db", f"http://127.0.0.1:{port}/ok/v1"]
    process, before = subprocess.Popen(broken), calls(port)
    while calls(port) - before < titles // 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = calls(port) - before
    subprocess.run(broken, check=True)
    again = calls(port) - before - titles
    print(
        f"| killed after {made:,} calls and taken up: calls made twice (under way, or not yet kept, when it was killed) | {again} | < 64 |"
    )


if __name__ == "__main__":
    main()
