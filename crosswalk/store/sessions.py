"""Who is at work: one session for each open screen. A dead one gives its case back to the others."""

import getpass
import os
import socket
import sqlite3
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from crosswalk.store import sqlite
from crosswalk.store.cases import LEASE_SECONDS
from crosswalk.store.decision_rows import Coder


class Sessions:
    """The sessions of a store."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def begin(self, name: str) -> Coder:
        """A session for a coder of that name, after freeing the cases that sessions hold which are no longer alive."""
        coder = Coder(name, os_user(), uuid.uuid4().hex[:12])
        with sqlite.writing(self._connection, self._path) as db:
            _free_dead(db)
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)",
                (coder.session, name, coder.os_user, socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds")),
            )
        return coder

    def alive(self, coder: Coder) -> None:
        """A sign of life: the case this session holds stays its own for as long again."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("UPDATE leases SET until = ? WHERE session = ?", (time.time() + LEASE_SECONDS, coder.session))

    def end(self, coder: Coder) -> None:
        """Give back what the session holds."""
        with sqlite.writing(self._connection, self._path) as db:
            db.execute("DELETE FROM leases WHERE session = ?", (coder.session,))


def os_user() -> str:
    """The account of the machine, which stands beside the name a coder chose."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _free_dead(db: sqlite3.Connection) -> None:
    """Leases that ran out, and those of processes of this machine that are gone."""
    query = "SELECT DISTINCT session, host, pid, until FROM leases JOIN sessions ON sessions.id = session"
    for session, host, pid, until in db.execute(query).fetchall():
        if until < time.time() or (host == socket.gethostname() and not _runs(pid)):
            db.execute("DELETE FROM leases WHERE session = ?", (session,))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
