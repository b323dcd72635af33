"""The Dockerfile is not built here; what it says is held against the README, the command and the package."""

import json
import re
import tomllib

from click.testing import CliRunner

from crosswalk.cli import cli
from tests.conftest import ROOT

LINES = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_it_installs_as_the_readme_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    runs = [line.removeprefix("RUN ") for line in LINES if line.startswith("RUN ")]
    assert runs[0] in readme
    plain = re.sub(r"'\.\[[\w,]+\]'", ".", runs[1]).replace(" --no-cache-dir", "")
    assert plain in readme
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.search(r"\.\[([\w,]+)\]", runs[1])
    assert extras
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    assert LINES[0].split(":")[1].removesuffix("-slim") in project["requires-python"]


def test_it_starts_a_command_there_is_without_rights_and_with_a_token() -> None:
    words = json.loads(next(line for line in LINES if line.startswith("CMD ")).removeprefix("CMD "))
    assert words[0] == ".venv/bin/crosswalk"
    refused = CliRunner(env={"CROSSWALK_TOKEN": ""}).invoke(cli, words[1:])
    assert "there is no token" in str(refused.exception)
    assert LINES.index("USER coder") < LINES.index(next(line for line in LINES if line.startswith("CMD ")))
    assert f"EXPOSE {words[-1]}" in LINES
    assert f"127.0.0.1:{words[-1]}:{words[-1]}" in (ROOT / "docs" / "how-to-serve.md").read_text(encoding="utf-8")


def test_what_is_copied_leaves_out_nothing_that_the_wheel_needs() -> None:
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = ["crosswalk", "README.md", "LICENSE", "constraints.txt", "pyproject.toml"]
    needed += project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert not set(left_out) & set(needed)
