"""Reads an expert's rules from a TOML file (see data/rules/example.toml) and says where they are wrong."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crosswalk.coding.rules import Constraint, Rules, as_phrase, as_value
from crosswalk.errors import DataError
from crosswalk.files.columns import named_column
from crosswalk.files.readers import read_table
from crosswalk.manifest import sha256_of
from crosswalk.model import Classification
from crosswalk.text import fold, normalise

_SECTIONS = ("lookup", "lookup-table", "register", "constraint")
_TABLE_KEYS = ("file", "text-column", "code-column")
_CONSTRAINT_KEYS = ("reason", "remove", "only", "when-words", "unless-words", "when", "unless")
_EXAMPLE = "data/rules/example.toml shows how it is written"


def read_rules(path: Path, classification: Classification, register_column: str = "") -> Rules:
    """The rules of a file. Raises DataError, saying where, for what cannot be understood or names no code of the scheme."""
    raw = _toml(path)
    _only_known(raw, _SECTIONS, str(path), "section")
    lookups, ambiguous, tables = _lookups(raw, path, classification)
    register = _mapping(raw.get("register", {}), f"{path}, [register]")
    _only_known(register, ("first",), f"{path}, [register]", "setting")
    first = register.get("first", Rules.register_first)
    if not isinstance(first, int) or isinstance(first, bool) or first < 1:
        raise DataError("'first' has to be a whole number from 1", where=f"{path}, [register]", hint=_EXAMPLE)
    constraints = tuple(
        _constraint(_mapping(table, f"{path}, constraint {number}"), f"{path}, constraint {number}", classification)
        for number, table in enumerate(_list(raw.get("constraint", []), f"{path}, [[constraint]]"), start=1)
    )
    notes = (_said(ambiguous),) if ambiguous else ()
    return Rules(lookups, constraints, register_column, first, _fingerprint([path, *tables]), notes)


def _toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise DataError("there is no such file", where=str(path), hint="check the path after --rules") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the rules cannot be read ({error})", where=str(path), hint=_EXAMPLE) from None


def _lookups(raw: Mapping[str, Any], path: Path, classification: Classification) -> tuple[dict[str, str], list[str], list[Path]]:
    """Folded text -> code; texts left out because they have two codes; the files that were read."""
    codes: dict[str, set[str]] = {}
    tables: list[Path] = []
    inline = _mapping(raw.get("lookup", {}), f"{path}, [lookup]")
    _add(codes, inline.items(), f"{path}, [lookup]", classification)
    for number, table in enumerate(_list(raw.get("lookup-table", []), f"{path}, [[lookup-table]]"), start=1):
        where = f"{path}, lookup-table {number}"
        settings = _mapping(table, where)
        _only_known(settings, _TABLE_KEYS, where, "setting")
        if "file" not in settings:
            raise DataError("the look-up table names no file", where=where, hint=_EXAMPLE)
        tables.append(path.parent / str(settings["file"]))
        _add(codes, _rows(tables[-1], settings), str(tables[-1]), classification)
    ambiguous = sorted(text for text, found in codes.items() if len(found) > 1)
    return {text: next(iter(found)) for text, found in codes.items() if len(found) == 1}, ambiguous, tables


def _rows(path: Path, settings: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    table = read_table(path)
    text, code = (
        table.columns.index(named_column(table.columns, str(settings.get(f"{what}-column", what)), option=f"{path}: {what}-column"))
        for what in ("text", "code")
    )
    return ((row[text], row[code].strip()) for row in table.rows if row[text].strip())


def _add(codes: dict[str, set[str]], rows: Iterable[tuple[str, object]], where: str, classification: Classification) -> None:
    units = {item.code for item in classification.unit_groups}
    for text, code in rows:
        if code not in units:
            raise DataError(
                f"{code!r}, the code of {text!r}, is no unit group of {classification.scheme}",
                where=where,
                hint="write codes in quotation marks and with their zeros",
            )
        codes.setdefault(fold(normalise(text)), set()).add(str(code))


def _constraint(table: Mapping[str, Any], where: str, classification: Classification) -> Constraint:
    _only_known(table, _CONSTRAINT_KEYS, where, "setting")
    remove, only = (_prefixes(table.get(name, []), where, classification) for name in ("remove", "only"))
    if bool(remove) == bool(only):
        raise DataError("a constraint has either 'remove' or 'only', and one of the two", where=where, hint=_EXAMPLE)
    when_words, unless_words = (
        tuple(as_phrase(word) for word in _words(table.get(name, []), where)) for name in ("when-words", "unless-words")
    )
    when, unless = (
        {column: frozenset(map(as_value, _words(values, where))) for column, values in _mapping(table.get(name, {}), where).items()}
        for name in ("when", "unless")
    )
    if not (when_words or unless_words or when or unless):
        raise DataError("a constraint needs a condition: when-words, unless-words, when or unless", where=where, hint=_EXAMPLE)
    reason = str(table.get("reason", "a rule of the office"))
    return Constraint(reason, remove, only, when_words, unless_words, when, unless)


def _prefixes(value: object, where: str, classification: Classification) -> tuple[str, ...]:
    prefixes = tuple(_words(value, where))
    unknown = [prefix for prefix in prefixes if not any(item.code.startswith(prefix) for item in classification.unit_groups)]
    if unknown or "" in prefixes:
        raise DataError(f"no code of {classification.scheme} begins with {unknown[0] if unknown else ''!r}", where=where, hint=_EXAMPLE)
    return prefixes


def _words(value: object, where: str) -> list[str]:
    """A list of texts; one text alone may stand without its brackets."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError(f"{value!r} has to be texts in quotation marks", where=where, hint=_EXAMPLE)
    return words


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError("this has to be a table of settings", where=where, hint=_EXAMPLE)
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise DataError("this is written with two brackets on both sides", where=where, hint=_EXAMPLE)
    return value


def _only_known(table: Mapping[str, Any], known: Iterable[str], where: str, what: str) -> None:
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise DataError(f"there is no {what} {name!r}", where=where, hint=f"did you mean {near[0]!r}?" if near else _EXAMPLE)


def _said(ambiguous: list[str]) -> str:
    shown = ", ".join(map(repr, ambiguous[:5]))
    return f"{len(ambiguous):,} texts of the look-up tables have two codes and are left to the model: {shown}"


def _fingerprint(paths: Iterable[Path]) -> str:
    return hashlib.sha256("".join(sha256_of(path) for path in paths).encode()).hexdigest()[:16]
