"""A file uploaded, coded as `crosswalk code` codes it, and sent back; nothing of it is kept."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from crosswalk.coding.autocoder import Autocoder
from crosswalk.coding.rules import Rules
from crosswalk.coding.threshold import USUAL
from crosswalk.errors import CrosswalkError
from crosswalk.files.columns import named_column
from crosswalk.files.readers import read_table
from crosswalk.jobs.answers import AnswerColumns
from crosswalk.jobs.batch import Progress
from crosswalk.jobs.census import CodingJob, code_file
from crosswalk.serve.batching import OverloadedError
from crosswalk.serve.lookup import REFUSALS
from crosswalk.store.store import Store

_ROUTE = "/code/file"


def routes(coder: Autocoder, scheme: str) -> APIRouter:
    """The route /code/file; one file is coded at a time."""
    router = APIRouter(responses=REFUSALS)
    turn = asyncio.Lock()

    @router.post(
        _ROUTE,
        summary="A file with a header row; back comes CSV with codes beside the answers",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def code(
        body: Annotated[bytes, Body(media_type="application/octet-stream", description="CSV, TSV or XLSX")],
        text_column: Annotated[list[str], Query(min_length=1, max_length=10, description="Column of the answers; more may follow")],
        threshold: Annotated[float, Query(ge=0, le=1)] = USUAL,
    ) -> Response:
        if turn.locked():
            raise OverloadedError("another file is being coded", hint="send it again in a moment")
        async with turn:
            return await asyncio.to_thread(_coded, body, text_column, threshold, coder, scheme)

    return router


def _coded(body: bytes, text_columns: list[str], threshold: float, coder: Autocoder, scheme: str) -> Response:
    """The same path as `crosswalk code`, in a folder that is gone afterwards. Raises CrosswalkError without the folder's name."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-") as name:
        source, out = Path(name) / "upload", Path(name) / "coded.csv"
        source.write_bytes(body)
        try:
            table = read_table(source)
            columns = AnswerColumns(
                tuple(named_column(table.columns, column, option="text_column") for column in dict.fromkeys(text_columns))
            )
            job = CodingJob(table, partial(read_table, source), out, columns, scheme, Rules(), threshold, workers=1)
            with Store(Path(name) / "run.db") as store:
                coded = code_file(job, coder, store, _no_stage, _no_talk)
        except CrosswalkError as error:
            raise type(error)(error.message, hint=error.hint) from None
        summary = {"rows": sum(coded.rows.values()), "methods": dict(coded.rows), "notes": list(table.notes)}
        headers = {"content-disposition": 'attachment; filename="coded.csv"', "crosswalk-summary": json.dumps(summary)[:4000]}
        return Response(out.read_bytes(), media_type="text/csv", headers=headers)


@contextmanager
def _no_stage(_label: str, _unit: str) -> Iterator[Progress]:
    yield lambda _done, _total: None


def _no_talk(_line: str) -> None:
    pass
