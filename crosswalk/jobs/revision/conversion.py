"""Coded data from one version to another: 1:1 by the table, 1:n by coding the text among the allowed targets alone, the rest to review."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.rules import Constraint, Rules
from crosswalk.errors import UsageError
from crosswalk.files.rows import Row, check_ending, write_rows
from crosswalk.files.table import Table
from crosswalk.files.tabular import harmless, with_kept_columns
from crosswalk.jobs.batch import Progress
from crosswalk.model import Map, Query

COLUMNS = ("new_code", "method", "probability", "allowed_codes", "note")

How = Literal["table", "recoded", "review", "not in the table"]

_CODES_ASKED = 60
_CHUNK = 4096


class Converted(NamedTuple):
    """What became of an old code with its text."""

    code: str
    how: How
    probability: float
    allowed: str
    note: str

    def cells(self) -> tuple[str, ...]:
        """Cells in the order of ``COLUMNS``."""
        probability = f"{self.probability:.4f}" if self.how in ("recoded", "review") and self.probability else ""
        return self.code, self.how, probability, self.allowed, harmless(self.note)


@dataclass(frozen=True)
class ConversionJob:
    """What is to be converted: ``read`` opens the file (twice), ``text`` is the column that splits are decided by."""

    read: Callable[[], Table]
    code: str
    text: str | None
    threshold: float
    out: Path


@dataclass
class Tally:
    """Rows by what became of them."""

    rows: dict[str, int] = field(default_factory=dict)

    def count(self, how: str) -> None:
        """One row more."""
        self.rows[how] = self.rows.get(how, 0) + 1


def convert_file(job: ConversionJob, table: Sequence[Map], coder: Autocoder | None, progress: Progress) -> Tally:
    """Write the file's rows with their new codes. Without ``coder`` or text every split goes to review."""
    check_ending(job.out)
    source = job.read()
    if job.out.exists() and source.path.samefile(job.out):
        raise UsageError("the converted file would replace the file itself", where=str(job.out), hint="give -o another name")
    targets = allowed_targets(table)
    place = (source.columns.index(job.code), source.columns.index(job.text) if job.text else None)
    pairs = dict.fromkeys((cells[place[0]].strip(), cells[place[1]] if place[1] is not None else "") for cells in source.rows)
    converted = convert(list(pairs), targets, coder, job.threshold, progress)
    again, tally = job.read(), Tally()
    kept = with_kept_columns(COLUMNS, again.columns)

    def rows() -> Iterator[Row]:
        for cells in again.rows:
            found = converted[cells[place[0]].strip(), cells[place[1]] if place[1] is not None else ""]
            tally.count(found.how)
            yield cells, found.cells()

    write_rows(job.out, [*kept.values(), *COLUMNS], rows(), frozenset({"probability"}))
    return tally


def allowed_targets(table: Sequence[Map]) -> dict[str, tuple[str, ...]]:
    """Source -> its targets, the largest share first."""
    ordered = sorted(table, key=lambda link: (-round(link.share, 6), link.target_code or ""))
    targets: dict[str, list[str]] = {}
    for link in ordered:
        if link.target_code:
            targets.setdefault(link.source_code, []).append(link.target_code)
    return {code: tuple(found) for code, found in targets.items()}


def convert(
    pairs: Sequence[tuple[str, str]], targets: Mapping[str, Sequence[str]], coder: Autocoder | None, threshold: float, progress: Progress
) -> dict[tuple[str, str], Converted]:
    """For each pair of old code and text what it becomes; a text is held only against the targets of its own code."""
    found: dict[tuple[str, str], Converted] = {}
    split: list[tuple[str, str]] = []
    for code, text in pairs:
        allowed = targets.get(code, ())
        if len(allowed) == 1:
            found[code, text] = Converted(allowed[0], "table", 1.0, allowed[0], "")
        elif not allowed:
            found[code, text] = Converted("", "not in the table", 0.0, "", f"{code!r} has no row in the table")
        elif coder is None or not text.strip():
            found[code, text] = Converted("", "review", 0.0, "|".join(allowed), "several targets and no text")
        else:
            split.append((code, text))
    for begin in range(0, len(split), _CHUNK):
        chunk = split[begin : begin + _CHUNK]
        if coder is not None:
            found.update(zip(chunk, _recoded(chunk, targets, coder, threshold), strict=True))
        progress(begin + len(chunk), len(split))
    return found


def _recoded(chunk: Sequence[tuple[str, str]], targets: Mapping[str, Sequence[str]], coder: Autocoder, threshold: float) -> list[Converted]:
    """Code texts under a constraint for each old code that stands in the chunk."""
    codes = dict.fromkeys(code for code, _ in chunk)
    found: dict[tuple[str, str], Converted] = {}
    for code in codes:
        allowed = tuple(targets[code])
        rules = Rules(constraints=(Constraint(f"{code} may only become {', '.join(allowed)}", only=allowed),))
        texts = [text for one, text in chunk if one == code]
        for text, coding in zip(texts, coder.code([Query(text) for text in texts], _CODES_ASKED, rules), strict=True):
            best = coding.codes[0] if coding.codes else None
            sure = best is not None and best.probability >= threshold
            matched = best.candidate.matched.text if best and best.candidate else ""
            note = f"resembles {matched!r}" if matched else coding.note or "resembles none of the targets"
            how: How = "recoded" if sure else "review"
            found[code, text] = Converted(
                best.code if best and sure else "", how, best.probability if best else 0.0, "|".join(allowed), note
            )
    return [found[pair] for pair in chunk]
