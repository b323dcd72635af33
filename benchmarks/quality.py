"""What the quality reports must show: python benchmarks/quality.py [--index DIR] [--only uk,french,errors,speed]

Writes the reports on the UK index and on french_answers (figures only) to benchmarks/reports, and prints their figures; how many codes
made wrong on purpose are found; and how long a report on 100,000 coded rows takes. The UK titles measured are the fifth that
``--split DIR`` writes to uk-test.csv; the rest is uk-train.csv, for an index fitted on it and named with ``--index``.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from crosswalk import Autocoder
from crosswalk.files.readers import read_table
from crosswalk.jobs.answers import AnswerColumns, gather
from crosswalk.jobs.evaluation import Columns, answered, ask
from crosswalk.jobs.quality.label_errors import label_errors, suspects
from crosswalk.jobs.quality.outcomes import Outcomes
from crosswalk.store.answers import KeptAnswer, KeptCode, packed
from crosswalk.store.store import Store

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "benchmarks" / "reports"
CROSSWALK = [sys.executable, "-c", "from crosswalk.cli import main; main()"]
UK = "national/uk_soc2020/soc2020volume2thecodingindexexcel16042025.xlsx"
UK_TRUTH = "ISCO-08 code based on SOC2020"
UK_TEXTS = ("INDEXOCC", "ADD", "IND")


def split_uk(data: Path, folder: Path) -> None:
    """A fifth of the UK titles to test on, the rest to learn from; all entries of one title go to one side."""
    table = read_table(data / UK)
    places = [table.columns.index(name) for name in (*UK_TEXTS, UK_TRUTH)]
    with (
        (folder / "uk-train.csv").open("w", encoding="utf-8", newline="") as train,
        (folder / "uk-test.csv").open("w", encoding="utf-8", newline="") as test,
    ):
        sides = csv.writer(train), csv.writer(test)
        for side in sides:
            side.writerow([*UK_TEXTS, "isco08"])
        for row in table.rows:
            held_out = hashlib.sha256(row[places[0]].casefold().encode()).digest()[0] % 5 == 0
            sides[held_out].writerow([row[place] for place in places])


def report(what: str, folder: Path, file: str, texts: tuple[str, ...], page: str, threshold: float) -> None:
    """Evaluate a file in ``folder`` with figures only; print a row, keep the page."""
    words = [word for text in texts for word in ("--text-column", text)]
    command = ["evaluate", file, *words, "--truth-column", "isco08", "--threshold", str(threshold), "--scheme", _scheme(folder)]
    done = subprocess.run(
        [*CROSSWALK, *command, "--figures-only", "--report", page, "--json"], cwd=folder, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    quality = found["quality"]
    levels, chosen = quality["levels"][-1], quality["thresholds"]["chosen"]
    top, macro = quality["top_k"]["1"], levels["macro_f1"]
    print(
        f"| {what} | {found['n']:,} | {top['value']:.3f} ({top['low']:.3f}-{top['high']:.3f}) | {found['top_k']['6']:.3f} "
        f"| {macro['value']:.3f} ({macro['low']:.3f}-{macro['high']:.3f}) | {levels['weighted_f1']['value']:.3f} | {found['ece']:.3f} "
        f"| {chosen['coding_rate']:.1%} at {chosen['accuracy']['value']:.1%} | {found['coding_rate_at']['0.95']:.1%} |",
        flush=True,
    )
    REPORTS.mkdir(exist_ok=True)
    shutil.copy(folder / page, REPORTS / page)


def _scheme(folder: Path) -> str:
    """The index to measure with: the one given, under a name that says nothing of this machine."""
    return "./index" if (folder / "index").exists() else "isco-08"


def wrong_on_purpose(folder: Path, share: float = 0.05, texts: int = 2000) -> None:
    """Codes of a sample of UK titles made wrong by chance: how many of those suspected are, and how many of these are suspected."""
    coder = Autocoder.open(_scheme(folder))
    table = read_table(folder / "uk-test.csv")
    questions = ask(table, Columns(UK_TEXTS, "isco08"), coder.classification)
    random.Random(5).shuffle(questions.asked)
    del questions.asked[texts:]
    outcomes, _ = answered(questions, coder, lambda _done, _total: None)
    chance, units = random.Random(6), [item.code for item in coder.classification.unit_groups]
    spoilt = {place for place in range(len(outcomes)) if chance.random() < share}
    rows = [text._replace(row=place) for place, text in enumerate(outcomes.texts)]
    rows = [text._replace(truths=frozenset([chance.choice(units)])) if place in spoilt else text for place, text in enumerate(rows)]
    found = label_errors(Outcomes(coder.classification, rows))
    named = [one.row for one in found.ranked]
    first = set(named[: len(spoilt)])
    print(
        f"| {len(spoilt)} of {len(rows):,} UK codes made wrong | suspected {found.suspected:,}, among them {len(spoilt & set(named))} "
        f"of the {len(spoilt)}; of the first {len(first)} suspected {len(spoilt & first) / len(first):.0%} are of them | printed |"
    )


def like_cleanlab() -> None:
    """The same rows as cleanlab, on made texts with dense probabilities."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        print("| confident learning against cleanlab | skipped: pip install cleanlab | the same rows |")
        return
    drawn = np.random.default_rng(0)
    n, codes = 5000, 40
    true = drawn.integers(codes, size=n)
    scores = drawn.normal(size=(n, codes))
    scores[np.arange(n), true] += 3.5
    given = np.where(drawn.random(n) < 0.1, drawn.integers(codes, size=n), true)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    theirs = find_label_issues(given, shares, filter_by="confident_learning", n_jobs=1)
    order = np.argsort(-shares, axis=1)
    ours = suspects(order.astype(np.int32), np.take_along_axis(shares, order, 1), given.astype(np.int32), codes, prior=0.0)[0] >= 0
    counts = f"ours {ours.sum()}, theirs {theirs.sum()}, both {(ours & theirs).sum()}"
    print(f"| confident learning against cleanlab, {n:,} made texts | {counts} | the same rows |")


def speed(rows: int, folder: Path) -> None:
    """A run of so many different answers, made without a model, measured against as many codes and reported."""
    coder = Autocoder.open()
    units, drawn = [item.code for item in coder.classification.unit_groups], np.random.default_rng(1)
    words = [title.split()[0] for title in coder.retriever.book.texts()[:5000]]
    picked, hit = drawn.integers(len(units), size=(rows, 6)), drawn.random(rows) < 0.7
    said = np.sort(drawn.dirichlet(np.ones(7), size=rows), axis=1)[:, ::-1]
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["answer", "isco08"])
        for row in range(rows):
            writer.writerow([f"{words[row % len(words)]} {words[row * 7 % len(words)]} {row}", units[picked[row, 0 if hit[row] else 5]]])
    answers = gather(read_table(folder / "truth.csv").rows, ("answer", "isco08"), AnswerColumns(("answer",)), lambda _done, _total: None)
    settings = {"input": "made", "file": "truth.csv", "columns": {"texts": ["answer"], "facts": []}, "register": "", "rules": "",
                "index": coder.fingerprint, "scheme": "isco-08", "threshold": 0.5}  # fmt: skip
    with Store(folder / "s.db") as store:
        store.begin_run("made", "code", "made", settings, (), {})
        store.save_answers("made", (_kept(answers.keys[n], answers.joined[n], picked[n], said[n], units) for n in range(rows)))
        store.finish_run("made")
    begun, used = time.perf_counter(), _processor_seconds()
    command = ["quality", "made", "--truth", "truth.csv", "--truth-column", "isco08", "--store", "s.db", "--report", "r.html"]
    subprocess.run([*CROSSWALK, *command], cwd=folder, check=True, capture_output=True)
    seconds, size = time.perf_counter() - begun, (folder / "r.html").stat().st_size / 1000
    cost = f"{seconds:.0f} s ({_processor_seconds() - used:.0f} s of one core), page of {size:,.0f} kB"
    print(f"| report on {rows:,} coded rows, all different | {cost} | < 60 s |")


def _processor_seconds() -> float:
    """What the processes started so far have computed: the measure that does not depend on who else uses the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _kept(key: str, text: str, places: np.ndarray, said: np.ndarray, units: list[str]) -> KeptAnswer:
    sure = float(said[0])
    codes = packed(KeptCode(units[place], round(float(p), 6), "title") for place, p in zip(places, said, strict=False))
    method, status = ("model", "coded") if sure >= 0.5 else ("review", "review")
    return KeptAnswer(key, text, "{}", 1, status, method, "", "", 0.0, round(float(said[6]), 6), codes)  # type: ignore[arg-type]


def main() -> None:
    """Print the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--index", type=Path, help="index folder to measure the UK titles with (default: the shipped one, which has seen them)"
    )
    parser.add_argument("--split", type=Path, help="write uk-train.csv and uk-test.csv there, and do nothing else")
    parser.add_argument("--only", default="uk,french,errors,speed")
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    if arguments.split:
        arguments.split.mkdir(parents=True, exist_ok=True)
        split_uk(arguments.data, arguments.split)
        return
    wanted = arguments.only.split(",")
    arguments.data, arguments.index = arguments.data.resolve(), arguments.index and arguments.index.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("CROSSWALK_HOME", name)
        measure(arguments, wanted, folder)


def measure(arguments: argparse.Namespace, wanted: list[str], folder: Path) -> None:
    """The parts that were asked for, each a row or two."""
    os.chdir(folder)
    if {"uk", "french"} & set(wanted):
        print(
            "| texts | n | top-1 | top-6 | macro F1 | weighted F1 | ECE | coded at the threshold | rate at 95 % |\n|" + "---|" * 9,
            flush=True,
        )
    if "french" in wanted:
        with gzip.open(arguments.data / "responses/french_answers.csv.gz", "rb") as packed_file:
            (folder / "french_answers.csv").write_bytes(packed_file.read())
        report("french_answers", folder, "french_answers.csv", ("text",), "french-answers.html", 0.5)
    if {"uk", "errors"} & set(wanted):
        split_uk(arguments.data, folder)
        if arguments.index:
            (folder / "index").symlink_to(arguments.index)
    if "uk" in wanted:
        report("a fifth of the UK index", folder, "uk-test.csv", UK_TEXTS, "uk-index.html", 0.85)
    if {"errors", "speed"} & set(wanted):
        print("\n| what | figure | target |\n|---|---|---|", flush=True)
    if "errors" in wanted:
        wrong_on_purpose(folder)
        like_cleanlab()
    if "speed" in wanted:
        speed(arguments.rows, folder)


if __name__ == "__main__":
    main()
