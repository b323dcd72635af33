"""Timeliness and cost: seconds of the machine, hours of clerks, money for an LLM."""

from dataclasses import dataclass

from crosswalk.jobs.quality.thresholds import SECONDS_A_CASE
from crosswalk.store.opinions import Usage


@dataclass(frozen=True)
class Cost:
    """Seconds of the machine and texts a second (None where it took too little to measure); hours of clerks.

    ``hours_saved`` and ``hours_left`` are at 41 and 49 seconds a case; ``llm_cost`` in US dollars, 0 where none was asked; ``llm`` has
    the tokens, None where none was asked.
    """

    seconds: float
    texts_a_second: float | None
    automatic_cases: float
    clerical_cases: float
    seconds_a_case: tuple[int, int]
    hours_saved: tuple[float, float]
    hours_left: tuple[float, float]
    llm_cost: float
    llm: Usage | None = None


def cost(texts: int, seconds: float, automatic: float, clerical: float, llm: Usage | None = None) -> Cost:
    """What coding took, and what it spared."""
    fast, slow = SECONDS_A_CASE
    dollars = llm.dollars if llm else 0.0
    saved, left = ((cases * fast / 3600, cases * slow / 3600) for cases in (automatic, clerical))
    return Cost(round(seconds, 3), texts / seconds if seconds else None, automatic, clerical, SECONDS_A_CASE, saved, left, dollars, llm)
