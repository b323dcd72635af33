"""Why a code: the titles of the book and the words of the text that carried it."""

from dataclasses import dataclass, replace

import numpy as np

from crosswalk.coding.scorer import Scorer
from crosswalk.errors import DataError
from crosswalk.model import Coding, IndexTitle

_MOST_WORDS = 40
_TITLES = 3


@dataclass(frozen=True)
class Explanation:
    """For one code: the nearest titles of the book with their similarity, and for each word how much more probable it makes the code.

    A word's part is the code's probability with it less that without it: -1..1, above 0 where the word speaks for the code.
    """

    code: str
    probability: float
    titles: tuple[tuple[IndexTitle, float], ...]
    words: tuple[tuple[str, float], ...]


def explain(scorer: Scorer, coding: Coding, code: str | None = None) -> Explanation:
    """Explain a coding's best code, or ``code``. Raises DataError when the scheme has no such code."""
    code = code or coding.best.code
    names = scorer.retriever.book.code_names
    if code not in names:
        raise DataError(f"there is no code {code!r} in this scheme", hint="see 'crosswalk lookup' for the codes of this text")
    place, words = names.index(code), coding.query.text.split()[:_MOST_WORDS]
    without = [replace(coding.query, text=" ".join(words[:n] + words[n + 1 :])) for n in range(len(words))]
    shares = np.concatenate([scored.shares[:, place] for _, scored in scorer.scored([coding.query, *without])])
    parts = tuple((word, round(float(shares[0] - share), 6)) for word, share in zip(words, shares[1:], strict=True))
    titles = scorer.retriever.nearest_titles(coding.query, code, _TITLES)
    return Explanation(code, float(shares[0]), titles, parts)
