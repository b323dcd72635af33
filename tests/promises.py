"""Marks the tests that keep a promise of docs/trust.md."""

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


def promise(row: str, words: str = "") -> Callable[[Test], Test]:
    """Say which row of docs/trust.toml a test keeps, and what is promised there; ``words`` once a row, blank on its further tests.

    docs/make_trust.py reads both from the source, so they have to be plain strings.
    """

    def marked(test: Test) -> Test:
        return test

    return marked
