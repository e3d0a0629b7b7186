"""Dead letters of a running system, as Prometheus sees them: they come, go back, come back, and are set aside."""

from __future__ import annotations

import asyncio
import re
import urllib.request

import pytest

from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.model.records import Outgoing
from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(300)]

SIGNALS = "paper.signals.raw"


def test_the_metrics_follow_what_becomes_of_a_dead_letter(system: DeploymentSystem) -> None:
    system("up")
    write(system, b"no signal")
    system.until(lambda: figures(system, "alphapanda_dlq_open_records") == {"decode": 1})
    assert max(figures(system, "alphapanda_dlq_oldest_open_seconds").values()) > 0

    why = ("--reason", "a test", "--yes")
    system("dlq", "replay", SIGNALS, "--include-unreadable", *why, code=3)
    system("dlq", "discard", SIGNALS, *why)
    system.until(lambda: figures(system, "alphapanda_replay_total") == {"returned": 1})
    assert figures(system, "alphapanda_dlq_open_records") == {}


def write(system: DeploymentSystem, value: bytes) -> None:
    """Put a record where risk reads."""

    async def act() -> None:
        async with open_log(KafkaOptions(system._servers(), "test")) as log:
            await log.append([Outgoing(SIGNALS, b"s", value, ())])

    asyncio.run(act())


def figures(system: DeploymentSystem, name: str) -> dict[str, float]:
    """Return what the monitor daemon says of dead letters of signals, by code or outcome."""
    (url,) = [p["url"] for p in system.status()["processes"] if p["name"] == "monitor"]
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        page = answer.read().decode()
    found = {}
    for labels, value in re.findall(rf"^{name}{{(.*)}} (.*)$", page, re.MULTILINE):
        if f'topic="{SIGNALS}.dlq"' in labels:
            by = re.search(r'(?:error_code|outcome)="(.*?)"', labels)
            found[by[1] if by else ""] = float(value)
    return found
