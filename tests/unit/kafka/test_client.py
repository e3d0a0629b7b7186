"""How every client of this deployment reaches Kafka: by one function, from the settings."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions
from alphapanda.operations import servers
from alphapanda.settings import Settings
from alphapanda.settings.sections import KafkaSettings
from daemons import service

SERVERS = "kafka:9092"


@pytest.mark.parametrize(("request_ms", "wait_ms"), [(30_000, 5_000), (4_000, 2_000)])
def test_a_fetch_waits_for_less_than_a_request_may_take(request_ms: int, wait_ms: int) -> None:
    kafka = KafkaSettings(request_timeout_ms=request_ms, fetch_max_wait_ms=5_000)
    assert KafkaOptions.from_settings(kafka, SERVERS, "dlq") == KafkaOptions(
        SERVERS, "alphapanda.dlq", fetch_max_wait_ms=wait_ms, request_timeout_ms=request_ms
    )


@pytest.mark.parametrize("name", ["tui", "dlq"])
def test_the_time_of_a_request_holds_for_commands_and_dashboard_as_for_daemons(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings = Settings(kafka=KafkaSettings(request_timeout_ms=7_000))
    endpoints = Endpoints(SERVERS, "redis://localhost")
    monkeypatch.setattr(servers, "endpoints_of", lambda *_: endpoints)
    theirs = servers.kafka_options(Deployment.find({}), settings, SystemClock(), name)
    context = SimpleNamespace(settings=settings, endpoints=endpoints)
    assert theirs == service.kafka_options(context, name)  # type: ignore[arg-type]
    assert theirs.request_timeout_ms == 7_000
