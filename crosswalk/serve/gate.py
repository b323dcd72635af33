"""The gate before the routes: who may ask, how often, how much; it measures what passes and marks every answer as safe."""

import asyncio
import json
import re
import time
from hmac import compare_digest

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosswalk.serve.measures import Measures
from crosswalk.serve.settings import Access, Limits

UPLOAD = "/code/file"
OPEN_WITHOUT_TOKEN = frozenset({"/", "/page.css", "/page.js"})

_OWN_NAME = re.compile(rb"(?i:localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_MOST_ADDRESSES = 10_000
_HEADERS = {
    b"content-security-policy": b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}


class _RefusedError(Exception):
    def __init__(self, status: int, message: str, hint: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.hint, self.headers = status, hint, headers


class Gate:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits, measures: Measures) -> None:
        self._app = app
        self._access = access
        self._limits = limits
        self._measures = measures
        self._purses: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in _HEADERS.items() if pair[0] not in given)]
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, await self._received(scope, receive), sending)
        except _RefusedError as refusal:
            await _refuse(sending, refusal)
        route = getattr(scope.get("route"), "path", "other")
        self._measures.answered(route, status[0], time.perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        headers = {name: value for name, value in scope["headers"] if name in (b"host", b"authorization")}
        if self._access.is_loopback and not _OWN_NAME.fullmatch(headers.get(b"host", b"")):
            # A page elsewhere could have its name pointed at this machine (DNS rebinding).
            raise _RefusedError(421, "this service answers to localhost alone", "ask http://127.0.0.1, or set --host and a token")
        if self._access.token and not self._is_open(scope):
            said = headers.get(b"authorization", b"")
            if not compare_digest(said, f"Bearer {self._access.token}".encode()):
                raise _RefusedError(401, "a token is needed", "send 'Authorization: Bearer TOKEN'", ((b"www-authenticate", b"Bearer"),))
        if not self._pay(scope["client"][0] if scope.get("client") else ""):
            raise _RefusedError(429, f"more than {self._limits.rate} requests a second", "ask again in a second", ((b"retry-after", b"1"),))

    @staticmethod
    def _is_open(scope: Scope) -> bool:
        """The page, which asks for the token itself, and the manifest, which says that there is one."""
        manifest = scope["path"] == "/reconcile" and scope["method"] == "GET" and not scope["query_string"]
        return scope["path"] in OPEN_WITHOUT_TOKEN or manifest

    def _pay(self, address: str) -> bool:
        """A purse an address, filled at the rate; a request takes one out."""
        now, most = time.monotonic(), 2.0 * self._limits.rate
        if len(self._purses) > _MOST_ADDRESSES:
            self._purses.clear()
        filled, since = self._purses.get(address, (most, now))
        filled = min(most, filled + (now - since) * self._limits.rate)
        self._purses[address] = (max(filled - 1, 0.0), now)
        return filled >= 1

    async def _received(self, scope: Scope, receive: Receive) -> Receive:
        """The whole body, within its bounds, before anybody looks at it."""
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            return receive
        most = self._limits.upload if scope["path"] == UPLOAD else self._limits.body
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body = await _whole(receive, most)
        except TimeoutError:
            raise _RefusedError(
                408, f"the body did not come within {self._limits.body_seconds:.0f} seconds", headers=((b"connection", b"close"),)
            ) from None
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again


async def _whole(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _RefusedError(400, "the body broke off")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _RefusedError(413, f"the body is larger than {most:,} bytes", "send less at once", ((b"connection", b"close"),))
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _refuse(send: Send, refusal: _RefusedError) -> None:
    body = json.dumps({"error": str(refusal), "hint": refusal.hint}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
