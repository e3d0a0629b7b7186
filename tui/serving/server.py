"""Serves the dashboard on loopback to this machine's browsers, and to no page that comes from elsewhere.

A page of any site may connect to a socket on loopback and read what it sends, so each request is asked where it
comes from; and the page itself may load nothing but what this server gives.
"""

from __future__ import annotations

import logging
import shlex
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from topics.errors import DependencyError

HOST: Final = "127.0.0.1"
PAGE: Final = Path(__file__).with_name("page")


class LoopbackServer(Server):
    """Runs one dashboard for each tab that is open.

    Args:
        command: the words that open a dashboard.
        port: on loopback.
        ready: called when the page can be opened.
    """

    def __init__(self, command: Sequence[str], port: int, ready: Callable[[], None]) -> None:
        # `exec` lets the process that is ended be the dashboard, not a shell around it.
        words = f"exec {shlex.join(command)}"
        super().__init__(words, host=HOST, port=port, title="AlphaPanda", templates_path=PAGE)
        self._ready = ready
        names = (HOST, "localhost")
        self._hosts = frozenset(f"{name}:{port}" for name in names)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        here = " ".join(("'self'", f"http://{HOST}:{port}"))
        self._policy = "; ".join(
            (
                "default-src 'none'",
                f"script-src {here} 'unsafe-inline'",
                f"style-src {here} 'unsafe-inline'",
                f"img-src {here} data: blob:",
                f"font-src {here}",
                f"connect-src {here} ws://{HOST}:{port}",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )

    def initialize_logging(self) -> None:
        """Say only what goes wrong."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say where the page is, in place of a banner."""
        del app
        self._ready()

    def serve_until_told(self) -> None:
        """Serve until SIGINT or SIGTERM; raises DependencyError when the port is taken."""
        try:
            socket.create_server((HOST, self.port)).close()
            self.serve()
        except OSError as error:
            raise DependencyError(
                f"Port {self.port} on {HOST} cannot be listened on: {error.strerror or error}.",
                hint="Choose another: alphapanda tui --serve --port 8766",
            ) from error

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard())
        app.on_response_prepare.append(self._restrict)
        return app

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            ours = request.headers.get("Host") in self._hosts and (origin is None or origin in self._origins)
            if not ours:
                raise web.HTTPForbidden(text=f"The dashboard is shown at http://{HOST}:{self.port} alone.\n")
            return await handler(request)

        return guard

    async def _restrict(self, request: web.Request, response: web.StreamResponse) -> None:
        del request
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
