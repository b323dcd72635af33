"""Rules that come before the model. So far: answers that name no occupation ("student", "refused", "-97", "...")."""

import re
import tomllib
from functools import lru_cache

from crosswalk.errors import DataError
from crosswalk.model import Coding, Query
from crosswalk.places import shipped
from crosswalk.text import fold, normalise

_DIGITS = re.compile(r"[\d\s]+\Z")


@lru_cache(maxsize=1)
def non_occupations() -> dict[str, str]:
    """Folded answer -> what it is ("in education", "refused" ...), from data/rules/non-occupations.toml."""
    path = shipped("data", "rules", "non-occupations.toml")
    try:
        with path.open("rb") as stream:
            groups = tomllib.load(stream)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the rules cannot be read ({error})", where=str(path), hint="install crosswalk again") from None
    return {fold(normalise(answer)): outcome.replace("-", " ") for outcome, answers in groups.items() for answer in answers}


def without_occupation(query: Query) -> Coding | None:
    """The coding of an answer that names no occupation, or None when it may name one."""
    text = fold(normalise(query.text))
    if not text:
        return _outcome(query, "no usable text")
    if _DIGITS.match(text) or (len(text) == 1 and text.isascii()):
        return _outcome(query, "no usable text: a number or a single letter")
    known = non_occupations().get(text)
    return _outcome(query, f"not an occupation: {known}") if known else None


def _outcome(query: Query, note: str) -> Coding:
    return Coding(query, (), 1.0, "non-occupation", note)
