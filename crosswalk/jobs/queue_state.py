"""How far the people are with a run."""

from dataclasses import dataclass

from crosswalk.store.store import Store


@dataclass(frozen=True)
class CoderDay:
    """One coder's day (UTC): decisions in force, and seconds a case."""

    coder: str
    day: str
    decisions: int
    seconds: float


@dataclass(frozen=True)
class QueueState:
    """Cases by state; ``held`` are waiting ones on somebody's screen now, ``automatic`` answers were coded without a person."""

    run: str
    waiting: int
    held: int
    deferred: int
    done: int
    automatic: int
    second_waiting: int
    second_done: int
    to_adjudicate: int
    to_choose: int
    coders: tuple[CoderDay, ...]


def queue_state(store: Store, run: str) -> QueueState:
    """The state of a run's queue."""
    states = store.cases.states(run)
    days = store.decisions.per_coder_and_day(run)
    return QueueState(
        run,
        waiting=states.get(("review", "waiting"), 0),
        held=len(store.cases.held(run)),
        deferred=states.get(("review", "deferred"), 0),
        done=states.get(("review", "done"), 0),
        automatic=store.count_automatic(run),
        second_waiting=states.get(("second", "waiting"), 0),
        second_done=states.get(("second", "done"), 0),
        to_adjudicate=states.get(("adjudication", "waiting"), 0),
        to_choose=states.get(("choice", "waiting"), 0),
        coders=tuple(CoderDay(coder, day, number, round(seconds / number, 1)) for coder, day, number, seconds in days),
    )
