"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILE = click.Path(path_type=Path, readable=False)
"""A path as typed. Whether it can be read is found out, and told, by what reads it."""

Place = Path | str
"""Where a store is: a file, or the address of a PostgreSQL database."""


class _PlaceType(click.ParamType[Place]):
    name = "store"

    def convert(self, value: Place, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        from crosswalk.store.postgres import is_address

        return value if is_address(value) else Path(value)


PLACE = _PlaceType()


class _FileOrAddress(click.ParamType[Place]):
    name = "path"

    def convert(self, value: Place, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        """An address ("hdfs://...", which a Path would shorten) stays as it was typed."""
        return value if "://" in str(value) else Path(value)


FILE_OR_ADDRESS = _FileOrAddress()
"""A path as typed, or an address that Spark reads or writes."""


def own_file(place: Place) -> Path:
    """A file of this machine. Raises UsageError for an address."""
    from crosswalk.errors import UsageError

    if not isinstance(place, Path):
        raise UsageError("only --engine reads and writes addresses", where=place, hint="name a file")
    return place


scheme: _Decorator = click.option(
    "--scheme", default="isco-08", show_default=True, help="Scheme to code to: a name, or a folder made by 'index build' or 'fit'."
)
as_json: _Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def _checked_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    from crosswalk.text import is_plain_name

    if name is not None and not (is_plain_name(name) and len(name) <= 200):
        raise click.BadParameter("a name of a run is at most 200 characters, none of them a control character")
    return name


run: _Decorator = click.option("--run", "run_name", callback=_checked_name, help="Name of the run (default: made from the file's name).")


def store(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--store PLACE``; by default crosswalk.db in the user's folder."""
    return click.option(
        "--store",
        "store_path",
        type=PLACE,
        help="File in which runs are kept, or postgresql://... (default: crosswalk.db in your data folder).",
    )(function)


def reading(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--sheet``, ``--encoding`` and ``--delimiter``: how a file is read."""
    for option in (
        click.option("--delimiter", help="Separator of columns in a text file (default: found out)."),
        click.option("--encoding", help="Encoding of a text file (default: UTF-8, else cp1252, and said)."),
        click.option("--sheet", help="Sheet of a workbook, by name or number (default: the longest)."),
    ):
        function = option(function)
    return function


def edition_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--code-column``, ``--title-column`` (once for both versions, or twice) ``--index-title-column``, ``--group-column``."""
    for option in (
        click.option("--group-column", help="Column of the group an item stands in (default: guessed, else read off the codes)."),
        click.option("--index-title-column", help="Column of index titles, where they stand beside the items' own (default: guessed)."),
        click.option("--title-column", multiple=True, help="Column of the titles; given twice: that of OLD, then that of NEW."),
        click.option("--code-column", multiple=True, help="Column of the codes; given twice: that of OLD, then that of NEW."),
    ):
        function = option(function)
    return function


def named_codes(pairs: tuple[str, ...]) -> dict[str, str]:
    """Codes given as NAME=CODE."""
    for pair in pairs:
        if "=" not in pair or not pair.rpartition("=")[2].strip():
            raise click.BadParameter(f"{pair!r} is not NAME=CODE", param_hint="--code")
    return {pair.rpartition("=")[0].strip(): pair.rpartition("=")[2].strip() for pair in pairs}


def store_file(path: Place | None) -> Place:
    """The store to open."""
    from crosswalk.places import user_folder

    return path or user_folder() / "crosswalk.db"


quality_threshold: _Decorator = click.option(
    "--threshold", type=click.FloatRange(0, 1), default=0.85, show_default=True, help="Probability from which a code counts as automatic."
)


def report(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--report OUT.html`` and ``--figures-only``."""
    for option in (
        click.option("--figures-only", is_flag=True, help="Leave every text of the file out of report and JSON."),
        click.option("--report", "report_file", type=FILE, help="Write everything as one page (.html) that needs no network."),
    ):
        function = option(function)
    return function
