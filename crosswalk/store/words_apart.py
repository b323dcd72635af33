"""Migration m006: what a coder typed gets a hash of its own in the chain of decisions, so that it can be erased later.

Before, the hash of a decision covered its words themselves, and whoever erased them broke the chain. Everything here is as it was when
the migration was released and is never edited: the program's own rules stand in ``decision_rows``.
"""

import hashlib
import json
import secrets
from typing import Any

from sqlite_utils import Database

_NAMES = (
    "seq", "run", "round", "key", "action", "codes", "name", "note", "coder", "os_user", "time", "seconds", "suggested", "against", "after",
    "stale", "undoes", "bulk", "hash",
)  # fmt: skip
_AT_ONCE = 5_000


def set_words_apart(db: Database) -> None:
    """Chain the log anew from the first decision with words. One that is not as it was written stays so, and is still found out."""
    first = db.execute("SELECT min(seq) FROM decisions WHERE name <> '' OR note <> ''").fetchone()[0]
    if first is None:
        return
    before = db.execute(f"SELECT hash FROM decisions WHERE seq = {int(first) - 1}").fetchone()  # noqa: S608 - a number
    old = new = before[0] if before else hashlib.sha256(b"crosswalk decisions").hexdigest()
    last = int(first) - 1
    query = f"SELECT {', '.join(_NAMES)} FROM decisions WHERE seq > ? ORDER BY seq LIMIT {_AT_ONCE}"  # noqa: S608 - own names
    while rows := db.execute(query, (last,)).fetchall():
        for row in rows:
            if row[-1] != _hashed([old, *row[:-1]]):
                return
            cells = dict(zip(_NAMES, row, strict=True))
            old, new = cells["hash"], _chained_anew(db, new, cells)
        last = rows[-1][0]


def _chained_anew(db: Database, previous: str, cells: dict[str, Any]) -> str:
    salt = words = ""
    if cells["name"] or cells["note"]:
        salt = secrets.token_hex(8)
        words = _hashed([salt, cells["name"], cells["note"]])
    covered = {**cells, "name": "", "note": ["words", words]} if words else cells
    made = _hashed([previous, *(covered[name] for name in _NAMES[:-1])])
    db.execute("UPDATE decisions SET salt = ?, words = ?, hash = ? WHERE seq = ?", (salt, words, made, cells["seq"]))
    return made


def _hashed(content: list[Any]) -> str:
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
