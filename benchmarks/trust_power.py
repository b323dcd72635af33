"""Power cuts under the store, simulated: what SQLite writes and syncs is recorded while decisions are made, then the disk is put together
as it may be found after a cut at any moment, and opened.

The recording sits in the SQLite library that the program itself uses (its own VFS functions are replaced by ones that note down and call
them). After a cut a file is what was synced last, plus each 512-byte sector written since with a chance of 60 %: disks keep, drop and
reorder what was not synced. That a file was removed is kept with the same chance, until the next sync of any file (which makes a file
system write down its folders).
"""

import ctypes
import ctypes.util
import json
import pickle
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosswalk.errors import CrosswalkError
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare
from crosswalk.store import sqlite
from crosswalk.store.answers import KeptAnswer, KeptCode
from crosswalk.store.store import Store

ROOT = Path(__file__).resolve().parent.parent
SECTOR = 512
KEPT = 0.6

Event = tuple[str, str, int, bytes]
"""(what, file or acknowledgement, offset or size or number, bytes): "write", "truncate", "sync", "delete", "ack"."""


@dataclass
class OnDisk:
    """A file: what is sure to be there, and what may be."""

    synced: bytes | None = None
    since: list[Event] = field(default_factory=list)

    def all(self) -> bytes | None:
        """With everything that was written."""
        return _played(self.synced, self.since)


def record(folder: Path, decisions: int, synchronous: str) -> list[Event]:
    """Make decisions in a process of its own whose SQLite is listened to; gives what happened, in order."""
    log = folder / f"events-{synchronous}"
    command = [sys.executable, "-m", "benchmarks.trust_power", str(folder / f"{synchronous}.db"), str(decisions), synchronous, str(log)]
    subprocess.run(command, check=True, cwd=ROOT)
    return list(pickle.loads(log.read_bytes()))  # noqa: S301 - written by the line above


def cuts(folder: Path, events: Sequence[Event], count: int, seed: int = 1) -> dict[str, int]:
    """Cut the power ``count`` times at random moments and open what is left; counts of what was found."""
    chance = random.Random(seed)
    begin = next(place for place, event in enumerate(events) if event[0] == "ack")
    moments = sorted(chance.randrange(begin, len(events)) for _ in range(count))
    found = {"cuts": 0, "corrupt": 0, "lost_some": 0, "lost_decisions": 0}
    for disk, acknowledged in _states(events, moments):
        found["cuts"] += 1
        lost = _after(folder / "after", disk, acknowledged, chance)
        found["corrupt"] += lost is None
        found["lost_some"] += bool(lost)
        found["lost_decisions"] += lost or 0
    return found


def _states(events: Sequence[Event], moments: Sequence[int]) -> Iterator[tuple[dict[str, OnDisk], int]]:
    """The disk at each moment, and how many decisions were acknowledged by then."""
    disk: dict[str, OnDisk] = {}
    acknowledged, place = 0, 0
    for moment in moments:
        for what, name, number, content in events[place:moment]:
            if what == "ack":
                acknowledged = number
            elif what == "sync":
                known = disk.setdefault(name, OnDisk())
                known.synced, known.since = known.all() or b"", []
                for other in disk.values():
                    if other.since and other.since[-1][0] == "delete":
                        other.synced, other.since = None, []
            else:
                disk.setdefault(name, OnDisk()).since.append((what, name, number, content))
        place = moment
        yield disk, acknowledged


def _after(folder: Path, disk: dict[str, OnDisk], acknowledged: int, chance: random.Random) -> int | None:
    """Start the machine again: acknowledged decisions that are gone; None where the store is not whole."""
    for left in folder.glob("*") if folder.exists() else []:
        left.unlink()
    folder.mkdir(exist_ok=True)
    for name, file in disk.items():
        content = _played(file.synced, list(_survivors(file.since, chance)))
        if content is not None:
            (folder / f"after{name}").write_bytes(content)
    try:
        with Store(folder / "after.db") as store:
            whole = store.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            there = store.decisions.verify()
            done = sum(number for (_, state), number in store.cases.states("r").items() if state == "done")
            return max(acknowledged - there, 0) if whole and done == there else None
    except (CrosswalkError, sqlite3.Error):
        return None


def _survivors(since: Sequence[Event], chance: random.Random) -> Iterator[Event]:
    """Sectors that reached the disk, of those that were not synced."""
    for what, name, number, content in since:
        if what != "write":
            if chance.random() < KEPT:
                yield what, name, number, content
            continue
        for begin in range(0, len(content), SECTOR):
            if chance.random() < KEPT:
                yield what, name, number + begin, content[begin : begin + SECTOR]


def _played(content: bytes | None, since: Sequence[Event]) -> bytes | None:
    if not since:
        return content
    now: bytearray | None = None if content is None else bytearray(content)
    for what, _, number, written in since:
        if what == "delete":
            now = None
            continue
        now = bytearray() if now is None else now
        if what == "truncate":
            now[number:] = b"\0" * max(number - len(now), 0)
        else:
            now.extend(b"\0" * (number - len(now)))
            now[number : number + len(written)] = written
    return None if now is None else bytes(now)


# In the process that is listened to.

Word = ctypes.c_void_p
_OPEN, _DELETE = 5, 6  # places in sqlite3_vfs, in words of 8 bytes
_WRITE, _TRUNCATE, _SYNC = 3, 4, 5  # places in sqlite3_io_methods
_METHODS = 19
_open_t = ctypes.CFUNCTYPE(ctypes.c_int, Word, Word, Word, ctypes.c_int, Word)  # names as pointers: SQLite keeps them
_delete_t = ctypes.CFUNCTYPE(ctypes.c_int, Word, Word, ctypes.c_int)
_write_t = ctypes.CFUNCTYPE(ctypes.c_int, Word, Word, ctypes.c_int, ctypes.c_int64)
_truncate_t = ctypes.CFUNCTYPE(ctypes.c_int, Word, ctypes.c_int64)
_sync_t = ctypes.CFUNCTYPE(ctypes.c_int, Word, ctypes.c_int)


class Listener:
    """Notes down what SQLite writes to one database and its log, from the moment it is made. Lives as long as the process."""

    def __init__(self, database: Path) -> None:
        """Raises OSError where Python's SQLite is not a library of its own (it is built in on some systems)."""
        self.events: list[Event] = []
        self._names = {str(database) + ending: "." + database.suffix[1:] + ending for ending in ("", "-wal", "-journal")}
        self._files: dict[int, str] = {}
        self._keep: list[object] = []
        self._tables: dict[int, int] = {}
        library = ctypes.CDLL(ctypes.util.find_library("sqlite3"))
        library.sqlite3_libversion.restype = ctypes.c_char_p
        if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
            raise OSError("the SQLite found is not the one that Python uses")
        library.sqlite3_vfs_find.restype = Word
        vfs = (Word * 8).from_address(library.sqlite3_vfs_find(None))
        self._real_open, self._real_delete = _open_t(vfs[_OPEN]), _delete_t(vfs[_DELETE])
        vfs[_OPEN], vfs[_DELETE] = self._pointer(_open_t(self._open)), self._pointer(_delete_t(self._delete))

    def ack(self, number: int) -> None:
        """Somebody was told that so many decisions are kept."""
        self.events.append(("ack", "", number, b""))

    def _pointer(self, function: object) -> int | None:
        self._keep.append(function)
        return ctypes.cast(function, Word).value  # type: ignore[arg-type]

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        code: int = self._real_open(vfs, name, file, flags, out)
        known = self._names.get(ctypes.string_at(name).decode()) if name else None
        if code == 0 and known:
            self._files[file] = known
            methods = Word.from_address(file)
            methods.value = self._listening(methods.value or 0)
        return code

    def _delete(self, vfs: int, name: int, sync: int) -> int:
        known = self._names.get(ctypes.string_at(name).decode())
        if known:
            self.events.append(("delete", known, 0, b""))
        return int(self._real_delete(vfs, name, sync))

    def _listening(self, methods: int) -> int:
        """A table of methods like this one that notes down what changes the file."""
        if methods in self._tables.values():
            return methods
        if methods not in self._tables:
            table = (Word * _METHODS).from_buffer_copy((Word * _METHODS).from_address(methods))
            write, truncate, sync = _write_t(table[_WRITE]), _truncate_t(table[_TRUNCATE]), _sync_t(table[_SYNC])

            def on_write(file: int, content: int, size: int, offset: int) -> int:
                self.events.append(("write", self._files[file], offset, ctypes.string_at(content, size)))
                return int(write(file, content, size, offset))

            def on_truncate(file: int, size: int) -> int:
                self.events.append(("truncate", self._files[file], size, b""))
                return int(truncate(file, size))

            def on_sync(file: int, flags: int) -> int:
                self.events.append(("sync", self._files[file], 0, b""))
                return int(sync(file, flags))

            hooks: list[tuple[int, Callable[..., object], Callable[..., int]]] = [
                (_WRITE, _write_t, on_write), (_TRUNCATE, _truncate_t, on_truncate), (_SYNC, _sync_t, on_sync),
            ]  # fmt: skip
            for place, kind, hook in hooks:
                table[place] = self._pointer(kind(hook))
            self._keep.append(table)
            self._tables[methods] = ctypes.addressof(table)
        return self._tables[methods]


def _decide_while_listening(path: Path, decisions: int, synchronous: str) -> list[Event]:
    """Two coders in turn on one store, answers of a run kept in between; the log is folded in every so often."""
    listener = Listener(path)
    sqlite._LARGEST_LOG = 400_000
    told = 0
    with Store(path) as store, Store(path) as other:
        for each in (store, other):
            each.connection.execute(f"PRAGMA synchronous={synchronous}")
        store.begin_run("r", "code", "f", {}, (), {})
        store.cases.fill(
            new_case("r", f"k{n}", f"answer {n}", [KeptCode("5120", 0.5, "cook")], [CodeShare("5120")], position=n)
            for n in range(decisions)
        )
        listener.ack(0)
        with ReviewQueue(store, "r", "anna") as anna, ReviewQueue(other, "r", "bert") as bert:
            for turn in range(decisions):
                coder = anna if turn % 3 else bert
                case = coder.next()
                assert case is not None
                coder.decide(case, coder.accept(case), seconds=1)
                told += 1
                listener.ack(told)
                if turn % 20 == 0:
                    store.save_answers("r", [_answer(turn, n) for n in range(20)])
    return listener.events


def _answer(turn: int, number: int) -> KeptAnswer:
    codes = json.dumps([["5120", 0.5, "cook"]])
    return KeptAnswer(f"a{turn}-{number}", f"answer {number}", "{}", 1, "review", "review", "", "", 0.0, 0.1, codes)


if __name__ == "__main__":
    _path, _count, _mode, _log = sys.argv[1:]
    Path(_log).write_bytes(pickle.dumps(_decide_while_listening(Path(_path), int(_count), _mode)))
