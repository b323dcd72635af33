"""The numbered answers under a case: what each says, and the decision that its key makes."""

from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import Classification, CodeShare, Decision
from crosswalk.store.case_rows import Case
from crosswalk.store.decision_rows import KeptDecision
from crosswalk.text import one_line

MOST = 6
NAMES = "AB"


@dataclass(frozen=True, slots=True)
class Option:
    """One numbered answer. ``probability`` is None where it is a coder's answer; ``remark`` says where it is from."""

    decision: Decision
    label: str
    probability: float | None
    remark: str

    @property
    def code(self) -> str:
        """The code whose definition is shown with it."""
        return self.decision.code


def options_for(queue: ReviewQueue, case: Case, classification: Classification) -> list[Option]:
    """What the coder may pick from with the keys 1 to 6; empty where suggestions are hidden."""
    if not queue.shows_suggestions(case):
        return []
    answers = [_answer(NAMES[place], kept, classification) for place, kept in enumerate(queue.rivals(case))]
    if case.round == "choice":
        return answers
    given = {option.code for option in answers if len(option.decision.codes) == 1}
    return (answers + [option for option in _proposed(queue, case, classification) if option.code not in given])[:MOST]


def _proposed(queue: ReviewQueue, case: Case, classification: Classification) -> list[Option]:
    """A proposed split first, then the best codes, then the coarser group that is sure."""
    found = []
    if len(case.proposed) > 1:
        found.append(Option(Decision("accept", case.proposed), described(case.proposed, classification), None, "proposed split"))
    for kept in case.codes:
        matched = f"« {one_line(kept.matched)} »" if kept.matched else ""
        found.append(Option(queue.choose(case, kept.code), _titled(kept.code, classification), kept.probability, matched))
    if case.coarser:
        coarse = Option(queue.choose(case, case.coarser), _titled(case.coarser, classification), None, "the group that is sure")
        found = [*found[: MOST - 1], coarse]
    return found


def _answer(name: str, kept: KeptDecision, classification: Classification) -> Option:
    action = kept.action if kept.action in ("new", "split", "reject") else "amend"
    label = described(kept.codes, classification) or said(kept, classification)
    remark = f"answer {name}" + (f": {one_line(kept.note)}" if kept.note else "")
    return Option(Decision(action, kept.codes, kept.name, kept.note if kept.action == "new" else ""), label, None, remark)


def described(codes: Sequence[CodeShare], classification: Classification) -> str:
    """Codes with their titles, and their shares where there are several."""
    if len(codes) == 1:
        return _titled(codes[0].code, classification)
    return " + ".join(f"{given.code} {given.share:.0%}" for given in codes)


def said(kept: KeptDecision, classification: Classification) -> str:
    """A decision in words."""
    words = {
        "reject": "no code",
        "defer": "deferred",
        "undo": "taken back",
        "new": f"new occupation: {one_line(kept.name)}",
        "comment": f"“{one_line(kept.note)}”",
    }
    return words.get(kept.action) or described(kept.codes, classification)


def _titled(code: str, classification: Classification) -> str:
    return f"{code} {one_line(classification.title(code))}"
