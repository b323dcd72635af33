"""Coding on Spark: `crosswalk.jobs.spark.code` for notebooks, `files.code_files` for the command line."""

from crosswalk.jobs.spark.frames import code

__all__ = ["code"]
