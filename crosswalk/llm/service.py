"""Which model is asked, and where."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """A model as litellm names it ("gpt-4o-mini", "azure/NAME", "ollama/llama3.1"), and where it is if not at the usual place."""

    model: str
    url: str | None = None
    deadline: float = 60.0
    """Seconds a call may take, from the first byte sent to the last received."""
    first_wait: float = 1.0
    """Seconds before the second try; doubled for each further one."""

    def described(self) -> str:
        """For the line that says where texts go."""
        return f"{self.model} at {self.url}" if self.url else self.model
