"""What the tests share: a user's folder of their own, the command line as a person calls it, the development data."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("CROSSWALK_SHARED", ROOT.parent / "shared")) / "data"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the development data (../shared/data) is not here")


def heed_signals() -> None:
    """For a child process: take signals as a terminal's child does, even where these tests run with nohup or in the background."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for this test alone."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CROSSWALK_HOME", str(folder))
    return folder


@pytest.fixture
def crosswalk(home: Path) -> Run:
    """Run the command as a process of its own; the test checks the exit code it expects."""

    return run_command


@pytest.fixture(scope="module")
def crosswalk_once(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same for what several tests of a module look at: one user's folder for all of it."""
    environment = {**os.environ, "CROSSWALK_HOME": str(tmp_path_factory.mktemp("home"))}
    return partial(run_command, env=environment)


def run_command(*words: object, code: int = 0, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command and check its exit code."""
    command = [sys.executable, "-c", "from crosswalk.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=300, **more)  # type: ignore[call-overload]
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done
