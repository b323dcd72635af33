"""Look-ups, batches and groups over HTTP: the answers are those of `crosswalk lookup --json`."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from crosswalk import model, output
from crosswalk.serve.batching import Batcher
from crosswalk.serve.groups import Groups
from crosswalk.serve.settings import Limits
from crosswalk.text import LONGEST_TEXT, clean

MOST_CODES = 50
_MOST_FIELDS = 20

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Language = Annotated[str, Query(pattern=r"^[a-z]{2,3}$", description="Language of the titles, where there are any.")]
Codes = Annotated[int, Query(ge=1, le=MOST_CODES, description="Codes for each text.")]


class FoundCode(BaseModel):
    """One code with the index title that spoke for it."""

    code: str
    title: str
    probability: float
    matched: str
    scores: dict[str, float]


class Found(BaseModel):
    """What one text was coded to; ``none`` is the probability that no code is right."""

    text: str
    codes: list[FoundCode]
    none: float
    note: str | None = None


class Refusal(BaseModel):
    """Why nothing was done, and what to do."""

    error: str
    hint: str


class Asked(BaseModel):
    """A text with further fields (tasks, industry ...), which are weighed with it."""

    model_config = ConfigDict(extra="forbid")
    text: Text
    context: Annotated[dict[Annotated[str, Field(max_length=100)], Text], Field(default_factory=dict, max_length=_MOST_FIELDS)]


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The request cannot be read."},
    401: {"model": Refusal, "description": "A token is needed."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "The body is too large."},
    421: {"model": Refusal, "description": "Asked under a name that is not this machine's."},
    422: {"model": Refusal, "description": "A value is missing or out of bounds."},
    429: {"model": Refusal, "description": "Too many requests."},
    503: {"model": Refusal, "description": "Too much is waiting; ask again."},
}
"""What every route may answer instead."""


def routes(batcher: Batcher, groups: Groups, limits: Limits) -> APIRouter:
    """The routes /lookup, /code and /groups."""
    router = APIRouter(responses=REFUSALS)

    @router.get("/lookup", responses={200: {"model": Found}}, summary="One text, as it is typed")
    async def look_up(q: Annotated[str, Query(max_length=LONGEST_TEXT)], k: Codes = 6, lang: Language = "en") -> JSONResponse:
        coding = await batcher.look_up(clean(q), k)
        return JSONResponse(_found(coding, groups, k, lang))

    class Batch(BaseModel):
        """Texts to code, at most so many at once."""

        model_config = ConfigDict(extra="forbid")
        texts: Annotated[list[Text | Asked], Field(min_length=1, max_length=limits.texts)]
        k: Annotated[int, Field(ge=1, le=MOST_CODES)] = 6

    @router.post("/code", responses={200: {"model": list[Found]}}, summary="A batch of texts")
    async def code(batch: Batch) -> JSONResponse:
        codings = await batcher.code([_query(asked) for asked in batch.texts], batch.k)
        return JSONResponse([_found(coding, groups, batch.k, "en") for coding in codings])

    @router.get("/groups/{code}", responses={404: {"model": Refusal}}, summary="A group: definition, neighbours, titles")
    async def group(code: Annotated[str, Path(max_length=40)], lang: Language = "en") -> JSONResponse:
        if code not in groups.classification.by_code:
            raise HTTPException(404, f"{groups.classification.scheme} has no such code")
        return JSONResponse(groups.facts(code, lang))

    @router.get("/languages", summary="Languages there are titles in")
    async def languages() -> list[str]:
        return groups.languages

    @router.get("/health", summary="Whether the service is up, and with which index")
    async def health(request: Request) -> dict[str, str]:
        return {"status": "up", "scheme": groups.classification.scheme, "index": request.app.state.fingerprint}

    return router


def _query(asked: str | Asked) -> model.Query:
    if isinstance(asked, str):
        return model.Query(clean(asked))
    return model.Query(clean(asked.text), context={clean(name): clean(text) for name, text in asked.context.items()})


def _found(coding: model.Coding, groups: Groups, k: int, language: str) -> dict[str, object]:
    answer = output.coding_as_json(coding, groups.classification, k)
    if language != "en":
        for entry in answer["codes"]:  # type: ignore[attr-defined]
            entry["title"] = groups.title(entry["code"], language)
    return answer
