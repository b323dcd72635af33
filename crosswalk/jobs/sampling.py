"""Samples for quality: cases that two coders code without sight of each other, and those that are coded again without suggestions."""

import hashlib
from collections.abc import Iterable

from crosswalk.errors import UsageError
from crosswalk.jobs.filling import answer_cases
from crosswalk.store.case_rows import Round, State
from crosswalk.store.store import Store


def draw_double(store: Store, run: str, count: int, seed: str = "") -> int:
    """Have ``count`` waiting cases coded by two coders; gives how many are now. Drawn again with more, the sample only grows.

    Whoever has coded or holds one half never sees the other; where the two differ, a case for adjudication comes up.
    """
    drawn = _in_round(store, run, "second")
    if count > len(drawn):
        waiting = _in_drawing_order(set(store.cases.keys(run, "review", "waiting")) - drawn, seed)
        store.cases.copy_to_round(run, waiting[: count - len(drawn)], "second", paired=True)
        drawn |= set(waiting[: count - len(drawn)])
    return len(drawn)


def draw_automatic(store: Store, run: str, count: int, seed: str = "") -> int:
    """Put ``count`` answers that were coded without a person, drawn by chance, into the queue; gives how many are in it now.

    Drawn again with more, the sample only grows. They wait as "automatic", apart from the answers that have no code yet.
    """
    there = store.cases.count_by_automatic(run).get(True, 0)
    coded = {answer.text_key for answer in store.answers(run) if answer.status == "coded"}
    drawn = set(_in_drawing_order(coded, seed)[:count])
    chosen = ((place, answer) for place, answer in enumerate(store.answers(run)) if answer.text_key in drawn)
    added = store.cases.fill(answer_cases(run, chosen, automatic=True))
    if added:
        store.cases.rank_clusters(run)
    return there + added


def draw_experiment(store: Store, run: str, count: int, seed: str = "") -> int:
    """Have ``count`` cases that were coded with suggestions coded again without; gives how many are now.

    As in the Danish Labour Force Survey's experiment: where the two answers differ, a coder chooses the better one, not knowing
    which is which. Raises UsageError when nothing has been coded with suggestions yet.
    """
    drawn = _in_round(store, run, "experiment")
    seen = {case.key for case, kept in store.decisions.in_force(run) if kept.suggested and not kept.bulk and kept.action != "defer"}
    if not seen:
        raise UsageError("nothing has been coded with suggestions yet", hint=f"crosswalk review {run}, then the experiment")
    more = _in_drawing_order(seen - drawn, seed)[: max(0, count - len(drawn))]
    store.cases.copy_to_round(run, more, "experiment", paired=False)
    return len(drawn) + len(more)


def _in_round(store: Store, run: str, in_round: Round) -> set[str]:
    states: tuple[State, ...] = ("waiting", "deferred", "done")
    return {key for state in states for key in store.cases.keys(run, in_round, state)}


def _in_drawing_order(keys: Iterable[str], seed: str) -> list[str]:
    """A random order that is the same on every machine."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed}\x1f{key}".encode()).digest())
