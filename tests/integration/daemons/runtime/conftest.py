"""An external deployment of a test's own on the session's servers, with its topics."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.settings import load
from alphapanda.settings.model import declared_topics

SOURCE = str(Path(__file__).resolve().parents[4])


@pytest.fixture
def environ(tmp_path: Path, servers: Endpoints, unique_name: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": SOURCE,
        "ALPHAPANDA_HOME": str(tmp_path),
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
        "ACTIVE_BROKERS": unique_name,
        f"BROKERS__{unique_name.upper()}__KIND": "paper",
        "SUPERVISOR__READY_TIMEOUT_S": "5",
        "SUPERVISOR__STOP_TIMEOUT_S": "1",
    }


@pytest.fixture
async def with_topics(environ: dict[str, str], servers: Endpoints, tmp_path: Path) -> None:
    declared = declared_topics(load(Deployment(tmp_path), environ).settings)
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, declared, made_at=SystemClock().now())
