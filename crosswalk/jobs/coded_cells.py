"""What a coded answer says in a table: the columns that `crosswalk code` adds, and those of its queue."""

from functools import lru_cache
from sys import intern

from crosswalk.files.tabular import harmless
from crosswalk.jobs.answers import BEST
from crosswalk.model import Classification
from crosswalk.store.answers import KeptAnswer, KeptCode

_BEST = tuple(name for place in range(1, BEST + 1) for name in (f"code_{place}", f"probability_{place}"))
COLUMNS = ("code", "title", "probability", "method", "coarser_code", "coarser_title", "coarser_probability", "note", *_BEST)
QUEUE_COLUMNS = ("answer", "more", "rows", "status", *COLUMNS)

NUMBERS = frozenset(name for name in COLUMNS if "probability" in name)
"""Columns that hold numbers, blank where there is none."""


def cells_of(answer: KeptAnswer, classification: Classification) -> tuple[str, ...]:
    """Cells in the order of ``COLUMNS``. An answer left to a person has no code, only the six best and perhaps a coarser one."""
    best = answer.best()
    first = best[0] if best and answer.status == "coded" else None
    return (
        intern(first.code) if first else "",
        classification.title(first.code) if first else "",
        _number(best[0].probability) if best else "",
        intern(answer.method),
        intern(answer.coarser),
        classification.title(answer.coarser) if answer.coarser else "",
        _number(answer.coarser_probability) if answer.coarser else "",
        _shared(answer.note),
        *_best_cells(best),
    )


def _best_cells(best: list[KeptCode]) -> list[str]:
    cells = [""] * (2 * BEST)
    cells[: 2 * len(best) : 2] = [intern(entry[0]) for entry in best]
    cells[1 : 2 * len(best) : 2] = [_number(entry[1]) for entry in best]
    return cells


@lru_cache(maxsize=1 << 16)
def _number(probability: float) -> str:
    return intern(f"{probability:.4f}")


@lru_cache(maxsize=1 << 16)
def _shared(note: str) -> str:
    """One string for equal notes, safe in a spreadsheet."""
    return harmless(note)


def queue_cells(answer: KeptAnswer, classification: Classification) -> list[str]:
    """Cells in the order of ``QUEUE_COLUMNS``: the answer, how many rows gave it, and what is known of it."""
    more = "; ".join(f"{name}: {value}" for name, value in answer.fields().items())
    return [answer.text, more, str(answer.frequency), answer.status, *cells_of(answer, classification)]
