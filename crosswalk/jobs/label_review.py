"""Suspected label errors as a list for a person, and what the person settled, read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import DataError
from crosswalk.files.table import Table
from crosswalk.files.tabular import Sheet, harmless, write_tables
from crosswalk.jobs.quality.label_errors import LabelErrors
from crosswalk.jobs.quality.outcomes import Outcomes
from crosswalk.model import Classification

COLUMNS = ("row", "text", "given", "given_title", "probability_given", "suggested", "suggested_title", "probability_suggested", "settled")


@dataclass(frozen=True)
class Settled:
    """What a person's review changed: rows looked at, codes changed, and the accuracy of the first code before and after."""

    looked_at: int
    changed: int
    accuracy_before: float
    accuracy_after: float


def write_list(path: Path, errors: LabelErrors, first_row: int) -> list[Path]:
    """The suspected errors, the most contradicted first, with an empty column for the right code; rows numbered as in the file."""
    rows = (
        [str(one.row + first_row), one.text, one.given, one.given_title, f"{one.probability_given:.4f}",
         one.suggested, one.suggested_title, f"{one.probability_suggested:.4f}", ""]
        for one in errors.ranked
    )  # fmt: skip
    return write_tables(path, [Sheet("label errors", COLUMNS, rows)])


def read_settled(table: Table, classification: Classification) -> dict[int, tuple[str, str]]:
    """What was settled: the row's number in the file, its text, and its right code. Rows left blank are not settled.

    Raises DataError for a list of another shape, a row that is no number, a code that is no unit group.
    """
    if missing := {"row", "text", "settled"} - set(table.columns):
        raise DataError(f"no column {sorted(missing)[0]!r}", where=str(table.path), hint="give the list that --label-errors wrote")
    places = [table.columns.index(name) for name in ("row", "text", "settled")]
    units = {item.code for item in classification.unit_groups}
    found: dict[int, tuple[str, str]] = {}
    for number, cells in enumerate(table.rows):
        row, text, code = (cells[place] for place in places)
        if not code:
            continue
        if not row.isdecimal() or code not in units:
            what = f"{row[:20]!r} is no row" if not row.isdecimal() else f"{code[:20]!r} is no unit group of {classification.scheme}"
            raise DataError(what, where=table.place(number, "settled"), hint="write one code a row, or leave the cell blank")
        found[int(row)] = (text, code)
    return found


def settle(outcomes: Outcomes, settled: Mapping[int, tuple[str, str]], first_row: int) -> tuple[Outcomes, Settled]:
    """The outcomes with the settled codes as their truth. Raises DataError where the list belongs to another file."""
    texts, looked_at, changed = [], 0, 0
    for one in outcomes.texts:
        decision = settled.get(one.row + first_row)
        if decision is None:
            texts.append(one)
            continue
        said, code = decision
        if said not in (one.text, harmless(one.text)):
            raise DataError(
                f"row {one.row + first_row} has another text in the list of settled codes",
                hint="give the list that --label-errors wrote for this file",
            )
        looked_at, changed = looked_at + 1, changed + (one.truths != {code})
        texts.append(one._replace(truths=frozenset([code])))
    after = Outcomes(outcomes.classification, texts)
    return after, Settled(looked_at, changed, _accuracy(outcomes), _accuracy(after))


def _accuracy(outcomes: Outcomes) -> float:
    return float((outcomes.weights * outcomes.right).sum() / outcomes.weights.sum())
