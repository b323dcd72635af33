"""Replies, checked: an answer is one of those listed, or it is refused with the name of its fault."""

import json
from dataclasses import dataclass
from typing import Any

from crosswalk.llm.questions import BETTER, DIRECT, Question

_LONGEST_SAID = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: text, why the model stopped, who answered, and the tokens it took."""

    content: str
    finish: str
    answered_by: str
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reply after the check. ``fault`` is blank for a good one; ``said`` keeps the beginning of a bad one."""

    choice: str = ""
    direct: str = ""
    better: str = ""
    fault: str = ""
    said: str = ""


def judge(reply: Reply, question: Question) -> Verdict:
    """Accept exactly the object that was asked for. Numbers are no codes, fences are no JSON, a key may stand once."""
    fault = _stopped(reply)
    if fault:
        return Verdict(fault=fault, said=reply.content[:_LONGEST_SAID])
    try:
        found = json.loads(reply.content, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Verdict(fault="not JSON", said=reply.content[:_LONGEST_SAID])
    fault = _off_schema(found, question)
    if fault:
        return Verdict(fault=fault, said=reply.content[:_LONGEST_SAID])
    return Verdict(found["choice"], found["direct"], found["better"])


def _stopped(reply: Reply) -> str:
    if reply.finish == "length":
        return "cut off"
    if reply.finish in ("content_filter", "refusal"):
        return "filtered"
    return "" if reply.content.strip() else "empty"


def _off_schema(found: Any, question: Question) -> str:
    if not isinstance(found, dict) or set(found) != {"choice", "direct", "better"}:
        return "another object"
    if not isinstance(found["choice"], str) or found["choice"] not in question.answers:
        return "a code that was not listed"
    return "" if found["direct"] in DIRECT and found["better"] in BETTER else "another object"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
