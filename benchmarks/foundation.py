"""What the foundation must show: python benchmarks/foundation.py [--data DIR]

Times are of whole processes, the median of several runs; memory is the largest resident set of any of them.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CROSSWALK = [sys.executable, "-c", "from crosswalk.cli import main; main()"]


def timed(command: list[str], runs: int) -> tuple[float, float, str]:
    """Median wall seconds, peak MB of the children so far, and the last run's stdout."""
    seconds, out = [], ""
    for _ in range(runs + 1):
        begun = time.perf_counter()
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:] if runs > 1 else seconds), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, out


def main() -> None:
    """Print one row a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = parser.parse_args().data
    print("| what | figure | target |\n|---|---|---|")
    report("import crosswalk", timed([sys.executable, "-c", "import crosswalk"], 9), "< 0.1 s")
    report("crosswalk --help", timed([*CROSSWALK, "--help"], 9), "< 0.2 s")
    report('crosswalk lookup "data analyst"', timed([*CROSSWALK, "lookup", "data analyst"], 9), "< 0.5 s, < 200 MB")
    evaluate("ISCO-88 unit groups, first answer an official ISCO-08 target", ROOT / "data/isco-88/unit-groups.tsv", ["title"], "isco08")
    workbook = data / "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx"
    if not workbook.is_file():
        print("| ONS workbook | skipped: the development data is not here | |")
        return
    with tempfile.TemporaryDirectory() as folder:
        mapped = [*CROSSWALK, "map", str(workbook), "-o", f"{folder}/out.xlsx", "--store", f"{folder}/s.db"]
        os.environ["CROSSWALK_HOME"] = folder
        report("map of the ONS workbook (32,195 rows)", timed(mapped, 0), "< 60 s, < 1 GB")
        evaluate("ONS workbook, against its own ISCO-08 column", workbook, ["INDEXOCC", "ADD", "IND"], "ISCO-08 code based on SOC2020")


def report(what: str, measured: tuple[float, float, str], target: str) -> None:
    """One row: seconds and megabytes."""
    print(f"| {what} | {measured[0]:.2f} s, peak {measured[1]:.0f} MB | {target} |", flush=True)


def evaluate(what: str, path: Path, texts: list[str], truth: str) -> None:
    """One row: accuracy of a coded file."""
    columns = [word for text in texts for word in ("--text-column", text)]
    found = json.loads(timed([*CROSSWALK, "evaluate", str(path), *columns, "--truth-column", truth, "--json"], 0)[2])
    figures = f"top-1 {found['accuracy']:.3f}, top-6 {found['top_k']['6']:.3f}, ECE {found['ece']:.3f}"
    print(f"| {what} (n = {found['n']:,}) | {figures} | printed |", flush=True)


if __name__ == "__main__":
    main()
