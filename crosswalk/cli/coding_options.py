"""What `crosswalk code` was asked for, made definite: rules, threshold, workers."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from crosswalk.coding.autocoder import find_index
from crosswalk.coding.rules import Rules
from crosswalk.coding.rules_file import read_rules
from crosswalk.coding.threshold import USUAL, best_accuracy, choose_threshold, load_calibration
from crosswalk.errors import ModelError, UsageError
from crosswalk.files.columns import named_column
from crosswalk.files.table import Table
from crosswalk.model import Classification

_MOST_WORKERS = 4


def chosen_rules(
    path: Path | None, register: str | None, table: Table, classification: Classification, say: Callable[[str], None]
) -> Rules:
    """The rules of the file, if one is given, with the column of the register."""
    rules = read_rules(path, classification) if path else Rules()
    for note in rules.notes:
        say(note)
    column = named_column(table.columns, register, option="--register-column") if register else ""
    return replace(rules, register_column=column)


def chosen_threshold(threshold: float | None, accuracy: float | None, scheme: str, say: Callable[[str], None]) -> float:
    """The threshold given, or the one that promises an accuracy. Raises ModelError when none does."""
    if threshold is not None and accuracy is not None:
        raise UsageError("--threshold and --target-accuracy exclude each other", hint="give one of the two")
    if accuracy is None:
        return USUAL if threshold is None else threshold
    folder = find_index(scheme)
    sample = load_calibration(folder)
    chosen = choose_threshold(sample.sure, sample.right, accuracy)
    if chosen is None:
        best = best_accuracy(sample.sure, sample.right)
        raise ModelError(
            f"no threshold promises an accuracy of {accuracy:.1%} (calibration sample of {len(sample.sure):,} texts)",
            where=str(folder),
            hint=f"--target-accuracy {best:.2f} can be kept" if best else "give --threshold, and have the codes reviewed",
        )
    say(f"threshold {chosen:.4f}: with 95 % confidence at least {accuracy:.1%} of the codes above it are right, "
        f"for answers like the {len(sample.sure):,} it was chosen on")  # fmt: skip
    return round(chosen, 6)


def chosen_workers(workers: int | None) -> int:
    """Processes to start: as asked, else one a core."""
    if workers is not None:
        return workers
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_WORKERS)
