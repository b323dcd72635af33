"""Many coders at one queue in PostgreSQL: 50 processes decide 10,000 cases, and the server is killed and started in the middle.

A real server of Debian's packages, in a folder of its own (tests/postgres_server.py). Every decision that a process was told is kept
must stand in the log, once; no case may be settled twice or left.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from crosswalk.jobs.filling import new_case  # noqa: E402
from crosswalk.model import CodeShare  # noqa: E402
from crosswalk.store.answers import KeptCode  # noqa: E402
from crosswalk.store.store import Store  # noqa: E402
from tests.postgres_server import running_server  # noqa: E402


def main() -> None:
    """Fill the queue, let the coders work, kill the server once, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coders", type=int, default=50)
    parser.add_argument("--cases", type=int, default=10_000)
    options = parser.parse_args()
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        address = server.address()
        with Store(address) as store:
            store.begin_run("r", "code", "f", {}, (), {})
            code, best = [CodeShare("5120")], [KeptCode("5120", 0.5, "cook")]
            store.cases.fill(new_case("r", f"k{n}", f"answer {n}", best, code, position=n) for n in range(options.cases))
        began = time.perf_counter()
        coders = [_coder(address, number, Path(folder)) for number in range(options.coders)]
        while len(_acknowledged(Path(folder))) < options.cases // 2:
            time.sleep(0.5)
        server.kill()
        server.start()
        ended = [coder.wait() for coder in coders]
        _tell(address, _acknowledged(Path(folder)), options.cases, time.perf_counter() - began, ended)


def _coder(address: str, number: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.postgres_coder", address, f"coder{number}", "1800"]
    return subprocess.Popen(command, cwd=ROOT, stdout=(folder / f"{number}.txt").open("wb"), stderr=subprocess.DEVNULL)


def _acknowledged(folder: Path) -> list[tuple[int, str, bool]]:
    lines = [line.split() for path in folder.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(int(seq), key, stale == "1") for seq, key, stale in lines]


def _tell(address: str, acknowledged: list[tuple[int, str, bool]], cases: int, seconds: float, ended: list[int]) -> None:
    with Store(address) as store:
        log = {decision.seq: decision for decision in store.decisions.log("r")}
        whole = store.decisions.verify() == len(log)
        lost = sum(seq not in log or log[seq].key != key for seq, key, _ in acknowledged)
        settled = [decision.key for decision in log.values() if not decision.stale]
        by_coder = [sum(decision.coder == f"coder{number}" for decision in log.values()) for number in range(len(ended))]
    print(f"{len(ended)} coders, {cases:,} cases, server killed and started once: {seconds:.0f} s; {sum(map(bool, ended))} coders failed")
    print(f"acknowledged decisions lost: {lost} of {len(acknowledged):,}; chain whole: {whole}")
    print(f"cases settled twice: {len(settled) - len(set(settled))}; left: {cases - len(set(settled))}")
    print(f"decisions a coder: {min(by_coder)} to {max(by_coder)} (a starved one would have none)")


if __name__ == "__main__":
    main()
