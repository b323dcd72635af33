"""`crosswalk code --engine`: the same coding, done by Spark."""

from collections.abc import Sequence
from pathlib import Path

from crosswalk import output
from crosswalk.cli import coded_output
from crosswalk.cli.coding_options import chosen_rules, chosen_threshold
from crosswalk.cli.input_options import Survey
from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import DataError, UsageError
from crosswalk.files.table import Table
from crosswalk.jobs.spark.files import SparkJob, code_rows, read, session


def code_on_spark(engine: str, source: str, out: str, survey: Survey, scheme: str, unused: Sequence[str]) -> None:
    """Code a Parquet file to a folder of Parquet files. Raises UsageError for what goes only with a run kept in a store."""
    if unused:
        raise UsageError(f"{unused[0]} does not go with --engine", hint="Spark keeps no run: docs/how-to-use-spark.md says how to review")
    for path in (source, out):
        if not path.lower().rstrip("/").endswith(".parquet"):
            raise UsageError("with --engine, both files are Parquet", where=path, hint="end the names in .parquet")
    if not survey.text_columns:
        raise UsageError("which column holds the texts?", where=source, hint="name it with --text-column")
    level = chosen_threshold(survey.threshold, survey.target_accuracy, scheme, output.say)
    classification = Autocoder.open(scheme).classification
    with session(engine) as spark:
        rows = read(spark, source)
        table = Table(Path(source), tuple(rows.columns[:-1]), iter(()))
        rules = chosen_rules(survey.rules_file, survey.register_column, table, classification, output.say)
        counted = code_rows(rows, SparkJob(source, out, survey.text_columns, scheme, rules, level))
    if not counted:
        raise DataError("the table has no rows", where=source, hint="check the file")
    coded_output.say_methods(counted, level)
    output.say(f"written: {out}")
