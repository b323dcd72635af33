"""The service under load: look-ups as people type, at a fixed rate, whether or not the answers before have come.

Times run from the moment a look-up was due (an answer that holds up the next is not forgiven), over connections that are kept.
Service and load share this machine's cores. Texts are beginnings of index titles, as they stand while somebody types.
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Start the service, warm it, load it, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="look-ups a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--connections", type=int, default=40)
    options = parser.parse_args()
    command = [sys.executable, "-c", "from crosswalk.cli import main; main()", "serve", "--port", "0", "--rate", "2000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        try:
            port = int(re.search(r":(\d+) ", service.stderr.readline())[1])
            asyncio.run(load(port, typed(options.rate * 2), options.rate, 2, options.connections))  # warm: imports, first pages
            before, spent = remembered(port), cpu_seconds(service.pid)
            taken, failed = asyncio.run(
                load(port, typed(options.rate * options.seconds), options.rate, options.seconds, options.connections)
            )
            tell(taken, failed, remembered(port) - before, options)
            print(f"{1000 * (cpu_seconds(service.pid) - spent) / len(taken):.2f} ms of CPU a look-up (the service alone)")
            bulk(port)
        finally:
            service.terminate()


def typed(count: int) -> list[str]:
    """Beginnings of titles."""
    titles = [line.split("\t")[1] for line in (ROOT / "data/index-titles/isco-08.en.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    chance = random.Random(count)
    return [title[: chance.randint(3, max(3, len(title)))] for title in chance.choices(titles, k=count)]


async def load(port: int, texts: list[str], rate: int, seconds: int, connections: int) -> tuple[list[float], int]:
    """Seconds each look-up took, and how many failed."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    taken, failed, began = [], 0, time.perf_counter()

    async def look_up(text: str, due: float) -> None:
        nonlocal failed
        reader, writer = await free.get()
        writer.write(f"GET /lookup?q={quote(text)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))
        taken.append(time.perf_counter() - due)
        failed += b" 200 " not in head.split(b"\r\n")[0]
        free.put_nowait((reader, writer))

    running = []
    for number, text in enumerate(texts[: rate * seconds]):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        running.append(asyncio.create_task(look_up(text, due)))
    await asyncio.gather(*running)
    return taken, failed


def remembered(port: int) -> int:
    """Look-ups that the service answered from memory."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return int(float(re.search(r"^crosswalk_lookups_remembered_total (\S+)", page, re.MULTILINE)[1]))


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(taken: list[float], failed: int, from_memory: int, options: argparse.Namespace) -> None:
    """Print the figures."""
    p50, p95, p99 = (1000 * float(np.percentile(taken, p)) for p in (50, 95, 99))
    print(f"{len(taken):,} look-ups at {options.rate}/s over {options.connections} connections: {failed} failed, {from_memory} from memory")
    print(f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, longest {1000 * max(taken):.0f} ms (target p95 < 30 ms)")


def bulk(port: int) -> None:
    """Batches of 1,000 texts, one after another."""
    texts, began = typed(5000), time.perf_counter()
    for start in range(0, len(texts), 1000):
        body = json.dumps({"texts": texts[start : start + 1000]}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/code", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()
    print(f"/code: {len(texts) / (time.perf_counter() - began):,.0f} texts/s in batches of 1,000")


if __name__ == "__main__":
    main()
