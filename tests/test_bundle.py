import importlib.metadata
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from crosswalk import manifest
from crosswalk.errors import UsageError
from crosswalk.jobs import bundling
from tests.conftest import ROOT, Run
from tests.promises import promise


def without_network() -> list[str]:
    """Words that run a command where no network is; skips where that cannot be had."""
    words = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a namespace without network needs unshare (util-linux) and the right to use it")
    return words


@pytest.mark.slow
@promise("D5", "one folder holds all that an installation without a network needs; a changed file is refused")
def test_from_the_folder_a_machine_without_network_is_installed_and_codes(tmp_path: Path, crosswalk: Run) -> None:
    alone = without_network()
    folder = tmp_path / "offline"
    reached = subprocess.run(
        [shutil.which("python3") or "python3", "-m", "pip", "download", "--no-deps", "-q", "-d", str(tmp_path / "try"), "click==8.5.1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if reached.returncode:
        pytest.skip("pip reaches no package index here")
    said = crosswalk("bundle", folder).stderr
    assert f"written: {folder}" in said
    manifest.verify(folder, manifest.read(folder))
    installed = subprocess.run(
        [*alone, "sh", str(folder / "install.sh"), "place"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert installed.returncode == 0, installed.stderr
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    asked = subprocess.run([*alone, str(tmp_path / "place" / "bin" / "crosswalk"), "lookup", "bin man", "-k", "1"],
                           cwd=tmp_path, capture_output=True, text=True, check=False, env=clean)  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert "\t9611\t" in asked.stdout
    wheel = next((folder / "wheels").glob("click-*.whl"))
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    refused = subprocess.run([*alone, "sh", str(folder / "install.sh"), "other"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr


def test_what_cannot_be_meant_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="not an empty folder"):
        bundling.write_bundle(tmp_path, [], [], print)
    with pytest.raises(UsageError, match="there is no extra 'parket'"):
        bundling.write_bundle(tmp_path / "new", ["parket"], [], print)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_installed_crosswalk_is_put_together_as_a_wheel_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    facts = site / "isco_crosswalk-9.9.dist-info"
    facts.mkdir(parents=True)
    shutil.copytree(ROOT / "crosswalk" / "files", site / "crosswalk", ignore=shutil.ignore_patterns("__pycache__"))
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: isco-crosswalk\nVersion: 9.9\n", encoding="utf-8")
    (facts / "WHEEL").write_text("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n", encoding="utf-8")
    (facts / "INSTALLER").write_text("pip\n", encoding="utf-8")
    listed = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*")) if path.is_file()]
    (facts / "RECORD").write_text("".join(f"{name},,\n" for name in [*listed, "../../bin/crosswalk"]), encoding="utf-8")
    found = importlib.metadata.PathDistribution(facts)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found)
    wheel = bundling.installed_as_wheel(tmp_path)
    assert wheel.name == "isco_crosswalk-9.9-py3-none-any.whl"
    packed = zipfile.ZipFile(wheel)
    assert sorted(packed.namelist()) == sorted([*(name for name in listed if "INSTALLER" not in name), f"{facts.name}/RECORD"])
    done = subprocess.run([shutil.which("python3") or "python3", "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                           "--target", str(tmp_path / "again"), str(wheel)], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again/crosswalk/table.py").read_bytes() == (ROOT / "crosswalk/files/table.py").read_bytes()
