"""The same codes in the same order, whatever the batch, the number of workers, the hash seed or the run."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crosswalk.coding.autocoder import Autocoder
from crosswalk.text import clean
from tests.conftest import ROOT
from tests.hostile_texts import texts
from tests.promises import promise

CODE = """
import os
from crosswalk.jobs import census
census.SMALL, census.CHUNK = 10, int(os.environ["CHUNK"])
from crosswalk.cli import main
if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def titles() -> list[str]:
    rows = (ROOT / "data" / "isco-88" / "groups.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [row.split("\t")[1] for row in rows]


@promise("B10", "the same codes, order and bytes whatever the batch size, the number of workers, the hash seed or the run")
def test_a_file_is_coded_to_the_same_bytes(tmp_path: Path, titles: list[str]) -> None:
    made = texts(titles, seed=9)
    hostile = [clean(next(made)).replace("\n", " ").replace('"', "'").replace("\u2028", " ")[:200] for _ in range(150)]
    lines = [f'{n},"{title}"' for n, title in enumerate([*titles[:150], *hostile])]
    (tmp_path / "in.csv").write_text("id,title\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "run.py").write_text(CODE)
    seen = set()
    for number, (chunk, workers, seed) in enumerate([(4096, 1, "0"), (7, 2, "1"), (64, 3, "random")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        words = ["code", tmp_path / "in.csv", "--text-column", "title", "--run", "r", "--store", folder / "s.db", "-o", folder / "o.csv"]
        command = [sys.executable, tmp_path / "run.py", *words, "--workers", str(workers)]
        surroundings = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "CHUNK": str(chunk)}
        subprocess.run(command, check=True, capture_output=True, env=surroundings)
        seen.add(hashlib.sha256((folder / "o.csv").read_bytes()).hexdigest())
    assert len(seen) == 1


@promise("B10")
@pytest.mark.parametrize("size", [1, 3, 64, 257])
def test_a_text_has_its_codes_in_any_company(titles: list[str], size: int) -> None:
    coder, asked = Autocoder.open(), titles[:260:5]
    together = [[entry.code for entry in coding.codes] for coding in coder.code(asked)]
    filler = titles[: size - 1]
    apart = [[entry.code for entry in coder.code([text, *filler])[0].codes] for text in asked[:20]]
    assert apart == together[:20]


@promise("B10")
def test_the_hash_seed_changes_no_byte_of_a_look_up(titles: list[str]) -> None:
    answers = set()
    for seed in ("0", "1", "12345"):
        command = [sys.executable, "-m", "crosswalk", "lookup", "--json", "-k", "10", "--", *titles[:40]]
        done = subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        answers.add(done.stdout)
    assert len(answers) == 1
    assert len(json.loads(answers.pop())) == 40
