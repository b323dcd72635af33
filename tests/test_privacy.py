"""Nothing of a respondent leaves the machine or reaches a log unless an office says so."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import click
import pytest

from crosswalk.cli import COMMANDS, cli
from crosswalk.llm.redact import redacted
from tests.conftest import ROOT, Run
from tests.planted import CANARY, KINDS, planted
from tests.promises import promise


@promise("P1", "with --llm-redact e-mails, phone numbers, ids, links and recognisable names are taken out before anything is sent")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_taken_out(kind: str) -> None:
    answers = planted(400, seed=7, kinds=(kind,))
    found = sum(secret not in redacted(text) for text, secret in answers)
    assert found >= KINDS[kind] * len(answers), next(redacted(text) for text, secret in answers if secret in redacted(text))


@promise("P1")
def test_titles_without_a_person_keep_their_words() -> None:
    titles = [line.split("\t")[1] for line in (ROOT / "data" / "isco-08" / "groups.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    assert [redacted(title) for title in titles] == titles
    assert redacted("Jean fitter, Mark maker, Carpenter") == "Jean fitter, Mark maker, Carpenter"


def survey(path: Path, count: int = 40) -> Path:
    rng = random.Random(3)
    rows = [f"{CANARY}{n} {rng.choice(['thing doer', 'worker at the place', 'cook'])},{CANARY}tasks{n}" for n in range(count)]
    path.write_text("job,tasks\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@promise("P2", "what a command says on stderr, and what it says when it breaks, holds no answer of a respondent")
def test_no_answer_is_in_what_commands_say(crosswalk: Run, tmp_path: Path) -> None:
    path, store = survey(tmp_path / "in.csv"), tmp_path / "s.db"
    said = crosswalk("code", path, "--text-column", "job", "--text-column", "tasks", "-o", tmp_path / "o.csv", "--store", store).stderr
    said += crosswalk("code", path, "--text-column", "job", "-o", tmp_path / "p.csv", "--store", store, "--llm", "openai/x", "--llm-url",
                      "http://127.0.0.1:9/v1", "--llm-price", "0/0", env={**os.environ, "OPENAI_API_KEY": "sk-none"}).stderr  # fmt: skip
    said += crosswalk("code", path, "--text-column", "nojob", "-o", tmp_path / "p.csv", "--store", store, code=2).stderr
    (tmp_path / "ragged.csv").write_text(path.read_text() + f"{CANARY},b,c,d\n")
    said += crosswalk("code", tmp_path / "ragged.csv", "--text-column", "job", "-o", tmp_path / "q.csv", "--store", store, code=3).stderr
    assert CANARY not in said


BREAKING = f"""
import sys
from crosswalk.coding import autocoder
def broken(self, *words, **more):
    raise ValueError({CANARY!r} + str(words))
autocoder.Autocoder.code = broken
sys.argv = ["crosswalk", "lookup", {CANARY!r}]
from crosswalk.cli import main
main()
"""


@promise("P2")
def test_a_fault_of_the_program_is_told_without_values() -> None:
    done = subprocess.run([sys.executable, "-c", BREAKING], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError at" in done.stderr
    assert CANARY not in done.stderr + done.stdout


@pytest.mark.slow
@promise("P3", "crosswalk privacy shows every text that --llm would send, where to, after redaction, and sends nothing")
def test_what_would_leave_is_what_is_sent(crosswalk: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("job,tasks\nthing doer anna.berg@example.org,call 20304050\nstuff,Frau Müller\n", encoding="utf-8")
    words = ["privacy", path, "--text-column", "job", "--text-column", "tasks", "--store", tmp_path / "s.db"]
    assert "nothing leaves this machine" in crosswalk(*words).stderr
    assert json.loads(crosswalk(*words, "--json").stdout)["leaves"] is False
    plain = json.loads(crosswalk(*words, "--json", "--llm", "openai/x", "--llm-url", "http://127.0.0.1:9/v1").stdout)
    assert plain["where"] == "openai/x at http://127.0.0.1:9/v1"
    assert {message["title"] for message in plain["messages"]} == {"thing doer anna.berg@example.org", "stuff"}
    clean = crosswalk(*words, "--json", "--llm", "openai/x", "--llm-redact")
    assert "anna.berg" not in clean.stdout
    assert "20304050" not in clean.stdout
    assert json.loads(clean.stdout)["redacted"] == 2
    assert "2 texts would leave this machine, to openai/x" in crosswalk(*words, "--llm", "openai/x").stderr
    assert not (tmp_path / "s.db").exists()


@promise("P3")
def test_it_takes_what_decides_which_texts_are_sent() -> None:
    context = click.Context(cli)
    taken = {name: {o for p in cli.get_command(context, name).params for o in p.opts} for name in ("code", "map", "privacy")}
    of_the_output = {"-o", "--out", "--run", "--workers", "--engine", "--llm-may-decide", "file"}
    assert taken["code"] | taken["map"] <= taken["privacy"] | of_the_output


@pytest.mark.slow
@promise("P3")
def test_what_a_register_settles_and_further_titles_are_told_as_code_and_map_see_them(crosswalk: Run, tmp_path: Path) -> None:
    asked = ["--json", "--llm", "openai/x", "--llm-when", "p<1", "--store", tmp_path / "s.db"]
    (tmp_path / "in.csv").write_text("job,register\nnurse at sea,2221\nthing doer,\n", encoding="utf-8")
    words = ["privacy", tmp_path / "in.csv", "--text-column", "job", "--threshold", "1", *asked]
    titles = [message["title"] for message in json.loads(crosswalk(*words).stdout)["messages"]]
    assert set(titles) == {"nurse at sea", "thing doer"}
    settled = json.loads(crosswalk(*words, "--register-column", "register").stdout)["messages"]
    assert [message["title"] for message in settled] == ["thing doer"]
    (tmp_path / "items.csv").write_text("code,title,more\n11,thing doers,odd jobber; stuff maker\n", encoding="utf-8")
    words = ["privacy", tmp_path / "items.csv", "--index-titles-column", "more", "--pad-codes", "4", *asked]
    assert {message["title"] for message in json.loads(crosswalk(*words).stdout)["messages"]} >= {"odd jobber", "stuff maker"}


WATCH = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind"):
        if not (len(args) > 1 and isinstance(args[1], (str, bytes))):  # a socket in the file system joins processes of this machine
            with open(os.environ["SOCKETS_SEEN"], "a") as seen:
                seen.write(f"{event} {args[1:]} {sys.argv}\\n")
sys.addaudithook(watch)
"""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every Python process that is started tells which network sockets it opens; gives the file it tells them in."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "watch"), str(ROOT)]))
    monkeypatch.setenv("SOCKETS_SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


@promise("L19", "without --llm no command opens a network socket or asks for a name, in its workers neither")
def test_no_command_opens_a_socket(crosswalk: Run, tmp_path: Path, watched: Path) -> None:
    store, groups = ["--store", tmp_path / "s.db"], ROOT / "data" / "isco-88" / "groups.tsv"
    few = tmp_path / "few.tsv"
    few.write_text("".join(groups.read_text(encoding="utf-8").splitlines(keepends=True)[:25]), encoding="utf-8")
    answers = ROOT / "data" / "isco-88" / "unit-groups.tsv"
    journey: list[list[object]] = [
        ["lookup", "bin man"], ["map", few, "--run", "m", *store, "-o", tmp_path / "m.xlsx"],
        ["code", answers, "--text-column", "title", "--run", "c", *store, "-o", tmp_path / "c.csv", "--workers", 2],
        ["runs", *store], ["queue", "c", *store], ["agreement", "c", *store], ["export", "m", "-o", tmp_path / "m.csv", *store],
        ["export", "m", "--format", "sssom", "-o", tmp_path / "m.sssom.tsv", *store], ["index", "info"],
        ["evaluate", answers, "--text-column", "title", "--truth-column", "isco08", "--report", tmp_path / "r.html"],
        ["diff", few, groups], ["discover", few, "--title-column", "title", *store], ["privacy", few],
    ]  # fmt: skip
    for words in journey:
        crosswalk(*words)
    assert not watched.exists(), watched.read_text()
    subprocess.run([sys.executable, "-c", "import socket; socket.getaddrinfo('localhost', 80)"], check=True)
    assert watched.exists(), "the watch would not have seen anything"


@promise("L19")
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_is_imported_without_a_socket_or_a_process(command: str) -> None:
    code = f"""
import sys
def refuse(event, args):
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn")):
        raise SystemExit(f"{{event}} {{args}}")
sys.addaudithook(refuse)
import crosswalk.cli.{command}_command
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@promise("L19")
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_it_works_where_there_is_no_network_at_all(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lends no network namespaces")
    command = ["unshare", "-rn", sys.executable, "-m", "crosswalk", "lookup", "bin man", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["codes"][0]["code"] == "9611"
