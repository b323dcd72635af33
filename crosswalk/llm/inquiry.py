"""What is asked of a model, whatever it is: the data sent, the form of a reply, and the check of what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reply after the check. ``fault`` is blank for a good one; ``said`` keeps the beginning of a bad one, or the words of a good one."""

    choice: str = ""
    direct: str = ""
    better: str = ""
    fault: str = ""
    said: str = ""


class Inquiry(Protocol):
    """One thing asked, known by ``key``."""

    @property
    def key(self) -> str:
        """Names what is asked about within its run."""

    @property
    def form_name(self) -> str:
        """What the form of the reply is called; it is part of what is sent."""

    @property
    def reply_tokens(self) -> int:
        """Tokens of a usual reply, for the preview of costs."""

    def content(self) -> Mapping[str, object]:
        """The data that follows the prompt, as JSON."""

    def form(self) -> dict[str, Any]:
        """The properties of the reply, as a JSON schema has them: all are needed, no others allowed."""

    def check(self, found: Mapping[str, object]) -> Verdict:
        """What an object with exactly these properties says, or its fault."""


def schema(inquiry: Inquiry) -> dict[str, Any]:
    """The strict JSON schema of a reply."""
    properties = inquiry.form()
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
