"""Two brokers side by side: one feed, one set of strategies, and nothing of one under the other's names."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psutil
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.tiers import tier_for
from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.model.records import Outgoing
from alphapanda.settings import load
from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(300)]
BROKERS = ("paper", "paper2")


@pytest.fixture
def desk(system: DeploymentSystem) -> Any:
    system.write("alphapanda.toml", '[brokers.paper]\nkind = "paper"\n\n[brokers.paper2]\nkind = "paper"\n')
    system.environ["ACTIVE_BROKERS"] = "paper,paper2"
    system("up")
    system.until(lambda: all(system.fills(broker) >= 3 for broker in BROKERS))
    return system


def endpoints(system: DeploymentSystem) -> Any:
    deployment = Deployment(system.root)
    return tier_for(load(deployment, system.environment()).settings, deployment, SystemClock()).endpoints()


def test_two_brokers_trade_and_never_touch(desk: Any) -> None:
    every_decision_reaches_both(desk)
    nothing_is_under_the_others_name(desk)
    a_record_on_the_wrong_topic_is_refused(desk)
    halting_one_leaves_the_other(desk)
    desk("state", "verify")


def every_decision_reaches_both(desk: Any) -> None:
    def decisions(broker: str) -> set[str]:
        records = desk.records(f"{broker}.signals.raw")
        return {json.loads(record.value or b"")["data"]["decision_id"] for record in records}

    desk.until(lambda: decisions("paper") == decisions("paper2"))
    assert desk.items("orders", "--broker", "paper")
    ids = [{order["client_order_id"] for order in desk.items("orders", "--broker", b)} for b in BROKERS]
    assert not ids[0] & ids[1]


def nothing_is_under_the_others_name(desk: Any) -> None:
    for broker, other in (BROKERS, BROKERS[::-1]):
        for topic in ("signals.raw", "signals.validated", "orders.submitted", "orders.filled", "pnl.snapshots"):
            for record in desk.records(f"{broker}.{topic}"):
                event = json.loads(record.value or b"")
                assert event["broker"] == broker
                assert f'"broker":"{other}"' not in (record.value or b"").decode()
    with redis.Redis.from_url(endpoints(desk).redis_url) as client:
        for broker, other in (BROKERS, BROKERS[::-1]):
            keys = list(client.scan_iter(f"{broker}:*"))
            assert keys
            for key in keys:
                held = client.hvals(key) if client.type(key) == b"hash" else [client.get(key) or b""]
                assert not [value for value in held if f'"broker":"{other}"'.encode() in value]
    assert groups(desk) >= {"paper.risk", "paper.trader", "paper2.risk", "paper2.trader", "alphapanda.strategies"}
    pids = {p["name"]: p["pid"] for p in desk.status()["processes"]}
    for broker, other in (BROKERS, BROKERS[::-1]):
        environ = psutil.Process(pids[f"trader.{broker}"]).environ()
        assert not [name for name in environ if name.startswith("ZERODHA_")]
        assert not [value for value in environ.values() if other in value.split(",")], environ


def groups(desk: Any) -> set[str]:
    async def ask() -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=endpoints(desk).bootstrap_servers)
        await admin.start()
        try:
            return {name for name, _ in await admin.list_consumer_groups()}
        finally:
            await admin.close()

    return asyncio.run(ask())


def a_record_on_the_wrong_topic_is_refused(desk: Any) -> None:
    stray = desk.records("paper2.signals.raw")[0]

    async def misplace() -> None:
        async with open_log(KafkaOptions(endpoints(desk).bootstrap_servers, "test")) as log:
            await log.append([Outgoing("paper.signals.raw", stray.key, stray.value, stray.headers)])

    asyncio.run(misplace())
    letters = desk.until(lambda: desk.records("paper.signals.raw.dlq"))
    assert letters[0].value == stray.value
    assert letters[0].header("ap-dlq-error-code") == b"misrouted"
    judged = desk.records("paper.signals.validated", "paper.signals.rejected")
    stray_id = json.loads(stray.value or b"")["id"]
    assert stray_id not in {json.loads(r.value or b"")["causation_id"] for r in judged}


def halting_one_leaves_the_other(desk: Any) -> None:
    desk("halt", "paper", "--reason", "a test")
    states = {row["broker"]: row["trading_state"] for row in desk.items("pnl")}
    assert states == {"paper": "HALTED", "paper2": "ACTIVE"}
    before = desk.fills("paper2")
    desk.until(lambda: desk.fills("paper2") > before)
