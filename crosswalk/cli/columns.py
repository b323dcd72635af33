"""Columns of a file: as the user named them, else guessed and said."""

from collections.abc import Callable, Sequence

from crosswalk.cli.input_options import Titles
from crosswalk.coding.rules import Rules
from crosswalk.errors import UsageError
from crosswalk.files import columns as guess
from crosswalk.files.table import Table
from crosswalk.jobs.answers import AnswerColumns
from crosswalk.jobs.discovery.gathering import AdColumns, ad_columns
from crosswalk.jobs.evaluation import Columns
from crosswalk.jobs.mapping import MappingColumns
from crosswalk.jobs.run_quality import Truth


def mapping_columns(table: Table, asked: Titles, say: Callable[[str], None]) -> MappingColumns:
    """The columns of a classification to map. Raises UsageError when code or title cannot be told."""
    for note in table.notes:
        say(note)
    code, title, description, index_titles = asked.code_column, asked.title_column, asked.description_column, asked.index_titles_column
    code_column = guess.named_column(table.columns, code, option="--code-column") if code else guess.guess_code(table.columns)
    title_column = (
        guess.named_column(table.columns, title, option="--title-column") if title else guess.guess_title(table.columns, code_column)
    )
    if code_column is None or title_column is None:
        missing = "code" if code_column is None else "title"
        raise UsageError(
            f"cannot tell which column is the {missing}",
            where=str(table.path),
            hint=f"give --{missing}-column; columns: {', '.join(table.columns)}",
        )
    words = (
        guess.named_column(table.columns, description, option="--description-column")
        if description
        else guess.guess_description(table.columns)
    )
    listed = (
        guess.named_column(table.columns, index_titles, option="--index-titles-column")
        if index_titles
        else guess.guess_index_titles([column for column in table.columns if column not in (code_column, title_column)])
    )
    qualifiers = guess.guess_qualifiers(table.columns)
    chosen = MappingColumns(code_column, title_column, qualifiers, words if words != title_column else None, asked.pad_codes, listed)
    more = f", qualified by {' and '.join(map(repr, chosen.qualifiers))}" if chosen.qualifiers else ""
    more += f", descriptions from {chosen.description!r}" if chosen.description else ""
    more += f", further titles from {chosen.index_titles!r}" if chosen.index_titles else ""
    say(f"codes from column {code_column!r}, titles from {title_column!r}{more}")
    return chosen


def evaluation_columns(
    table: Table, texts: Sequence[str], truth: str, by: Sequence[str], weight: str | None, say: Callable[[str], None]
) -> Columns:
    """The columns of a coded file to measure. Raises UsageError for columns that the file does not have."""
    for note in table.notes:
        say(note)
    named = list(_text_columns(table, texts))
    split = [guess.named_column(table.columns, column, option="--by") for column in dict.fromkeys(by)]
    weights = guess.named_column(table.columns, weight, option="--weight-column") if weight else ""
    return Columns(named, guess.named_column(table.columns, truth, option="--truth-column"), split, weights)


def truth_of_run(table: Table, column: str, say: Callable[[str], None]) -> Truth:
    """A file of right codes and its column."""
    for note in table.notes:
        say(note)
    return Truth(table, guess.named_column(table.columns, column, option="--truth-column"))


def answer_columns(table: Table, texts: tuple[str, ...], rules: Rules, say: Callable[[str], None]) -> AnswerColumns:
    """The columns of a survey: its texts, and the columns that rules and the register look at.

    Raises UsageError for columns that the file does not have.
    """
    for note in table.notes:
        say(note)
    named = _text_columns(table, texts)
    facts = (*((rules.register_column,) if rules.register_column else ()), *rules.columns)
    missing = [column for column in facts if column not in table.columns]
    if missing:
        raise UsageError(
            f"the rules look at a column {missing[0]!r} that the file does not have",
            where=str(table.path),
            hint=f"write it in the rules as the file does; columns: {', '.join(table.columns)}",
        )
    return AnswerColumns(named, tuple(dict.fromkeys(facts)))


def _text_columns(table: Table, texts: Sequence[str]) -> tuple[str, ...]:
    if not texts:
        hint = f"name it with --text-column; columns: {', '.join(table.columns)}"
        raise UsageError("which column holds the texts?", where=str(table.path), hint=hint)
    return tuple(guess.named_column(table.columns, text, option="--text-column") for text in dict.fromkeys(texts))


def ad_table(table: Table, wanted: tuple[str | None, str | None, str | None, str | None], say: Callable[[str], None]) -> AdColumns:
    """The columns of a file of job ads: title, date, count, language, as named or guessed; what was guessed is said."""
    for note in table.notes:
        say(note)
    title = wanted[0] or guess.guess_title(table.columns, None)
    if title is None:
        raise UsageError("which column holds the titles?", hint=f"give --title-column; columns: {', '.join(table.columns)}")
    columns = ad_columns(table, title, *wanted[1:])
    say("columns: " + ", ".join(f"{what} from {name!r}" for what, name in vars(columns).items() if name))
    return columns
