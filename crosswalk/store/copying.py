"""A whole store copied into an empty one, from SQLite to PostgreSQL or back: all of it in one transaction, and counted."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, cast

from crosswalk.errors import UsageError
from crosswalk.manifest import replacing
from crosswalk.store import postgres, sqlite
from crosswalk.store.store import Store
from crosswalk.store.verifying import Verified, verify_store

_ROWS_AT_ONCE = 5_000


def copy_store(source: Store, target: Store, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Copy every row; gives the rows of each table. The log of decisions is verified before anything is kept.

    Raises UsageError where the target holds runs already, StoreError where the source's log is not whole.
    """
    source.decisions.verify()
    if target.runs():
        raise UsageError("the store to copy into is not empty", where=str(target.path), hint="name a new file, or an empty database")
    names = _tables(source)
    counts = {name: int(source.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in names}  # noqa: S608 - own names
    copied = 0
    with sqlite.writing(target.connection, target.path) as db:
        for name in names:
            for rows in _chunks(source, name):
                db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - own names
                copied += len(rows)
                progress(copied, sum(counts.values()))
        found = {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in names}  # noqa: S608 - own names
        if found != counts:
            raise UsageError("the store was written to while it was copied", where=str(source.path), hint="stop other commands, and repeat")
        if not isinstance(target.connection, sqlite3.Connection):
            postgres.restart_numbers(cast(postgres.Connection, target.connection))
    target.decisions.verify()
    return counts


def back_up(source: Store, target: Path) -> Verified:
    """Write a store as it is at this moment into a new file, while others go on working; verified before it gets its name.

    A plain copy of the file lacks what still stands in its log. Raises UsageError where the target exists or the source is no file,
    StoreError where the copy is not whole.
    """
    if not isinstance(source.connection, sqlite3.Connection):
        raise UsageError("only a store that is a file is backed up", where=str(source.path), hint="use 'crosswalk store copy', or pg_dump")
    if target.exists():
        raise UsageError("there is a file of that name, and a backup overwrites nothing", where=str(target), hint="name a new file")
    with replacing(target) as temporary:
        with closing(sqlite3.connect(temporary, isolation_level=None)) as copy, sqlite.reading(target):
            source.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").close()  # all of it in one file
        with Store(temporary) as kept:
            verified = verify_store(kept)
            kept.connection.execute("PRAGMA journal_mode=DELETE").close()
        Path(f"{temporary}.checkpoint").unlink(missing_ok=True)
    target.chmod(0o600)
    return verified


def _tables(store: Store) -> list[str]:
    if isinstance(store.connection, sqlite3.Connection):
        return sqlite.tables(store.connection)
    return postgres.tables(cast(postgres.Connection, store.connection))


def _chunks(store: Store, table: str) -> Iterator[list[Sequence[Any]]]:
    with sqlite.reading(store.path):
        rows = iter(store.connection.execute(f"SELECT * FROM {table} {postgres.STREAMED}"))  # noqa: S608 - own names
        while chunk := list(islice(rows, _ROWS_AT_ONCE)):
            yield chunk
