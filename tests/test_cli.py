import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from crosswalk import output
from crosswalk.cli import COMMANDS
from tests.conftest import ROOT, Run
from tests.promises import promise


def test_lookup_as_json_is_what_others_rely_on(crosswalk: Run) -> None:
    found = json.loads(crosswalk("lookup", "bin man", "-97", "--json").stdout)
    assert [answer["text"] for answer in found] == ["bin man", "-97"]
    assert set(found[0]["codes"][0]) == {"code", "title", "probability", "matched", "scores"}
    assert len(found[0]["codes"]) <= 6
    assert found[1]["codes"] == []
    assert found[1]["none"] == 1.0


def test_a_pipe_gets_tab_separated_rows(crosswalk: Run) -> None:
    lines = crosswalk("lookup", "bin man", "-k", 1).stdout.splitlines()
    assert lines[0].split("\t") == ["text", "code", "title", "p", "matched"]
    assert lines[1].split("\t")[1] == "9611"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_or_options(crosswalk: Run, command: str) -> None:
    assert "Usage" in crosswalk(command, "--help").stdout


def test_a_mistyped_command_names_the_nearest(crosswalk: Run) -> None:
    assert "did you mean 'lookup'?" in crosswalk("lokup", code=2).stderr


def test_a_survey_without_a_text_column_is_told_its_columns(crosswalk: Run, tmp_path: Path) -> None:
    refused = crosswalk("code", ROOT / "data" / "tutorial" / "answers.csv", "-o", tmp_path / "x.csv", code=2)
    assert "columns: person, answer, industry, isco08" in refused.stderr


def test_an_unknown_run_names_those_there_are(crosswalk: Run, tmp_path: object) -> None:
    refused = crosswalk("export", "nothing", "-o", f"{tmp_path}/a.csv", "--store", f"{tmp_path}/s.db", code=2)
    assert "runs in this store" in refused.stderr


@promise("D2", "importing it opens no socket, starts no process and loads no heavy library")
@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import crosswalk", {"numpy", "click"}),
        ("from crosswalk.cli import cli", {"numpy", "rich", "textual", "sqlite_utils", "faiss", "tokenizers", "python_calamine"}),
        (
            "import crosswalk; crosswalk.Autocoder",
            {"torch", "sentence_transformers", "sqlite_utils", "rich", "python_calamine", "scipy", "sklearn"},
        ),
    ],
)
def test_heavy_imports_wait_until_they_are_needed(statement: str, unwanted: set[str]) -> None:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not unwanted & set(done.stdout.split())


def test_no_command_opens_a_socket_or_starts_a_process(home: object) -> None:
    code = """
import sys
def refuse(event, args):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system")):
        raise SystemExit(f"{event} {args}")
sys.addaudithook(refuse)
sys.argv = ["crosswalk", "lookup", "bin man"]
from crosswalk.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "9611" in done.stdout


def test_the_reference_is_made_from_the_commands() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    from make_reference import reference  # type: ignore[import-not-found]

    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference(), "run python docs/make_reference.py"


def test_readme_commands_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {line.split()[1] for line in text.splitlines() if line.strip().startswith("crosswalk ")}
    assert named
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("room", [65, 80])
def test_a_table_folds_its_longest_texts_and_breaks_words_only_where_it_must(
    room: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(room))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    columns = ["run", "begun", "share automatic", "title", "", "verdict"]
    output.print_table(
        columns, [["answers-b5e0ed", "2026-11-28", "53.3%", "Services Managers Not Elsewhere Classified 美容師", "", "first"]]
    )
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(cell_len, lines)) <= room
    assert "verdict" in lines[0] + lines[1]
    assert all(word in " ".join(lines) for word in ("first", "automatic", "Elsewhere"))
