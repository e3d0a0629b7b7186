"""A deployment in a folder of its own, settings of logs, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphapanda.clock import ManualClock
from alphapanda.deployment import Deployment
from alphapanda.telemetry.logs import LogSystem, configure_logging


@dataclass(frozen=True)
class LogConfig:
    level: str = "info"
    format: str = "auto"
    channels: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = 1_000_000
    backups: int = 5


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2025, 11, 17, 4, 0, tzinfo=UTC))


@pytest.fixture
def log_config() -> type[LogConfig]:
    return LogConfig


@pytest.fixture
def logs(deployment: Deployment, clock: ManualClock) -> Iterator[LogSystem]:
    config = LogConfig(level="debug", channels={"api": "warning"})
    with configure_logging(config, deployment, "risk.paper", console=False, clock=clock) as system:
        yield system
