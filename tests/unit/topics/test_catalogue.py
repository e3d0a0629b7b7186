from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from topics.catalogue import Catalogue, CatalogueEnvironment, CleanupPolicy, Overlay
from topics.errors import CatalogueError, TopicNameError
from topics.names import TopicName

OVERLAYS = st.builds(
    Overlay,
    environment=st.sampled_from(CatalogueEnvironment),
    broker_count=st.integers(1, 9),
    partitions_multiplier=st.integers(1, 8),
    create_dlq_for_all=st.booleans(),
)
BROKERS = st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), unique=True, max_size=3).map(
    lambda names: [name for name in names if name not in {"market", "system", "dlq"}]
)
MINIMAL = """
version = 1
replication = 3
max_message_bytes = 1000
dead_letters = { retention = "14d", extra_message_bytes = 10 }
[[topics]]
name = "NAME"
event_type = "market_tick"
description = "d"
partitions = PARTITIONS
retention = RETENTION
cleanup_policy = "delete"
key = "k"
payload = "m:S"
"""


def declared(name: str = "market.ticks", partitions: str = "1", retention: str = '"1d"', more: str = "") -> str:
    text = MINIMAL.replace("NAME", name).replace("PARTITIONS", partitions).replace("RETENTION", retention)
    return text + more


def retained(milliseconds: int) -> float:
    return float("inf") if milliseconds == -1 else milliseconds


def test_every_event_type_of_the_log_has_exactly_one_topic() -> None:
    assert sorted(Catalogue.load().event_types) == sorted(set(EventType) - {EventType.TIMER})


def test_declared_payloads_are_those_that_the_codec_reads() -> None:
    for entry in Catalogue.load().declarations:
        module, _, name = entry.payload.partition(":")
        assert getattr(importlib.import_module(module), name) is PAYLOADS[EventType(entry.event_type)]


@given(OVERLAYS, BROKERS)
def test_type_and_broker_lead_to_the_topic_and_back(overlay: Overlay, brokers: list[str]) -> None:
    catalogue = Catalogue.load(overlay)
    specs = catalogue.topics(brokers)
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        source = spec.name.source
        assert catalogue.topic_of(spec.event_type, source.scope) == source
        assert catalogue.event_type_of(spec.name) == spec.event_type
        assert catalogue.spec(spec.name) == spec
        assert TopicName.parse(str(spec.name)) == spec.name


@given(OVERLAYS)
def test_dead_letters_outlive_and_outsize_their_source(overlay: Overlay) -> None:
    catalogue = Catalogue.load(overlay)
    dead = [spec for spec in catalogue.topics(["paper"]) if spec.name.dlq]
    assert dead
    for spec in dead:
        source = catalogue.spec(spec.name.source)
        assert spec.partitions == source.partitions
        assert spec.configs["cleanup.policy"] == CleanupPolicy.DELETE
        assert retained(spec.retention_ms) >= max(retained(source.retention_ms), 14 * 86_400_000)
        assert spec.max_message_bytes > source.max_message_bytes


@given(OVERLAYS)
def test_a_decider_keeps_its_outputs_at_least_as_long_as_its_inputs(overlay: Overlay) -> None:
    specs = [spec for spec in Catalogue.load(overlay).topics(["paper"]) if not spec.name.dlq]
    kept = {str(spec.name): retained(spec.retention_ms) for spec in specs}
    assert kept["paper.signals.raw"] >= kept["market.ticks"]
    assert min(kept["paper.signals.validated"], kept["paper.signals.rejected"]) >= kept["paper.signals.raw"]
    orders = [spec for spec in specs if spec.name.domain == "orders"]
    assert len(orders) == 8
    assert all(retained(spec.retention_ms) >= kept["paper.signals.validated"] for spec in orders)


@given(OVERLAYS)
def test_only_volume_topics_are_widened_and_replication_is_capped(overlay: Overlay) -> None:
    for spec in Catalogue.load(overlay).topics(["paper"]):
        assert spec.replication_factor == min(3, overlay.broker_count)
        assert int(spec.configs["min.insync.replicas"]) == (2 if overlay.broker_count >= 3 else 1)
        if spec.volume:
            assert spec.partitions % overlay.partitions_multiplier == 0
        else:
            assert spec.partitions == 1


def test_dead_letters_for_what_daemons_read_are_always_there() -> None:
    few = {spec.name for spec in Catalogue.load(Overlay(create_dlq_for_all=False)).topics(["paper"])}
    every = {spec.name for spec in Catalogue.load(Overlay()).topics(["paper"])}
    assert every - few == {
        TopicName.parse(f"{name}.dlq")
        for name in (
            *("system.audit", "system.alerts", "system.dlq-ledger", "paper.signals.rejected"),
            *("paper.orders.accepted", "paper.pnl.snapshots", "paper.control.events"),
        )
    }


def test_brokers_get_their_own_topics_and_share_the_shared_ones() -> None:
    names = [str(spec.name) for spec in Catalogue.load().topics(["paper", "paper2"])]
    assert names.count("market.ticks") == 1
    assert {name.replace("paper2.", "paper.") for name in names if name.startswith("paper2.")} == {
        name for name in names if name.startswith("paper.")
    }


def test_the_reader_of_another_broker_is_not_named() -> None:
    spec = Catalogue.load().spec(TopicName.parse("paper2.signals.validated"))
    assert spec.consumers == ("trader.paper2", "tui")


@pytest.mark.parametrize(
    ("event_type", "broker"),
    [
        ("market_tick", "paper"),
        ("order_filled", "market"),
        ("order_filled", "Paper"),
        ("no_such", "paper"),
        ("timer", "system"),
    ],
)
def test_a_type_under_the_wrong_broker_is_refused(event_type: str, broker: str) -> None:
    with pytest.raises(TopicNameError):
        Catalogue.load().topic_of(event_type, broker)


def test_undeclared_topic_is_refused_with_the_next_command() -> None:
    with pytest.raises(TopicNameError, match="alphapanda topics list"):
        Catalogue.load().spec(TopicName.parse("paper.orders.eaten"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (declared(name="{b}.ticks.x.y"), "not a topic's name"),
        (declared(name="paper.ticks.x"), "a broker is written"),
        (declared(name="market.ticks.dlq"), r"\.dlq topics are derived"),
        (declared(partitions="0"), "partitions"),
        (declared(partitions="{ development = 1 }"), "partitions lacks production, testing"),
        (declared(retention='"3 weeks"'), "not a retention"),
        (declared(retention='{ development = "1d" }'), "retention lacks"),
        (declared(more="colour = 1"), "colour"),
        (declared().replace("version = 1", "version = 2"), "version 2"),
        (declared() + declared().split("1000\n")[1].replace("dead_letters", "#"), "declared twice"),
        ("= nonsense", "cannot be read"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(text: str, says: str) -> None:
    with pytest.raises(CatalogueError, match=says):
        Catalogue.load(text=text)


def test_an_overlay_of_nothing_is_refused() -> None:
    with pytest.raises(CatalogueError, match="broker_count is 0"):
        Overlay(broker_count=0)


def test_importing_the_catalogue_loads_no_kafka_client() -> None:
    script = "import sys, topics.catalogue; sys.exit('aiokafka' in sys.modules or 'alphapanda' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
