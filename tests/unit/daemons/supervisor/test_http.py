"""The supervisor's HTTP, asked over a real socket."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alphapanda.clock import SystemClock
from alphapanda.infra.control.protocol import SystemStatus
from alphapanda.model.process_status import ProcessState, ProcessStatus, UnitKind
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.http_server import HttpServer
from alphapanda.telemetry.log import SilentLogger
from daemons.supervisor.http import metric_lines, supervisor_routes

AT = datetime(2026, 1, 5, tzinfo=UTC)


def process(name: str, state: ProcessState, restarts: int = 0) -> ProcessStatus:
    return ProcessStatus(
        name=name, kind=UnitKind.DAEMON, state=state, since=AT, restarts=restarts, uptime_s=5.0, reason="so"
    )


def system(*processes: ProcessStatus) -> SystemStatus:
    own = process("supervisor", ProcessState.READY)
    return SystemStatus(at=AT, supervisor=own, processes=processes, overrides={})


async def ask(status: SystemStatus, request: str) -> tuple[str, bytes]:
    routes = supervisor_routes(lambda: status, lambda: 2)
    async with HttpServer("127.0.0.1", 0, routes, log=SilentLogger(), clock=SystemClock()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    return head.decode().splitlines()[0], body


def test_each_process_has_its_metrics_as_they_are_declared() -> None:
    status = system(process("feed", ProcessState.READY, 3), process("risk.paper", ProcessState.CRASHLOOP))
    families = {each.name: each for each in text_string_to_metric_families("\n".join(metric_lines(status, 2)))}
    for spec in (specs.PROCESS_UP, specs.PROCESS_RESTARTS, specs.PROCESS_CRASHLOOP, specs.PROCESS_UPTIME):
        family = families[spec.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (spec.kind, spec.doc)
        assert all(set(sample.labels) == set(spec.label_names) for sample in family.samples)
    up = {each.labels["process"]: each.value for each in families["trading_process_up"].samples}
    assert up == {"feed": 1, "risk.paper": 0}
    loops = {each.labels["process"]: each.value for each in families["trading_process_crashloop"].samples}
    assert loops == {"feed": 0, "risk.paper": 1}
    assert families["trading_process_restarts"].samples[0].value == 3
    assert families["trading_outbox_dropped"].samples[0].value == 2


async def test_metrics_and_health_are_served() -> None:
    status = system(process("feed", ProcessState.READY))
    line, body = await ask(status, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert line == "HTTP/1.1 200 OK"
    assert b'trading_process_up{service="supervisor",broker="system",process="feed",kind="daemon"} 1.0' in body
    line, body = await ask(status, "GET /healthz HTTP/1.1\r\n\r\n")
    assert (line, json.loads(body)["alive"]) == ("HTTP/1.1 200 OK", True)


async def test_readiness_names_what_is_not_ready() -> None:
    status = system(process("feed", ProcessState.READY), process("risk.paper", ProcessState.BACKOFF))
    line, body = await ask(status, "GET /readyz HTTP/1.1\r\n\r\n")
    assert line == "HTTP/1.1 503 Service Unavailable"
    assert json.loads(body)["reasons"] == ["risk.paper is backoff: so"]


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        ("GET /nothing HTTP/1.1", "HTTP/1.1 404 Not Found"),
        ("POST /metrics HTTP/1.1", "HTTP/1.1 405 Method Not Allowed"),
        ("HEAD /healthz HTTP/1.1", "HTTP/1.1 200 OK"),
    ],
)
async def test_other_requests_are_answered_too(request_line: str, answer: str) -> None:
    line, body = await ask(system(), f"{request_line}\r\n\r\n")
    assert line == answer
    assert (body == b"") == request_line.startswith("HEAD")
