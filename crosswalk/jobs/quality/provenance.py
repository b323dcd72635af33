"""Where figures come from: fingerprints of data, model and rules, and the command that repeats them."""

import platform
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from crosswalk import __version__, manifest
from crosswalk.coding.autocoder import Autocoder, find_index
from crosswalk.manifest import sha256_of


@dataclass(frozen=True)
class Provenance:
    """All that the figures depend on. ``prompts`` are fingerprints of what an LLM was asked with, none where none was asked."""

    made: str
    commands: tuple[str, ...]
    data: str
    data_sha256: str
    scheme: str
    index: str
    index_titles: int
    index_sources: tuple[str, ...]
    encoder: str
    rules: str
    prompts: tuple[str, ...]
    crosswalk: str
    python: str
    numpy: str


def command_line() -> str:
    """The command as it was typed."""
    return shlex.join(["crosswalk", *sys.argv[1:]])


def provenance(command: str, data: Path, scheme: str, coder: Autocoder, rules: str = "", prompts: tuple[str, ...] = ()) -> Provenance:
    """What the figures of a file depend on."""
    return from_run((command,), data.name, sha256_of(data), scheme, coder, rules, prompts)


def from_run(
    commands: tuple[str, ...], data: str, digest: str, scheme: str, coder: Autocoder, rules: str = "", prompts: tuple[str, ...] = ()
) -> Provenance:
    """The same where the file is known by its name and hash alone."""
    facts = manifest.read(find_index(scheme))
    sources = tuple(str(source) for source in facts.get("sources", ()))
    encoder = str(facts.get("encoder") or "in the index")
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Provenance(
        made, commands, data, digest, coder.classification.scheme, coder.fingerprint, len(coder.retriever.book), sources, encoder, rules,
        prompts, __version__, platform.python_version(), version("numpy"),
    )  # fmt: skip
