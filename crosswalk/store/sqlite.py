"""The one place that opens SQLite.

WAL with synchronous=FULL, every write in BEGIN IMMEDIATE, one driver, one checkpointer at a time, no network disks:
see docs/how-it-works.md for why each of them.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from crosswalk.errors import StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_BUSY_SECONDS = 30.0
_FOLDING_MILLISECONDS = 50
_SMALLEST_DATABASE = 512
_LARGEST_LOG = 16 * 2**20
"""Bytes of the write-ahead log after which it is folded in between two writes; a day of reviewing would let it grow without end."""
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.rclone", "fuse.davfs", "davfs", "afpfs", "ceph", "glusterfs"}


_FIRST_TABLES = {"_sqlite_migrations", "sqlite_sequence", "runs", "source_rows", "texts", "codings", "proposals"}
"""What a store may hold before its first migration is recorded."""

NEWEST = "m006_erasures"
"""The last of the migrations. It stands here since whoever opens a store that is up to date need not import them: sqlite_utils takes
half a second and imports pandas where that is installed."""

_TRIGGERS = {"decisions_stay", "decisions_remain", "decisions_words_stay", "erasures_stay", "erasures_remain"}


def connect(path: Path) -> sqlite3.Connection:
    """Open a store file, making it when it is not there, and bring its schema up to date.

    Raises StoreError for network disks, files that are no store, stores of a newer crosswalk, and full or read-only disks.
    """
    _refuse_network_disk(path)
    try:
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        if not path.exists() or path.stat().st_size == 0:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        elif path.stat().st_size < _SMALLEST_DATABASE:
            raise sqlite3.DatabaseError("file is not a database")
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        _refuse_other_databases(connection)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {pragma}").close()
        _migrate(connection, path)
    except (OSError, sqlite3.Error) as error:
        raise _refusal(error, path) from None
    return connection


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever a damaged store answers (no rows, no UTF-8, no JSON, values of another kind) becomes a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise _refusal(error, path) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"the store is damaged ({error!r})", where=str(path), hint="take a copy from a backup, or name another file with --store"
        ) from None


@contextmanager
def writing(connection: sqlite3.Connection, path: Path, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """One write transaction: all of it is kept, or nothing. Raises StoreError when it cannot be kept."""
    try:
        connection.execute(begin)
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):  # on a full disk SQLite has rolled back by itself
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise _refusal(error, path) from None
    if isinstance(connection, sqlite3.Connection) and log_size(path) > _LARGEST_LOG:
        checkpoint(connection, path)


def log_size(path: Path) -> int:
    """Bytes of the write-ahead log; asked of the folder, since opening the file would drop SQLite's locks."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except OSError:
        return 0


def checkpoint(connection: sqlite3.Connection, path: Path) -> None:
    """Fold what this connection wrote from the write-ahead log into the file, one process at a time.

    SQLite before 3.51.3 can corrupt a store when two connections checkpoint at once; a lock file beside the store keeps
    it to one. When another holds it, or somebody is reading, nothing is done: the log is complete without it. It waits a moment
    only, since whoever waits for readers to end keeps all writers out meanwhile.
    """
    if not isinstance(connection, sqlite3.Connection) or not connection.total_changes:
        return
    from filelock import Timeout

    with suppress(Timeout, sqlite3.Error, PermissionError), _lock(path, 0):
        connection.execute(f"PRAGMA busy_timeout={_FOLDING_MILLISECONDS}").close()
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000:.0f}").close()


def write_anew(connection: sqlite3.Connection, path: Path) -> None:
    """Write the file again from its rows, so that what was erased is in no byte of it, nor of the log beside it.

    Raises StoreError while others read or write: what is in the log stays there as long as somebody reads it.
    """
    from filelock import Timeout

    busy = StoreError("others have the store open, and erased text may still stand in its bytes", where=str(path),
                      hint="close the other screens and programs, and give the command again")  # fmt: skip
    try:
        with _lock(path, _BUSY_SECONDS):
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                done = connection.execute(statement).fetchone()
                if done and done[0]:
                    raise busy
    except Timeout:
        raise busy from None
    except sqlite3.Error as error:
        raise busy if "locked" in str(error) or "busy" in str(error) else _refusal(error, path) from None


def tables(connection: sqlite3.Connection) -> list[str]:
    """The store's tables, in the order in which they were made: one refers to those before it only."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
    return [name for (name,) in rows if not name.startswith(("sqlite_", "_sqlite"))]


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    applied = _applied(connection)
    if applied and applied[-1] == NEWEST:
        return
    from sqlite_utils import Database, utils

    driver = vars(utils)["sqlite3"]
    if driver is not sqlite3:
        raise StoreError(
            f"two SQLite libraries are loaded ({driver.__name__}): their locks would not see each other",
            where=str(path),
            hint="pip uninstall pysqlite3 pysqlite3-binary",
        )
    from crosswalk.store.schema import migrations

    known = {migration.name for migration in migrations.pending(Database(":memory:"))}
    newer = [name for name in applied if name not in known]
    if newer:
        raise StoreError(
            f"the store was written by a newer crosswalk ({newer[-1]})", where=str(path), hint="pip install --upgrade isco-crosswalk"
        )
    with _lock(path, _BUSY_SECONDS):  # two processes opening a new store at once take turns
        migrations.apply(Database(connection, execute_plugins=False))


def _lock(path: Path, seconds: float) -> "BaseFileLock":
    """The lock beside a store, for whoever folds its log in or writes it anew; who may write the store may take it."""
    from filelock import FileLock

    rights, lock = path.stat().st_mode & 0o666, Path(f"{path}.checkpoint")
    with suppress(OSError):  # not there yet, or another's
        lock.chmod(rights)
    return FileLock(lock, timeout=seconds, mode=rights)


def _refuse_other_databases(connection: sqlite3.Connection) -> None:
    """A database with tables and none of ours belongs to another program: nothing may be changed in it. Views and triggers that are
    not ours could run at each statement of ours.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    if tables - _FIRST_TABLES and not _applied(connection):
        raise sqlite3.DatabaseError(f"file is not a database of crosswalk: it holds {', '.join(sorted(tables)[:5])}")
    others = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchall()
    for (name,) in others:
        if name not in _TRIGGERS:
            raise sqlite3.DatabaseError(f"file is not a database as crosswalk makes it: it holds the view or trigger {name[:60]!r}")


def _applied(connection: sqlite3.Connection) -> list[str]:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone()
    if not known:
        return []
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'crosswalk' ORDER BY name")
    return [name for (name,) in rows.fetchall()]


def _refuse_network_disk(path: Path) -> None:
    """WAL needs memory shared by all who open the file, which network disks do not give."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return
    place = path.absolute().parent
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, mount, filesystem, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        if (place.is_relative_to(mount)) and len(mount) >= len(best):
            best, kind = mount, filesystem
    if kind in _NETWORK:
        raise StoreError(
            f"the store would lie on a network disk ({kind}), where SQLite can lose decisions",
            where=str(path),
            hint="name a file on a local disk with --store",
        )


def _refusal(error: Exception, path: Path) -> StoreError:
    said = str(error)
    if "locked" in said or "busy" in said:
        return StoreError("another process is writing to the store", where=str(path), hint="try again in a moment")
    if "not a database" in said or "UTF-8" in said or "malformed" in said:
        return StoreError(
            f"this is not a crosswalk store, or it is damaged ({said})", where=str(path), hint="name another file with --store"
        )
    if "full" in said or "No space" in said:
        return StoreError("the disk is full; what was saved before is safe", where=str(path), hint="make room and run the command again")
    return StoreError(said, where=str(path), hint="check that the folder exists and can be written to")
