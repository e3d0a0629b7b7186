"""A deployment's own servers through everything that happens to servers."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.kafka_config import kafka_program
from alphapanda.infra.embedded.storage import ForeignDataError
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.identity import IdentityFile
from alphapanda.infra.ports import PortTakenError
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.progress import NoProgress
from alphapanda.infra.redis_probe import RedisRefusedError, probe_redis
from alphapanda.infra.startup import start_child
from alphapanda.infra.tiers import running
from alphapanda.settings import EmbeddedSettings

pytestmark = pytest.mark.kafka

RECORDS = 200


def tier_of(deployment: Deployment) -> EmbeddedTier:
    return EmbeddedTier(EmbeddedSettings(), deployment, SystemClock())


@asynccontextmanager
async def started(tier: EmbeddedTier) -> AsyncIterator[dict[str, ManagedProcess]]:
    """Start both servers and give them by name; what still runs at the end is stopped."""
    await tier.prepare(NoProgress())
    children: dict[str, ManagedProcess] = {}
    try:
        for spec in tier.children():
            children[spec.name] = await start_child(spec, deadline_s=60, die_with_parent=signal.SIGKILL)
        yield children
    finally:
        for child in children.values():
            await child.stop()


async def write(endpoints: Endpoints) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=endpoints.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=endpoints.bootstrap_servers, acks="all") as producer:
        for n in range(RECORDS):
            await producer.send("kept", str(n).encode())
        await producer.flush()
    async with Redis.from_url(endpoints.redis_url) as redis:
        await redis.set("kept", "yes")


async def read(endpoints: Endpoints) -> list[int]:
    async with AIOKafkaConsumer(bootstrap_servers=endpoints.bootstrap_servers) as consumer:
        partition = TopicPartition("kept", 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        values: list[int] = []
        while len(values) < RECORDS:
            batch = await consumer.getmany(timeout_ms=5_000)
            if not batch:
                break
            values += [int(record.value) for records in batch.values() for record in records]
        return values


async def kept(endpoints: Endpoints) -> str | None:
    async with Redis.from_url(endpoints.redis_url, decode_responses=True) as redis:
        value = await redis.get("kept")
        return None if value is None else str(value)


async def test_a_stop_and_a_start_keep_ports_and_data(deployment: Deployment) -> None:
    async with running(tier_of(deployment)) as first:
        await write(first)
    async with running(tier_of(deployment)) as second:
        assert second == first
        assert await read(second) == list(range(RECORDS))
        assert await kept(second) == "yes"


async def test_a_killed_kafka_loses_nothing_that_was_acknowledged(deployment: Deployment) -> None:
    tier = tier_of(deployment)
    async with started(tier) as children:
        endpoints = await tier.ready(60)
        await write(endpoints)
        for name, child in list(children.items()):
            child.kill()
            assert (await child.wait()).signal == signal.SIGKILL
            children[name] = await start_child(child.spec, deadline_s=60, die_with_parent=signal.SIGKILL)
        assert await read(await tier.ready(60)) == list(range(RECORDS))


async def test_servers_that_were_left_are_adopted(deployment: Deployment) -> None:
    tier = tier_of(deployment)
    async with started(tier) as children, started(tier_of(deployment)) as again:
        assert {name: child.pid for name, child in again.items()} == {
            name: child.pid for name, child in children.items()
        }
        assert all(child.adopted for child in again.values())


async def test_servers_whose_identity_was_lost_are_found_by_their_command_line(deployment: Deployment) -> None:
    tier = tier_of(deployment)
    async with started(tier) as children:
        for child in children.values():
            child.spec.identity_file.unlink()
        async with started(tier_of(deployment)) as again:
            assert all(child.adopted for child in again.values())
            assert again["kafka"].pid == children["kafka"].pid
            assert IdentityFile(again["valkey"].spec.identity_file).read() == children["valkey"].identity


async def test_a_left_server_that_hangs_is_replaced(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphapanda.infra.startup.ADOPTION_LIMIT_S", 0.3)
    tier = tier_of(deployment)
    await tier.prepare(NoProgress())
    valkey = tier.children()[-1]
    # It does not even take SIGTERM while it is stopped, so its grace is cut short.
    spec = replace(valkey, grace_s=0.3)
    hung = await start_child(spec, deadline_s=60, die_with_parent=signal.SIGKILL)
    os.kill(hung.pid, signal.SIGSTOP)
    fresh = await start_child(spec, deadline_s=60, die_with_parent=signal.SIGKILL)
    try:
        assert not fresh.adopted
        assert not hung.running
    finally:
        await fresh.stop()


@pytest.mark.parametrize("name", ["kafka", "kafka-controller", "valkey"])
async def test_a_taken_port_is_named_with_its_holder(deployment: Deployment, name: str) -> None:
    tier = tier_of(deployment)
    await tier.prepare(NoProgress())
    port = {
        node: port
        for spec in tier.children()
        for node, port in zip(
            ("kafka", "kafka-controller") if spec.name == "kafka" else ("valkey",), spec.ports, strict=True
        )
    }[name]
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortTakenError, match=rf"Port {port} of {name} is taken by .*\(pid {os.getpid()}\)"):
            async with running(tier):
                pass


async def test_data_of_another_deployment_is_refused(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Deployment(tmp_path_factory.mktemp("other"))
    await tier_of(deployment).prepare(NoProgress())
    await tier_of(other).prepare(NoProgress())
    deployment.kafka_data.rename(deployment.state / "mine")
    other.kafka_data.rename(deployment.kafka_data)
    with pytest.raises(ForeignDataError, match=r"belongs to cluster .*, this deployment is cluster"):
        await tier_of(deployment).prepare(NoProgress())


async def test_the_kafka_of_another_deployment_on_our_port_is_refused(deployment: Deployment) -> None:
    tier = tier_of(deployment)
    async with started(tier):
        record = deployment.state / "kafka.cluster.json"
        record.write_bytes(msgspec.json.encode({"cluster_id": "AAAAAAAAAAAAAAAAAAAAAA", "kafka": "4.3.1"}))
        with pytest.raises(ForeignDataError, match="this deployment is cluster AAAAAAAAAAAAAAAAAAAAAA"):
            await tier.ready(60)


async def test_valkey_takes_only_its_password_and_shows_it_to_nobody(deployment: Deployment) -> None:
    tier = tier_of(deployment)
    async with started(tier) as children:
        url = tier.endpoints().redis_url
        password = url.split(":")[2].split("@")[0]
        assert await probe_redis(url)
        for wrong in (url.replace(password, "guess"), url.replace(f":{password}@", "")):
            with pytest.raises(RedisRefusedError):
                await probe_redis(wrong)
        assert password not in " ".join(children["valkey"].spec.argv)
        assert password not in repr(tier.endpoints())
        for secret in (tier.valkey_files.password, tier.valkey_files.config):
            assert secret.stat().st_mode & 0o777 == 0o600


@pytest.mark.conformance  # three JVMs on the default run's two cores take a minute
@pytest.mark.timeout(400)
async def test_three_nodes_replicate(deployment: Deployment) -> None:
    tier = EmbeddedTier(EmbeddedSettings(), deployment, SystemClock(), nodes=3)
    async with running(tier, deadline_s=300) as endpoints:  # the three share two cores with whoever else is there
        admin = AIOKafkaAdminClient(bootstrap_servers=endpoints.bootstrap_servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic("wide", num_partitions=1, replication_factor=3)])
            (topic,) = await admin.describe_topics(["wide"])
            assert len(topic["partitions"][0]["replicas"]) == 3
        finally:
            await admin.close()


async def test_a_distribution_of_the_users_own_is_run(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    locked = tier_of(deployment)
    await locked.prepare(NoProgress())
    _, store = kafka_program(locked.options, locked.cache)
    assert store is not None
    home = tmp_path_factory.mktemp("kafka_2.13-4.3.1")
    (home / "libs").mkdir()
    for jar in store.class_path():
        (home / "libs" / jar.name).symlink_to(jar)
    tier = EmbeddedTier(EmbeddedSettings(kafka_home=home), deployment, SystemClock())
    async with started(tier) as children:
        assert str(home / "libs" / "kafka_2.13-4.3.1.jar") in (deployment.run / "kafka.jvm").read_text()
        assert children["kafka"].running
        assert (await tier.ready(60)).bootstrap_servers


@pytest.mark.timeout(600)  # training runs at the lowest priority
async def test_a_trained_cache_changes_no_command_line(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    shared = tier_of(deployment).cache
    (cache / "alphapanda").mkdir()
    (cache / "alphapanda" / "kafka-4.3.1").symlink_to(shared / "kafka-4.3.1")
    environ = os.environ | {"XDG_CACHE_HOME": str(cache)}
    tier = EmbeddedTier(EmbeddedSettings(), deployment, SystemClock(), environ=environ)
    async with running(tier):
        before = [spec.argv for spec in tier.children()]
        assert tier.aot().wanted
        await tier.idle_work()
        assert tier.aot().path.stat().st_size > 20_000_000
        assert [spec.argv for spec in tier.children()] == before
        assert str(tier.aot().path) in (deployment.run / "kafka.jvm").read_text()
    async with running(tier):
        log = (deployment.infra_logs / "kafka.log").read_text()
    assert "[aot]" not in log
    assert [path.name for path in (cache / "alphapanda" / "aot").iterdir() if "training" in path.name] == []
