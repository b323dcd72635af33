import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from crosswalk.store.store import Store
from tests.conftest import heed_signals
from tests.promises import promise
from tests.test_review_screen import fill


def read(terminal: int, until: bytes, seconds: float = 120.0) -> bytes:
    """What the terminal was sent, up to some bytes or the end."""
    sent, end = b"", time.time() + seconds
    while until not in sent and time.time() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            sent += piece
    return sent


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
@promise("U2", "when the window is closed or the program is ended, the terminal is as before and no decision is lost")
@promise("U3")
def test_a_real_terminal_is_left_as_it_was_and_no_decision_is_lost(tmp_path: Path, home: Path, ending: signal.Signals) -> None:
    with Store(tmp_path / "s.db") as store:
        fill(store)
    terminal, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    command = [sys.executable, "-m", "crosswalk", "review", "day", "--coder", "anna", "--store", str(tmp_path / "s.db")]
    screen = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=heed_signals,
                              env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"})  # fmt: skip
    os.close(slave)
    sent = read(terminal, b"q quit")
    os.write(terminal, b"1")
    sent += read(terminal, b"kept:")
    screen.send_signal(ending)
    sent += read(terminal, b"\x1b[?1049l", 30.0 if ending != signal.SIGKILL else 1.0)
    assert screen.wait(60) == (-ending if ending == signal.SIGKILL else 128 + ending)
    assert b"\x1b]52" not in sent, "a job title wrote to the clipboard"
    if ending != signal.SIGKILL:
        assert b"\x1b[?1049l" in sent, "the alternate screen was not left"
    with Store(tmp_path / "s.db") as store:
        assert store.decisions.settled("day")["k0"].code == "5120"
        assert store.decisions.verify() == 1
