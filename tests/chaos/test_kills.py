"""SIGKILL to anything, under load: it comes back, decides nothing twice, loses nothing that was acknowledged."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest
import redis

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.tiers import tier_for
from alphapanda.settings import load
from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(600)]
VICTIMS = ("feed", "strategies", "risk.paper", "trader.paper", "monitor", "kafka", "valkey")


@pytest.fixture
def busy(system: DeploymentSystem) -> DeploymentSystem:
    """A system that trades quickly."""
    system.environ |= {"FEED__SPEED": "20", "FEED__TICKS_PER_SECOND": "20"}
    system("up")
    system.until(lambda: system.fills() >= 5)
    return system


def goes_on(system: DeploymentSystem) -> None:
    """See it ready again, and trading."""
    system.until(system.all_ready, patience_s=120)
    before = system.fills()
    system.until(lambda: system.fills() > before)


def acknowledged(system: DeploymentSystem) -> set[tuple[str, bytes]]:
    """Return every decision that is in the log now."""
    topics = ("paper.signals.raw", "paper.signals.validated", "paper.orders.submitted", "paper.orders.filled")
    return {(record.partition.topic, record.value or b"") for record in system.records(*topics)}


def test_any_process_is_killed_and_comes_back(busy: DeploymentSystem) -> None:
    for victim in VICTIMS:
        had = acknowledged(busy)
        killed = busy.pid(victim)
        os.kill(killed, signal.SIGKILL)
        busy.until(partial(is_back, busy, victim, killed), patience_s=120)
        goes_on(busy)
        assert had <= acknowledged(busy), f"killing {victim} lost what was acknowledged"
    verified(busy)


def test_everything_at_once_is_killed_and_up_again(busy: DeploymentSystem) -> None:
    had = acknowledged(busy)
    supervisor = busy.pid("supervisor")
    os.kill(supervisor, signal.SIGKILL)
    busy("up")
    assert busy.pid("supervisor") != supervisor
    goes_on(busy)
    for process in busy.processes():
        process.kill()
    busy("up")
    goes_on(busy)
    assert had <= acknowledged(busy)
    verified(busy)


def test_redis_is_flushed_in_the_middle(busy: DeploymentSystem) -> None:
    deployment = Deployment(busy.root)
    url = tier_for(load(deployment, busy.environment()).settings, deployment, SystemClock()).endpoints().redis_url
    with redis.Redis.from_url(url) as client:
        client.flushall()
    goes_on(busy)
    verified(busy)
    with redis.Redis.from_url(url) as client:
        client.flushall()
    busy("down")
    busy("up")
    goes_on(busy)
    verified(busy)


def is_back(system: DeploymentSystem, name: str, killed: int) -> bool:
    return system.pid(name) not in {0, killed}


def verified(system: DeploymentSystem) -> None:
    """Compare with a fresh fold of the log."""
    system("state", "verify")
