"""Replies, checked: an answer is one of those listed, or it is refused with the name of its fault."""

import json
from dataclasses import dataclass, replace
from typing import Any

from crosswalk.llm.inquiry import Inquiry, Verdict

_LONGEST_SAID = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: text, why the model stopped, who answered, and the tokens it took."""

    content: str
    finish: str
    answered_by: str
    tokens_in: int
    tokens_out: int


def judge(reply: Reply, question: Inquiry) -> Verdict:
    """Accept exactly the object that was asked for. Numbers are no codes, fences are no JSON, a key may stand once."""
    fault = _stopped(reply)
    if fault:
        return Verdict(fault=fault, said=reply.content[:_LONGEST_SAID])
    try:
        found = json.loads(reply.content, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Verdict(fault="not JSON", said=reply.content[:_LONGEST_SAID])
    whole = isinstance(found, dict) and set(found) == set(question.form())
    verdict = question.check(found) if whole else Verdict(fault="another object")
    return replace(verdict, said=reply.content[:_LONGEST_SAID]) if verdict.fault else verdict


def _stopped(reply: Reply) -> str:
    if reply.finish == "length":
        return "cut off"
    if reply.finish in ("content_filter", "refusal"):
        return "filtered"
    return "" if reply.content.strip() else "empty"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
