"""Refuses forbidden releases: python supply/check.py. Looks at constraints.txt, at what is installed, and for code that runs at start."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from sysconfig import get_path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
USUAL_PTH = {"distutils-precedence.pth", "__editable__.pth"}


def forbidden() -> list[tuple[str, list[SpecifierSet], str]]:
    """Package, its forbidden versions (none: all of them), and why."""
    entries = []
    for line in (ROOT / "supply" / "forbidden.txt").read_text(encoding="utf-8").splitlines():
        facts, _, why = line.partition("#")
        name, _, versions = facts.strip().partition(" ")
        if name:
            entries.append(
                (str(canonicalize_name(name)), [SpecifierSet(part.strip()) for part in versions.split(",") if part.strip()], why.strip())
            )
    return entries


def faults(pins: dict[str, str], where: str) -> Iterator[str]:
    """A line for each pin that is forbidden."""
    for name, versions, why in forbidden():
        version = pins.get(name)
        if version and (not versions or any(each.contains(version, prereleases=True) for each in versions)):
            yield f"{where}: {name} {version} is forbidden: {why}"


def pinned(path: Path = ROOT / "constraints.txt") -> dict[str, str]:
    """Name and version of every pin."""
    pins = (re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line) for line in path.read_text(encoding="utf-8").splitlines())
    return {str(canonicalize_name(pin.group(1))): pin.group(2) for pin in pins if pin}


def installed() -> dict[str, str]:
    """Name and version of every package of this environment."""
    return {str(canonicalize_name(each.metadata["Name"])): each.version for each in distributions()}


def starters(folder: Path) -> Iterator[str]:
    """Files that run code whenever Python starts: how a hijacked release stays."""
    for path in sorted(folder.glob("*.pth")):
        runs = any(line.startswith(("import ", "import\t")) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
        if runs and path.name not in USUAL_PTH and not path.name.startswith("__editable__"):
            yield f"{path} runs code whenever Python starts"


def main() -> None:
    """Print what is wrong; exit 1 where there is anything."""
    found = [*faults(pinned(), "constraints.txt"), *faults(installed(), "installed"), *starters(Path(get_path("purelib")))]
    print("\n".join(found) or f"none of {len(forbidden())} forbidden releases is pinned or installed; nothing runs when Python starts")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
