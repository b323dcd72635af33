"""The queue of cases that people decide: what the review screen, the service and scripts all go through.

    with ReviewQueue(store, "survey-1a2b3c", "anna") as queue:
        while case := queue.next():
            queue.decide(case, queue.choose(case, "5120"), seconds=12.0)

Nothing is held in memory but what is asked for; every decision is durable when ``decide`` returns.
"""

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal

from crosswalk.errors import UsageError
from crosswalk.jobs.filling import fill_queue
from crosswalk.model import Classification, CodeShare, Decision, Opinion
from crosswalk.store.case_rows import Case, CaseFilter, Lease, Order, Round
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.store.decisions import BulkOutcome, Outcome, Undone
from crosswalk.store.store import Store
from crosswalk.text import clean, is_plain_name

Task = Literal["review", "adjudicate", "experiment"]

ROUNDS: dict[Task, tuple[Round, ...]] = {
    "review": ("review", "second"),
    "adjudicate": ("adjudication",),
    "experiment": ("experiment", "choice"),
}
"""Rounds of cases that a task works on: ``second`` is the other half of a pair coded twice, ``choice`` that of the better answer."""

_SHARES = 0.001
_LONGEST_NOTE = 2000


class ReviewQueue:
    """One coder's way through the cases of one run. ``filter`` and ``order`` say which cases come, and in what order."""

    def __init__(self, store: Store, run: str, coder: str, *, task: Task = "review", blind: bool = False) -> None:
        """Open the queue of a run, filling it when it has never been. Raises UsageError for runs and names that cannot be."""
        if not is_plain_name(coder) or len(coder) > 100:
            raise UsageError(f"{coder[:60]!r} cannot be a coder's name", hint="give --coder a name of at most 100 characters")
        self.store, self.run, self.task, self.blind = store, store.run(run).name, task, blind
        if not store.cases.filled(run):
            fill_queue(store, run)
        self.filter = CaseFilter(rounds=ROUNDS[task])
        self.order: Order = "impact"
        self.coder = store.sessions.begin(coder)

    def __enter__(self) -> "ReviewQueue":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.store.sessions.end(self.coder)

    def fill(self, cases: Sequence[Case]) -> int:
        """Add cases of another job (``filling.new_case`` makes them); gives how many were not there yet."""
        added = self.store.cases.fill(cases)
        self.store.cases.rank_clusters(self.run)
        return added

    def page(self, size: int, start: Case | None = None, *, back: bool = False, chosen: CaseFilter | None = None) -> list[Case]:
        """At most ``size`` cases after ``start`` (before it, where ``back``), in the queue's order, whoever holds them."""
        return self.store.cases.page(self.run, chosen or self.filter, self.order, self.coder.name, size, start, back=back)

    def count(self, chosen: CaseFilter | None = None) -> tuple[int, int]:
        """Cases that the filter (or another one) selects, and the rows they stand for."""
        return self.store.cases.count(self.run, chosen or self.filter, self.coder.name)

    def next(self, start: Case | None = None, *, back: bool = False) -> Case | None:
        """Take the next case after ``start`` that nobody else holds; None at the end. What was held before is given back."""
        return self.store.cases.lease_next(
            self.run, self.filter, self.order, self.coder.session, self.coder.name, start, back=back
        )  # fmt: skip

    def take(self, case: Case) -> tuple[Case, Lease]:
        """Take one case, as it stands now; the lease says who has it where another coder does."""
        lease = self.store.cases.lease(case.id, self.coder.session, self.coder.name)
        return self.store.cases.get(case.id), lease

    def held(self) -> dict[int, str]:
        """Cases that are on somebody's screen now, and on whose."""
        return dict(self.store.cases.held(self.run))

    def find(self, decision: KeptDecision) -> Case | None:
        """The case of a decision, as it stands now."""
        return self.store.cases.find(decision.run, decision.key, decision.round)

    def alive(self) -> None:
        """A sign of life, to be given every few minutes while a case is open."""
        self.store.sessions.alive(self.coder)

    def shows_suggestions(self, case: Case) -> bool:
        """Whether the coder may see what the program and others said of this case."""
        return not self.blind and case.round != "experiment"

    def choose(self, case: Case, code: str) -> Decision:
        """One code for a case: accepting the proposal where it is what the coder saw proposed, else amending it."""
        given = (CodeShare(code),)
        accepted = self.shows_suggestions(case) and given == case.proposed
        return Decision("accept" if accepted else "amend", given)

    def accept(self, case: Case) -> Decision:
        """The proposal as it stands. Raises UsageError where there is none, or the coder may not see it."""
        if not case.proposed or not self.shows_suggestions(case):
            raise UsageError("nothing is proposed for this case", hint="search for a code, or say that there is none")
        return Decision("accept", case.proposed)

    def decide(self, case: Case, decision: Decision, *, seconds: float) -> Outcome:
        """Keep a decision on a case as the coder saw it. Where the case has changed since, it is kept as stale and ``theirs`` returned.

        ``seconds``: time spent on the case, idle time excluded. What a person typed goes through ``checked`` first. Raises StoreError
        when it cannot be kept.
        """
        shown = self.shows_suggestions(case)
        return self.store.decisions.decide(case.id, decision, self.coder, seen=case.version, seconds=seconds, suggested=shown)

    def alike(self, case: Case) -> CaseFilter:
        """A filter for the undecided cases whose text is the same."""
        return CaseFilter(states=("waiting", "deferred"), rounds=self.filter.rounds, same_text=case.same_text)

    def selected(self, chosen: CaseFilter | None = None) -> list[tuple[int, int]]:
        """(case id, version) of everything a filter selects: what a bulk decision acts on, as it was shown."""
        return self.store.cases.ids(self.run, chosen or self.filter, self.coder.name)

    def decide_many(self, seen: Sequence[tuple[int, int]], decision: Decision, *, seconds: float) -> BulkOutcome:
        """One decision on many cases; "accept" takes each case's own proposal. One undo takes all of it back."""
        return self.store.decisions.decide_many(seen, decision, self.coder, seconds=seconds, suggested=not self.blind)

    def undo(self) -> Undone:
        """Take back this coder's last decision (or bulk); any number of times, also after a restart."""
        return self.store.decisions.undo(self.run, self.coder, self.filter.rounds)

    def history(self, case: Case) -> list[KeptDecision]:
        """What was said of this case, then what is in force on identical texts elsewhere; nothing the coder must not see."""
        if not self.shows_suggestions(case):
            return []
        own = self.store.decisions.of_case(case.run, case.key, [case.round])
        return own + self.store.decisions.on_text(case.same_text, (case.run, case.key))

    def opinion(self, case: Case) -> Opinion | None:
        """What a language model said of the case's text, where one was asked and the coder may see it."""
        return self.store.opinions.of_text(case.run, case.key) if self.shows_suggestions(case) else None

    def rivals(self, case: Case) -> list[KeptDecision]:
        """The two answers that an adjudication, or the choice of the better one, is between; in an order that gives nothing away."""
        rounds: dict[Round, list[Round]] = {"adjudication": ["review", "second"], "choice": ["review", "experiment"]}
        cases = [self.store.cases.find(case.run, case.key, name) for name in rounds.get(case.round, [])]
        found = [self.store.decisions.one(each.decision) for each in cases if each]
        known = [decision for decision in found if decision]
        return sorted(known, key=lambda decision: decision.hash)


def checked(decision: Decision, classification: Classification) -> Decision:
    """The decision, made clean. Raises UsageError for codes the scheme lacks, shares that are none, names and comments left out."""
    codes = tuple(decision.codes)
    unknown = [given.code for given in codes if given.code not in classification.by_code]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no code of {classification.scheme}", hint="search for a code with 'a'")
    wanted = {"accept": len(codes) >= 1, "amend": len(codes) == 1, "split": len(codes) >= 2}
    if not wanted.get(decision.action, not codes):
        if decision.action == "split":
            raise UsageError("a split needs two codes or more", hint="2221 60, 5120 40")
        raise UsageError(f"{decision.action!r} cannot have {len(codes)} codes", hint="choose one code, or several for a split")
    if len({given.code for given in codes}) < len(codes):
        raise UsageError("a code stands twice in the split", hint="give it one share")
    if codes and (min(given.share for given in codes) <= 0 or abs(sum(given.share for given in codes) - 1) > _SHARES):
        raise UsageError("the shares of a split are above 0 and sum to 100 %", hint="correct the shares")
    name, note = clean(decision.name)[:_LONGEST_NOTE], clean(decision.note)[:_LONGEST_NOTE]
    if decision.action == "new" and not name:
        raise UsageError("a new occupation needs a name", hint="type what people call it")
    if decision.action == "comment" and not note:
        raise UsageError("the comment is empty", hint="type it, or press Escape")
    return replace(decision, codes=codes, name=name, note=note)
