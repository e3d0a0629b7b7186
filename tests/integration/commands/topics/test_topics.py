"""`alphapanda topics` as a user drives it, against a real Kafka; each test has a broker of its own on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.internals import ConfigOperation
from alphapanda.kafka.reading import newest
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.model.control import AuditRecord, Outcome
from alphapanda.model.kinds import EventType
from alphapanda.serialization.codec import decode
from commands.main import main

pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def run(
    servers: Endpoints,
    deployment: Deployment,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    deployment.config_file.write_text(f'[brokers.{unique_name}]\nkind = "paper"\n')
    for name, value in {
        "ALPHAPANDA_HOME": str(deployment.root),
        "ACTIVE_BROKERS": unique_name,
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
    }.items():
        monkeypatch.setenv(name, value)

    def call(*words: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            main(["topics", *map(str, words)])
        said = capsys.readouterr()
        code = ended.value.code
        return Result(int(code) if code is not None else 0, said.out, said.err)

    return call


def drift(servers: Endpoints, topic: str, key: str, value: str) -> None:
    async def change() -> None:
        async with Cluster.connect(servers.bootstrap_servers) as cluster:
            await cluster._alter(topic, key, ConfigOperation.SET, value)

    asyncio.run(change())


def test_bootstrap_makes_then_finds(run: Run, unique_name: str) -> None:
    ahead = run("bootstrap", "--dry-run", "--json").document
    first = run("bootstrap", "--json")
    assert (first.code, first.document["made"]) == (0, ahead["made"])
    assert f"{unique_name}.orders.filled" in first.document["made"]
    assert '"event":"progress"' in first.err
    second = run("bootstrap")
    assert (second.code, second.out) == (0, "")
    assert "nothing was created" in second.err


def test_list_says_what_is_missing_and_then_ok(run: Run, unique_name: str) -> None:
    topic = f"{unique_name}.orders.filled"

    def state() -> str:
        items = run("list", "--json").document["items"]
        return str(next(item["state"] for item in items if item["topic"] == topic))

    assert state() == "missing"
    run("bootstrap")
    assert state() == "ok"
    shown = run("list")
    assert not [line for line in shown.out.splitlines() if line.split()[0].endswith(".dlq")]
    assert [line for line in run("list", "--dlq").out.splitlines() if line.startswith(f"{topic}.dlq")]


def test_drift_ends_with_three_until_the_plan_is_applied(
    run: Run, servers: Endpoints, unique_name: str, tmp_path: Path
) -> None:
    topic, file = f"{unique_name}.pnl.snapshots", tmp_path / "plan.json"
    run("bootstrap")
    assert run("diff", topic).code == 0
    drift(servers, topic, "retention.ms", "1000")
    found = run("diff", topic, "--json")
    assert found.code == 3
    assert [change["before"] for change in found.document["changes"]] == ["1000"]
    assert run("plan", "--out", file).code == 3
    described = run("describe", topic, "--json").document
    assert next(each for each in described["configs"] if each["config"] == "retention.ms")["state"] == "drift"
    assert run("apply", file, "--dry-run").code == 0
    assert run("diff", topic).code == 3
    assert run("apply", file).code == 0
    assert run("diff", topic).code == 0
    again = run("apply", file)
    assert again.code == 5
    assert "have changed since the plan was made" in again.err


def test_danger_needs_a_word(run: Run, servers: Endpoints, unique_name: str) -> None:
    topic = f"{unique_name}.pnl.snapshots"
    run("bootstrap")
    drift(servers, topic, "retention.ms", "-1")
    refused = run("apply")
    assert refused.code == 5
    assert "dangerous: records older than the new retention are dropped" in refused.out
    assert "--allow-dangerous" in refused.err
    assert run("diff", topic).code == 3
    assert run("apply", "--allow-dangerous").code == 0
    assert run("diff", topic).code == 0


def test_describe_and_a_name_that_is_nearly_right(run: Run, unique_name: str) -> None:
    run("bootstrap")
    shown = run("describe", f"{unique_name}.orders.filled")
    assert shown.code == 0
    assert "alphapanda.model.order:OrderFilled" in shown.out
    wrong = run("describe", f"{unique_name}.orders.fillde")
    assert wrong.code == 2
    assert f"Did you mean '{unique_name}.orders.filled'?" in wrong.err


def test_import_writes_what_is_there(run: Run, unique_name: str, tmp_path: Path) -> None:
    run("bootstrap")
    file = tmp_path / "found.toml"
    assert run("import", f"{unique_name}.orders.filled", "--out", file).code == 0
    assert 'name = "{b}.orders.filled"' in file.read_text()
    assert run("import", "--json").document["kind"] == "topics-import"


def test_another_cluster_than_the_pinned_is_refused(run: Run, deployment: Deployment) -> None:
    assert run("list").code == 0
    pin = deployment.state / "external-cluster.json"
    assert not pin.exists()
    assert run("bootstrap").code == 0
    assert run("list").code == 0
    pin.write_text('{"cluster_id": "elsewhere"}')
    refused = run("list")
    assert refused.code == 5
    assert f"{deployment.root} belongs to cluster elsewhere" in refused.err
    pin.write_text("nonsense")
    assert run("list").code == 78


def test_no_kafka_is_said_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9")
    result = run("list")
    assert (result.code, result.out) == (4, "")
    assert result.err == "error: No Kafka answers at 127.0.0.1:9. Run: alphapanda doctor\n"
    assert run("list", "--declared").code == 0


def test_a_plan_that_is_none(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("apply", file).code == 2
    file.write_text("{}")
    assert run("apply", file).code == 2


def test_an_embedded_kafka_that_never_started(
    run: Run, monkeypatch: pytest.MonkeyPatch, deployment: Deployment
) -> None:
    monkeypatch.setenv("INFRA__TIER", "embedded")
    result = run("list")
    assert result.code == 3
    assert f"Nothing was ever started in {deployment.root}. Run: alphapanda up" in result.err
    assert not deployment.state.exists()


def test_what_was_changed_is_in_the_audit(run: Run, servers: Endpoints, unique_name: str) -> None:
    topic = f"{unique_name}.pnl.snapshots"
    run("bootstrap")
    drift(servers, topic, "segment.bytes", "1048576")
    assert run("apply", "--reason", f"tidy {unique_name}").code == 0

    async def audits() -> list[AuditRecord]:
        async with open_read_log(KafkaOptions(servers.bootstrap_servers, "test")) as log:
            records, _ = await newest(log, ["system.audit"], 1000)
        return [decode(EventType.AUDIT_RECORDED, record.value or b"").data for record in records]

    made, applied = [each for each in asyncio.run(audits()) if unique_name in f"{each.details}{each.reason}"]
    assert (made.action, made.outcome) == ("topics bootstrap", Outcome.DONE)
    assert topic in made.details["made"]
    assert (applied.action, applied.reason) == ("topics apply", f"tidy {unique_name}")
    assert f"{topic}: segment.bytes 1048576 → the cluster's default" in applied.details["changes"]
