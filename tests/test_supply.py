"""What is installed with crosswalk: pinned, hashed, listed, none of it forbidden."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from supply.check import faults, forbidden, installed, pinned, starters
from supply.sbom import bill
from tests.conftest import ROOT
from tests.promises import promise


@promise("D1", "forbidden releases are neither pinned nor installed, and files that run code at every start are told")
def test_nothing_forbidden_is_pinned_or_installed() -> None:
    assert [*faults(pinned(), "constraints"), *faults(installed(), "installed")] == []
    assert pinned()["litellm"] == "1.95.0"
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "litellm==" in text
    assert "litellm[proxy]" not in text


@promise("D1")
@pytest.mark.parametrize("pin", ["litellm==1.82.7", "litellm==1.82.8", "litellm==1.83.9", "pysqlite3-binary==0.5.4", "transformers==5.2.0"])
def test_a_forbidden_release_would_be_found(pin: str) -> None:
    name, _, version = pin.partition("==")
    assert list(faults({name: version}, "x"))
    assert name in {each for each, _, _ in forbidden()}


@promise("D1")
def test_a_planted_starter_is_told(tmp_path: Path) -> None:
    (tmp_path / "evil.pth").write_text("import os; os.system('true')\n")
    (tmp_path / "folder.pth").write_text("/somewhere\n")
    assert len(list(starters(tmp_path))) == 1


@promise("D1")
def test_pip_refuses_a_file_whose_hash_is_another(tmp_path: Path) -> None:
    """The locked file's form is one that pip checks: a wheel of our own, under a wrong hash."""
    wheel = tmp_path / "evil-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "locked.txt").write_text(f"evil @ file://{wheel} --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--require-hashes", "--dry-run", "-r", str(tmp_path / "locked.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "DO NOT MATCH" in done.stderr


@promise("D1")
def test_the_locked_file_names_the_pins_and_no_host() -> None:
    text = (ROOT / "supply" / "locked.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = pinned()
    pins.pop("torch")
    assert pinned(ROOT / "supply" / "locked.txt") == pins
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)) == len(pins)


@promise("D7", "a release comes with a bill of materials (CycloneDX), the same bytes for the same environment")
def test_the_bill_of_materials_is_whole_and_repeats() -> None:
    made = bill()
    assert json.dumps(made) == json.dumps(bill())
    assert made["bomFormat"] == "CycloneDX"
    components = {each["name"].lower() for each in made["components"]}  # type: ignore[index, attr-defined]
    assert {"click", "numpy", "textual", "faiss-cpu"} <= components
    references = {each["bom-ref"] for each in made["components"]} | {"isco-crosswalk"}  # type: ignore[index, attr-defined]
    assert all(set(each["dependsOn"]) <= references for each in made["dependencies"])  # type: ignore[index, attr-defined]
