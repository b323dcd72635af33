"""Writes supply/locked.txt: every pin of constraints.txt with the hash of its file, for pip's --require-hashes.

python supply/hashes.py        (with a package index; for the system and the Python that run it)

torch stands apart: offices take its CPU build from a file or mirror of their own, whose hash `pip hash FILE` prints.
"""

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APART = {"torch"}


def locked() -> list[str]:
    """A line a package: name, version, sha256 of the file that pip would take here."""
    pins = [
        line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and line.split("==")[0] not in APART
    ]
    with tempfile.TemporaryDirectory() as folder:
        wanted, report = Path(folder) / "wanted.txt", Path(folder) / "report.json"
        wanted.write_text("\n".join(pins))
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--dry-run",
            "--ignore-installed",
            "--no-deps",
            "--report",
            str(report),
        ]
        subprocess.run([*command, "-r", str(wanted)], check=True)
        found = json.loads(report.read_text())["install"]
    lines = []
    for entry in found:
        name, version = entry["metadata"]["name"], entry["metadata"]["version"]
        lines.append(f"{name}=={version} --hash=sha256:{entry['download_info']['archive_info']['hashes']['sha256']}")
    return sorted(lines, key=str.casefold)


def main() -> None:
    """Write the file."""
    made = locked()
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    head = f"# Made by python supply/hashes.py for {platform.system()} {platform.machine()}, {python}."
    use = "# Use: pip install --require-hashes --no-deps -r supply/locked.txt   (torch, for the extra transformers, stands apart)"
    (ROOT / "supply" / "locked.txt").write_text("\n".join([head, use, *made]) + "\n", encoding="utf-8")
    print(f"supply/locked.txt: {len(made)} packages")


if __name__ == "__main__":
    main()
