"""The bytes a terminal is sent, under hostile titles, file names, options: nothing of them reaches it as a control sequence."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from crosswalk.jobs.filling import new_case
from crosswalk.model import CodeShare
from crosswalk.store.answers import KeptCode
from crosswalk.store.store import Store
from crosswalk.text import clean
from tests.conftest import heed_signals
from tests.hostile_files import SEQUENCES
from tests.promises import promise
from tests.test_review_terminal import read

# What the program itself may send: colours, cursor moves, modes (CSI ... letter), the character set G0.
_OURS = re.compile(rb"\x1b\[[0-9;:?<>=$\" ]*[A-Za-z@`~{|}]|\x1b[()][AB0]|\x1b[=>78]")
# Textual's own question for the terminal's name and its answer to a pixel mouse are CSI, its pasted text never OSC.
_OTHERS = re.compile(rb"[\x00-\x06\x07\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_SENT = {b"\x1b[6n", b"\x1b[2J\x1b[HCANARY", b"\x1b[?1003hCANARY", b"\x1b[?1049hCANARY"}


def strange(sent: bytes) -> list[bytes]:
    """Control characters in what a terminal was sent that are no sequence of the program's own, with what stands round them."""
    left = _OURS.sub(b"", sent).replace(b"\x1bM", b"").replace(b"\x08", b"")
    return [left[max(0, found.start() - 20) : found.end() + 30] for found in _OTHERS.finditer(left)]


def in_a_terminal(*words: object, keys: bytes = b"", until: bytes = b"", **more: str) -> bytes:
    """All that a command sends to its terminal, errors too."""
    terminal, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 140))
    command = [sys.executable, "-m", "crosswalk", *map(str, words)]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "140", "LINES": "40", "PYTHONIOENCODING": "utf-8", **more}
    running = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=heed_signals, env=environment)
    os.close(slave)
    sent = read(terminal, until) if until else b""
    for key in re.findall(rb"\x1b\[[AB]|.", keys, re.DOTALL):
        os.write(terminal, key)
        sent += drained(terminal, 0.4)
    sent += read(terminal, b"\0never\0", 60)
    running.wait(30)
    return sent


def drained(terminal: int, seconds: float) -> bytes:
    """What comes within so many seconds."""
    sent, end = b"", time.time() + seconds
    while time.time() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                sent += os.read(terminal, 65536)
            except OSError:
                break
    return sent


def hostile_table(path: Path) -> Path:
    rows = b"".join(b"%d,cook%s end,[/] [@click=app.quit]x[/]\n" % (1000 + n, sequence) for n, sequence in enumerate(SEQUENCES.values()))
    path.write_bytes(b"code,title,tasks\n" + rows.replace(b"\x0b", b" "))
    return path


def test_the_watch_would_notice() -> None:
    for sequence in set(SEQUENCES.values()) - _SENT - {b"\x08\x08CANARY", b"\x1b(0CANARY"}:
        assert strange(b"cook " + sequence), sequence


@pytest.mark.slow
@promise("T1", "control characters in a title become visible symbols at the reader; none reaches a terminal from any command")
@promise("T2", "no terminal command in a title, a file's name or an option reaches the terminal, in tables, errors or progress bars")
@promise("T8", "right-to-left overrides become visible symbols, text that runs right to left stays as it is")
def test_no_command_passes_a_sequence_on(tmp_path: Path) -> None:
    table, store = hostile_table(tmp_path / "in.csv"), tmp_path / "s.db"
    evil = "cook\x1b]52;c;CANARY\x07\x9b31m\x1b[6n"
    commands: list[list[object]] = [
        ["lookup", evil, "מורה בבית ספר"], ["lookup", evil, "--json"], ["map", table, "--store", store, "--run", "m"],
        ["code", table, "--text-column", "title", "--text-column", "tasks", "--store", store, "--run", "c", "-o", tmp_path / "o.csv"],
        ["queue", "c", "--store", store], ["runs", "--store", store], ["export", evil, "--store", store, "-o", tmp_path / "x.csv"],
        ["evaluate", table, "--text-column", "title", "--truth-column", "code"], ["map", tmp_path / evil], [evil],
        ["code", table, "--text-column", evil, "-o", tmp_path / "p.csv"], ["lookup", "x", "--scheme", evil],
        ["map", table, "--run", evil], ["lookup", f"--{evil}"], ["privacy", table, "--llm", "openai/x\x1b]0;CANARY\x07"],
        ["map", table, "--sheet", evil], ["map", table, "--encoding", evil], ["map", table, "--delimiter", evil], ["import", evil, table],
    ]  # fmt: skip
    for words in commands:
        sent = in_a_terminal(*words)
        assert strange(sent) == [], words
        assert b"\x1b[6n" not in sent, words
        assert b"Traceback" not in sent, sent.decode(errors="replace")


@promise("T2")
@promise("T16", "markup in a title is shown as it stands, and nothing in it can be clicked")
def test_no_title_drives_the_review_screen(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        store.begin_run("day", "code", "f", {}, (), {})
        store.cases.fill(
            new_case("day", f"k{n}", clean(f"cook{sequence.decode()} [/] [@click=app.quit]x[/]"),
                     [KeptCode("5120", 0.6, clean(f"hand{sequence.decode()}[b]"))], [CodeShare("5120")], frequency=40 - n, position=n,
                     method="review", fields={clean(f"tasks{sequence.decode()}"): clean(sequence.decode())}, note="[blink]")
            for n, sequence in enumerate(SEQUENCES.values())
        )  # fmt: skip
        store.cases.rank_clusters("day")
    keys = b"\x1b[B" * 2 + b"?" + b"q" + b"111111" + b"/c" + b"\x1b" + b"q"
    plain = in_a_terminal("review", "day", "--coder", "anna", "--store", tmp_path / "s.db", keys=keys, until=b"q quit")
    assert b"cook" in plain
    assert [seen for seen in strange(plain) if b"CANARY" in seen or b"52;c" in seen or b"canary" in seen] == []
    assert b"\x1b]52" not in plain
    assert b"\x1b[6n" not in plain
    assert b"[@click" in re.sub(_OURS, b"", plain)


@promise("T1")
@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_is_visible_after_cleaning(name: str) -> None:
    shown = clean(f"cook{SEQUENCES[name].decode()}")
    assert not strange(shown.encode())
