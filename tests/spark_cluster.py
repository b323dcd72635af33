"""A real standalone Spark cluster for the tests: a master and workers of pyspark's own, each a process that can be killed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None, reason="Spark needs pyspark (extra spark) and Java 17"
)


class Cluster:
    """One master and its workers, one core each, on this machine alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {
            **os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]), "SPARK_DAEMON_MEMORY": "256m",
        }  # fmt: skip
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int) -> None:
        self.master = self._start("master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        self.address = self._said(self.master, r"Starting Spark master at (spark://\S+)")
        words = ("--host", "127.0.0.1", "--cores", "1", "--memory", "1g", "--webui-port", "0")
        self.workers = [
            self._start("worker.Worker", *words, "--work-dir", str(self.folder / f"work{n}"), self.address) for n in range(workers)
        ]
        for worker in self.workers:
            self._said(worker, r"(Successfully registered with master)")

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        """As when a machine dies: the worker, its executor and the Python processes of it, all at once."""
        for process in reversed(family(worker.pid)):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        worker.wait()

    def stop(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                self.kill(process)

    def coding(self, worker: "subprocess.Popen[bytes]") -> bool:
        """Whether a Python process of the worker's executor has opened the index: it is in the middle of coding."""
        return any("semantic.faiss" in maps(process) or "_swigfaiss" in maps(process) for process in family(worker.pid))

    def _start(self, name: str, *words: str) -> "subprocess.Popen[bytes]":
        import pyspark

        home = Path(pyspark.__file__).parent
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *words]
        number = len(self._processes)
        with (self.folder / f"log{number}").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**self._environment, "SPARK_HOME": str(home)})
        self._processes.append(process)
        return process

    def _said(self, process: "subprocess.Popen[bytes]", pattern: str) -> str:
        log = self.folder / f"log{self._processes.index(process)}"
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and process.poll() is None:
            found = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))
            if found:
                return found[1]
            time.sleep(0.2)
        raise AssertionError(f"{pattern} was not said:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for number in found:
        for path in Path(f"/proc/{number}/task").glob("*/children"):
            try:
                found += map(int, path.read_text(encoding="ascii").split())
            except OSError:
                continue
    return found


def maps(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()
