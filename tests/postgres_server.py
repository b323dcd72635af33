"""A real PostgreSQL server of Debian's packages for the tests: in a folder of its own, reached by a socket in it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
needs_postgres = pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed (apt-get install postgresql)")
ACCOUNT = "postgres" if os.geteuid() == 0 else None
"""The server refuses to run as root."""


class Server:
    """One server; ``address`` makes a new, empty database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._databases = 0
        self._run("initdb", "-D", folder / "data", "-U", "coder", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nmax_connections = 80\nshared_buffers = 32MB\n")
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-t", "120", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "fast", "-w", "stop")

    def kill(self) -> None:
        """As when the machine dies: the server's processes are killed, and given no chance to write anything."""
        pid_file = self.folder / "data" / "postmaster.pid"
        postmaster = int(pid_file.read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGSTOP)  # else it starts another while its children are counted
        children = [int(word) for word in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
        for process in [*children, postmaster]:
            os.kill(process, signal.SIGKILL)
        while not all(_state(process) == "Z" for process in [postmaster, *children]):
            time.sleep(0.05)
        for left in (pid_file, *self.folder.glob(".s.PGSQL.*")):
            left.unlink()  # a machine that starts again has no process of that number

    def address(self) -> str:
        self._databases += 1
        name = f"store_{self._databases}"
        self._run("createdb", "-h", self.folder, "-U", "coder", name)
        return f"postgresql:///{name}?host={self.folder}&user=coder"

    def _run(self, program: str, *words: object) -> None:
        assert PROGRAMS
        command = [str(PROGRAMS / program), *map(str, words)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=ACCOUNT, cwd="/", check=False, text=True)
        log = self.folder / "log"
        assert done.returncode == 0, done.stdout + (log.read_text()[-2000:] if log.exists() else "")


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "Z"


@contextmanager
def running_server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a short name: that of a socket has 107 characters at most
    if ACCOUNT:
        shutil.chown(folder, ACCOUNT)
    folder.chmod(0o700)
    server = None
    try:
        server = Server(folder)
        yield server
    finally:
        if server and (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
