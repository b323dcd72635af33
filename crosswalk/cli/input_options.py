"""What `code`, `map` and `privacy` ask about their file, said once: the command gets one value for all of it."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from crosswalk.cli import options

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Survey:
    """How the answers of a survey are coded."""

    text_columns: tuple[str, ...]
    register_column: str | None
    rules_file: Path | None
    threshold: float | None
    target_accuracy: float | None


@dataclass(frozen=True)
class Titles:
    """Where a classification's codes and titles stand, and what is known of it already."""

    code_column: str | None
    title_column: str | None
    description_column: str | None
    index_titles_column: str | None
    pad_codes: int | None
    official: str | None


def survey(*, needed: bool) -> _Decorator:
    """Adds the options of a survey; the command gets them as ``survey``."""
    return _gathered("survey", Survey, [
        click.option("--text-column", "text_columns", multiple=True,
                     help=f"Column of the answers{', needed' if needed else ''}; more (tasks, industry) may follow."),
        click.option("--register-column", help="Column of a register's code, accepted when the model lists it among its first."),
        click.option("--rules", "rules_file", type=options.FILE, help="Your rules: look-ups and constraints (TOML)."),
        click.option("--threshold", type=click.FloatRange(0, 1),
                     help="Probability from which a code is taken without a person.  [default: 0.85]"),
        click.option("--target-accuracy", type=click.FloatRange(0.5, 0.999),
                     help="Choose the threshold so that this share of the codes is right."),
    ])  # fmt: skip


def titles() -> _Decorator:
    """Adds the options of a classification; the command gets them as ``titles``."""
    return _gathered("titles", Titles, [
        click.option("--code-column", help="Column of the source's codes (default: guessed from the names)."),
        click.option("--title-column", help="Column of the titles (default: guessed)."),
        click.option("--description-column", help="Column of definitions (default: guessed)."),
        click.option("--index-titles-column", help="Column of further titles: a line each, or between ';' or '|' (default: guessed)."),
        click.option("--pad-codes", type=click.IntRange(1, 20), help="Restore lost zeros: fill all-digit codes to this width."),
        click.option("--official",
                     help="An imported correspondence of an earlier version or a neighbour: a prior, and a reason to look twice."),
    ])  # fmt: skip


def _gathered(name: str, kind: type, asked: list[_Decorator]) -> _Decorator:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def gathered(*words: Any, **more: Any) -> Any:
            value = kind(**{field.name: more.pop(field.name) for field in fields(kind)})
            return function(*words, **{name: value}, **more)

        wrapped: Callable[..., Any] = gathered
        for option in reversed(asked):
            wrapped = option(wrapped)
        return wrapped

    return decorator
