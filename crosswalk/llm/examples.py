"""Asks a model to write job titles of codes that have few answers. Only what the classification says is sent, never an answer."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.errors import ModelError
from crosswalk.llm.budget import Budget, Price, tokens_of
from crosswalk.llm.client import Client, Unanswered
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.replies import Reply
from crosswalk.llm.service import Service
from crosswalk.text import one_line

CONCURRENCY = 16
_LONGEST_TITLE = 120
_LONGEST_DESCRIPTION = 600
_TOKENS_OF_A_TITLE = 9


@dataclass(frozen=True)
class Wanted:
    """Examples that are wanted of a code: what the classification says of it and of its neighbours, and how many."""

    code: str
    title: str
    description: str
    others: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Written:
    """What a model wrote for a code, and what it took; ``titles`` is empty when its reply was not what was asked for."""

    wanted: Wanted
    request: str
    titles: tuple[str, ...]
    reply: Reply
    cost: float


def messages(prompt: Prompt, wanted: Wanted) -> list[dict[str, str]]:
    """The prompt, the same for all, then what is wanted as JSON."""
    asked = {"code": wanted.code, "group": wanted.title, "description": wanted.description[:_LONGEST_DESCRIPTION],
             "others": list(wanted.others), "titles": wanted.count}  # fmt: skip
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": json.dumps(asked, ensure_ascii=False)}]


def reply_form() -> dict[str, Any]:
    """The strict JSON schema of a reply."""
    properties = {"titles": {"type": "array", "items": {"type": "string"}}}
    schema = {"type": "object", "properties": properties, "required": ["titles"], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "examples", "strict": True, "schema": schema}}


def request_key(model: str, prompt: Prompt, wanted: Wanted) -> str:
    """Hash of everything that is sent."""
    sent = [model, prompt.fingerprint, prompt.max_tokens, messages(prompt, wanted), reply_form()]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:32]


def tokens_about(prompt: Prompt, wanted: Wanted) -> tuple[int, int]:
    """About how many tokens are sent and received."""
    return tokens_of(messages(prompt, wanted)), min(prompt.max_tokens, 10 + _TOKENS_OF_A_TITLE * wanted.count)


def accepted(reply: Reply, count: int) -> tuple[str, ...]:
    """The titles of a reply: different short texts of one line, at most ``count``; none when it is another object or was cut off."""
    try:
        found = json.loads(reply.content) if reply.finish != "length" else None
    except (ValueError, RecursionError):
        return ()
    titles = found.get("titles") if isinstance(found, dict) and set(found) == {"titles"} else None
    if not isinstance(titles, list):
        return ()
    texts = (one_line(title).strip() for title in titles if isinstance(title, str))
    return tuple(dict.fromkeys(text for text in texts if 0 < len(text) <= _LONGEST_TITLE))[:count]


class Writer:
    """A service, a prompt and a budget."""

    def __init__(self, service: Service, prompt: Prompt, price: Price, budget: Budget) -> None:
        self._service, self._prompt, self._price, self._budget = service, prompt, price, budget
        self._spent = False

    def write(self, wanted: Sequence[Wanted], keep: Callable[[Written], None]) -> bool:
        """Ask for all; ``keep`` is given each as it comes. Whether the budget was enough.

        Raises ModelError when the service refuses (a wrong key, no such model).
        """
        asyncio.run(self._write_all(wanted, keep))
        return not self._spent

    async def _write_all(self, wanted: Sequence[Wanted], keep: Callable[[Written], None]) -> None:
        client, waiting = Client(self._service, self._prompt), iter(wanted)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(CONCURRENCY, len(wanted))):
                    group.create_task(self._work(client, waiting, keep))
        except BaseExceptionGroup as several:
            fatal = next((error for error in several.exceptions if isinstance(error, ModelError)), None)
            raise (fatal or several.exceptions[0]) from None
        finally:
            await client.close()

    async def _work(self, client: Client, waiting: Iterator[Wanted], keep: Callable[[Written], None]) -> None:
        for one in waiting:
            most = self._price.of(tokens_about(self._prompt, one)[0], self._prompt.max_tokens)
            if not self._budget.reserve(most):
                self._spent = True
                return
            cost = 0.0
            try:
                reply = await client.reply(messages(self._prompt, one), reply_form())
                cost = self._price.of(reply.tokens_in, reply.tokens_out)
                keep(Written(one, request_key(self._service.model, self._prompt, one), accepted(reply, one.count), reply, cost))
            except Unanswered:
                continue
            finally:
                self._budget.settle(most, cost)
