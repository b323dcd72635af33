"""The learning curve: does more data still help?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crosswalk import manifest
from crosswalk.errors import DataError
from crosswalk.files.readers import read_table
from crosswalk.files.table import Table

FILE = "learning-curve.csv"
"""Where an index folder made by ``crosswalk fit --learning-curve`` keeps its curve."""


class CurvePoint(NamedTuple):
    """A share of the answers, how many these are, and the accuracy of what learned from them."""

    share: float
    answers: int
    accuracy: float


@dataclass(frozen=True)
class LearningCurve:
    """Pairs of (share of the data, accuracy), by share; the accuracy that the last doubling brought, and ``words`` on it."""

    points: tuple[tuple[float, float], ...]
    gain_of_doubling: float
    words: str


def learning_curve(pairs: Sequence[tuple[float, float]]) -> LearningCurve:
    """The curve of (share, accuracy) pairs, both 0..1 and the shares above 0; at least two different shares.

    The gain is read off the straight line in log2 of the share through the last three points.
    """
    points = sorted((float(share), float(accuracy)) for share, accuracy in pairs)
    shares = [share for share, _ in points]
    if len(set(shares)) < 2 or len(set(shares)) < len(shares) or shares[0] <= 0 or not all(0 <= a <= 1 for _, a in points):
        raise DataError("a learning curve wants two or more different shares above 0, each with an accuracy from 0 to 1")
    last = np.array(points[-3:])
    gain = float(np.polyfit(np.log2(last[:, 0]), last[:, 1], 1)[0])
    return LearningCurve(tuple(points), gain, _words(gain))


def curve_rows(points: Sequence[CurvePoint]) -> str:
    """The points as a CSV file that ``pairs`` reads."""
    return "".join(f"{','.join(map(str, row))}\n" for row in (CurvePoint._fields, *points))


def kept_curve(folder: Path) -> LearningCurve | None:
    """The curve that lies in an index folder, if one was drawn when it was fitted."""
    kept = FILE in manifest.read(folder)["files"]
    return learning_curve(pairs(read_table(folder / FILE))) if kept else None


def pairs(table: Table) -> list[tuple[float, float]]:
    """The pairs of a file with the columns share and accuracy. Raises DataError for other files."""
    if missing := {"share", "accuracy"} - set(table.columns):
        raise DataError(
            f"no column {sorted(missing)[0]!r}", where=str(table.path), hint="a learning curve has the columns share and accuracy"
        )
    places = table.columns.index("share"), table.columns.index("accuracy")
    found = []
    for number, row in enumerate(table.rows):
        try:
            found.append((float(row[places[0]]), float(row[places[1]])))
        except ValueError:
            raise DataError("share and accuracy are numbers from 0 to 1", where=table.place(number), hint="write 0.5 for a half") from None
    return found


def _words(gain: float) -> str:
    if gain < 0.005:
        return "more data of this kind would hardly help: look for better labels, more context (tasks, industry) or another model"
    if gain < 0.02:
        return "twice the data would bring about " + f"{gain:.1%}: worth it where answers are coded anyway"
    return "twice the data would bring about " + f"{gain:.1%}: have more answers coded"
