"""Rules before and around the model: look-ups, answers without an occupation, a register's code, constraints.

``before_model`` settles an answer that the model need not see; ``after_model`` holds the model's answer against the
register and the constraints. ``rules_file`` reads an expert's rules; answers that name no occupation ("student",
"refused", "-97", "...") are known always.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from crosswalk.errors import DataError
from crosswalk.model import Candidate, CodeProbability, Coding, IndexTitle, Query
from crosswalk.places import shipped
from crosswalk.text import fold, normalise

_NOTHING = 1e-9
_DIGITS = re.compile(r"[\d\s]+\Z")


@dataclass(frozen=True)
class Constraint:
    """Takes codes away (``remove``) or leaves only some (``only``), by the codes' beginnings, when all its conditions hold.

    Words are looked for in all text fields, in the form of ``as_phrase``; columns are compared in the form of ``as_value``.
    """

    reason: str
    remove: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    when_words: tuple[str, ...] = ()
    unless_words: tuple[str, ...] = ()
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, query: Query, words: str) -> bool:
        """Whether the conditions hold for a query, whose words are given in the form of ``words_of``."""
        if self.when_words and not any(phrase in words for phrase in self.when_words):
            return False
        if any(phrase in words for phrase in self.unless_words):
            return False
        if not all(as_value(query.facts.get(column, "")) in values for column, values in self.when.items()):
            return False
        return not any(as_value(query.facts.get(column, "")) in values for column, values in self.unless.items())

    def allows(self, code: str) -> bool:
        """Whether a code may stay where the constraint holds."""
        return code.startswith(self.only) if self.only else not code.startswith(self.remove)


@dataclass(frozen=True)
class Rules:
    """What an expert has laid down. ``lookups`` has folded, normalised texts; ``fingerprint`` tells one set of rules from another."""

    lookups: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    register_column: str = ""
    register_first: int = 5
    fingerprint: str = ""
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file that the constraints look at, each once."""
        return tuple(dict.fromkeys(column for constraint in self.constraints for column in (*constraint.when, *constraint.unless)))


def before_model(query: Query, rules: Rules | None = None) -> Coding | None:
    """The coding of an answer that is in a look-up table or names no occupation; None when the model has to say."""
    text = fold(normalise(query.text))
    code = rules.lookups.get(text) if rules else None
    if code is None:
        return without_occupation(query, text)
    candidate = Candidate(code, IndexTitle(query.text, code, "", "look-up table"), {"exact": 1.0})
    return Coding(query, (CodeProbability(code, 1.0, candidate),), 0.0, "lookup", "in the look-up table")


def after_model(coding: Coding, rules: Rules | None = None) -> Coding:
    """The model's coding under the constraints, and with the register's code first where the model lists it."""
    if rules is None or not coding.codes:
        return coding
    constrained = under_constraints(coding, rules.constraints) if rules.constraints else coding
    return with_register(constrained, rules) if rules.register_column else constrained


def under_constraints(coding: Coding, constraints: Sequence[Constraint]) -> Coding:
    """The coding without the codes that are not allowed; what remains keeps its proportions and, with ``p_none``, sums to one."""
    words = words_of(coding.query) if constraints else ""
    held = [constraint for constraint in constraints if constraint.holds(coding.query, words)]
    left = [entry for entry in coding.codes if all(constraint.allows(entry.code) for constraint in held)]
    if len(left) == len(coding.codes):
        return coding
    total = sum(entry.probability for entry in left) + coding.p_none + coding.rest
    if total <= _NOTHING:
        left, total = [], 0.0
    codes = tuple(replace(entry, probability=entry.probability / total) for entry in left)
    ruled = replace(coding, codes=codes, p_none=coding.p_none / total if total else 1.0)
    first = coding.codes[0].code
    if left and left[0].code == first:
        return ruled
    why = next(constraint.reason for constraint in held if not constraint.allows(first))
    return replace(ruled, method="rule", note=f"{first} is ruled out: {why}")


def with_register(coding: Coding, rules: Rules) -> Coding:
    """The coding with the register's code first, if the model has it among its first few."""
    code = coding.query.facts.get(rules.register_column, "").strip()
    among = coding.codes[: rules.register_first]
    accepted = next((entry for entry in among if entry.code == code), None) if code else None
    if accepted is None:
        return coding
    codes = (accepted, *(entry for entry in coding.codes if entry is not accepted))
    note = f"the register's code is among the first {rules.register_first} of the model"
    return replace(coding, codes=codes, method="register", note=note)


def words_of(query: Query) -> str:
    """All words of a query, folded, each between blanks: " shop manager | bakery "."""
    fields = [query.text, *query.context.values()]
    return f" {' | '.join(fold(normalise(text)) for text in fields if text)} "


def as_phrase(written: str) -> str:
    """The form in which words are looked for: "Manager" -> " manager ", "manag*" -> " manag"."""
    plain = fold(normalise(written.rstrip("*")))
    return f" {plain}" if written.endswith("*") else f" {plain} "


def as_value(written: str) -> str:
    """The form in which the values of a column are compared."""
    return fold(" ".join(written.casefold().split()))


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


def without_occupation(query: Query, text: str) -> Coding | None:
    """The coding of an answer that names no occupation, or None when it may name one; ``text`` is its folded normal form."""
    if not text:
        return _outcome(query, "no usable text")
    if _DIGITS.match(text) or (len(text) == 1 and text.isascii()):
        return _outcome(query, "no usable text: a number or a single letter")
    known = non_occupations().get(text)
    return _outcome(query, f"not an occupation: {known}") if known else None


def _outcome(query: Query, note: str) -> Coding:
    return Coding(query, (), 1.0, "non-occupation", note)
