"""The coding of a Spark DataFrame: Spark collapses identical answers, has each coded once, and joins the codes back to the rows.

What is done with an answer is what ``census`` does with it: the same key, the same ``Workers`` and ``AnswerCoder``, the same cells.
"""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosswalk import manifest, places
from crosswalk.coding.autocoder import find_index
from crosswalk.coding.rules import Rules
from crosswalk.coding.threshold import USUAL
from crosswalk.files.columns import named_column
from crosswalk.files.tabular import with_kept_columns
from crosswalk.jobs.answers import AnswerColumns, Task
from crosswalk.jobs.census import CHUNK
from crosswalk.jobs.coded_cells import COLUMNS, NUMBERS
from crosswalk.jobs.spark import executor
from crosswalk.jobs.spark.executor import ANSWER, KEY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PARTITIONS = 200
_CHUNK, _PREFIX, _BEFORE, _ORDER = "crosswalk_chunk", "crosswalk_prefix", "crosswalk_before", "crosswalk_order"


def code(
    df: "DataFrame",
    text_columns: Sequence[str],
    *,
    scheme: str | Path = "isco-08",
    threshold: float = USUAL,
    rules: Rules | None = None,
    order: str | None = None,
    partitions: int | None = None,
    as_text: bool = False,
) -> "DataFrame":
    """The rows of ``df`` with the columns that `crosswalk code` adds; lazy, as everything of Spark, and in no order.

    ``text_columns``: the first is the most important. ``order``: a column that numbers the rows; of answers that differ in case alone
    the first is then coded, as in a file. ``partitions``: tasks in which the different answers are coded (default: Spark's for shuffles).
    ``as_text``: columns become text, as `crosswalk code` writes them, but for ``order``, which then stands last.
    Raises UsageError for columns that ``df`` does not have.
    """
    from pyspark.sql import functions as f

    rules, spark = rules or Rules(), df.sparkSession
    register = (rules.register_column,) if rules.register_column else ()
    texts = tuple(named_column(df.columns, name, option="text_columns") for name in dict.fromkeys(text_columns))
    facts = tuple(named_column(df.columns, name, option="rules") for name in dict.fromkeys((*register, *rules.columns)))
    task = Task(_travelling(spark, scheme), _fingerprint(find_index(scheme)), AnswerColumns(texts, facts), rules, threshold)

    wanted = [df.columns.index(name) for name in (*texts, *facts)]
    numbered = df.columns.index(order) if order else None
    names, df = _names(df), df.toDF(*(f"crosswalk_{place}" for place in range(len(df.columns))))  # mapInArrow takes no "a.b"
    fields = [df[place].alias(f"crosswalk_field_{number}") for number, place in enumerate(wanted)]
    asked = df.select(*fields, *([df[numbered].alias(_ORDER)] if numbered is not None else []))
    answers = asked.mapInArrow(partial(executor.with_answers, len(wanted)), _schema(asked.schema.fields[len(wanted) :], (ANSWER, KEY)))
    first = f.min_by(ANSWER, _ORDER) if order else f.min(ANSWER)
    different = _in_chunks(answers.groupBy(KEY).agg(first.alias(ANSWER)))
    spread = different.repartition(partitions or _shuffle_partitions(spark), _CHUNK).sortWithinPartitions(_CHUNK, KEY)
    coded = spread.mapInArrow(partial(executor.coded, task), _schema([], (KEY, *COLUMNS)))
    kept = [field for place, field in enumerate(df.schema.fields) if not as_text or place == numbered]
    texts_of = len(names) - len(kept)
    schema = _schema([*_schema([], df.columns[:texts_of]), *kept], (KEY,))
    keyed = df.mapInArrow(partial(executor.with_keys, wanted, texts_of), schema)
    return keyed.join(coded, KEY, "left").drop(KEY).toDF(*names, *COLUMNS)


def _in_chunks(answers: "DataFrame") -> "DataFrame":
    """Different answers with the number of their chunk, cut as ``census`` cuts them: so many by key.

    What is coded together decides the last digits of a probability, since a product of matrices rounds by their shape. Numbering all by
    key needs no machine to see all: each prefix of the key is numbered apart, and knows how many stand before it.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    answers = answers.withColumn(_PREFIX, f.substring(KEY, 1, 3))
    earlier = Window.partitionBy(f.length(_PREFIX)).orderBy(_PREFIX).rowsBetween(Window.unboundedPreceding, -1)
    counted = answers.groupBy(_PREFIX).agg(f.count("*").alias(_BEFORE))
    before = counted.select(_PREFIX, f.coalesce(f.sum(_BEFORE).over(earlier), f.lit(0)).alias(_BEFORE))
    place = f.row_number().over(Window.partitionBy(_PREFIX).orderBy(KEY)) - 1
    numbered = answers.withColumn(_CHUNK, place).join(f.broadcast(before), _PREFIX)
    return numbered.select(f.floor((f.col(_CHUNK) + f.col(_BEFORE)) / CHUNK).alias(_CHUNK), KEY, ANSWER)


def _names(df: "DataFrame") -> list[str]:
    """The columns' names so that ours can stand beside them; to Spark "Code" may be "code"."""
    one_case = df.sparkSession.conf.get("spark.sql.caseSensitive") != "true"
    kept = with_kept_columns(COLUMNS, df.columns)
    return [f"source {name}" if one_case and name.lower() in COLUMNS else kept[name] for name in df.columns]


def _schema(fields: Sequence[Any], more: Sequence[str]) -> Any:
    """Columns as they are, then ours."""
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    return StructType([*fields, *(StructField(name, DoubleType() if name in NUMBERS else StringType()) for name in more)])


def _shuffle_partitions(spark: "SparkSession") -> int:
    """Said to Spark, which would otherwise put answers that are few bytes into one task."""
    said = str(spark.conf.get("spark.sql.shuffle.partitions"))
    return int(said) if said.isdigit() else _PARTITIONS


def _fingerprint(folder: Path) -> str:
    return manifest.sha256_of(folder / manifest.MANIFEST)[:16]


def _travelling(spark: "SparkSession", scheme: str | Path) -> str:
    """How executors find the index: the shipped one by its name, in their crosswalk; any other as an archive that is sent to them."""
    from pyspark.errors import PySparkRuntimeError

    folder = find_index(scheme)
    if folder == places.shipped("indexes", str(scheme)):
        return str(scheme)
    manifest.verify(folder, manifest.read(folder))
    name = f"crosswalk-{_fingerprint(folder)}"
    place = Path(tempfile.mkdtemp(prefix="crosswalk-"))  # Spark fetches it from here as long as this program runs
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    try:
        spark.addArtifacts(shutil.make_archive(str(place / name), "zip", folder), archive=True)
    except PySparkRuntimeError as error:
        if error.getCondition() != "DUPLICATED_ARTIFACT":  # sent before
            raise
    return f"{name}.zip"
