"""A small HTTP server on asyncio's streams, for the few pages that a process shows about itself on loopback.

It answers GET and HEAD of fixed paths, one request a connection. aiohttp would cost each process 11 MiB for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self

import msgspec

from alphapanda.clock import Clock
from alphapanda.ids import generate_event_id
from alphapanda.telemetry.log import Logger

REQUEST_LIMIT = 16 * 1024
REQUEST_WITHIN_S = 10.0
REQUEST_ID_HEADER = "X-Request-ID"
CORRELATION_ID_HEADER = "X-Correlation-ID"
ALLOWED = "GET,HEAD"
OTHER_ROUTE = "other"
"""The route of every unknown path: a stranger must not be able to make new series."""

_ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_PROBES = frozenset({"/metrics", "/healthz", "/readyz"})
"""Asked every few seconds by machines: logged at debug level only."""
_ID_HEADERS = f"{REQUEST_ID_HEADER}, {CORRELATION_ID_HEADER}"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request.

    Attributes:
        method: `GET`.
        target: as it was sent: path and query.
        headers: by lower-case name.
        peer: the other end's address.
        request_id: the caller's if it is well formed, else a new one.
        correlation_id: the caller's if it is well formed, else the request id.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    peer: str
    request_id: str
    correlation_id: str

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One answer."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


HttpHandler = Callable[[HttpRequest], HttpReply]
Observe = Callable[[str, int, float], None]


def json_reply(body: object, status: HTTPStatus = HTTPStatus.OK) -> HttpReply:
    """Return `body` as JSON that nobody keeps."""
    return HttpReply(msgspec.json.encode(body), status, headers={"Cache-Control": "no-store"})


class HttpServer:
    """Serves `routes` while entered.

    Args:
        host: the address to listen on.
        port: where; 0 lets the system choose, `port` then tells.
        routes: handlers by path.
        log: gets one line a request.
        clock: measures how long answers take.
        origins: web pages that may read the answers; `*` lists all.
        observe: given route, status and seconds of each request.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, HttpHandler],
        *,
        log: Logger,
        clock: Clock,
        origins: Collection[str] = (),
        observe: Observe | None = None,
    ) -> None:
        self.port = port
        self._host = host
        self._routes = routes
        self._log = log
        self._clock = clock
        self._origins = frozenset(origins)
        self._observe = observe
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen; raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._connected, self._host, self.port, limit=REQUEST_LIMIT)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop listening; a request that is not complete is not waited for."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer), name="http")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
                peer = writer.get_extra_info("peername")
                writer.write(self._answer(_parsed(head, str(peer[0]) if peer else "")))
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # not HTTP, too slow, or gone
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, request: HttpRequest) -> bytes:
        began = self._clock.monotonic()
        reply = self._reply(request)
        elapsed = self._clock.monotonic() - began
        route = request.path if request.path in self._routes else OTHER_ROUTE
        if self._observe is not None:
            self._observe(route, reply.status, elapsed)
        is_probe = request.path in _PROBES
        failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_probe
        write = self._log.warning if failed else self._log.debug if is_probe else self._log.info
        write(
            "request",
            method=request.method,
            path=request.target,
            status=int(reply.status),
            ms=round(elapsed * 1000, 3),
            bytes=len(reply.body),
            peer=request.peer,
            request_id=request.request_id,
            correlation_id=request.correlation_id,
        )
        return _encoded(request, reply, self._cors_headers(request))

    def _reply(self, request: HttpRequest) -> HttpReply:
        if self._is_allowed_preflight(request):
            return HttpReply(b"", HTTPStatus.NO_CONTENT)
        handler = self._routes.get(request.path)
        if handler is None:
            return _error(request, HTTPStatus.NOT_FOUND)
        if request.method not in {"GET", "HEAD"}:
            return _error(request, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ALLOWED})
        try:
            return handler(request)
        except Exception:  # noqa: BLE001 - answered with 500 and logged; one page must not end the process
            self._log.exception("request failed", path=request.path, request_id=request.request_id)
            return _error(request, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _is_allowed_preflight(self, request: HttpRequest) -> bool:
        asks = request.method == "OPTIONS" and "access-control-request-method" in request.headers
        return asks and self._allows(request.headers.get("origin", ""))

    def _allows(self, origin: str) -> bool:
        return bool(origin) and (origin in self._origins or "*" in self._origins)

    def _cors_headers(self, request: HttpRequest) -> dict[str, str]:
        headers = {"Vary": "Origin"}
        origin = request.headers.get("origin", "")
        if self._allows(origin):
            headers |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _ID_HEADERS}
            if self._is_allowed_preflight(request):
                headers |= {
                    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
                    "Access-Control-Allow-Headers": _ID_HEADERS,
                    "Access-Control-Max-Age": "600",
                }
        return headers


def _parsed(head: bytes, peer: str) -> HttpRequest:
    """Return the request in these bytes; raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    request_id = _given(headers, REQUEST_ID_HEADER) or generate_event_id()
    correlation_id = _given(headers, CORRELATION_ID_HEADER) or request_id
    return HttpRequest(method, target, headers, peer, request_id, correlation_id)


def _given(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name.lower(), "")
    return value if _ACCEPTABLE_ID.fullmatch(value) else ""


def _error(request: HttpRequest, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> HttpReply:
    error = {"status": int(status), "reason": status.phrase, "path": request.path}
    body = msgspec.json.encode({"error": error, "request_id": request.request_id})
    return HttpReply(body, status, headers=headers or {})


def _encoded(request: HttpRequest, reply: HttpReply, extra: Mapping[str, str]) -> bytes:
    headers = {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body)),
        "Connection": "close",
        REQUEST_ID_HEADER: request.request_id,
        CORRELATION_ID_HEADER: request.correlation_id,
        **reply.headers,
        **extra,
    }
    if reply.status is HTTPStatus.NO_CONTENT:
        del headers["Content-Type"], headers["Content-Length"]
    lines = [f"HTTP/1.1 {reply.status.value} {reply.status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + reply.body
