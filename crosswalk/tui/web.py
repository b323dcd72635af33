"""The review screen in a browser of this machine: textual-serve on loopback, closed to other pages and to the internet."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from textual_serve.server import Server

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ReviewServer(Server):
    """Serves one command. Any page in the same browser could reach a port of this machine, so whoever asks has to be our own page."""

    def __init__(self, command: str, port: int) -> None:
        super().__init__(command, host="127.0.0.1", port=port, title="crosswalk review")
        self._own = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._policy = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            f"font-src 'self' data:; connect-src 'self' ws://127.0.0.1:{port}"
        )

    def initialize_logging(self) -> None:
        """Warnings on stderr, without the values in memory."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is printed: what there is to say has been said."""

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(self._only_our_page)
        app.on_response_prepare.append(self._offline)
        return app

    @web.middleware
    async def _only_our_page(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in self._own or (origin and origin.removeprefix("http://") not in self._own):
            raise web.HTTPForbidden(text="the review screen answers only its own page on this machine")
        return await handler(request)

    async def _offline(self, _request: web.Request, response: web.StreamResponse) -> None:
        """The page may load nothing from elsewhere."""
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Frame-Options"] = "DENY"
