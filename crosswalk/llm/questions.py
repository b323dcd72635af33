"""What a model is asked: one text and its shortlist, as data inside a message, and the only answers it may give."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk.llm.prompts import Prompt

NONE = "NONE"
SEVERAL = "SEVERAL"
DIRECT = ("yes", "partly", "no")
BETTER = ("clearly", "slightly", "no")

_LONGEST = 400
_LONGEST_CONTEXT = 600


@dataclass(frozen=True, slots=True)
class Option:
    """A code of the shortlist, the title of its group, and the index title that spoke for it."""

    code: str
    title: str
    similar: str = ""


@dataclass(frozen=True)
class Question:
    """A text to be judged, known by ``key``, with the codes it may have."""

    key: str
    text: str
    options: tuple[Option, ...]
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def answers(self) -> tuple[str, ...]:
        """All choices a model may make."""
        return (*(option.code for option in self.options), NONE, SEVERAL)


def messages(prompt: Prompt, question: Question) -> list[dict[str, str]]:
    """The prompt, the same for all, then the question as JSON.

    Options stand in an order that depends on the text alone, not on the model that ranked them: no place in the list is favoured.
    """
    shuffled = list(question.options)
    random.Random(question.text).shuffle(shuffled)
    asked = {
        "title": question.text[:_LONGEST],
        "context": {name[:60]: value[:_LONGEST_CONTEXT] for name, value in question.context.items()},
        "options": [{"code": option.code, "group": option.title, "similar title": option.similar[:_LONGEST]} for option in shuffled],
    }
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": json.dumps(asked, ensure_ascii=False)}]


def reply_form(question: Question) -> dict[str, Any]:
    """The strict JSON schema of a reply: the shortlist's codes, NONE and SEVERAL; no free text, no numbers."""
    properties = {
        "choice": {"type": "string", "enum": sorted(question.answers)},
        "direct": {"type": "string", "enum": list(DIRECT)},
        "better": {"type": "string", "enum": list(BETTER)},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "opinion", "strict": True, "schema": schema}}


def request_key(model: str, prompt: Prompt, question: Question) -> str:
    """Hash of everything that is sent: another model, prompt, shortlist or text is another request."""
    sent = [model, prompt.fingerprint, prompt.max_tokens, messages(prompt, question), reply_form(question)]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:32]


def tokens_about(prompt: Prompt, question: Question) -> int:
    """A rough, rather high count of the tokens sent: a third of the characters, and one each of those beyond ASCII."""
    text = "".join(message["content"] for message in messages(prompt, question))
    beyond = sum(not char.isascii() for char in text)
    return (len(text) - beyond) // 3 + beyond + 60
