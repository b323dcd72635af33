"""The service put together, and run."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from crosswalk import __version__
from crosswalk.coding.autocoder import Autocoder
from crosswalk.errors import CrosswalkError, DataError, UsageError
from crosswalk.serve import lookup, reconcile, upload
from crosswalk.serve.batching import Batcher, OverloadedError
from crosswalk.serve.gate import Gate
from crosswalk.serve.groups import Groups
from crosswalk.serve.measures import CONTENT_TYPE, Measures
from crosswalk.serve.settings import Access, Limits

_PAGE = Path(__file__).parent / "page"
_LOOPBACK_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_MOST_CONNECTIONS = 500
_IDLE_SECONDS = 15


def application(coder: Autocoder, scheme: str, access: Access, limits: Limits) -> ASGIApp:
    """The ASGI application: routes, behind the gate, which pages on this machine (OpenRefine's) may ask too."""
    measures, groups = Measures(), Groups(coder)
    batcher = Batcher(coder, limits.waiting, measures)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        batcher.close()

    app = FastAPI(title="crosswalk", version=__version__, docs_url=None, redoc_url=None, lifespan=life)
    app.state.fingerprint = coder.fingerprint
    app.include_router(lookup.routes(batcher, groups, limits))
    app.include_router(upload.routes(coder, scheme))
    app.include_router(reconcile.routes(batcher, groups, access, limits))
    _add_page(app)
    _add_refusals(app)

    @app.get("/metrics", summary="Counts and times, as Prometheus reads them", responses=lookup.REFUSALS, response_class=Response)
    async def metrics() -> Response:
        return Response(measures.page(), media_type=CONTENT_TYPE)

    return CORSMiddleware(Gate(app, access, limits, measures), allow_origin_regex=_LOOPBACK_PAGES, allow_methods=["GET", "POST"])


def _add_page(app: FastAPI) -> None:
    for path, name in (("/", "index.html"), ("/page.css", "page.css"), ("/page.js", "page.js")):
        app.add_api_route(path, _file(name), include_in_schema=False)


def _file(name: str) -> Callable[[], FileResponse]:
    return lambda: FileResponse(_PAGE / name)


def _add_refusals(app: FastAPI) -> None:
    """Errors as {"error", "hint"}; what was sent is never said back."""

    @app.exception_handler(RequestValidationError)
    async def unreadable(_request: Request, error: Exception) -> JSONResponse:
        first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": ""}
        where = ".".join(str(part) for part in first["loc"][:4])
        return JSONResponse({"error": f"{where}: {first['msg']}"[:300], "hint": "see /openapi.json"}, 422)

    @app.exception_handler(StarletteHTTPException)
    async def refused(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        hint = "see /openapi.json" if isinstance(error, HTTPException) else "see / and /openapi.json"
        return JSONResponse({"error": str(error.detail), "hint": hint}, error.status_code, headers=error.headers)

    @app.exception_handler(CrosswalkError)
    async def impossible(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, CrosswalkError)
        status = 400 if isinstance(error, DataError | UsageError) else 503
        later = {"retry-after": "2"} if isinstance(error, OverloadedError) else None
        return JSONResponse({"error": error.message, "hint": error.hint}, status, headers=later)


def run(coder: Autocoder, scheme: str, access: Access, limits: Limits, say: Callable[[str], None]) -> None:
    """Serve until stopped. Raises UsageError when the address cannot be had."""
    app = application(coder, scheme, access.checked(), limits)
    coder.code(["infirmière"])  # what is opened when it is needed first is opened before anybody waits for it
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, date_header=False, ws="none",
        limit_concurrency=_MOST_CONNECTIONS, timeout_keep_alive=_IDLE_SECONDS, timeout_graceful_shutdown=10,
    )  # fmt: skip
    listener = _listener(access)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    say(f"serving {coder.classification.scheme} at http://{shown}:{port} (OpenRefine: http://{shown}:{port}/reconcile); Ctrl+C ends it")
    with suppress(KeyboardInterrupt):  # the usual end
        uvicorn.Server(config).run(sockets=[listener])
    say("stopped")


def _listener(access: Access) -> socket.socket:
    try:
        family = socket.getaddrinfo(access.host, access.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((access.host, access.port), family=family, backlog=256)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {access.host}:{access.port} ({error.strerror or error})", hint="another port: --port 0 takes a free one"
        ) from None
