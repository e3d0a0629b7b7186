"""The pipeline as data: names agree, and daemons and catalogue do what it says."""

from __future__ import annotations

import pytest

from alphapanda.deployment import Deployment
from alphapanda.ids import MARKET, BrokerId
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.payloads import PAYLOADS
from alphapanda.pipeline.compose import compose_paper_trader, compose_risk, compose_strategies, runner_config
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings import load
from alphapanda.settings.sections import ProcessLayout
from daemons.catalogue import services
from topics.catalogue import Catalogue, TopicSpec
from topics.services import (
    RISK,
    SERVICE_KINDS,
    STRATEGIES_GROUP,
    TRADER,
    Service,
    groups_of,
    risk_of,
    strategies,
    trader_of,
)


def test_consumer_groups_keep_their_names() -> None:
    assert groups_of(["paper"]) == ("alphapanda.strategies", "paper.risk", "paper.trader")
    assert strategies().group == STRATEGIES_GROUP


@pytest.mark.parametrize("service", [strategies(), risk_of("paper"), trader_of("my-broker.x")])
def test_a_group_names_its_service(service: Service) -> None:
    assert Service.of_group(service.group) == service


@pytest.mark.parametrize("group", ["somebody.else", "risk", "", ".risk", "alphapanda.feed", "paper.feed"])
def test_groups_that_are_not_ours_have_no_service(group: str) -> None:
    assert Service.of_group(group) is None


@pytest.mark.parametrize("layout", list(ProcessLayout))
def test_the_daemon_that_is_named_is_one_that_runs(deployment: Deployment, layout: ProcessLayout) -> None:
    settings = load(deployment, {"PROCESS_LAYOUT": layout.value}).settings
    running = {spec.name for spec in services(settings)}
    compact = layout is ProcessLayout.COMPACT
    named = {service.daemon(compact=compact) for service in (strategies(), risk_of("paper"), trader_of("paper"))}
    assert named <= running
    assert {name for name in running if name.endswith(".paper")} <= named


def test_a_snapshot_has_its_services_name_in_every_layout() -> None:
    assert risk_of("paper").snapshot_key == "paper:snapshot:risk.paper"
    assert trader_of("paper").snapshot_key == "paper:snapshot:trader.paper"
    assert strategies().snapshot_key == "system:snapshot:strategies"


def test_every_topic_of_the_table_is_in_the_catalogue_and_the_other_way_round() -> None:
    declared = {entry.name for entry in Catalogue.load().declarations}
    named = {topic for kind in SERVICE_KINDS for topic in (*kind.inputs, *kind.outputs)}
    assert named == declared
    assert len(declared) == len(PAYLOADS)


def _label(service: Service, spec: TopicSpec) -> str:
    """Return what the catalogue calls a service: a topic of all brokers names no broker."""
    return f"{service.kind}.{{b}}" if service.broker and spec.name.is_shared else service.name


def test_the_daemons_runners_read_and_write_what_the_table_says(deployment: Deployment) -> None:
    settings = load(deployment, {}).settings
    broker = BrokerId("paper")
    composed = (
        compose_strategies(settings, deployment)[0],
        compose_risk(settings, deployment, broker),
        compose_paper_trader(settings, broker),
    )
    catalogue = Catalogue.load()
    routes = Routes(catalogue, None)
    specs = [spec for spec in catalogue.topics([broker]) if not spec.name.dlq]
    later = {topic.replace("{b}", broker) for topic in (*RISK.live_reads, *TRADER.live_writes)}
    for one in composed:
        reads = {str(spec.name) for spec in specs if _label(one.service, spec) in spec.consumers}
        writes = {str(spec.name) for spec in specs if _label(one.service, spec) in spec.producers}
        inputs, outputs = set(one.config.inputs), {routes.topic(*output) for output in one.config.outputs}
        assert inputs <= reads
        assert reads - inputs <= later, "only real money makes the difference"
        assert outputs <= writes
        assert writes - outputs <= later
        assert set(one.owned) <= inputs
        assert one.config.group == one.service.group


def test_risk_reads_ticks_where_real_money_is_at_stake() -> None:
    def inputs(mode: TradingMode) -> tuple[str, ...]:
        return runner_config(risk_of("zerodha"), Catalogue.load(), {BrokerId("zerodha"): mode}).inputs

    ticks = Routes(Catalogue.load(), None).topic(EventType.MARKET_TICK, MARKET)
    assert ticks in inputs(TradingMode.LIVE)
    assert ticks in inputs(TradingMode.SHADOW)
    assert ticks not in inputs(TradingMode.PAPER)
