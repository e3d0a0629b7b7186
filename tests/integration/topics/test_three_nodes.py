"""What one node cannot show: copies, and which nodes hold them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.tiers import running
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import apply_plan, bootstrap, plan_for
from alphapanda.settings import EmbeddedSettings
from topics.catalogue import Catalogue, Overlay
from topics.plan import ChangeReplication, SetConfig

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(400)]

AT = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)


@pytest.fixture
async def three_nodes(tmp_path: Path) -> AsyncIterator[Endpoints]:
    tier = EmbeddedTier(EmbeddedSettings(), Deployment(tmp_path), SystemClock(), nodes=3)
    async with running(tier, deadline_s=300) as endpoints:
        yield endpoints


async def test_copies_grow_and_shrink_with_the_node_count(three_nodes: Endpoints) -> None:
    one = Catalogue.load(Overlay(broker_count=1)).topics(["paper"])[:3]
    three = Catalogue.load(Overlay(broker_count=3)).topics(["paper"])[:3]
    async with Cluster.connect(three_nodes.bootstrap_servers) as cluster:
        await bootstrap(cluster, one, made_at=AT)
        grow = await plan_for(cluster, three, made_at=AT)
        assert {type(change) for change in grow.changes} == {ChangeReplication, SetConfig}
        await apply_plan(cluster, grow, allow_dangerous=True)
        assert (await plan_for(cluster, three, made_at=AT)).in_step
        live = await cluster.read()
        assert all(set(nodes) == {1, 2, 3} for nodes in live.topics["market.ticks"].replicas)
        shrink = await plan_for(cluster, one, made_at=AT)
        await apply_plan(cluster, shrink, allow_dangerous=True)
        assert (await plan_for(cluster, one, made_at=AT)).in_step
        assert (await cluster.read()).topics["market.ticks"].replication_factor == 1


async def test_bootstrap_spreads_copies_from_the_start(three_nodes: Endpoints) -> None:
    specs = Catalogue.load(Overlay(broker_count=3)).topics(["paper"])
    async with Cluster.connect(three_nodes.bootstrap_servers) as cluster:
        report = await bootstrap(cluster, specs, made_at=AT)
        assert len(report.made) == len(specs)
        assert (await bootstrap(cluster, specs, made_at=AT)).made == ()
        assert (await plan_for(cluster, specs, made_at=AT)).in_step
