"""Job titles that a model is asked to write for codes with few answers. Only what the classification says is sent, never an answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosswalk.llm.inquiry import Verdict
from crosswalk.model import Opinion
from crosswalk.text import one_line

_LONGEST_TITLE = 120
_LONGEST_DESCRIPTION = 600
_TOKENS_OF_A_TITLE = 9
_GOOD = {"answered", "examples"}  # "examples": as it was kept before the reranker asked for them


@dataclass(frozen=True)
class Wanted:
    """Examples that are wanted of a code: what the classification says of it and of its neighbours, and how many."""

    code: str
    title: str
    description: str
    others: tuple[str, ...]
    count: int

    form_name = "examples"

    @property
    def key(self) -> str:
        """The code."""
        return self.code

    @property
    def reply_tokens(self) -> int:
        """So many for each title."""
        return 10 + _TOKENS_OF_A_TITLE * self.count

    def content(self) -> Mapping[str, object]:
        """The group, its neighbours, and how many titles."""
        return {"code": self.code, "group": self.title, "description": self.description[:_LONGEST_DESCRIPTION],
                "others": list(self.others), "titles": self.count}  # fmt: skip

    def form(self) -> dict[str, Any]:
        """A list of texts."""
        return {"titles": {"type": "array", "items": {"type": "string"}}}

    def check(self, found: Mapping[str, object]) -> Verdict:
        """Different short texts of one line, as many as were wanted at most; what else is among them is passed over."""
        titles = found["titles"] if isinstance(found["titles"], list) else []
        texts = (one_line(title).strip() for title in titles if isinstance(title, str))
        good = dict.fromkeys(text for text in texts if 0 < len(text) <= _LONGEST_TITLE)
        return Verdict(said=json.dumps([*good][: self.count], ensure_ascii=False)) if good else Verdict(fault="another object")


def titles_written(opinion: Opinion) -> tuple[str, ...]:
    """The titles of a kept answer; none when its reply was not what was asked for."""
    return tuple(json.loads(opinion.said)) if opinion.outcome in _GOOD else ()
