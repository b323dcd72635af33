"""Calls with a deadline, retries with backoff, and errors that tell no secrets; the one place that opens litellm."""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any

from crosswalk.errors import ModelError, UsageError
from crosswalk.llm.budget import OWN_SERVERS, Price
from crosswalk.llm.direct import open_direct
from crosswalk.llm.inquiry import Inquiry
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import messages, reply_form
from crosswalk.llm.replies import Reply
from crosswalk.llm.service import Service

TRIES = 4
_LONGEST_WAIT = 30.0
_PASSING = {"RateLimitError", "InternalServerError", "ServiceUnavailableError", "APIConnectionError", "APITimeoutError", "Timeout",
            "BadGatewayError"}  # fmt: skip
_FATAL = {"AuthenticationError", "PermissionDeniedError", "NotFoundError"}
_FILTERED = {"ContentPolicyViolationError", "content_filter", "content_policy_violation"}


class Unanswered(Exception):  # noqa: N818  (it is no fault of ours or the user's)
    """A call that failed after all its tries, or must not be tried again; ``why`` in a word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def open_litellm() -> Any:
    """Import litellm without its call home, its .env reading and its chatter. Raises UsageError when it is not installed."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    try:
        import litellm
    except ImportError as error:
        raise UsageError(f"--llm needs more packages ({error.name})", hint="pip install 'isco-crosswalk[llm]'") from None
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    litellm.callbacks, litellm.success_callback, litellm.failure_callback = [], [], []
    return litellm


def price_of(model: str) -> Price | None:
    """The list price that litellm knows, nothing for a server of one's own, None where it is not known."""
    if model.startswith(OWN_SERVERS):
        return Price(0.0, 0.0)
    try:
        facts = open_litellm().get_model_info(model)
        return Price(float(facts["input_cost_per_token"]) * 1e6, float(facts["output_cost_per_token"]) * 1e6)
    except UsageError:
        raise
    except Exception:  # noqa: BLE001  (litellm raises a bare Exception for a model it does not know)
        return None


def price_to_keep(service: Service, given: Price | None) -> Price:
    """The price given, else the list price. Raises UsageError where neither is known: a limit on cost could not be kept."""
    price = given or price_of(service.model)
    if price is None:
        raise UsageError(
            f"the price of {service.model!r} is not known, so --max-cost could not be kept",
            hint="give --llm-price SENT/RECEIVED in dollars a million tokens; 0/0 for your own server",
        )
    return price


class Client:
    """Asks one service. Owns all retries: litellm's own are switched off."""

    def __init__(self, service: Service, prompt: Prompt, failed: Callable[[], None] = lambda: None) -> None:
        self.service = service
        self._prompt = prompt
        self._failed = failed
        self._litellm = open_litellm()
        self._direct = open_direct(self._litellm, service, prompt)

    async def close(self) -> None:
        """Hang up."""
        if self._direct:
            await self._direct.close()

    async def complete(self, question: Inquiry) -> Reply:
        """One reply to a question. Raises as ``reply`` does."""
        return await self.reply(messages(self._prompt, question), reply_form(question))

    async def reply(self, sent: list[dict[str, str]], form: dict[str, Any]) -> Reply:
        """One reply to messages. Raises Unanswered when there is none to be had, ModelError when no further call can succeed."""
        for turn in range(TRIES):
            try:
                return await asyncio.wait_for(self._call(sent, form), self.service.deadline)
            except TimeoutError:
                self._failed()
                wait, why = self._pause(turn, None), "no answer in time"
            except Exception as error:  # noqa: BLE001  (sorted by kind; what cannot be sorted is raised again as Unanswered)
                wait, why = self._sorted(error, turn), type(error).__name__
            if turn + 1 < TRIES:
                await asyncio.sleep(wait)
        raise Unanswered(why)

    async def _call(self, sent: list[dict[str, str]], form: dict[str, Any]) -> Reply:
        if self._direct:
            return reply_of(await self._direct.call(sent, form))
        answer = await self._litellm.acompletion(
            model=self.service.model, api_base=self.service.url, messages=sent, response_format=form,
            max_tokens=self._prompt.max_tokens, temperature=0, drop_params=True,
            timeout=self.service.deadline, max_retries=0, num_retries=0,
        )  # fmt: skip
        return reply_of(answer.model_dump())

    def _sorted(self, error: Exception, turn: int) -> float:
        """Seconds to wait before the next try. Raises for errors that another try would not mend.

        Nothing of the error's text is passed on: it may hold the prompt or a key.
        """
        kind = type(error).__name__
        if kind in _FATAL:
            raise ModelError(
                f"the service refuses ({kind})", where=self.service.described(),
                hint="check the model's name, --llm-url and the key in the environment; what was answered before is kept",
            ) from None  # fmt: skip
        if kind in _FILTERED or getattr(error, "code", None) in _FILTERED:
            raise Unanswered("filtered") from None
        self._failed()
        if kind not in _PASSING:
            raise Unanswered(kind) from None
        return self._pause(turn, error)

    def _pause(self, turn: int, error: Exception | None) -> float:
        """Seconds: doubled each time with a jitter, or as the server asked, within bounds."""
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        asked = str(headers.get("retry-after", "")) if error else ""
        wanted = float(asked) if asked.replace(".", "", 1).isdigit() else self.service.first_wait * 2**turn * random.uniform(0.5, 1.0)
        return min(wanted, _LONGEST_WAIT)


def reply_of(answer: dict[str, Any]) -> Reply:
    """A chat completion as it came, whatever is missing in it."""
    choices = answer.get("choices") or [{}]
    message = choices[0].get("message") or {}
    usage = answer.get("usage") or {}
    finish = "refusal" if message.get("refusal") else str(choices[0].get("finish_reason") or "")
    return Reply(
        str(message.get("content") or ""), finish, str(answer.get("model") or ""),
        int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0),
    )  # fmt: skip
