"""`crosswalk code --engine`: a Parquet file in, a folder of Parquet files with the same rows out, in the same order.

The result is written to a folder beside it and renamed when it is whole, through the file system that Spark writes to (disk, HDFS,
object store): what stood there before stays until then.
"""

import os
import sys
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosswalk.coding.rules import Rules
from crosswalk.errors import CrosswalkError, DataError, ModelError, UsageError
from crosswalk.files.table import named_columns, widened
from crosswalk.jobs.spark.frames import code

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ORDER = "order of crosswalk"
_TASKS_A_CORE = 4
"""So many that the last one holds nobody up, and that a machine that dies costs little."""

_SETTINGS = {
    "spark.sql.caseSensitive": "true",  # columns are what the file calls them
    "spark.sql.session.timeZone": "UTC",  # times as the file has them
    "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
}


@dataclass(frozen=True)
class SparkJob:
    """What is to be done; ``source`` and ``out`` are paths or addresses as Spark takes them."""

    source: str
    out: str
    text_columns: Sequence[str]
    scheme: str
    rules: Rules
    threshold: float


@contextmanager
def session(engine: str) -> "Iterator[SparkSession]":
    """A session on a cluster ("spark://host:7077", "yarn", "k8s://...") or on this machine ("local[2]").

    Raises UsageError without pyspark or Java, ModelError when the cluster does not answer or gives up.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError("--engine needs the extra 'spark'", hint="pip install 'isco-crosswalk[spark]', and Java 17 or newer") from None
    if engine.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(engine).appName("crosswalk code")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    spark = None
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")  # of pandas, only its presence is asked
    try:
        spark = builder.getOrCreate()
        yield spark
    except (PySparkException, Py4JError) as error:
        raise _told(error, engine) from None
    finally:
        if spark:
            with suppress(Py4JError, OSError):
                spark.stop()


def read(spark: "SparkSession", source: str) -> "DataFrame":
    """A Parquet file, or a folder of them: columns named as `crosswalk code` names them, and a last one that orders the rows."""
    from pyspark.sql import functions as f

    rows = spark.read.parquet(source)
    names = widened(named_columns(rows.columns, source), len(rows.columns))
    return rows.select("*", f.struct("_metadata.file_path", "_metadata.row_index").alias(_ORDER)).toDF(*names, _ORDER)


def code_rows(rows: "DataFrame", job: SparkJob) -> Mapping[str, int]:
    """Code rows that were ``read`` and write them; gives the number of rows by method.

    Raises UsageError rather than replace what is no result, ModelError when rows are missing.
    """
    spark = rows.sparkSession
    places = _Places(spark, job)
    tasks = _TASKS_A_CORE * spark.sparkContext.defaultParallelism
    coded = code(
        rows, job.text_columns, scheme=job.scheme, threshold=job.threshold, rules=job.rules, order=_ORDER, partitions=tasks, as_text=True
    )
    with places.replaced() as staged:
        coded.orderBy(_ORDER).drop(_ORDER).write.parquet(staged)
        counted = {row["method"]: row["count"] for row in spark.read.parquet(staged).groupBy("method").count().collect()}
        total = spark.read.parquet(job.source).count()
        if sum(counted.values()) != total or None in counted:
            raise ModelError(f"{total:,} rows were read, {sum(counted.values()):,} written", where=job.out, hint="did the file change?")
    return counted


class _Places:
    """Where the result goes, on whatever file system: staged beside it, then renamed."""

    def __init__(self, spark: "SparkSession", job: SparkJob) -> None:
        path: Any = spark._jvm.org.apache.hadoop.fs.Path
        self._path = path
        self._files = path(job.out).getFileSystem(spark._jsc.hadoopConfiguration())
        self._out = self._files.makeQualified(path(job.out))
        if self._files.makeQualified(path(job.source)).equals(self._out):
            raise UsageError("the coded file would replace the file itself", where=job.out, hint="give -o another name")
        folder = self._files.exists(self._out) and self._files.getFileStatus(self._out).isDirectory()
        if folder and not self._files.exists(path(self._out, "_SUCCESS")):
            raise UsageError("this folder is no result of Spark, and is not replaced", where=job.out, hint="give -o another name")

    @contextmanager
    def replaced(self) -> Iterator[str]:
        """A folder to write to; renamed on success, deleted on failure. What it replaces goes last."""
        mark = uuid.uuid4().hex[:8]
        staged, old = (self._path(f"{self._out.toString()}.{mark}.{what}") for what in ("part", "old"))
        try:
            yield staged.toString()
            if self._files.exists(self._out):
                self._rename(self._out, old)
            self._rename(staged, self._out)
            self._files.delete(old, True)
        finally:
            self._files.delete(staged, True)

    def _rename(self, source: Any, target: Any) -> None:
        if not self._files.rename(source, target):
            raise DataError(f"{source.toString()} cannot be renamed", where=target.toString(), hint="check permissions and space")


def _told(error: Exception, engine: str) -> CrosswalkError:
    """What Spark says in a hundred lines, in one, with the next step."""
    text = str(error)
    if "JAVA_GATEWAY_EXITED" in text:
        return UsageError("Spark needs Java 17 or newer, which did not start", hint="install a Java runtime, or set JAVA_HOME")
    if "PATH_NOT_FOUND" in text:
        return DataError("Spark finds no such file", where=_quoted(text), hint="name a place that every machine can read")
    if "No module named 'crosswalk'" in text:
        return ModelError(
            "crosswalk is not installed where Spark runs Python", where=engine,
            hint="install the wheel on every machine, or send it along: docs/how-to-use-spark.md",
        )  # fmt: skip
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("crosswalk.errors.")]
    said = (ours[-1].partition(": ")[2] if ours else lines[0] if lines else type(error).__name__)[:400]
    return ModelError(f"Spark gave up: {said}", where=engine, hint="the cluster's own log has all of it; nothing was written")


def _quoted(text: str) -> str:
    """The path that Spark's message names."""
    return next((word.rstrip(".") for word in text.split() if "/" in word), "")
