import csv
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crosswalk import manifest
from crosswalk.coding.rules import Rules
from crosswalk.errors import UsageError
from crosswalk.files.readers import read_table
from crosswalk.jobs.answers import AnswerColumns, gather
from crosswalk.jobs.coded_cells import COLUMNS
from crosswalk.places import shipped
from tests.conftest import ROOT, Run
from tests.promises import promise
from tests.spark_cluster import needs_spark, running_cluster

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pytestmark = needs_spark

ODD = ["Bus driver", "BUS DRIVER", " bus  driver ", "=1+1", "student", "", None, "Lehrer/in\u202e", "a\nb", "-97", "caf\u0065\u0301 owner"]


def answers(path: Path, rows: int) -> Path:
    """Real titles with work beside them, odd cells among them, and columns that are no text."""
    with (ROOT / "data/index-titles/isco-08.en.tsv").open(encoding="utf-8", newline="") as stream:
        titles = [row[1] for row in csv.reader(stream, delimiter="\t")][1:]
    chance = random.Random(5)
    jobs = [*ODD, *(chance.choice(titles) for _ in range(rows - len(ODD)))]
    chance.shuffle(jobs)
    work = [chance.choice(["", "hospital", "own farm", "school", "bus company"]) for _ in jobs]
    table = pyarrow.table({"number": range(rows), "job": jobs, "work": work, "wage": [n / 3 for n in range(rows)], "code": ["x"] * rows})
    parquet.write_table(table, path, row_group_size=1000)
    return path


def rows_of(path: Path) -> Any:
    return parquet.read_table(path)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark on this machine's own address, and Python processes that find this crosswalk."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def spark(environment: None) -> Iterator[Any]:
    from crosswalk.jobs.spark.files import session

    with session("local[2]") as opened:
        yield opened


@pytest.mark.slow
@promise("B12", "a worker killed on Spark costs no row, and the result is the local one, row for row")
def test_a_worker_killed_in_the_middle_costs_no_row(crosswalk: Run, tmp_path: Path, environment: None) -> None:
    source = answers(tmp_path / "in.parquet", 9000)
    words = ["code", str(source), "--text-column", "job", "--text-column", "work"]
    crosswalk(*words, "--store", tmp_path / "s.db", "-o", tmp_path / "local.parquet")
    with running_cluster(tmp_path) as cluster:
        command = [sys.executable, "-m", "crosswalk", *words, "--engine", cluster.address, "-o", str(tmp_path / "out.parquet")]
        with (tmp_path / "talk").open("w") as talk:
            job = subprocess.Popen(command, stderr=talk)
        deadline = time.monotonic() + 500
        doomed = None
        while doomed is None and job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
            doomed = next((worker for worker in cluster.workers if cluster.coding(worker)), None)
        assert doomed is not None, (tmp_path / "talk").read_text()
        cluster.kill(doomed)
        assert job.wait(timeout=600) == 0, (tmp_path / "talk").read_text()
    said = (tmp_path / "talk").read_text()
    assert "Lost executor" in said
    assert "coded automatically" in said
    ours, theirs = rows_of(tmp_path / "local.parquet"), rows_of(tmp_path / "out.parquet")
    assert theirs.schema.names == ours.schema.names
    assert theirs.schema.types == ours.schema.types
    assert theirs.to_pylist() == ours.to_pylist()
    assert not list(tmp_path.glob("out.parquet.*")), "what was staged is left"


@pytest.mark.slow
def test_a_notebooks_frame_keeps_its_columns_and_an_office_sends_its_own_index(spark: Any, tmp_path: Path, home: Path) -> None:
    from crosswalk.jobs.spark import code

    spark.conf.set("spark.sql.caseSensitive", "false")  # as notebooks have it
    folder = tmp_path / "own index"
    shutil.copytree(shipped("indexes", "isco-08"), folder)
    facts = {name: value for name, value in manifest.read(folder).items() if name != "files"}
    manifest.seal(folder, {**facts, "note": "another fingerprint than the shipped one"})
    frame = spark.createDataFrame(
        [(1, "Bus driver", 0.5), (2, "BUS DRIVER", 1.5), (3, None, 2.5)], "`n.r` int, `Job` string, `Code` double"
    )
    coded = code(frame, ["job"], scheme=folder, threshold=0.5, partitions=2)
    assert coded.columns == ["n.r", "Job", "source Code", *COLUMNS]
    again = code(frame, ["job"], scheme=folder, threshold=0.5, partitions=2)
    rows = sorted(coded.union(again).collect(), key=lambda row: row["n.r"])
    assert [row["code"] for row in rows] == ["8331"] * 4 + [""] * 2
    assert [row["source Code"] for row in rows] == [0.5, 0.5, 1.5, 1.5, 2.5, 2.5]
    assert [row["note"] for row in rows][-1] == "no usable text"
    assert rows[0]["probability"] == rows[2]["probability"] > 0.5
    with pytest.raises(UsageError, match="there is no column 'jobb'"):
        code(frame, ["jobb"])


@pytest.mark.slow
def test_what_cannot_be_written_is_refused_and_nothing_is_touched(spark: Any, tmp_path: Path) -> None:
    from crosswalk.jobs.spark.files import SparkJob, code_rows, read

    source, kept = answers(tmp_path / "in.parquet", 20), tmp_path / "kept.parquet"
    kept.mkdir()
    (kept / "thesis.txt").write_text("mine", encoding="utf-8")
    rows = read(spark, str(source))
    for out, why in ((kept, "no result of Spark"), (source, "replace the file itself")):
        with pytest.raises(UsageError, match=why):
            code_rows(rows, SparkJob(str(source), str(out), ["job"], "isco-08", Rules(), 0.85))
    assert (kept / "thesis.txt").read_text(encoding="utf-8") == "mine"
    assert rows_of(source).num_rows == 20


def test_an_executor_sees_cells_and_keys_as_a_file_is_read(tmp_path: Path) -> None:
    from crosswalk.jobs.spark.executor import with_answers, with_keys

    source = answers(tmp_path / "in.parquet", 300)
    table = read_table(source)
    batches = rows_of(source).to_batches(max_chunksize=70)
    keyed = [list(row.values()) for batch in with_keys([1, 2], 5, iter(batches)) for row in batch.to_pylist()]
    assert [row[:5] for row in keyed] == list(read_table(source).rows)
    known = gather(table.rows, table.columns, AnswerColumns(("job", "work")), lambda done, total: None)
    keys = [known.keys[place] for place in known.of_row]
    assert [row[5] for row in keyed] == keys
    asked = iter([batch.select(["job", "work", "number"]) for batch in batches])
    found = [row for batch in with_answers(2, asked) for row in batch.to_pylist()]
    assert list(found[0]) == ["number", "crosswalk_answer", "crosswalk_key"]
    assert [row["crosswalk_key"] for row in found] == keys
    assert {row["crosswalk_answer"].casefold() for row in found} == {joined.casefold() for joined in known.joined}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "out.csv"), 2, "both files are Parquet"),
        (("-o", "out.parquet", "--run", "r"), 2, "--run does not go with --engine"),
        (("-o", "out.parquet", "--workers", 2), 2, "--workers does not go with --engine"),
        (("-o", "out.parquet"), 3, "Spark finds no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused(crosswalk: Run, tmp_path: Path, environment: None, words: Any, code: int, said: str) -> None:
    refused = crosswalk("code", tmp_path / "nowhere.parquet", "--text-column", "job", "--engine", "local[1]", *words, code=code)
    assert said in refused.stderr


def test_only_an_engine_reads_addresses(crosswalk: Run) -> None:
    refused = crosswalk("code", "hdfs://host/in.parquet", "--text-column", "job", "-o", "out.csv", code=2)
    assert "only --engine" in refused.stderr
    assert "hdfs://host/in.parquet" in refused.stderr
