"""Time spent on a case: while keys are pressed, not while the coder is away."""

import time
from collections.abc import Callable

IDLE_SECONDS = 60.0
"""Of a pause without any key no more than this counts."""


class CaseClock:
    """Counts the seconds of the case on the screen."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self._counted = 0.0

    def start(self) -> None:
        """A new case is shown."""
        self._last, self._counted = self._now(), 0.0

    def touch(self) -> None:
        """A key was pressed."""
        now = self._now()
        self._counted += min(now - self._last, IDLE_SECONDS)
        self._last = now

    def seconds(self) -> float:
        """Seconds so far, idle time left out."""
        self.touch()
        return self._counted
