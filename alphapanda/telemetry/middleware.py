"""What every HTTP request passes: ids, the access log, CORS, and errors as JSON."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from alphapanda.clock import Clock
from alphapanda.ids import generate_event_id
from alphapanda.telemetry.log import Logger
from alphapanda.telemetry.metrics import Metrics

REQUEST_ID_HEADER = "X-Request-ID"
CORRELATION_ID_HEADER = "X-Correlation-ID"
REQUEST_ID: Final = web.RequestKey("request_id", str)
CORRELATION_ID: Final = web.RequestKey("correlation_id", str)

_ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_PROBES = frozenset({"/metrics", "/healthz", "/readyz"})
"""Asked every few seconds by machines: logged at debug level only."""
_CORS_MAX_AGE_S = "600"


def request_ids() -> Middleware:
    """Give each request an id and a correlation id: the caller's if they are well formed, else new ones."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = _given(request, REQUEST_ID_HEADER) or generate_event_id()
        request[REQUEST_ID] = request_id
        request[CORRELATION_ID] = _given(request, CORRELATION_ID_HEADER) or request_id
        response = await handler(request)
        response.headers[REQUEST_ID_HEADER] = request[REQUEST_ID]
        response.headers[CORRELATION_ID_HEADER] = request[CORRELATION_ID]
        return response

    return middleware


def access_log(log: Logger, metrics: Metrics, clock: Clock) -> Middleware:
    """Write one line a request, and observe how long it took."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = clock.monotonic()
        response = await handler(request)
        elapsed = clock.monotonic() - began
        metrics.http_seconds(_route(request), response.status).observe(elapsed)
        failed = response.status >= web.HTTPInternalServerError.status_code and request.path not in _PROBES
        say = log.warning if failed else log.debug if request.path in _PROBES else log.info
        say(
            "request",
            method=request.method,
            path=request.path_qs,
            status=response.status,
            ms=round(elapsed * 1000, 3),
            bytes=response.content_length,
            peer=request.remote,
            request_id=request[REQUEST_ID],
            correlation_id=request[CORRELATION_ID],
        )
        return response

    return middleware


def cors(origins: frozenset[str]) -> Middleware:
    """Let pages of the listed origins read the answers; `*` lists all."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN, "")
        allowed = bool(origin) and (origin in origins or "*" in origins)
        preflight = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        response: web.StreamResponse
        if preflight and allowed:
            response = web.Response(status=204)
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, HEAD, OPTIONS"
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = f"{REQUEST_ID_HEADER}, {CORRELATION_ID_HEADER}"
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _CORS_MAX_AGE_S
        else:
            response = await handler(request)
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if allowed:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = f"{REQUEST_ID_HEADER}, {CORRELATION_ID_HEADER}"
        return response

    return middleware


def errors_as_json(log: Logger) -> Middleware:
    """Answer what fails with a JSON body; what was not foreseen is logged, and not shown."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as problem:
            headers = {name: value for name, value in problem.headers.items() if name in _KEPT_HEADERS}
            return _error(request, problem.status, problem.reason, headers)
        except Exception:
            log.exception("request failed", path=request.path, request_id=request[REQUEST_ID])
            return _error(request, 500, "Internal Server Error", {})

    return middleware


_KEPT_HEADERS = frozenset({hdrs.ALLOW, hdrs.LOCATION})


def _error(request: web.Request, status: int, reason: str, headers: dict[str, str]) -> web.Response:
    body = {"error": {"status": status, "reason": reason, "path": request.path}, "request_id": request[REQUEST_ID]}
    return web.Response(
        body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json"
    )


def _given(request: web.Request, header: str) -> str:
    value = request.headers.get(header, "")
    return value if _ACCEPTABLE_ID.fullmatch(value) else ""


def _route(request: web.Request) -> str:
    """Return the route's pattern, never the path itself: a stranger must not be able to make new series."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "other"
