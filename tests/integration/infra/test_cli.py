"""`alphapanda infra` as a user calls it."""

from __future__ import annotations

import json
import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from typing import NamedTuple

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.settings import EmbeddedSettings

pytestmark = pytest.mark.kafka


class Called(NamedTuple):
    code: int
    out: str
    err: str


async def call(deployment: Deployment, *words: str, **environ: str) -> Called:
    process = await create_subprocess_exec(
        sys.executable,
        "-c",
        "from commands.main import main; main()",
        "infra",
        *words,
        env=os.environ | {"ALPHAPANDA_HOME": str(deployment.root)} | environ,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return Called(process.returncode or 0, out.decode(), err.decode())


async def test_before_the_first_start_nothing_runs_and_the_ports_are_known(deployment: Deployment) -> None:
    called = await call(deployment, "status", "--json")
    assert called.code == ExitCode.FOUND
    found = json.loads(called.out)
    assert (found["schema_version"], found["kind"], found["tier"]) == (1, "infra", "embedded")
    assert [(server["name"], server["state"]) for server in found["servers"]] == [
        ("kafka", "stopped"),
        ("valkey", "stopped"),
    ]
    assert all(server["ports"] for server in found["servers"])
    again = json.loads((await call(deployment, "status", "--json")).out)
    assert again["servers"] == found["servers"]


async def test_what_is_prepared_and_runs_is_shown_and_cannot_be_reset(deployment: Deployment) -> None:
    prepared = await call(deployment, "prepare")
    assert (prepared.code, prepared.out) == (0, "")
    assert prepared.err.endswith("Next: alphapanda up\n")
    tier = EmbeddedTier(EmbeddedSettings(), deployment, SystemClock())
    async with running(tier) as endpoints:
        called = await call(deployment, "status", "--json")
        assert called.code == 0
        kafka, valkey = json.loads(called.out)["servers"]
        assert (kafka["state"], kafka["version"], kafka["address"]) == (
            "ready",
            "4.3.1",
            endpoints.bootstrap_servers,
        )
        assert (valkey["state"], valkey["address"]) == ("ready", endpoints.redacted_redis_url)
        assert kafka["pid"] > 0
        assert kafka["memory_bytes"] > 50_000_000
        assert kafka["data_bytes"] > 0
        assert endpoints.redis_url not in called.out
        table = (await call(deployment, "status")).out
        assert f"{kafka['ports'][0]}, {kafka['ports'][1]}" in table
        assert str(deployment.kafka_data) in table
        refused = await call(deployment, "reset", "--yes")
        assert refused.code == ExitCode.REFUSED
        assert f"Still running in {deployment.root}: kafka, valkey." in refused.err
        assert "alphapanda down" in refused.err
    refused = await call(deployment, "reset")
    assert refused.code == ExitCode.REFUSED
    assert "Add --confirm deployment." in refused.err
    assert deployment.kafka_data.exists()
    ports = (deployment.run / "ports.json").read_bytes()
    wiped = await call(deployment, "reset", "--yes")
    assert wiped.code == 0
    assert f"deleted {deployment.kafka_data}\n" in wiped.err
    assert not deployment.kafka_data.exists()
    assert tier.storage.cluster() is None
    assert (deployment.run / "ports.json").read_bytes() == ports
    async with running(EmbeddedTier(EmbeddedSettings(), deployment, SystemClock())) as fresh:
        assert fresh.bootstrap_servers == endpoints.bootstrap_servers


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"EMBEDDED__JAVA_HOME": "/nowhere"}, "There is no Java runtime at /nowhere/bin/java."),
        ({"EMBEDDED__KAFKA_HOME": "/nowhere"}, "/nowhere is not a Kafka distribution"),
        (
            {
                "INFRA__TIER": "external",
                "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
                "REDIS__URL": "redis://127.0.0.1:1",
            },
            "nobody listens there",
        ),
    ],
)
async def test_what_cannot_be_had_is_one_line(
    deployment: Deployment, environ: dict[str, str], message: str
) -> None:
    called = await call(deployment, "prepare", **environ)
    assert called.code == ExitCode.UNREACHABLE
    assert called.err.startswith("error: ")
    assert called.err.count("\n") == 1
    assert message in called.err
