"""The Batch API of OpenAI and of what speaks like it: submit now, collect later, at half the price."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.errors import ModelError, UsageError
from crosswalk.llm.client import reply_of
from crosswalk.llm.inquiry import Inquiry
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.questions import messages, reply_form
from crosswalk.llm.replies import Reply
from crosswalk.llm.service import Service

_ENDED = {"completed", "failed", "expired", "cancelled"}


@dataclass(frozen=True, slots=True)
class Collected:
    """The state of a batch; where it has ended, the replies by request key (those missing were not answered)."""

    state: str
    ended: bool
    replies: dict[str, Reply]


def submit(service: Service, prompt: Prompt, questions: Sequence[tuple[str, Inquiry]]) -> str:
    """Upload questions, each under its request key; gives the batch's id. Raises ModelError when it is refused."""
    lines = (json.dumps(_line(service, prompt, key, question), ensure_ascii=False) for key, question in questions)
    with _refusals(service):
        client = _open(service)
        file = client.files.create(file=("questions.jsonl", "\n".join(lines).encode()), purpose="batch")
        batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    return str(batch.id)


def collect(service: Service, batch_id: str) -> Collected:
    """What has become of a batch. Raises ModelError when the service refuses to say."""
    with _refusals(service):
        client = _open(service)
        batch = client.batches.retrieve(batch_id)
        ended = batch.status in _ENDED
        text = client.files.content(batch.output_file_id).text if ended and batch.output_file_id else ""
    return Collected(batch.status, ended, dict(_replies(text)))


def _line(service: Service, prompt: Prompt, key: str, question: Inquiry) -> dict[str, Any]:
    body = {
        "model": _name(service), "messages": messages(prompt, question), "response_format": reply_form(question),
        "max_tokens": prompt.max_tokens, "temperature": 0,
    }  # fmt: skip
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}


def _replies(text: str) -> Iterator[tuple[str, Reply]]:
    """Replies by custom id, in whatever order they stand; lines that are damaged or hold an error answer nothing."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
            response = found["response"]
            if response["status_code"] == 200:
                yield str(found["custom_id"]), reply_of(response["body"])
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            continue


def _name(service: Service) -> str:
    provider, slash, name = service.model.partition("/")
    if slash and provider != "openai":
        raise UsageError(
            f"--llm-batch does not know the provider {provider!r}", hint="it needs OpenAI, or --llm openai/NAME with --llm-url"
        )
    return name if slash else service.model


def _open(service: Service) -> Any:
    try:
        import openai
    except ImportError as error:
        raise UsageError(f"--llm-batch needs more packages ({error.name})", hint="pip install 'isco-crosswalk[llm]'") from None
    return openai.OpenAI(base_url=service.url, timeout=service.deadline, max_retries=3)


class _refusals:  # noqa: N801  (used as a verb: with _refusals(service))
    """Turns the errors of the openai package into ours, without their text, which may hold a key."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __enter__(self) -> None:
        _name(self._service)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and kind.__module__.split(".")[0] == "openai":
            raise ModelError(
                f"the service refuses the batch ({kind.__name__})", where=self._service.described(),
                hint="check the model's name, --llm-url and the key in the environment, and that the service has a Batch API",
            ) from None  # fmt: skip
