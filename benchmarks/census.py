"""A census, coded: python benchmarks/census.py --rows 100000,1000000,5400000

Makes a file of answers (title, industry or tasks, employer) that repeat as people's answers do, with typos and every kind
of case, runs `crosswalk code` on it, and prints a row a size: rows, distinct answers, seconds, rows a second, and the
largest memory of all processes together. With ``--processor N`` it codes N distinct answers here, as a worker does, and prints
the processor time of one (the clock says nothing on a machine that others use).
"""

import argparse
import csv
import gzip
import os
import random
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.jobs.answers import AnswerCoder, AnswerColumns, Task, gather
from crosswalk.jobs.census import CHUNK
from crosswalk.jobs.workers import ONE_THREAD

ROOT = Path(__file__).resolve().parent.parent
CROSSWALK = [sys.executable, "-c", "from crosswalk.cli import main; main()"]
COLUMNS = ("person", "region", "age", "supervises", "occupation", "work", "employer")
_BLOCK = 200_000

INDUSTRIES = (
    "hospital", "primary school", "secondary school", "farm", "restaurant", "hotel", "bank", "insurance", "building site", "road works",
    "bakery", "supermarket", "clothes shop", "garage", "bus company", "railway", "airport", "harbour", "fishing boat", "sawmill", "mine",
    "steel works", "car factory", "food factory", "textile mill", "printing works", "newspaper", "television", "theatre", "museum",
    "university", "research institute", "software", "telephone company", "post office", "town hall", "tax office", "court", "police",
    "army", "fire station", "care home", "nursery", "dentist", "pharmacy", "veterinary practice", "law firm", "accountants",
    "architects", "estate agency", "cleaning company", "security company", "waste collection", "water works", "power station",
    "oil refinery", "chemical plant", "warehouse", "haulage", "travel agency", "hairdresser", "gym", "church", "charity", "own business",
)  # fmt: skip
WORK = (
    "looking after patients", "teaching children", "driving", "serving customers", "selling", "keeping the books", "typing letters",
    "repairing machines", "cleaning", "cooking", "building walls", "growing vegetables", "feeding animals", "writing programs",
    "managing staff", "answering the telephone", "loading lorries", "packing", "welding", "painting", "sewing", "cutting wood",
    "checking quality", "drawing plans", "giving advice", "guarding", "delivering parcels", "laboratory tests", "stock control",
)  # fmt: skip


def titles(data: Path) -> list[str]:
    """Real job titles: the shipped book and, where they are at hand, the British and Canadian indexes."""
    with (ROOT / "data/index-titles/isco-08.en.tsv").open(encoding="utf-8", newline="") as stream:
        found = [row[1] for row in csv.reader(stream, delimiter="\t")][1:]
    canada = data / "national/canada_noc2021/titles_en.csv.gz"
    if canada.is_file():
        with gzip.open(canada, "rt", encoding="utf-8", newline="") as stream:
            found += [row["title"] for row in csv.DictReader(stream)]
    britain = data / "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx"
    if britain.is_file():
        from crosswalk.files.readers import read_table

        table = read_table(britain)
        place = table.columns.index("INDEXOCC")
        found += [row[place] for row in table.rows]
    found = sorted(set(found))
    random.Random(1).shuffle(found)
    return found


def answers(rows: int, pool: list[str], seed: int = 1) -> Iterator[list[str]]:
    """Rows of a census. Titles, industries and employers follow Zipf's law; one title in sixteen has a typing mistake."""
    drawn, chance = np.random.default_rng(seed), random.Random(seed)
    title_shares = _zipf(len(pool), 0.95)
    context = [*INDUSTRIES, *WORK, *(f"{place}, {doing}" for place in INDUSTRIES for doing in WORK)]
    employers = [f"{name} {kind}" for kind in ("Ltd", "& Sons", "Group", "Services", "Council") for name in _names(600)]
    for begin in range(0, rows, _BLOCK):
        size = min(_BLOCK, rows - begin)
        title = drawn.choice(len(pool), size, p=title_shares).tolist()
        habit = drawn.choice(40, size, p=_zipf(40, 1.6)).tolist()
        employer = drawn.choice(len(employers), size, p=_zipf(len(employers), 1.0)).tolist()
        luck = drawn.random((size, 4)).tolist()
        for place in range(size):
            typo, case, says_work, says_employer = luck[place]
            text = _mistyped(pool[title[place]], chance) if typo < 1 / 16 else pool[title[place]]
            text = text.upper() if case < 0.15 else text.capitalize() if case < 0.45 else text
            work = context[(title[place] * 31 + habit[place] * 7) % len(context)] if says_work < 0.6 else ""
            number = begin + place
            yield [f"{number:08d}", f"R{number % 97:02d}", str(15 + number * 7 % 60), "yes" if number % 9 == 0 else "no", text, work,
                   employers[employer[place]] if says_employer < 0.2 else ""]  # fmt: skip


def _zipf(count: int, exponent: float) -> np.ndarray:
    shares = np.arange(1, count + 1, dtype=float) ** -exponent
    return shares / shares.sum()


def _names(count: int) -> list[str]:
    chance = random.Random(2)
    return ["".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3)).capitalize() for _ in range(count)]


def _mistyped(text: str, chance: random.Random) -> str:
    """The text with one letter left out, doubled, changed, or swapped with the next."""
    place = chance.randrange(max(1, len(text) - 1))
    kind = chance.randrange(4)
    before, letter, after = text[:place], text[place : place + 1], text[place + 1 :]
    if kind == 0:
        return before + after
    if kind == 1:
        return before + letter + letter + after
    if kind == 2:
        return before + chance.choice(string.ascii_lowercase) + after
    return before + after[:1] + letter + after[1:]


def write_census(path: Path, rows: int, pool: list[str]) -> None:
    """A CSV of so many rows."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(answers(rows, pool))


def peak_memory(process: subprocess.Popen[str], peak: list[float]) -> None:
    """Watch a process and its children until it ends; ``peak[0]`` is their largest memory together, in MB."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_megabytes(number) for number in _family(process.pid)))
        time.sleep(2)  # looking costs: more often, and the look-out takes a tenth of a core


def _family(pid: int) -> list[int]:
    found = [pid]
    for number in found:
        try:
            children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found += map(int, children.split())
    return found


def _megabytes(pid: int) -> float:
    """Proportional set size: pages that processes share are counted once over all of them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def run(rows: int, pool: list[str], folder: Path, more: list[str]) -> None:
    """Make a census, code it, print its row."""
    source = folder / f"census-{rows}.csv"
    write_census(source, rows, pool)
    texts = [word for name in ("occupation", "work", "employer") for word in ("--text-column", name)]
    command = [*CROSSWALK, "code", str(source), *texts, "--store", str(folder / f"{rows}.db"), "-o", str(folder / f"{rows}.csv"), *more]
    begun, peak = time.perf_counter(), [0.0]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ, "CROSSWALK_HOME": str(folder)}
    )
    watch = threading.Thread(target=peak_memory, args=(process, peak))
    watch.start()
    talk = process.communicate()[1]
    watch.join()
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(talk)
    distinct = next((line.split(" rows, ")[1].split()[0] for line in talk.splitlines() if " rows, " in line), "?")
    sys.stderr.write(talk)
    print(f"| {rows:,} | {distinct} | {seconds:.0f} | {rows / seconds:,.0f} | {peak[0]:,.0f} |", flush=True)
    for path in folder.glob(f"*{rows}*"):
        path.unlink()


def processor_time(count: int, pool: list[str]) -> None:
    """Print the milliseconds of processor time that a worker takes for a distinct answer, of ``count`` in chunks as a run has them."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"), TOKENIZERS_PARALLELISM="false")
    columns = AnswerColumns(("occupation", "work", "employer"))
    found = gather(answers(max(100_000, 3 * count), pool), COLUMNS, columns, lambda *_: None)
    (asked,) = islice(found.waiting(set(), count), 1)
    coder = AnswerCoder(Task("isco-08", Autocoder.open().fingerprint, columns, Rules(), 0.85))
    coder.code(asked[:64])
    for begin in range(0, count, CHUNK):
        chunk, begun = asked[begin : begin + CHUNK], time.process_time()
        coder.code(chunk)
        print(
            f"{len(chunk):,} distinct answers: {1000 * (time.process_time() - begun) / len(chunk):.3f} ms of processor time each",
            flush=True,
        )


def main() -> None:
    """Print one row a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="100000,1000000,5400000")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--folder", type=Path, help="where the files are made (default: a temporary folder)")
    parser.add_argument("--processor", type=int, default=0, help="so many distinct answers, coded here: processor time of one")
    arguments, more = parser.parse_known_args()
    pool = titles(arguments.data)
    if arguments.processor:
        processor_time(arguments.processor, pool)
        return
    print("| rows | distinct answers | seconds | rows/s | peak MB, all processes |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for rows in arguments.rows.split(","):
            run(int(rows), pool, Path(folder), more)


if __name__ == "__main__":
    main()
