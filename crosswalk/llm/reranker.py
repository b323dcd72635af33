"""Asks for opinions: many at once, each kept as soon as it is there, within a budget, and no longer than the service answers."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crosswalk.errors import ModelError
from crosswalk.llm.budget import Budget, Price
from crosswalk.llm.client import Client, Unanswered
from crosswalk.llm.inquiry import Inquiry, Verdict
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import request_key, tokens_about
from crosswalk.llm.replies import Reply, judge
from crosswalk.llm.service import Service
from crosswalk.model import Opinion

Keep = Callable[[Sequence[Opinion]], None]

CONCURRENCY = 32
FAILURES_BORNE = 100
"""Failed calls in a row after which the service is left alone."""

_KEPT_AT_ONCE = 32
_SECONDS_UNKEPT = 0.5


@dataclass
class Asked:
    """What became of the questions: answered (refused replies among them), not answered, and why it ended early, if it did."""

    answered: int = 0
    refused: int = 0
    unanswered: int = 0
    calls: int = 0
    cost: float = 0.0
    ended: str = ""


class Reranker:
    """A service, a prompt and a budget. ``keep`` is given opinions in small groups as they come."""

    def __init__(self, service: Service, prompt: Prompt, price: Price, budget: Budget, concurrency: int = CONCURRENCY) -> None:
        self.service, self.prompt, self.price, self.budget = service, prompt, price, budget
        self._concurrency = concurrency
        self._in_a_row = 0
        self._unkept: list[Opinion] = []
        self._kept_last = 0.0

    def ask(self, questions: Sequence[Inquiry], keep: Keep, progress: Callable[[int, int], None]) -> Asked:
        """Ask all questions. Ends early, cleanly, at the budget's limit or when the service fails; what came is kept.

        Raises ModelError when the service refuses (a wrong key, no such model).
        """
        return asyncio.run(self._ask_all(questions, keep, progress))

    async def _ask_all(self, questions: Sequence[Inquiry], keep: Keep, progress: Callable[[int, int], None]) -> Asked:
        asked, waiting = Asked(), iter(questions)
        client = Client(self.service, self.prompt, self._count_failure)
        self._kept_last = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(questions))):
                    group.create_task(self._work(client, waiting, asked, keep, lambda: progress(asked.answered, len(questions))))
        except BaseExceptionGroup as several:
            fatal = next((error for error in several.exceptions if isinstance(error, ModelError)), None)
            raise (fatal or several.exceptions[0]) from None
        finally:
            self._flush(keep)
            await client.close()
        asked.cost = self.budget.spent
        return asked

    async def _work(self, client: Client, waiting: Iterator[Inquiry], asked: Asked, keep: Keep, told: Callable[[], None]) -> None:
        """Take one question after the other until none is left or it is to end."""
        for question in waiting:
            if self._in_a_row >= FAILURES_BORNE:
                asked.ended = asked.ended or f"the service failed {FAILURES_BORNE} times in a row"
            most = 2 * self.price.of(tokens_about(self.prompt, question), self.prompt.max_tokens)
            if not asked.ended and not self.budget.reserve(most):
                asked.ended = f"--max-cost {self.budget.limit:.2f} is reached"
            if asked.ended:
                return
            opinion = await self._opinion(client, question, asked, most)
            if opinion:
                asked.answered += 1
                asked.refused += opinion.outcome != "answered"
                self._unkept.append(opinion)
                if len(self._unkept) >= _KEPT_AT_ONCE or time.monotonic() - self._kept_last > _SECONDS_UNKEPT:
                    self._flush(keep)
            else:
                asked.unanswered += 1
            told()

    async def _opinion(self, client: Client, question: Inquiry, asked: Asked, most: float) -> Opinion | None:
        """Ask, and once more when the reply is not what was asked for; None when there is no reply."""
        begun, cost, verdict, reply = time.monotonic(), 0.0, Verdict(), Reply("", "", "", 0, 0)
        sent = received = 0
        try:
            for _ in range(2):
                asked.calls += 1
                reply = await client.complete(question)
                self._in_a_row = 0
                sent, received = sent + reply.tokens_in, received + reply.tokens_out
                cost = self.price.of(sent, received)
                verdict = judge(reply, question)
                if not verdict.fault or verdict.fault == "filtered":
                    break
        except Unanswered as error:
            if error.why != "filtered":
                return None
            verdict = Verdict(fault="filtered")
        finally:
            self.budget.settle(most, cost)
        return Opinion(
            request_key(self.service.model, self.prompt, question), self.service.model, reply.answered_by, self.prompt.fingerprint,
            verdict.fault or "answered", verdict.choice, verdict.direct, verdict.better, verdict.said, sent, received, cost,
            round(time.monotonic() - begun, 3), datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip

    def _count_failure(self) -> None:
        self._in_a_row += 1

    def _flush(self, keep: Keep) -> None:
        if self._unkept:
            keep(self._unkept)
            self._unkept = []
        self._kept_last = time.monotonic()
