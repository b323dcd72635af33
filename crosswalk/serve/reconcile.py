"""The Reconciliation Service API 0.2 of the W3C Entity Reconciliation Community Group, which OpenRefine speaks.

https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/ : manifest, queries, suggest, preview, data extension.
Entities are the groups of the classification, types its levels. Properties given with a query are weighed with the text.
"""

from html import escape
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, ValidationError

from crosswalk import __version__, model
from crosswalk.coding.threshold import USUAL
from crosswalk.serve.batching import Batcher
from crosswalk.serve.groups import Groups
from crosswalk.serve.lookup import REFUSALS, Refusal
from crosswalk.serve.settings import Access, Limits
from crosswalk.text import LONGEST_TEXT, clean, normalise

_SUGGESTED = 20
_ISCO_SPACE = "http://data.europa.eu/esco/isco/C"
_CONTEXT = {"tasks": "Tasks", "industry": "Industry", "qualification": "Qualification", "employer": "Kind of employer"}
_PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors http://127.0.0.1:* http://localhost:*"
_PATH = "/reconcile"

_Value = StrictBool | float | str | dict[str, Any]


class _Property(BaseModel):
    pid: str
    v: _Value | list[_Value]

    def text(self) -> str:
        """Its values in words."""
        values = self.v if isinstance(self.v, list) else [self.v]
        return " ".join(clean(str(value.get("name", value.get("id", ""))) if isinstance(value, dict) else str(value)) for value in values)


class _ReconciliationQuery(BaseModel):
    model_config = ConfigDict(extra="ignore")
    query: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    type: str | list[str] | None = None
    limit: Annotated[float, Field(ge=1)] = 6
    properties: Annotated[list[_Property], Field(max_length=20)] = []


class _Wanted(BaseModel):
    id: str
    settings: dict[str, Any] = {}


class _Extension(BaseModel):
    ids: list[str]
    properties: Annotated[list[_Wanted], Field(max_length=50)]


_QUERIES: TypeAdapter[dict[str, _ReconciliationQuery]] = TypeAdapter(dict[str, _ReconciliationQuery])
_FORM = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "properties": {"queries": {"type": "string"}, "extend": {"type": "string"}}}
            }
        }
    }
}


def routes(batcher: Batcher, groups: Groups, access: Access, limits: Limits) -> APIRouter:
    """The routes under /reconcile."""
    router = APIRouter(prefix=_PATH, responses={**REFUSALS, 404: {"model": Refusal}})
    service = _Service(batcher, groups, limits)

    @router.get("", summary="Manifest; or queries, or a data extension")
    async def manifest(request: Request, queries: str | None = None, extend: str | None = None) -> JSONResponse:
        if queries is None and extend is None:
            return JSONResponse(_manifest(str(request.base_url).rstrip("/"), groups, access, limits))
        return await service.answer(queries, extend)

    @router.post("", summary="Queries, or a data extension, in a form", openapi_extra=_FORM)
    async def reconcile(request: Request) -> JSONResponse:
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=20)
        return await service.answer(form.get("queries", [None])[0], form.get("extend", [None])[0])

    _add_suggestions(router, service, groups)
    return router


def _add_suggestions(router: APIRouter, service: "_Service", groups: Groups) -> None:
    """Suggest, preview, and the properties that can be fetched."""

    @router.get("/suggest/entity", summary="Groups by the beginning of a title or code")
    async def entities(prefix: Annotated[str, Query(max_length=LONGEST_TEXT)], cursor: Annotated[int, Query(ge=0)] = 0) -> JSONResponse:
        return JSONResponse({"result": service.suggested(prefix)[cursor : cursor + _SUGGESTED]})

    @router.get("/suggest/type", summary="Levels of the classification")
    async def types(prefix: str, cursor: Annotated[int, Query(ge=0)] = 0) -> JSONResponse:
        return JSONResponse({"result": _beginning(_types(groups), prefix)[cursor:]})

    @router.get("/suggest/property", summary="Properties of groups, and what may go with a text")
    async def properties(prefix: str, cursor: Annotated[int, Query(ge=0)] = 0) -> JSONResponse:
        named = [{"id": key, "name": name} for key, name in {**_CONTEXT, **service.properties}.items()]
        return JSONResponse({"result": _beginning(named, prefix)[cursor:]})

    @router.get("/properties", summary="Properties that can be fetched")
    async def proposed(type: str = "", limit: Annotated[int, Query(ge=1)] = 50) -> JSONResponse:  # noqa: A002 - the specification's name
        named = [{"id": key, "name": name} for key, name in service.properties.items()]
        return JSONResponse({"type": type, "limit": limit, "properties": named[:limit]})

    @router.get("/preview", summary="A small page on a group", responses={200: {"content": {"text/html": {}}}})
    async def preview(id: str) -> Response:  # noqa: A002 - the specification's name
        if id not in groups.classification.by_code:
            raise HTTPException(404, f"{groups.classification.scheme} has no such code")
        return HTMLResponse(_preview(groups.facts(id)), headers={"content-security-policy": _PREVIEW_POLICY})


class _Service:
    """Answers of the service; ``properties`` are those of groups, by their id."""

    def __init__(self, batcher: Batcher, groups: Groups, limits: Limits) -> None:
        self._batcher = batcher
        self._groups = groups
        self._limits = limits
        levels = {f"level-{level}": groups.level_name(level) for level in range(1, groups.classification.depth)}
        titles = {f"title-{language}": f"Title ({language})" for language in groups.languages}
        self.properties = {"title": "Title", "definition": "Definition", "level": "Level", **levels, **titles}

    async def answer(self, queries: str | None, extend: str | None) -> JSONResponse:
        """The answer to a form or a query string. Raises HTTPException for what is no JSON or too much."""
        try:
            if queries is not None:
                return JSONResponse(await self._reconciled(_QUERIES.validate_json(queries)))
            if extend is not None:
                return JSONResponse(self._extended(_Extension.model_validate_json(extend)))
        except (ValidationError, RecursionError) as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) if isinstance(error, ValidationError) else ""
            raise HTTPException(422, f"this is not what the Reconciliation API asks for{f' (at {where[:80]})' if where else ''}") from None
        raise HTTPException(400, "give 'queries' or 'extend'")

    async def _reconciled(self, queries: dict[str, _ReconciliationQuery]) -> dict[str, object]:
        if len(queries) > self._limits.texts:
            raise HTTPException(413, f"more than {self._limits.texts:,} queries at once")
        asked = [
            model.Query(clean(query.query) or properties.pop("title", ""), context=properties)
            for query in queries.values()
            for properties in [{clean(p.pid)[:100]: p.text()[:LONGEST_TEXT] for p in query.properties}]
        ]
        codings = await self._batcher.code(asked, 10)
        return {key: {"result": self._candidates(q, c)} for (key, q), c in zip(queries.items(), codings, strict=True)}

    def _candidates(self, query: _ReconciliationQuery, coding: model.Coding) -> list[dict[str, object]]:
        levels = {self._level(name) for name in ([query.type] if isinstance(query.type, str) else query.type or [])} - {0}
        probabilities: dict[str, tuple[float, model.CodeProbability]] = {}
        for entry in coding.codes:
            for code in [entry.code, *self._groups.classification.ancestors(entry.code)]:
                if self._groups.classification.by_code[code].level in (levels or {self._groups.classification.depth}):
                    before, best = probabilities.get(code, (0.0, entry))
                    probabilities[code] = (before + entry.probability, best)
        ranked = sorted(probabilities.items(), key=lambda found: (-round(found[1][0], 6), found[0]))
        candidates = [self._candidate(code, p, entry, first=place == 0) for place, (code, (p, entry)) in enumerate(ranked)]
        named = self._groups.classification.by_code.get(query.query.strip())
        if named:
            own = {**self._entity(named), "score": 100.0, "match": True}
            candidates = [own, *({**other, "match": False} for other in candidates if other["id"] != named.code)]
        return candidates[: int(min(query.limit, 50))]

    def _candidate(self, code: str, probability: float, entry: model.CodeProbability, *, first: bool) -> dict[str, object]:
        scores = {"probability": probability, **(entry.candidate.scores if entry.candidate else {})}
        return {
            **self._entity(self._groups.classification.by_code[code]),
            "description": entry.candidate.matched.text if entry.candidate else "",
            "score": round(100 * probability, 4),
            "match": first and probability >= USUAL,
            "features": [{"id": name, "value": round(value, 4)} for name, value in scores.items()],
        }

    def _entity(self, item: model.Item) -> dict[str, Any]:
        return {"id": item.code, "name": item.title, "type": [{"id": f"level-{item.level}", "name": self._groups.level_name(item.level)}]}

    def _level(self, name: str) -> int:
        """The number of a type, 0 where it is none of ours."""
        return next((n for n in range(1, self._groups.classification.depth + 1) if name == f"level-{n}"), 0)

    def suggested(self, prefix: str) -> list[dict[str, object]]:
        """Groups whose code or title begins so; after them, those that have it further on."""
        wanted = normalise(prefix)
        found: list[tuple[int, dict[str, object]]] = []
        for item in self._groups.classification.items:
            title = normalise(item.title)
            place = 0 if item.code == prefix.strip() else 1 if item.code.startswith(prefix.strip()) or title.startswith(wanted) else 2
            if place < 2 or wanted in title:
                entity = self._entity(item)
                entity["notable"] = entity.pop("type")
                found.append((place, {**entity, "description": item.code}))
        return [entity for _, entity in sorted(found, key=lambda entry: entry[0])]

    def _extended(self, extension: _Extension) -> dict[str, object]:
        if len(extension.ids) > self._limits.texts:
            raise HTTPException(413, f"more than {self._limits.texts:,} groups at once")
        meta = [{"id": p.id, "name": self.properties.get(p.id, p.id)} for p in extension.properties]
        return {"meta": meta, "rows": {code: {p.id: self._value(code, p.id) for p in extension.properties} for code in extension.ids}}

    def _value(self, code: str, wanted: str) -> list[dict[str, object]]:
        """The values of one property of one group; none for a group or property there is not."""
        item = self._groups.classification.by_code.get(code)
        if item is None or wanted not in self.properties:
            return []
        if wanted == "level":
            return [{"int": item.level}]
        if level := self._level(wanted):
            above = [self._groups.classification.by_code[parent] for parent in self._groups.classification.ancestors(code)]
            return [{"id": group.code, "name": group.title} for group in above if group.level == level]
        text = item.notes if wanted == "definition" else self._groups.title(code, wanted.removeprefix("title-"))
        return [{"str": text}] if text else []


def _manifest(base: str, groups: Groups, access: Access, limits: Limits) -> dict[str, object]:
    scheme, here = groups.classification.scheme, f"{base}{_PATH}"
    answer: dict[str, object] = {
        "versions": ["0.2"],
        "name": f"crosswalk {scheme}",
        "identifierSpace": _ISCO_SPACE if scheme == "isco-08" else f"urn:crosswalk:{scheme}:",
        "schemaSpace": "http://www.w3.org/2004/02/skos/core#Concept",
        "serviceVersion": __version__,
        "defaultTypes": list(reversed(_types(groups))),
        "view": {"url": f"{base}/#{{{{id}}}}"},
        "preview": {"url": f"{here}/preview?id={{{{id}}}}", "width": 400, "height": 240},
        "suggest": {name: {"service_url": here, "service_path": f"/suggest/{name}"} for name in ("entity", "type", "property")},
        "extend": {"propose_properties": {"service_url": here, "service_path": "/properties"}, "property_settings": []},
        "batchSize": limits.texts,
    }
    if access.token:
        answer["authentication"] = {"type": "apiKey", "name": "Authorization", "in": "header"}
    return answer


def _types(groups: Groups) -> list[dict[str, str]]:
    return [{"id": f"level-{level}", "name": groups.level_name(level)} for level in range(1, groups.classification.depth + 1)]


def _beginning(named: list[dict[str, str]], prefix: str) -> list[dict[str, str]]:
    wanted = prefix.strip().casefold()
    return [entry for entry in named if entry["id"].casefold().startswith(wanted) or entry["name"].casefold().startswith(wanted)]


def _preview(facts: dict[str, Any]) -> str:
    """A page for a frame of 400 by 240 pixels; whatever comes from a book is text."""
    above = " › ".join(escape(f"{group['code']} {group['title']}") for group in reversed(facts["above"]))
    examples = escape("; ".join(facts["examples"]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f"{escape(facts['code'])}</title></head><body style='font: 14px/1.4 sans-serif; margin: 8px'>"
        f"<strong>{escape(facts['code'])} {escape(facts['title'])}</strong><div>{escape(facts['level_name'])}; {above}</div>"
        f"<p>{escape(facts['definition'][:600])}</p><p>{examples}</p></body></html>"
    )
