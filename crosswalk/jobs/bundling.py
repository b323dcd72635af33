"""A folder to install crosswalk from on a machine without a network: wheels, indexes, hashes, and how to.

pip does the gathering and, on the other side, the checking: every wheel stands in requirements.txt with its sha256.
"""

import base64
import hashlib
import importlib.metadata
import platform
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswalk import __version__, manifest, places
from crosswalk.coding.autocoder import find_index
from crosswalk.errors import DataError, UsageError

NAME = "isco-crosswalk"
_MARKS_OF_AN_INSTALLATION = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json"}

_INSTALL = """#!/bin/sh
# Installs crosswalk into a folder of its own, without any network: sh install.sh [FOLDER]
set -eu
target=${1:-crosswalk}
case "$target" in /*) ;; *) target=$PWD/$target ;; esac
cd "$(dirname "$0")"
python3 -c 'import sys; sys.exit(sys.version_info[:2] != (MAJOR, MINOR))' || { echo "Python MAJOR.MINOR is needed here" >&2; exit 1; }
python3 -m venv "$target"
"$target/bin/python" -m pip install --no-index --find-links wheels --require-hashes -r requirements.txt
echo "installed: $target/bin/crosswalk" >&2
"""

_README = """crosswalk {version}, to be installed without a network
Made for Python {python} on {system}. Copy this folder to the other machine; there, in this folder:

    python3 -m venv crosswalk
    crosswalk/bin/python -m pip install --no-index --find-links wheels --require-hashes -r requirements.txt

(or: sh install.sh FOLDER; on Windows: crosswalk\\Scripts\\python). pip refuses a wheel whose sha256 is not the one in requirements.txt.
manifest.json has the sha256 of every file here. Then:

    crosswalk/bin/crosswalk lookup "bus driver"
{indexes}"""


@dataclass(frozen=True)
class Bundle:
    """What was written: the folder, its wheels, its indexes, and bytes in all."""

    folder: Path
    wheels: int
    indexes: Sequence[str]
    size: int


def write_bundle(folder: Path, extras: Sequence[str], schemes: Sequence[str], say: Callable[[str], None]) -> Bundle:
    """Gather everything in a folder beside, check that it can be installed from, and rename it.

    Raises UsageError for a folder that holds something and for extras there are not, DataError when pip cannot gather or install.
    """
    _refuse_unknown(extras)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("this is not an empty folder", where=str(folder), hint="name a new one")
    indexes = {Path(scheme).resolve().name: find_index(scheme) for scheme in schemes}
    staged = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        (staged / "wheels").mkdir(parents=True)
        say("gathering wheels: pip does it, which may take minutes")
        _gather_wheels(staged, extras)
        for name, source in indexes.items():
            manifest.verify(source, manifest.read(source))
            shutil.copytree(source, staged / "indexes" / name)
        _write_words(staged, list(indexes))
        say("checking that it can be installed from")
        _pip("install", "--dry-run", "--ignore-installed", "--no-index", "--find-links", str(staged / "wheels"),
             "--require-hashes", "-r", str(staged / "requirements.txt"))  # fmt: skip
        facts = {"crosswalk": __version__, "python": _python(), "platform": platform.platform(), "extras": sorted(extras)}
        sealed = manifest.seal(staged, facts)
        if folder.exists():
            folder.rmdir()
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    size = sum(file["bytes"] for file in sealed["files"].values())
    return Bundle(folder, sum(1 for _ in (folder / "wheels").iterdir()), list(indexes), size)


def _checkout() -> Path | None:
    """The folder of the sources, where crosswalk runs from them."""
    folder = places.shipped()
    return folder if (folder / "pyproject.toml").is_file() else None


def _refuse_unknown(extras: Sequence[str]) -> None:
    checkout = _checkout()
    if checkout:
        known = set(tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])
    else:
        known = set(importlib.metadata.metadata(NAME).get_all("Provides-Extra") or [])
    unknown = [extra for extra in extras if extra not in known]
    if unknown:
        raise UsageError(f"there is no extra {unknown[0]!r}", where="--extra", hint=f"extras: {', '.join(sorted(known))}")


def _gather_wheels(staged: Path, extras: Sequence[str]) -> None:
    """crosswalk and all it needs, as wheels: at the versions of constraints.txt in a checkout, else at those installed here."""
    checkout, constraints = _checkout(), staged / "constraints.txt"
    if checkout:
        shutil.copyfile(checkout / "constraints.txt", constraints)
    else:
        versions = {each.metadata["Name"]: each.version for each in importlib.metadata.distributions() if each.metadata["Name"] != NAME}
        constraints.write_text("".join(f"{name}=={versions[name]}\n" for name in sorted(versions)), encoding="utf-8")
    own = checkout or installed_as_wheel(staged / "wheels")
    wanted = f"{NAME}[{','.join(sorted(extras))}]" if extras else NAME
    _pip("wheel", "--wheel-dir", str(staged / "wheels"), "-c", str(constraints), f"{wanted} @ {own.resolve().as_uri()}")
    constraints.unlink()


def installed_as_wheel(folder: Path) -> Path:
    """The crosswalk that is installed here, put together again as the wheel it came from. Raises DataError when files of it are missing."""
    distribution = importlib.metadata.distribution(NAME)
    wheel = folder / f"{NAME.replace('-', '_')}-{distribution.version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in distribution.files or []:
            if file.parts[0] == ".." or file.suffix == ".pyc" or file.name in _MARKS_OF_AN_INSTALLATION:
                continue
            try:
                content = file.read_binary()
            except OSError as error:
                raise DataError(f"crosswalk is not whole ({error.strerror})", where=str(file), hint="install it again") from None
            packed.writestr(file.as_posix(), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{file.as_posix()},sha256={digest},{len(content)}")
        name = next(line.split("/")[0] for line in record if ".dist-info/" in line)
        packed.writestr(f"{name}/RECORD", "\n".join([*record, f"{name}/RECORD,,", ""]))
    return wheel


def _write_words(staged: Path, indexes: Sequence[str]) -> None:
    """requirements.txt with every wheel and its hash, install.sh and README.txt."""
    wheels = sorted((staged / "wheels").glob("*.whl"))
    lines = [f"{'=='.join(wheel.name.split('-')[:2])} --hash=sha256:{manifest.sha256_of(wheel)}\n" for wheel in wheels]
    (staged / "requirements.txt").write_text("".join(lines), encoding="utf-8")
    major, minor = sys.version_info[:2]
    script = _INSTALL.replace("MAJOR", str(major)).replace("MINOR", str(minor))
    (staged / "install.sh").write_text(script, encoding="utf-8", newline="\n")
    more = "".join(f"    crosswalk/bin/crosswalk lookup --scheme indexes/{name} TITLE\n" for name in indexes)
    words = _README.format(version=__version__, python=_python(), system=f"{platform.system()} ({platform.machine()})", indexes=more)
    (staged / "README.txt").write_text(words, encoding="utf-8")


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _pip(*words: str) -> None:
    """Run pip. Raises DataError with its last error."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or done.stderr.splitlines() or ["no word"]
        raise DataError(
            f"pip {words[0]} failed: {errors[-1].removeprefix('ERROR: ')[:300]}",
            hint="is the package index within reach, or a mirror of it named in pip's settings?",
        )
