"""What it costs: prices, a preview before the first call, and a limit that is never passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosswalk.errors import UsageError

_PER = 1_000_000
OWN_SERVERS = ("ollama/", "ollama_chat/", "hosted_vllm/", "lm_studio/", "llamafile/", "xinference/")
"""Models whose names begin so run on a server of the office's own: their calls cost nothing."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a million tokens, sent and received. Discounts for cached prompts are not deducted: costs are upper bounds."""

    sent: float
    received: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """Dollars for so many tokens."""
        return (tokens_in * self.sent + tokens_out * self.received) / _PER


def read_price(text: str) -> Price:
    """ "0.15/0.60": dollars a million tokens, sent and received. Raises UsageError for anything else."""
    try:
        sent, received = (float(part) for part in text.split("/"))
    except ValueError:
        raise UsageError(
            f"{text[:40]!r} is no price", where="--llm-price", hint="for instance 0.15/0.60; 0/0 for your own server"
        ) from None
    if not (0 <= sent < float("inf") and 0 <= received < float("inf")):
        raise UsageError("a price is not negative", where="--llm-price", hint="for instance 0.15/0.60")
    return Price(sent, received)


class Budget:
    """Dollars left. Each call reserves what it may cost at most, so that calls under way cannot pass the limit together."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.spent = 0.0
        self._reserved = 0.0

    def reserve(self, most: float) -> bool:
        """Whether a call that costs at most so much still fits; if so it is set aside."""
        if self.spent + self._reserved + most > self.limit + 1e-12:
            return False
        self._reserved += most
        return True

    def settle(self, most: float, cost: float) -> None:
        """Give back what was set aside, and count what the call did cost."""
        self._reserved -= most
        self.spent += cost


def tokens_of(messages: Sequence[Mapping[str, str]]) -> int:
    """A rough, rather high count of the tokens of messages: a third of the characters, and one each of those beyond ASCII."""
    text = "".join(message["content"] for message in messages)
    beyond = sum(not char.isascii() for char in text)
    return (len(text) - beyond) // 3 + beyond + 60
