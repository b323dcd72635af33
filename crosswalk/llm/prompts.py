"""Prompts: one TOML file each, known by a fingerprint of what is sent."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from crosswalk.errors import ModelError
from crosswalk.places import shipped


@dataclass(frozen=True)
class Prompt:
    """The unchanging part of every message. ``max_tokens`` bounds the reply."""

    name: str
    system: str
    max_tokens: int

    @property
    def fingerprint(self) -> str:
        """Hash of all that the file says: an answer belongs to the prompt it was given to."""
        return hashlib.sha256(json.dumps([self.name, self.system, self.max_tokens]).encode()).hexdigest()[:12]


def load_prompt(name: str = "rerank", folder: Path | None = None) -> Prompt:
    """Read a prompt. Raises ModelError when its file is missing or is none."""
    path = (folder or shipped("prompts")) / f"{name}.toml"
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        return Prompt(str(facts["name"]), str(facts["system"]).strip(), int(facts["max_tokens"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the prompt cannot be used ({error!r})", where=str(path), hint="install crosswalk again") from None
