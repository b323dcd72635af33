"""Spark beside the local engine: rows a second against workers, and what a row and an answer cost an executor.

Makes a census (benchmarks/census.py) in Parquet; `--parts` measures one executor process alone: processor time a row (key, text) and a
different answer (codes), and its memory. The rest starts a standalone master and its workers, one core each, on this machine, and
runs `crosswalk code --engine` on them, start of Java and Python included; the local engine stands beside it with as many processes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow
from pyarrow import parquet

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from census import COLUMNS, answers, titles  # noqa: E402

TEXTS = ("occupation", "work", "employer")


def write_census(path: Path, rows: int, data: Path) -> None:
    """A Parquet file of so many rows, in groups that Spark can share out."""
    columns = zip(*answers(rows, titles(data)), strict=True)
    parquet.write_table(pyarrow.table(dict(zip(COLUMNS, map(list, columns), strict=True))), path, row_group_size=20_000)


def parts(source: Path) -> None:
    """What one executor process does, without Spark round it."""
    from crosswalk import Autocoder
    from crosswalk.coding.rules import Rules
    from crosswalk.jobs.answers import AnswerColumns, Task
    from crosswalk.jobs.spark import executor

    batches = parquet.read_table(source).to_batches(max_chunksize=10_000)
    places, rows = [COLUMNS.index(name) for name in TEXTS], sum(batch.num_rows for batch in batches)
    begun = time.process_time()
    keyed = list(executor.with_keys(places, len(COLUMNS), iter(batches)))
    print(f"| a row: text and key | {1e6 * (time.process_time() - begun) / rows:.1f} µs of CPU |")
    begun = time.process_time()
    asked = [batch.select(list(TEXTS)) for batch in batches]
    known: dict[str, str] = {}
    for batch in executor.with_answers(len(TEXTS), iter(asked)):
        found, keys = (column.to_pylist() for column in batch.columns)
        known.update(zip(keys, found, strict=True))
    print(f"| a row: answer and key | {1e6 * (time.process_time() - begun) / rows:.1f} µs of CPU |")
    task = Task("isco-08", Autocoder.open("isco-08").fingerprint, AnswerColumns(TEXTS), Rules(), 0.85)
    some = sorted(known.items())[:8192]
    batch = pyarrow.table({"chunk": [n // 4096 for n in range(len(some))], "key": [k for k, _ in some], "answer": [a for _, a in some]})
    opened = time.process_time()
    list(executor.coded(task, iter(batch.slice(0, 1).to_batches())))
    print(f"| opening the index, once a process | {time.process_time() - opened:.1f} s of CPU |")
    begun = time.process_time()
    list(executor.coded(task, iter(batch.to_batches())))
    print(f"| a different answer | {1e3 * (time.process_time() - begun) / len(some):.2f} ms of CPU |")
    print(f"| memory of one process at its largest | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB |")
    print(f"| rows, different answers here | {len(keyed) and rows:,}, {len(known):,} |")


def timed(words: list[str]) -> float:
    """Seconds that a command takes."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "crosswalk", *words], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - begun


def against_workers(source: Path, rows: int, counts: list[int], folder: Path) -> None:
    """A row a number of workers: Spark, and the local engine with as many processes."""
    from tests.spark_cluster import running_cluster

    words = ["code", str(source), *(word for name in TEXTS for word in ("--text-column", name))]
    print("| workers | Spark, rows/s | local, rows/s |\n|---|---|---|")
    for count in counts:
        place = folder / f"cluster{count}"
        place.mkdir()
        local = timed([*words, "--workers", str(count), "--store", str(folder / f"{count}.db"), "-o", str(folder / f"{count}.parquet")])
        with running_cluster(place, count) as cluster:
            spark = timed([*words, "--engine", cluster.address, "-o", str(place / "out.parquet")])
        ours, theirs = (parquet.read_table(path) for path in (folder / f"{count}.parquet", place / "out.parquet"))
        same = "the same rows" if ours.equals(theirs.cast(ours.schema)) else "OTHER ROWS"
        print(f"| {count} | {rows / spark:,.0f} ({spark:.0f} s, {same}) | {rows / local:,.0f} ({local:.0f} s) |", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--parts", action="store_true", help="one executor process alone, without Spark")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    for name, value in {"OMP_NUM_THREADS": "1", "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}.items():
        os.environ.setdefault(name, value)
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CROSSWALK_HOME"] = folder
        source = Path(folder) / "census.parquet"
        write_census(source, options.rows, options.data)
        if options.parts:
            parts(source)
        else:
            against_workers(source, options.rows, [int(count) for count in options.workers.split(",")], Path(folder))


if __name__ == "__main__":
    main()
