"""What a model is asked of a candidate for a new occupation: a name and a definition, as a draft for people to write their own from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crosswalk.llm.inquiry import Verdict
from crosswalk.llm.redact import redacted
from crosswalk.text import clean

PROMPT = "describe_new"

_LONGEST_TITLE = 200
_LONGEST_NAME, _LONGEST_DEFINITION = 100, 700


@dataclass(frozen=True)
class Description:
    """A candidate: its titles, the most typical first, the nearest groups as (code, title), and what else is known of it."""

    key: str
    titles: tuple[str, ...]
    nearest: tuple[tuple[str, str], ...]
    facts: Mapping[str, str]
    reply_tokens: int = 90

    form_name = "opinion"

    def content(self) -> Mapping[str, object]:
        """Titles are cut where they are long."""
        groups = [{"code": code, "group": title} for code, title in self.nearest]
        return {"titles": [title[:_LONGEST_TITLE] for title in self.titles], "nearest groups": groups, **self.facts}

    def form(self) -> dict[str, Any]:
        """A name and a definition, free text both."""
        return {"name": {"type": "string"}, "definition": {"type": "string"}}

    def check(self, found: Mapping[str, object]) -> Verdict:
        """Plain words of a bounded length; control characters are made visible."""
        name, definition = (" ".join(clean(str(found[part])).split()) for part in ("name", "definition"))
        if not all(isinstance(part, str) for part in found.values()) or not name or not definition:
            return Verdict(fault="another object")
        if len(name) > _LONGEST_NAME or len(definition) > _LONGEST_DEFINITION:
            return Verdict(fault="too long")
        return Verdict(choice=name, said=definition)


def redacted_description(description: Description) -> Description:
    """The candidate with its titles redacted; the groups are ours and stay."""
    return replace(description, titles=tuple(map(redacted, description.titles)))
