"""Hostile files: each is to be refused with a reason or read right, under 512 MB and 5 seconds.

Each file is read in a process of its own, whose largest resident memory and processor time are taken from the system.
"""

import json
import os
from collections import Counter
from pathlib import Path

from crosswalk.errors import CrosswalkError
from crosswalk.files.readers import read_table
from tests.hostile_files import REFUSED, RIGHT, SAID, Hostile, corpus

MOST_MEGABYTES, MOST_SECONDS = 512, 5.0
WELL = ("refused", "right", "said")


def outcome(path: Path, file: Hostile) -> str:
    """ "refused", "right", "said" (read otherwise, and what was assumed is said), or what went wrong."""
    try:
        table = read_table(path, **file.options)
        rows = list(table.rows)
    except CrosswalkError as error:
        return "refused" if error.hint and str(error) else "refused without a reason"
    except Exception as error:  # noqa: BLE001  (a crash of any kind is what is looked for)
        return f"CRASH {type(error).__name__}"
    if file.expected == REFUSED:
        return f"READ: {rows[:2]!r}"[:200]
    if any(ord(letter) < 32 and letter not in "\t\n" for row in rows for cell in row for letter in cell):
        return "READ with control characters"
    if file.rows is None or rows == file.rows:
        return "right"
    if file.expected == SAID and any("encoding" in note for note in table.notes):
        return "said"
    return f"READ WRONG: {rows[:2]!r}"[:200]


def in_a_process(path: Path, file: Hostile) -> tuple[str, float, float]:
    """The outcome, megabytes and seconds of processor time."""
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(mouth, json.dumps(outcome(path, file)).encode())
        os._exit(0)
    os.close(mouth)
    with os.fdopen(ear, "rb") as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    result = json.loads(said) if said else f"DIED {status}"
    return result, used.ru_maxrss / 1000, used.ru_utime + used.ru_stime


def hostile(folder: Path, seed: int) -> dict[str, float | int]:
    """Read every file; prints what is not as it should be, and gives the figures."""
    import numpy  # noqa: F401  (read once, before the processes part)

    results: Counter[str] = Counter()
    most_memory = most_seconds = 0.0
    wrong = 0
    for file in corpus(seed):
        path = folder / file.name
        path.write_bytes(file.made())
        result, megabytes, seconds = in_a_process(path, file)
        path.unlink()
        results[result if result in WELL else "wrong"] += 1
        most_memory, most_seconds = max(most_memory, megabytes), max(most_seconds, seconds)
        bounded = megabytes <= MOST_MEGABYTES and seconds <= MOST_SECONDS
        if result not in WELL or not bounded or (file.expected == RIGHT and result != "right"):
            wrong += 1
            print(f"NOT AS IT SHOULD BE {file.family}: {file.name}: {result} ({megabytes:,.0f} MB, {seconds:.1f} s)")
    return {
        "files": results.total(), "refused": results["refused"], "read_right": results["right"], "assumed_and_said": results["said"],
        "wrong": wrong, "most_megabytes": round(most_memory), "longest_cpu_seconds": round(most_seconds, 2),
    }  # fmt: skip
