"""A deployment on real servers: what its processes suffer and its operator does is in the log."""

from __future__ import annotations

import getpass
import os
import signal
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest

from alphapanda.model.control import Alert, AuditRecord
from alphapanda.model.envelope import EventEnvelope
from alphapanda.testing.system import DeploymentSystem
from topics.services import ALERTS, AUDIT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture
def up(system: DeploymentSystem) -> Iterator[DeploymentSystem]:
    system.environ["SUPERVISOR__CRASHLOOP_AFTER"] = "2"
    system.environ["SUPERVISOR__SHORT_RUN_S"] = "3600"
    system.environ["SUPERVISOR__BACKOFF_INITIAL_S"] = "0.1"
    system("up")
    yield system
    system("down")


def alerts(system: DeploymentSystem) -> list[EventEnvelope[Alert]]:
    return [
        msgspec.json.decode(record.value, type=EventEnvelope[Alert])
        for record in system.records(ALERTS)
        if record.value
    ]


def audits(system: DeploymentSystem) -> list[AuditRecord]:
    found = [
        msgspec.json.decode(record.value, type=EventEnvelope[AuditRecord])
        for record in system.records(AUDIT)
        if record.value
    ]
    return [each.data for each in found if each.source == "supervisor"]


def page_of(system: DeploymentSystem, name: str) -> str:
    status = system.status()
    (url,) = [each["url"] for each in (status["supervisor"], *status["processes"]) if each["name"] == name]
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        return str(answer.read().decode())


def test_what_happens_to_a_system_is_in_its_log(up: DeploymentSystem) -> None:
    # The start is audited with the user who asked for it.
    (start,) = up.until(lambda: [each for each in audits(up) if each.action == "process start"])
    assert start.actor == getpass.getuser()
    assert {"feed", "monitor", "strategies"} <= set(start.target.split(","))

    # A killed daemon is an alert, and restarts are counted.
    up.kill("feed")
    (died,) = up.until(lambda: [each for each in alerts(up) if each.data.code == "PROCESS_DIED"])
    assert died.data.source == "feed"
    assert "SIGKILL" in died.data.message
    up.until(up.all_ready)
    restarts = (
        'trading_process_restarts_total{service="supervisor",broker="system",process="feed",kind="daemon"} 1.0'
    )
    assert restarts in page_of(up, "supervisor")

    # A restart by hand is audited, as the supervisor did it.
    up("restart", "feed")
    (restart,) = up.until(lambda: [each for each in audits(up) if each.action == "process restart"])
    assert (restart.actor, restart.target, restart.outcome) == (getpass.getuser(), "feed", "done")

    # A crash loop is a critical alert and a metric.
    for _ in range(2):
        up.until(lambda: up.pid("strategies"))
        up.kill("strategies")
        up.until(lambda: _state(up, "strategies") in {"backoff", "starting", "crashloop"})
    (loop,) = up.until(lambda: [each for each in alerts(up) if each.data.code == "PROCESS_CRASHLOOP"])
    assert (loop.data.source, loop.data.severity) == ("strategies", "critical")
    in_loop = (
        'trading_process_crashloop{service="supervisor",broker="system",process="strategies",kind="daemon"} 1.0'
    )
    assert in_loop in page_of(up, "supervisor")

    # Kafka goes away: the alerts wait on disk and are written when it is back.
    kafka = up.pid("kafka")
    os.kill(kafka, signal.SIGKILL)
    up.until(lambda: up.pid("kafka") not in {0, kafka} and _state(up, "kafka") == "ready")
    up.until(lambda: {each.data.code for each in alerts(up)} >= {"KAFKA_LOST", "KAFKA_RESTORED"})
    assert any(each.data.source == "kafka" and each.data.code == "PROCESS_DIED" for each in alerts(up))
    ids = [each.id for each in alerts(up)]
    assert len(ids) == len(set(ids))

    os.kill(up.pid("valkey"), signal.SIGSTOP)
    up.until(lambda: any(each.data.code == "REDIS_LOST" for each in alerts(up)))
    os.kill(up.pid("valkey"), signal.SIGCONT)
    up.until(lambda: any(each.data.code == "REDIS_RESTORED" for each in alerts(up)))

    # What concerns the whole deployment is measured here.
    monitor = page_of(up, "monitor")
    assert 'kafka_consumergroup_lag{broker="system",consumergroup="paper.risk"' in monitor
    assert "alphapanda_dlq_oldest_open_seconds{" in monitor
    assert "kafka_consumergroup_lag{" not in page_of(up, "feed")


def _state(system: DeploymentSystem, name: str) -> str:
    return str(next(each["state"] for each in system.status()["processes"] if each["name"] == name))
