"""The one place that opens PostgreSQL: a connection that takes the store's statements, as SQLite's does.

Every write waits its turn at one lock of the database until it is committed, since the log of decisions is a chain; a case is leased by
locking its row (``FOR UPDATE SKIP LOCKED``), beside that turn. What was acknowledged is on the server's disk: servers that do not
promise that are refused.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from crosswalk.errors import StoreError, UsageError
from crosswalk.store import dialect

if TYPE_CHECKING:
    import psycopg
    from sqlite_utils import Database

SCHEMES = ("postgresql://", "postgres://")
_TURN = 7_041_851_934_207_751
"""The advisory lock that writers take turns at: any number, as long as all use it."""

_DURABLE = {"fsync": "on", "full_page_writes": "on"}
_CONNECT_SECONDS = 10
_LOCK_SECONDS = 60
_ROWS_AT_ONCE = 5_000

EXCLUSIVE, LEASING = "BEGIN IMMEDIATE", "BEGIN IMMEDIATE -- for a lease"
STREAMED = "/* streamed */"
"""At the end of a query whose rows may be millions."""

_BEGIN = {EXCLUSIVE: f"BEGIN; SELECT pg_advisory_xact_lock({_TURN})", LEASING: "BEGIN"}


def is_address(place: object) -> bool:
    """Whether a store's place is a PostgreSQL database."""
    return isinstance(place, str) and place.startswith(SCHEMES)


def shown(address: str) -> str:
    """An address for messages, without a password."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", re.sub(r"(password=)[^&]*", r"\1***", address))


class Connection:
    """A connection to PostgreSQL with the part of sqlite3's that the store uses. Lost connections are made anew, outside transactions."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = _opened(address)
        self._in_transaction = False
        self._streams = 0
        self.total_changes = 0

    def execute(self, sql: str, parameters: dialect.Parameters = ()) -> "psycopg.Cursor[Any]":
        """Run one statement; the rows of a streamed one are fetched as they are asked for. Raises StoreError."""
        with self._told():
            if sql in _BEGIN or sql in ("COMMIT", "ROLLBACK"):
                return self._turn(sql)
            if sql.endswith(STREAMED):
                return cast("psycopg.Cursor[Any]", self._streamed(sql, parameters))
            cursor = self._ready().execute(dialect.statement(sql).encode(), dialect.values(sql, parameters))
            self._count(sql, cursor.rowcount)
            return cursor

    def executemany(self, sql: str, rows: Iterable[dialect.Parameters]) -> None:
        """Run one statement for many rows. Raises StoreError.

        Rows are drawn before the connection is busy: where they come from may be a query of its own.
        """
        drawn = iter(rows)
        while some := list(islice(drawn, _ROWS_AT_ONCE)):
            with self._told():
                cursor = self._ready().cursor()
                cursor.executemany(dialect.statement(sql).encode(), some)
                self._count(sql, cursor.rowcount)

    def _streamed(self, sql: str, parameters: dialect.Parameters) -> Iterator[Any]:
        self._streams += 1
        with self._told(), self._ready().cursor(f"stream_{self._streams}", withhold=True) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(dialect.statement(sql).encode(), dialect.values(sql, parameters))
            yield from cursor

    def define(self, sql: str) -> None:
        """Run one statement of a migration."""
        with self._told():
            self._ready().execute(dialect.definition(sql).encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _turn(self, sql: str) -> "psycopg.Cursor[Any]":
        beginning = sql in _BEGIN
        connection = self._ready() if beginning else self._connection
        self._in_transaction = False
        try:
            cursor = connection.execute(_BEGIN.get(sql, sql).encode())
        except Exception:
            if beginning and not connection.broken:  # the turn did not come in time: the transaction was begun all the same
                connection.execute(b"ROLLBACK")
            raise
        self._in_transaction = beginning
        return cursor

    def _ready(self) -> "psycopg.Connection[Any]":
        if (self._connection.closed or self._connection.broken) and not self._in_transaction:
            self._connection = _opened(self._address)
        return self._connection

    def _count(self, sql: str, rows: int) -> None:
        if rows > 0 and not sql.lstrip().startswith("SELECT"):
            self.total_changes += rows

    @contextmanager
    def _told(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            lost = self._connection.closed or self._connection.broken
            if lost:
                self._in_transaction = False
            raise _refusal(error, self._address, lost=lost) from None


def connect(address: str) -> Connection:
    """Open a store kept in PostgreSQL, and bring its schema up to date.

    Raises StoreError for servers that cannot be reached or may lose what they acknowledge, and for stores of a newer crosswalk.
    """
    connection = Connection(address)
    for setting, wanted in _DURABLE.items():
        found = connection.execute(f"SHOW {setting}").fetchone()
        if found != (wanted,):
            raise StoreError(
                f"the server runs with {setting}={found[0] if found else '?'}, and can lose decisions it acknowledged",
                where=shown(address), hint=f"ask its administrator to set {setting}={wanted}",
            )  # fmt: skip
    _migrate(connection, address)
    return connection


def tables(connection: Connection) -> list[str]:
    """The store's tables, in the order in which they were made."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
        "AND relname <> 'crosswalk_migrations' ORDER BY oid"
    )
    return [name for (name,) in connection.execute(query)]


def restart_numbers(connection: Connection) -> None:
    """Let new cases be numbered after those that were copied in with their numbers."""
    connection.execute("SELECT setval(pg_get_serial_sequence('cases', 'id'), coalesce(max(id), 0) + 1, false) FROM cases")


def _opened(address: str) -> "psycopg.Connection[Any]":
    try:
        import psycopg
        from psycopg.types.numeric import FloatLoader
    except ImportError as error:
        raise UsageError(
            f"this needs the extra 'postgres' ({error.name} is missing)", hint="pip install 'isco-crosswalk[postgres]'"
        ) from None
    try:
        connection = psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="crosswalk")
        for setting in ("synchronous_commit = on", f"lock_timeout = '{_LOCK_SECONDS}s'", "timezone = 'UTC'", "client_encoding = 'UTF8'"):
            connection.execute(f"SET {setting}".encode())
    except psycopg.Error as error:
        raise _refusal(error, address, lost=True) from None
    connection.adapters.register_loader("numeric", FloatLoader)  # sums of whole numbers come so
    return connection


def _migrate(connection: Connection, address: str) -> None:
    """The migrations of SQLite's store, under their numbers; one process at a time."""
    from sqlite_utils import Database

    from crosswalk.store.schema import migrations

    steps = migrations.pending(Database(":memory:"))
    connection.execute(EXCLUSIVE)
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS crosswalk_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)")
        applied = {name for (name,) in connection.execute("SELECT name FROM crosswalk_migrations")}
        newer = sorted(applied - {step.name for step in steps})
        if newer:
            raise StoreError(
                f"the store was written by a newer crosswalk ({newer[-1]})",
                where=shown(address),
                hint="pip install --upgrade isco-crosswalk",
            )
        for step in steps:
            if step.name not in applied:
                step.fn(cast("Database", _Definer(connection)))
                connection.execute("INSERT INTO crosswalk_migrations VALUES (?, ?)", (step.name, datetime.now(UTC).isoformat()))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class _Definer:
    """What a migration is given: of sqlite_utils' Database it uses ``execute`` alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: dialect.Parameters = ()) -> object:
        """Rows are read and changed as elsewhere; everything else defines something."""
        if sql.startswith(("SELECT", "UPDATE")):
            return self._connection.execute(sql, parameters)
        self._connection.define(sql)
        return None


def _refusal(error: "psycopg.Error", address: str, *, lost: bool) -> StoreError:
    said = " ".join(str(error).split())
    if lost:
        hint = "what was acknowledged is kept; check the address and the server, and give the command again"
        return StoreError(f"the database cannot be reached ({said})", where=shown(address), hint=hint)
    if error.sqlstate == "55P03":
        return StoreError("others have been writing to the store for a minute", where=shown(address), hint="try again in a moment")
    return StoreError(said, where=shown(address), hint="ask the database's administrator, or name another store with --store")
