"""Bit rot: one bit of a store, or of an index, turned over at random; whether it is noticed where it changes anything."""

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from crosswalk import manifest
from crosswalk.errors import CrosswalkError
from crosswalk.jobs.filling import new_case
from crosswalk.jobs.review import ReviewQueue
from crosswalk.model import CodeShare
from crosswalk.places import shipped
from crosswalk.store.answers import KeptCode
from crosswalk.store.store import Store
from crosswalk.store.verifying import verify_store

DECISIONS = "SELECT * FROM decisions ORDER BY seq"
CASES = "SELECT run, round, key, state, version, decision, coder FROM cases ORDER BY id"


def reviewed_store(path: Path, decisions: int) -> None:
    """A store with so many decisions in force, some of them undone and made again."""
    with Store(path) as store:
        store.begin_run("r", "code", "f", {}, (), {})
        store.cases.fill(
            new_case("r", f"k{n}", f"answer {n}", [KeptCode("5120", 0.5, "cook")], [CodeShare("5120")], position=n)
            for n in range(decisions)
        )
        with ReviewQueue(store, "r", "anna") as queue:
            for turn in range(decisions):
                case = queue.next()
                assert case is not None
                queue.decide(case, queue.accept(case), seconds=1)
                if turn % 25 == 0:
                    queue.undo()


def flips_in_store(folder: Path, count: int, seed: int = 1, decisions: int = 150) -> dict[str, int]:
    """Flip one bit of the store, ``count`` times: noticed; harmless; missed, so that something a person decided is different; or
    ``elsewhere``: unnoticed in what the program found by itself, which has no hash.
    """
    reviewed_store(folder / "whole.db", decisions)
    whole, chance = (folder / "whole.db").read_bytes(), random.Random(seed)
    decided, everything = _contents(folder / "whole.db")
    found = {"flips": 0, "noticed": 0, "harmless": 0, "missed": 0, "elsewhere": 0}
    for _ in range(count):
        place = chance.randrange(len(whole))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        for left in folder.glob("flipped*"):
            left.unlink()
        (folder / "flipped.db").write_bytes(damaged)
        found["flips"] += 1
        if _noticed(folder / "flipped.db"):
            found["noticed"] += 1
            continue
        now = _contents(folder / "flipped.db")
        found["missed" if now[0] != decided else "elsewhere" if now[1] != everything else "harmless"] += 1
    return found


def _noticed(path: Path) -> bool:
    try:
        with Store(path) as store:
            verify_store(store)
    except CrosswalkError:
        return True
    return False


def _contents(path: Path) -> tuple[list[Sequence[object]], list[Sequence[object]]]:
    """All that people decided, and all there is, as SQLite reads it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        decided = connection.execute(DECISIONS).fetchall() + connection.execute(CASES).fetchall()
        tables = ("runs", "cases", "sessions", "_sqlite_migrations", "sqlite_master")
        return decided, [row for table in tables for row in connection.execute(f"SELECT * FROM {table}").fetchall()]  # noqa: S608


def flips_in_index(folder: Path, count: int, seed: int = 1) -> dict[str, int]:
    """Flip one bit of an index, or cut off the end of a file: refused when it is opened, or not.

    The index has the files of the shipped one, the large ones cut to their first 100 kB and sealed again: what opens an index compares
    hashes before it reads anything, and a thousand times the whole would only be slower.
    """
    copy = folder / "index"
    for file in sorted(shipped("indexes", "isco-08").rglob("*")):
        if file.is_file() and file.name != manifest.MANIFEST:
            target = copy / file.relative_to(shipped("indexes", "isco-08"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes()[:100_000])
    known = manifest.seal(copy, {"scheme": "isco-08"})
    manifest.verify(copy, known)
    chance, files = random.Random(seed), sorted(known["files"])
    found = {"flips": 0, "refused": 0, "missed": 0}
    for number in range(count):
        file = copy / files[number % len(files)]
        whole = file.read_bytes()
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(whole[: chance.randrange(len(whole))] if number % 10 == 9 else damaged)
        found["flips"] += 1
        try:
            manifest.verify(copy, manifest.read(copy))
            found["missed"] += 1
        except CrosswalkError:
            found["refused"] += 1
        file.write_bytes(whole)
    return found
