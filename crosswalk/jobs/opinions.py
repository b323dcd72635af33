"""Second opinions on the doubtful texts of a run: who is asked what, what it may cost, and what an opinion may change."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from crosswalk.errors import UsageError
from crosswalk.jobs.batch import Progress
from crosswalk.llm.budget import Budget, Price
from crosswalk.llm.client import price_to_keep
from crosswalk.llm.inquiry import Inquiry
from crosswalk.llm.prompts import Prompt, load_prompt
from crosswalk.llm.questions import NONE, SEVERAL, Option, Question, request_key, tokens_about
from crosswalk.llm.redact import redacted_question
from crosswalk.llm.reranker import Asked, Reranker
from crosswalk.llm.service import Service
from crosswalk.model import Classification, Coding, Opinion
from crosswalk.store.answers import KeptAnswer
from crosswalk.store.erasures import ERASED
from crosswalk.store.opinions import KeptOpinion
from crosswalk.store.store import Store

Asks = TypeVar("Asks", bound=Inquiry)
Talk = Callable[[str], None]
Bar = Callable[[str], AbstractContextManager[Progress]]
"""Opens a progress bar of that name."""

SHORTLIST = 8
"""Codes a model chooses among."""

_WHEN = re.compile(r"p\s*<\s*(0?\.\d+|1(?:\.0*)?|0)\Z")


@dataclass(frozen=True)
class When:
    """Which codings are doubtful: less probable than ``below``, or (``disagree``) with two searches that prefer different codes."""

    below: float = 0.8
    disagree: bool = False

    def asks(self, coding: Coding) -> bool:
        """Whether a coding is doubtful. Texts that name no occupation, and those that rules decided, are not."""
        if coding.method != "model" or not coding.codes:
            return False
        return round(coding.codes[0].probability, 6) < self.below or (self.disagree and _sources_disagree(coding))


def read_when(text: str) -> When:
    """ "p<0.8", "disagree" or "p<0.8 or disagree". Raises UsageError for anything else."""
    below, disagree = 0.0, False
    for part in re.split(r"\s+or\s+", text.strip().casefold()):
        match = _WHEN.match(part)
        if match:
            below = float(match.group(1))
        elif part == "disagree":
            disagree = True
        else:
            raise UsageError(
                f"{text[:60]!r} is no condition", where="--llm-when", hint='for instance "p<0.8", "disagree" or "p<0.8 or disagree"'
            )
    return When(below, disagree)


@dataclass(frozen=True)
class SecondOpinion:
    """What the user allowed: which service, when, for how much; whether texts are redacted, whether opinions may decide."""

    service: Service
    when: When
    max_cost: float
    price: Price | None = None
    redact: bool = False
    may_decide: bool = False
    batch: bool = False


class Wording(NamedTuple):
    """How it is told: what is asked for, about what, and what leaves the machine."""

    what: str
    things: str
    sent: str


def questions_of(codings: Iterable[Coding], wanted: SecondOpinion, classification: Classification) -> list[Question]:
    """A question for each doubtful coding, in their order."""
    asked = (question_of(coding, classification) for coding in codings if wanted.when.asks(coding))
    return [redacted_question(question) if wanted.redact else question for question in asked]


def question_of(coding: Coding, classification: Classification) -> Question:
    """A text with its shortlist; the codes' titles are those of the classification."""
    options = tuple(
        Option(entry.code, classification.title(entry.code), entry.candidate.matched.text if entry.candidate else "")
        for entry in coding.top(SHORTLIST)
    )
    return Question(coding.query.id, coding.query.text, options, coding.query.context)


def questions_of_answers(answers: Iterable[KeptAnswer], wanted: SecondOpinion, classification: Classification) -> list[Question]:
    """A question for each answer that waits for a person and is doubtful; what the searches prefer is not kept of answers."""
    asked = []
    for answer in answers:
        best = answer.best()[:SHORTLIST]
        if best and best[0].probability < wanted.when.below and answer.text != ERASED:
            options = tuple(Option(kept.code, classification.title(kept.code), kept.matched) for kept in best)
            asked.append(Question(answer.text_key, answer.text, options, answer.fields()))
    return [redacted_question(question) if wanted.redact else question for question in asked]


def second_opinions(store: Store, run: str, questions: Sequence[Question], wanted: SecondOpinion, bar: Bar, say: Talk) -> None:
    """Ask what was never answered, and note which answer speaks of which text. What is known is not paid for again.

    Raises UsageError before any call when the price is not known, ModelError when the service refuses.
    """
    ask_all(
        store, run, questions, wanted, load_prompt(), Wording("second opinion", "doubtful texts", "texts with their shortlists"), bar, say
    )


def ask_all(
    store: Store, run: str, questions: Sequence[Inquiry], wanted: SecondOpinion, prompt: Prompt, words: Wording, bar: Bar, say: Talk
) -> None:
    """Ask with any prompt, as ``second_opinions`` does with its own."""
    requests = {question.key: request_key(wanted.service.model, prompt, question) for question in questions}
    known = store.opinions.known(requests.values())
    waiting = once_each(questions, requests, set(known))
    before = sum(key in known for key in requests.values())
    say(f"{words.what}: {len(questions):,} {words.things}, {before:,} of them answered before")
    if waiting and wanted.batch:
        from crosswalk.jobs.opinion_batches import batch_opinions

        batch_opinions(store, run, waiting, wanted.service, prompt, price_to_keep(wanted.service, wanted.price), wanted.max_cost, say)
    elif waiting:
        ask(store, waiting, wanted, prompt, words, bar, say)
    known = store.opinions.known(requests.values())
    store.opinions.link(run, {key: request for key, request in requests.items() if request in known}, decides=wanted.may_decide)


def once_each(questions: Sequence[Asks], requests: Mapping[str, str], known: set[str]) -> list[Asks]:
    """Questions without an answer; of those that send the same, one."""
    waiting = {requests[question.key]: question for question in reversed(questions) if requests[question.key] not in known}
    return list(reversed(waiting.values()))


def ask(store: Store, waiting: Sequence[Inquiry], wanted: SecondOpinion, prompt: Prompt, words: Wording, bar: Bar, say: Talk) -> None:
    """Ask, and keep the answers; what leaves the machine and what it may cost is said before, what became of it after."""
    price = price_to_keep(wanted.service, wanted.price)
    sent = sum(tokens_about(prompt, question) for question in waiting)
    about = price.of(sent, sum(question.reply_tokens for question in waiting))
    say(
        f"{len(waiting):,} {words.sent}{', redacted,' if wanted.redact else ''} leave this machine, to "
        f"{wanted.service.described()}; about {sent:,} tokens, {about:.4f} dollars at {price.sent:g}/{price.received:g} a million "
        f"(limit: --max-cost {wanted.max_cost:g})"
    )
    if about > wanted.max_cost:
        say("that is more than the limit: it will stop there, and the same command with a higher --max-cost goes on")
    reranker = Reranker(wanted.service, prompt, price, Budget(wanted.max_cost))
    with bar("asking") as progress:
        asked = reranker.ask(waiting, store.opinions.keep, progress)
    _tell(asked, len(waiting), say)


def _tell(asked: Asked, wanted: int, say: Talk) -> None:
    say(f"{asked.answered:,} of {wanted:,} answered in {asked.calls:,} calls, {asked.cost:.4f} dollars; refused replies: {asked.refused:,}")
    left = wanted - asked.answered
    if left:
        why = asked.ended or "the service did not answer"
        say(f"{left:,} are without an answer ({why}): the same command asks for these only")


def judged(codings: Mapping[str, Coding], opinions: Mapping[str, KeptOpinion]) -> dict[str, Coding]:
    """The codings with the opinions that may decide put in force; all others are as they were."""
    return {key: decided(coding, opinions[key]) if key in opinions else coding for key, coding in codings.items()}


def decided(coding: Coding, kept: KeptOpinion) -> Coding:
    """The coding after an opinion that may decide and is sure: the code chosen stands first (method "llm"), or none is left.

    Probabilities stay what the classifier said: an opinion is no probability.
    """
    opinion = kept.opinion
    sure = opinion.choice == NONE or (opinion.direct == "yes" and opinion.better != "no")
    if not kept.decides or opinion.outcome != "answered" or opinion.choice == SEVERAL or not sure:
        return coding
    note = f"{opinion.model} says {opinion.choice} ({opinion.fit})"
    if opinion.choice == NONE:
        return replace(coding, codes=(), method="llm", note=note)
    chosen = [entry for entry in coding.codes if entry.code == opinion.choice]
    rest = [entry for entry in coding.codes if entry.code != opinion.choice]
    return replace(coding, codes=(*chosen, *rest), method="llm", note=note) if chosen else coding


def opinions_in_words(opinions: Sequence[KeptOpinion]) -> str:
    """What the model said of an item's doubtful titles: "gpt-4o-mini on 3 doubtful titles: 2221 (direct, clearly better) x2, NONE ..."."""
    answered = [kept.opinion for kept in opinions if kept.opinion.outcome == "answered"]
    if not answered:
        return ""
    counts = Counter((opinion.choice, opinion.fit) for opinion in answered)
    said = ", ".join(
        f"{choice} ({fit})" + (f" x{count}" if count > 1 else "") for (choice, fit), count in sorted(counts.items(), key=_most_first)
    )
    titles = "its title" if len(answered) == 1 else f"{len(answered)} doubtful titles"
    return f"{answered[0].model} on {titles}: {said}"


def disagrees(coding: Coding, opinion: Opinion) -> bool:
    """Whether an opinion names another code than the coding's first, or none."""
    return opinion.outcome == "answered" and opinion.choice != SEVERAL and (not coding.codes or opinion.choice != coding.codes[0].code)


def _most_first(entry: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -entry[1], entry[0]


def _sources_disagree(coding: Coding) -> bool:
    """Whether the searches (words in common, meaning) prefer different codes of the shortlist."""
    firsts = set()
    for source in ("semantic", "lexical"):
        scores = [(entry.candidate.scores.get(source, 0.0), entry.code) for entry in coding.codes if entry.candidate]
        if scores and max(scores)[0] > 0:
            firsts.add(max(scores)[1])
    return len(firsts) > 1
