"""Plan, apply and bootstrap against a real Kafka; each test has a broker's name of its own on it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import msgspec
import pytest

from alphapanda.infra.base import Endpoints
from alphapanda.kafka.internals import ConfigOperation
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import apply_plan, bootstrap, plan_for
from topics.catalogue import Catalogue, Overlay, TopicSpec
from topics.errors import DependencyError, KafkaUnreachableError, RefusedError
from topics.names import TopicName
from topics.plan import Change, DeleteConfig, GrowPartitions, SetConfig, decode_plan, encode_plan, make_plan

pytestmark = pytest.mark.kafka

AT = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)


def declared_for(broker: str, domain: str = "orders") -> list[TopicSpec]:
    specs = Catalogue.load(Overlay()).topics([broker])
    return [spec for spec in specs if spec.name.scope == broker and spec.name.domain == domain]


def widened(specs: list[TopicSpec], partitions: int) -> list[TopicSpec]:
    return [dataclasses.replace(spec, partitions=partitions) for spec in specs]


async def alter(cluster: Cluster, topic: str, key: str, value: str | None) -> None:
    operation = ConfigOperation.DELETE if value is None else ConfigOperation.SET
    await cluster._alter(topic, key, operation, value)


async def test_bootstrapping_twice_makes_everything_once(servers: Endpoints, unique_name: str) -> None:
    specs = list(Catalogue.load(Overlay()).topics([unique_name]))
    own = [spec for spec in specs if spec.name.scope == unique_name]
    told: list[Change] = []
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        first = await bootstrap(cluster, specs, made_at=AT, progress=told.append)
        second = await bootstrap(cluster, specs, made_at=AT, progress=told.append)
        live = await cluster.read(configs_of=[str(spec.name) for spec in own])
    assert set(first.made) >= {str(spec.name) for spec in own}
    assert [change.topic for change in told] == list(first.made)
    assert second.made == ()
    assert not [topic for topic in second.drift if topic.startswith(unique_name)]
    assert set(second.present) == {str(spec.name) for spec in specs}
    for spec in own:
        topic = live.topics[str(spec.name)]
        assert (topic.partitions, topic.replication_factor, topic.leaderless) == (spec.partitions, 1, ())
        assert topic.own_configs == dict(spec.configs)


async def test_drift_is_found_mended_key_by_key_and_then_gone(servers: Endpoints, unique_name: str) -> None:
    specs = declared_for(unique_name)
    topic = str(specs[0].name)
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, specs, made_at=AT)
        await alter(cluster, topic, "retention.ms", "1000")
        await alter(cluster, topic, "segment.bytes", "1048576")
        report = await bootstrap(cluster, specs, made_at=AT)
        assert (report.made, report.drift) == ((), (topic,))
        plan = await plan_for(cluster, specs, made_at=AT)
        assert plan.changes == (
            SetConfig(topic=topic, key="retention.ms", before="1000", after="-1"),
            DeleteConfig(topic=topic, key="segment.bytes", before="1048576"),
        )
        done = await apply_plan(cluster, plan, allow_dangerous=False)
        assert done == plan.changes
        assert (await plan_for(cluster, specs, made_at=AT)).in_step
        assert (await apply_plan(cluster, await plan_for(cluster, specs, made_at=AT), allow_dangerous=False)) == ()


async def test_an_incremental_change_leaves_the_other_configs(servers: Endpoints, unique_name: str) -> None:
    specs = declared_for(unique_name, "pnl")
    topic = str(specs[0].name)
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, specs, made_at=AT)
        await alter(cluster, topic, "segment.ms", "60000")
        own = (await cluster.read(configs_of=[topic])).topics[topic].own_configs
        assert own == {**specs[0].configs, "segment.ms": "60000"}
        await alter(cluster, topic, "segment.ms", None)
        assert (await cluster.read(configs_of=[topic])).topics[topic].own_configs == dict(specs[0].configs)


async def test_a_plan_that_the_cluster_has_left_behind_is_refused(servers: Endpoints, unique_name: str) -> None:
    specs = declared_for(unique_name)
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        file = encode_plan(await plan_for(cluster, specs, made_at=AT))
        await bootstrap(cluster, specs[:1], made_at=AT)
        with pytest.raises(RefusedError, match="have changed since the plan was made"):
            await apply_plan(cluster, decode_plan(file), allow_dangerous=True)
        live = await cluster.read()
    assert [name for name in live.topics if name.startswith(f"{unique_name}.")] == [str(specs[0].name)]


async def test_growth_waits_for_a_word_and_then_grows(servers: Endpoints, unique_name: str) -> None:
    specs = declared_for(unique_name, "signals")
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        await bootstrap(cluster, specs, made_at=AT)
        wide = widened(specs[:1], 3)
        plan = await plan_for(cluster, wide, made_at=AT)
        assert plan.changes == (GrowPartitions(topic=str(specs[0].name), before=1, after=3),)
        with pytest.raises(RefusedError, match="1 of 1 changes are dangerous"):
            await apply_plan(cluster, plan, allow_dangerous=False)
        await apply_plan(cluster, plan, allow_dangerous=True)
        live = await cluster.read()
        assert live.topics[str(specs[0].name)].partitions == 3
        assert not (await plan_for(cluster, specs[:1], made_at=AT)).in_step


async def test_a_plan_of_another_cluster_is_refused(servers: Endpoints, unique_name: str) -> None:
    specs = declared_for(unique_name)
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        live = await cluster.read()
        elsewhere = make_plan(specs, msgspec.structs.replace(live, cluster_id="elsewhere"), made_at=AT)
        with pytest.raises(RefusedError, match="The plan is for cluster elsewhere"):
            await apply_plan(cluster, elsewhere, allow_dangerous=True)


async def test_a_cluster_that_is_too_small_is_named(servers: Endpoints, unique_name: str) -> None:
    spec = Catalogue.load(Overlay(broker_count=3)).spec(TopicName.parse(f"{unique_name}.orders.filled"))
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        with pytest.raises(DependencyError, match="3 copies are declared, the cluster has 1 node"):
            await bootstrap(cluster, [spec], made_at=AT)


async def test_what_kafka_refuses_comes_in_its_own_words(servers: Endpoints, unique_name: str) -> None:
    spec = declared_for(unique_name)[0]
    bad = dataclasses.replace(spec, configs={**spec.configs, "cleanup.policy": "shred"})
    async with Cluster.connect(servers.bootstrap_servers) as cluster:
        with pytest.raises(
            DependencyError, match=rf"Kafka refused to create {unique_name}\.orders.*cleanup\.policy"
        ):
            await bootstrap(cluster, [bad], made_at=AT)
        with pytest.raises(DependencyError, match="Kafka refused to change retention"):
            await alter(cluster, f"{unique_name}.no.topic", "retention.ms", "1")


async def test_nobody_at_the_address_is_said_at_once() -> None:
    with pytest.raises(KafkaUnreachableError, match=r"^No Kafka answers at 127\.0\.0\.1:9\."):
        async with Cluster.connect("127.0.0.1:9", request_timeout_ms=2000):
            pass
