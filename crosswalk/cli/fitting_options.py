"""The scheme that `crosswalk fit` trains for: one that is there, or a new one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from crosswalk.cli import options
from crosswalk.coding.autocoder import find_index
from crosswalk.errors import IndexFolderError, UsageError
from crosswalk.files.table import Table
from crosswalk.jobs.fitting import opened_scheme, scheme_of_codes
from crosswalk.jobs.importing import Reading, import_classification
from crosswalk.jobs.indexing import ISCO_08
from crosswalk.model import Classification, IndexTitle
from crosswalk.places import shipped

SHARES = (0.125, 0.25, 0.5)
"""Shares of the answers that a learning curve is drawn through, beside all of them: each twice the one before."""


def examples_of(
    classification: Classification, model: str | None, url: str | None, under: int, max_cost: float, price: str | None,
    store_path: options.Place | None,
) -> Callable[[Sequence[str]], Sequence[IndexTitle]] | None:  # fmt: skip
    """What writes examples for the codes of answers that are too few; None without a model."""
    if model is None:
        return None
    from crosswalk import output
    from crosswalk.jobs.machine_written import Writing, machine_written
    from crosswalk.llm.budget import read_price
    from crosswalk.llm.service import Service
    from crosswalk.store.store import Store

    writing = Writing(Service(model, url), under, max_cost, read_price(price) if price else None)

    def write(codes: Sequence[str]) -> Sequence[IndexTitle]:
        with Store(options.store_file(store_path)) as store:
            return machine_written(classification, codes, writing, store, lambda name: output.progress(name, "codes"), output.say)

    return write


def chosen_scheme(
    scheme: str, file: Path | None, read: Callable[[], Table], truth: str, say: Callable[[str], None]
) -> tuple[Classification, tuple[IndexTitle, ...], Path]:
    """The classification, the titles known of it, and the index folder that is built upon. ``read`` opens the coded answers afresh.

    Raises UsageError when a file is given for a scheme that is there already.
    """
    try:
        base = find_index(scheme)
    except IndexFolderError:
        return _new_scheme(scheme, file, read, truth, say)
    if file is not None:
        raise UsageError(f"there is a scheme called {scheme!r} already", hint="leave out --classification, or give --scheme a new name")
    classification, titles = opened_scheme(base)
    say(f"building upon {scheme!r}: {len(classification.unit_groups):,} codes, {len(titles):,} titles")
    return classification, titles, base


def _new_scheme(
    scheme: str, file: Path | None, read: Callable[[], Table], truth: str, say: Callable[[str], None]
) -> tuple[Classification, tuple[IndexTitle, ...], Path]:
    base = shipped("indexes", ISCO_08)
    if file is None:
        classification = scheme_of_codes(scheme, read(), truth)
        say(f"a new scheme {scheme!r} of the {len(classification.items):,} codes that occur; --classification would give them titles")
        return classification, (), base
    book = import_classification(file, Reading(scheme))
    classification = Classification(scheme, book.version, book.items)
    titles = tuple(IndexTitle(item.title, item.code, "", "classification") for item in classification.unit_groups)
    say(f"a new scheme {scheme!r}: {len(titles):,} codes from {file.name}")
    return classification, titles, base
