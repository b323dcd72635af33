"""What a model is asked of a text: it and its shortlist, as data inside a message, and the only answers it may give."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswalk.llm.budget import tokens_of
from crosswalk.llm.inquiry import Inquiry, Verdict, schema
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

    reply_tokens: int = 25

    form_name = "opinion"

    @property
    def answers(self) -> tuple[str, ...]:
        """All choices a model may make."""
        return (*(option.code for option in self.options), NONE, SEVERAL)

    def content(self) -> Mapping[str, object]:
        """The text and its shortlist.

        Options stand in an order that depends on the text alone, not on the model that ranked them: no place in the list is favoured.
        """
        shuffled = list(self.options)
        random.Random(self.text).shuffle(shuffled)
        return {
            "title": self.text[:_LONGEST],
            "context": {name[:60]: value[:_LONGEST_CONTEXT] for name, value in self.context.items()},
            "options": [{"code": option.code, "group": option.title, "similar title": option.similar[:_LONGEST]} for option in shuffled],
        }

    def form(self) -> dict[str, Any]:
        """The shortlist's codes, NONE and SEVERAL; no free text, no numbers."""
        return {
            "choice": {"type": "string", "enum": sorted(self.answers)},
            "direct": {"type": "string", "enum": list(DIRECT)},
            "better": {"type": "string", "enum": list(BETTER)},
        }

    def check(self, found: Mapping[str, object]) -> Verdict:
        """One of the answers listed, with its grades."""
        choice, direct, better = found["choice"], found["direct"], found["better"]
        if not isinstance(choice, str) or choice not in self.answers:
            return Verdict(fault="a code that was not listed")
        if direct not in DIRECT or better not in BETTER:
            return Verdict(fault="another object")
        return Verdict(choice, str(direct), str(better))


def messages(prompt: Prompt, question: Inquiry) -> list[dict[str, str]]:
    """The prompt, the same for all, then what is asked as JSON."""
    asked = json.dumps(question.content(), ensure_ascii=False)
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": asked}]


def reply_form(question: Inquiry) -> dict[str, Any]:
    """The strict JSON schema of a reply, as services want it."""
    return {"type": "json_schema", "json_schema": {"name": question.form_name, "strict": True, "schema": schema(question)}}


def request_key(model: str, prompt: Prompt, question: Inquiry) -> str:
    """Hash of everything that is sent: another model, prompt, shortlist or text is another request."""
    sent = [model, prompt.fingerprint, prompt.max_tokens, messages(prompt, question), reply_form(question)]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:32]


def tokens_about(prompt: Prompt, question: Inquiry) -> int:
    """About how many tokens a question sends."""
    return tokens_of(messages(prompt, question))
