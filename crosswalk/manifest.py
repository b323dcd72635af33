"""The list of a folder's files with their sha256: checked at load, so that a damaged file is never used."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crosswalk.errors import IndexFolderError

MANIFEST = "manifest.json"


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write to a temporary name beside ``path``; on success fsync and rename, on failure leave ``path`` as it was."""
    with replacing_all([path]) as temporaries:
        yield temporaries[0]


@contextmanager
def replacing_all(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Like ``replacing`` for files that belong together: none is renamed before all are written and flushed."""
    temporaries: list[Path] = []
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part")
            os.close(handle)
            temporaries.append(Path(name))
        yield temporaries
        for temporary, path in zip(temporaries, paths, strict=True):
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(_rights(path))
        for temporary, path in zip(temporaries, paths, strict=True):
            temporary.replace(path)
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)


def _rights(path: Path) -> int:
    """Those of the file that is replaced; a new one is whose the system's mask lets, as if it had been opened by its name."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask


def write_json(path: Path, value: object) -> None:
    """Write readable JSON in one step."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def seal(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write the manifest of everything in ``folder``; ``facts`` (scheme, sources ...) stand beside the hashes. All may read."""
    for path in _files(folder):
        path.chmod(0o644)
    files = {path.relative_to(folder).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size} for path in _files(folder)}
    manifest = {**facts, "files": files}
    write_json(folder / MANIFEST, manifest)
    return manifest


def _files(folder: Path) -> list[Path]:
    """What a manifest lists: every file but itself and hidden ones."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p != folder / MANIFEST and not p.name.startswith(".")]


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder. Raises IndexFolderError when there is none, or none that can be believed."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise IndexFolderError(
            "no manifest.json here, so this is not an index folder",
            where=str(folder),
            hint="name a folder made by 'crosswalk index build' or 'crosswalk fit'",
        ) from None
    except OSError as error:
        raise IndexFolderError(
            f"manifest.json cannot be read ({error.strerror})", where=str(folder)[:200], hint="check the folder and its permissions"
        ) from None
    except (ValueError, RecursionError) as error:
        raise IndexFolderError(f"manifest.json is damaged ({error})", where=str(folder), hint=_REBUILD) from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise IndexFolderError("manifest.json does not list the folder's files", where=str(folder), hint=_REBUILD)
    if not all(_is_entry(name, entry) for name, entry in manifest["files"].items()) or not _are_facts(manifest):
        raise IndexFolderError("manifest.json is damaged (a value of another kind)", where=str(folder), hint=_REBUILD)
    return manifest


def _is_entry(name: str, entry: object) -> bool:
    """A file inside the folder, with its hash and its size."""
    inside = not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and "\0" not in name
    known = isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("bytes"), int)
    return inside and known


def _are_facts(manifest: Mapping[str, Any]) -> bool:
    """What is printed of an index is there, and of its kind."""
    sources = manifest.get("sources", [])
    return isinstance(manifest.get("titles", 0), int) and isinstance(sources, list) and all(isinstance(source, str) for source in sources)


def verify(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Compare every file with its hash; there must be no others. Raises IndexFolderError naming the first that differs."""
    try:
        _verify(folder, manifest)
    except OSError as error:
        raise IndexFolderError(f"{error.filename} cannot be read ({error.strerror})", where=str(folder), hint=_REBUILD) from None


@contextmanager
def verifying(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Callable[[], None]]:
    """Verify a folder while it is being opened; what is given waits for the verdict, which comes at the end in any case.

    Only files whose reader refuses a damaged one itself may be read before the verdict. A fault of theirs gives way to it.
    """
    with ThreadPoolExecutor(1) as pool:
        verdict = pool.submit(verify, folder, manifest)
        try:
            yield verdict.result
        finally:
            verdict.result()


def _verify(folder: Path, manifest: Mapping[str, Any]) -> None:
    strange = sorted({path.relative_to(folder).as_posix() for path in _files(folder)} - set(manifest["files"]))
    if strange:
        raise IndexFolderError(f"{strange[0]} is not listed in manifest.json", where=str(folder), hint=_REBUILD)
    names = list(manifest["files"])
    for name in names:
        if not (folder / name).is_file():
            raise IndexFolderError(f"{name} is missing", where=str(folder), hint=_REBUILD)
    with ThreadPoolExecutor(2) as pool:
        digests = pool.map(sha256_of, (folder / name for name in names))
        differing = [name for name, digest in zip(names, digests, strict=True) if digest != manifest["files"][name]["sha256"]]
    if differing:
        raise IndexFolderError(f"{differing[0]} is not the file that was built (its sha256 differs)", where=str(folder), hint=_REBUILD)


_REBUILD = "build it again with 'crosswalk index build', or install crosswalk again"
