"""One model, many who ask: what comes in while it works is answered together by its next call.

The Autocoder answers a batch for little more than one text, so nothing waits for a timer and nothing is asked alone under load. It works
on the event loop's own thread: a look-up takes a millisecond or two, and handing it to another thread and back would add to that, since
the two stand in each other's way for Python's lock.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import CrosswalkError
from crosswalk.model import Coding, Query
from crosswalk.serve.measures import Measures

CODES_ASKED = 10
"""Codes that share the probabilities, as in `crosswalk lookup`."""

_QUICK_AT_ONCE = 64
_BULK_AT_ONCE = 16
_REMEMBERED = 4096


class OverloadedError(CrosswalkError):
    """More waits than may."""


@dataclass(frozen=True, slots=True)
class _Asked:
    query: Query
    asked: int
    answer: "asyncio.Future[Coding]"


class Batcher:
    """Answers of one Autocoder. Look-ups go before the texts of batches, of which only some are coded before the loop goes round again."""

    def __init__(self, coder: Autocoder, most_waiting: int, measures: Measures) -> None:
        self._coder = coder
        self._most_waiting = most_waiting
        self._measures = measures
        self._quick: deque[_Asked] = deque()
        self._bulk: deque[_Asked] = deque()
        self._work: asyncio.Task[None] | None = None
        self._remembered: OrderedDict[tuple[str, int], Coding] = OrderedDict()

    async def look_up(self, text: str, k: int) -> Coding:
        """One coding, before whatever else waits; the last few thousand are remembered."""
        key = (text, max(k, CODES_ASKED))
        if key in self._remembered:
            self._remembered.move_to_end(key)
            self._measures.remembered.inc()
            return self._remembered[key]
        (coding,) = await self._answers([Query(text)], k, self._quick)
        self._remembered[key] = coding
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return coding

    async def code(self, queries: Sequence[Query], k: int) -> list[Coding]:
        """One coding a query, in the same order."""
        return await self._answers(queries, k, self._bulk)

    def close(self) -> None:
        """Give up what still waits."""
        if self._work is not None:
            self._work.cancel()

    async def _answers(self, queries: Sequence[Query], k: int, line: deque[_Asked]) -> list[Coding]:
        if len(self._quick) + len(self._bulk) + len(queries) > self._most_waiting:
            raise OverloadedError("too much is waiting", hint="ask again in a moment")
        loop = asyncio.get_running_loop()
        asked = [_Asked(query, max(k, CODES_ASKED), loop.create_future()) for query in queries]
        line.extend(asked)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._work_off())
        return list(await asyncio.gather(*(entry.answer for entry in asked)))

    async def _work_off(self) -> None:
        while self._quick or self._bulk:
            batch = _take(self._quick, _QUICK_AT_ONCE) + _take(self._bulk, _BULK_AT_ONCE)
            for size in {entry.asked for entry in batch}:
                self._answer([entry for entry in batch if entry.asked == size], size)
            await asyncio.sleep(0)  # meanwhile answers are sent, and what came in joins the next batch

    def _answer(self, batch: Sequence[_Asked], size: int) -> None:
        self._measures.batch.observe(len(batch))
        try:
            codings = self._coder.code([entry.query for entry in batch], size)
        except Exception as error:  # noqa: BLE001 - told to those who asked; the next batch may do better
            for entry in batch:
                _settle(entry.answer, error)
        else:
            for entry, coding in zip(batch, codings, strict=True):
                _settle(entry.answer, coding)


def _take(line: deque[_Asked], most: int) -> list[_Asked]:
    """The first that still want an answer: who types on gives up the look-up before."""
    taken: list[_Asked] = []
    while line and len(taken) < most:
        entry = line.popleft()
        if not entry.answer.done():
            taken.append(entry)
    return taken


def _settle(answer: "asyncio.Future[Coding]", outcome: Coding | Exception) -> None:
    if answer.done():
        return
    if isinstance(outcome, Coding):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)
