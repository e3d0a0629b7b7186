from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from alphapanda.clock import ManualClock
from alphapanda.deployment import Deployment
from alphapanda.errors import DependencyError
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.http import TelemetryServer
from alphapanda.telemetry.logs import LogSystem
from alphapanda.telemetry.metrics import Metrics

PAGE = "https://desk.example"


@dataclass(frozen=True)
class Api:
    host: str = "127.0.0.1"
    cors_origins: tuple[str, ...] = (PAGE,)


@dataclass
class Served:
    server: TelemetryServer
    client: aiohttp.ClientSession
    health: Health
    metrics: Metrics


@pytest_asyncio.fixture
async def served(logs: LogSystem, clock: ManualClock) -> AsyncIterator[Served]:
    metrics, health = Metrics("risk.paper", "paper", clock), Health("risk.paper", clock)
    async with (
        TelemetryServer(Api(), 0, metrics, health, logs.stats, log=logs.log, clock=clock) as server,
        aiohttp.ClientSession(server.url) as client,
    ):
        yield Served(server, client, health, metrics)


def api_lines(logs: LogSystem, deployment: Deployment) -> list[dict[str, Any]]:
    assert logs.flush(20.0)
    text = (deployment.logs / "risk.paper.jsonl").read_text(encoding="utf-8")
    return [line for line in map(json.loads, text.splitlines()) if line["channel"] == "api"]


async def test_readiness_is_503_with_reasons_until_it_is_200(served: Served) -> None:
    async with served.client.get("/readyz") as answer:
        body = await answer.json()
        assert (answer.status, body["ready"], body["reasons"]) == (503, False, ["starting"])
    served.health.not_ready("recovers")
    served.health.not_ready("no answer", part="redis")
    async with served.client.get("/readyz") as answer:
        assert (await answer.json())["reasons"] == ["recovers", "no answer"]
    served.health.ready()
    served.health.ready("redis")
    async with served.client.get("/readyz") as answer:
        body = await answer.json()
        assert (answer.status, body["ready"], body["reasons"]) == (200, True, [])
        assert (body["service"], body["schema_version"]) == ("risk.paper", 1)


async def test_it_is_alive_though_not_ready(served: Served) -> None:
    async with served.client.get("/healthz") as answer:
        assert answer.status == 200
        assert (await answer.json())["alive"] is True


async def test_metrics_come_in_the_form_that_is_asked_for(served: Served) -> None:
    served.metrics.dlq_messages.inc(2)
    async with served.client.get("/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert 'trading_dlq_messages_total{broker="paper",service="risk.paper"} 2.0' in await answer.text()
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with served.client.get("/metrics", headers=accept) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert (await answer.text()).endswith("# EOF\n")


async def test_log_stats(served: Served, logs: LogSystem) -> None:
    logs.log.warning("one")
    async with served.client.get("/api/v1/logs/stats") as answer:
        body = await answer.json()
    assert body["by_level"]["warning"] == 1
    assert body["sinks"][0]["name"] == "file"


async def test_ids_are_the_callers_if_well_formed(served: Served) -> None:
    given = {"X-Request-ID": "req-1", "X-Correlation-ID": "chain.7"}
    async with served.client.get("/healthz", headers=given) as answer:
        assert {name: answer.headers[name] for name in given} == given
    async with served.client.get(
        "/healthz", headers={"X-Request-ID": "a b; c", "X-Correlation-ID": "x" * 200}
    ) as answer:
        assert len(answer.headers["X-Request-ID"]) == 36
        assert answer.headers["X-Correlation-ID"] == answer.headers["X-Request-ID"]


async def test_requests_are_logged_on_the_api_channel_with_their_ids(
    deployment: Deployment, log_config: Any, clock: ManualClock
) -> None:
    from alphapanda.telemetry.logs import configure_logging

    with configure_logging(
        log_config(level="debug"), deployment, "risk.paper", console=False, clock=clock
    ) as logs:
        metrics, health = Metrics("risk.paper", "paper", clock), Health("risk.paper", clock)
        async with (
            TelemetryServer(Api(), 0, metrics, health, logs.stats, log=logs.log) as server,
            aiohttp.ClientSession(server.url) as client,
        ):
            async with client.get("/nowhere?api_key=s3cret", headers={"X-Request-ID": "r1"}):
                pass
            async with client.get("/readyz", headers={"X-Request-ID": "r2", "X-Correlation-ID": "c2"}):
                pass
        one, two = api_lines(logs, deployment)
    assert (one["level"], one["status"], one["request_id"], one["method"]) == ("info", 404, "r1", "GET")
    assert "s3cret" not in one["path"]
    assert (two["level"], two["status"], two["correlation_id"]) == ("debug", 503, "c2")


async def test_errors_are_json_and_name_no_secret_of_the_inside(
    served: Served, monkeypatch: pytest.MonkeyPatch, logs: LogSystem, deployment: Deployment
) -> None:
    async with served.client.get("/nope") as answer:
        body = await answer.json()
        assert (answer.status, body["error"]["reason"]) == (404, "Not Found")
        assert body["request_id"] == answer.headers["X-Request-ID"]
    async with served.client.post("/readyz") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")

    def broken() -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(served.health, "report", broken)
    async with served.client.get("/readyz") as answer:
        assert answer.status == 500
        assert "inside" not in await answer.text()
    failed = [line for line in api_lines(logs, deployment) if line["event"] == "request failed"]
    assert "RuntimeError: inside" in failed[0]["exception"]


async def test_strangers_cannot_make_new_series(served: Served) -> None:
    for path in ("/a", "/b", "/c"):
        async with served.client.get(path):
            pass
    page = await (await served.client.get("/metrics")).text()
    assert 'route="other"' in page
    assert 'route="/a"' not in page


async def test_a_listed_page_may_read_and_another_may_not(served: Served) -> None:
    async with served.client.get("/readyz", headers={"Origin": PAGE}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Vary"] == "Origin"
    async with served.client.get("/readyz", headers={"Origin": "https://evil.example"}) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers
    ask = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    async with served.client.options("/readyz", headers=ask) as answer:
        assert answer.status == 204
        assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    async with served.client.options("/readyz", headers=ask | {"Origin": "https://evil.example"}) as answer:
        assert answer.status == 405


async def test_a_taken_port_is_one_clear_error(served: Served, logs: LogSystem, clock: ManualClock) -> None:
    second = TelemetryServer(
        Api(), served.server.port, Metrics("feed"), Health("feed", clock), logs.stats, log=logs.log
    )
    with pytest.raises(DependencyError, match=rf"HTTP of feed cannot listen on 127.0.0.1:{served.server.port}"):
        await second.__aenter__()


async def test_half_a_request_does_not_keep_it_from_closing(logs: LogSystem, clock: ManualClock) -> None:
    metrics, health = Metrics("feed", clock=clock), Health("feed", clock)
    server = TelemetryServer(Api(), 0, metrics, health, logs.stats, log=logs.log, clock=clock)
    async with aiohttp.ClientSession() as client:
        await server.__aenter__()
        url = server.url
        _, half = await asyncio.open_connection("127.0.0.1", server.port)
        half.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        async with client.get(f"{url}/healthz") as answer:
            assert answer.status == 200
        await asyncio.wait_for(server.__aexit__(None, None, None), 30)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(f"{url}/healthz")
        half.close()
