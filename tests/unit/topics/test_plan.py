from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.catalogue import Catalogue, Overlay, TopicSpec
from topics.errors import RefusedError, UsageError
from topics.live import LiveConfig, LiveState, LiveTopic, place_replicas
from topics.names import TopicName
from topics.plan import (
    Change,
    ChangeReplication,
    Create,
    DeleteConfig,
    GrowPartitions,
    PlanObstacle,
    SetConfig,
    TopicPlan,
    check_fresh,
    decode_plan,
    describe,
    encode_plan,
    make_plan,
    same_value,
)

AT = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)
SPECS = Catalogue.load(Overlay()).topics(["paper"])
TICKS = TopicName.parse("market.ticks")
DEFAULTS = {
    "segment.bytes": LiveConfig("1073741824", own=False),
    "retention.ms": LiveConfig("604800000", own=False),
}


def live_topic(spec: TopicSpec, **changes: object) -> LiveTopic:
    configs = DEFAULTS | {key: LiveConfig(value, own=True) for key, value in spec.configs.items()}
    topic = LiveTopic(name=str(spec.name), replicas=((1,) * 1,) * spec.partitions, configs=configs)
    return msgspec.structs.replace(topic, **changes)


def live_state(topics: Iterable[LiveTopic], *, nodes: tuple[int, ...] = (1,), cluster_id: str = "A") -> LiveState:
    return LiveState(cluster_id=cluster_id, nodes=nodes, topics={topic.name: topic for topic in topics})


def spec_of(name: str = "market.ticks", **changes: object) -> TopicSpec:
    spec = next(spec for spec in SPECS if spec.name == TopicName.parse(name))
    return dataclasses.replace(spec, **changes)  # type: ignore[arg-type]


def plan_of(spec: TopicSpec, topic: LiveTopic, nodes: tuple[int, ...] = (1,)) -> TopicPlan:
    return make_plan([spec], live_state([topic], nodes=nodes), made_at=AT)


def made(change: Change, state: LiveState) -> LiveState:
    """Do to a state what a cluster would do."""
    topic = state.topics.get(change.topic)
    if isinstance(change, Create):
        nodes = state.nodes[: change.replication_factor]
        configs = DEFAULTS | {key: LiveConfig(value, own=True) for key, value in change.configs.items()}
        topic = LiveTopic(name=change.topic, replicas=(nodes,) * change.partitions, configs=configs)
    else:
        assert topic is not None
        match change:
            case SetConfig():
                changed = {change.key: LiveConfig(change.after, own=True)}
                topic = msgspec.structs.replace(topic, configs={**topic.configs, **changed})
            case DeleteConfig():
                changed = {change.key: DEFAULTS.get(change.key, LiveConfig("", own=False))}
                topic = msgspec.structs.replace(topic, configs={**topic.configs, **changed})
            case GrowPartitions():
                more = topic.replicas[-1:] * (change.after - change.before)
                topic = msgspec.structs.replace(topic, replicas=topic.replicas + more)
            case ChangeReplication():
                placed = place_replicas(topic.replicas, state.nodes, change.after)
                topic = msgspec.structs.replace(topic, replicas=placed)
    return msgspec.structs.replace(state, topics={**state.topics, topic.name: topic})


def test_an_empty_cluster_gets_every_topic_and_no_danger() -> None:
    plan = make_plan(SPECS, live_state([]), made_at=AT)
    assert [change.topic for change in plan.changes] == [str(spec.name) for spec in SPECS]
    assert all(isinstance(change, Create) for change in plan.changes)
    assert plan.dangerous == ()


def test_a_cluster_as_declared_is_in_step() -> None:
    plan = make_plan(SPECS, live_state(live_topic(spec) for spec in SPECS), made_at=AT)
    assert plan.in_step
    assert plan.changes == ()


def test_a_default_that_is_as_declared_is_no_drift() -> None:
    spec = spec_of()
    configs = {key: LiveConfig(value, own=False) for key, value in spec.configs.items()}
    assert plan_of(spec, live_topic(spec, configs=configs)).in_step


def test_a_config_that_the_server_does_not_know_is_left_out() -> None:
    spec = spec_of()
    known = {
        key: LiveConfig(value, own=True) for key, value in spec.configs.items() if key != "min.insync.replicas"
    }
    assert plan_of(spec, live_topic(spec, configs=known)).in_step


def test_drifted_and_stray_configs_are_set_and_deleted_one_by_one() -> None:
    spec = spec_of()
    stray = {
        "retention.ms": LiveConfig("1000", own=True),
        "segment.bytes": LiveConfig("1", own=True),
        "redpanda.remote.read": LiveConfig("true", own=True),
    }
    plan = plan_of(spec, live_topic(spec, configs={**live_topic(spec).configs, **stray}))
    assert plan.changes == (
        SetConfig(topic="market.ticks", key="retention.ms", before="1000", after="259200000"),
        DeleteConfig(topic="market.ticks", key="segment.bytes", before="1"),
    )


@pytest.mark.parametrize(
    ("key", "live", "dangerous"),
    [
        ("retention.ms", "-1", True),
        ("retention.ms", "999999999999", True),
        ("retention.ms", "5", False),
        ("cleanup.policy", "compact", True),
        ("max.message.bytes", "9999999", True),
        ("max.message.bytes", "10", False),
        ("min.insync.replicas", "2", True),
    ],
)
def test_what_can_lose_data_is_dangerous(key: str, live: str, *, dangerous: bool) -> None:
    spec = spec_of()
    configs = {**live_topic(spec).configs, key: LiveConfig(live, own=True)}
    (change,) = plan_of(spec, live_topic(spec, configs=configs)).changes
    assert bool(change.danger) is dangerous
    assert f"{key} {live} → {spec.configs[key]}" in describe(change)


def test_growth_is_dangerous_and_shrinking_impossible() -> None:
    spec = spec_of()
    grow = plan_of(spec, live_topic(spec, replicas=((1,),)))
    assert grow.changes == grow.dangerous == (GrowPartitions(topic="market.ticks", before=1, after=3),)
    shrink = plan_of(spec, live_topic(spec, replicas=((1,),) * 4))
    assert shrink.changes == ()
    assert [entry.obstacle for entry in shrink.unfixable] == [PlanObstacle.TOO_MANY_PARTITIONS]
    assert not shrink.in_step


def test_copies_come_before_the_configs_that_count_on_them_and_go_after() -> None:
    three = Catalogue.load(Overlay(broker_count=3)).spec(TICKS)
    up = plan_of(three, live_topic(spec_of(), name="market.ticks"), nodes=(1, 2, 3))
    assert [type(change) for change in up.changes] == [ChangeReplication, SetConfig]
    lowered = live_topic(three, replicas=((1, 2, 3),) * 3)
    down = plan_of(spec_of(), lowered, nodes=(1, 2, 3))
    assert [type(change) for change in down.changes] == [SetConfig, ChangeReplication]


def test_more_copies_than_nodes_is_said_and_nothing_is_tried() -> None:
    three = Catalogue.load(Overlay(broker_count=3)).spec(TICKS)
    plan = make_plan([three], live_state([]), made_at=AT)
    assert plan.changes == ()
    assert [entry.obstacle for entry in plan.unfixable] == [PlanObstacle.TOO_FEW_NODES]


def test_undeclared_topics_are_shown_and_never_touched() -> None:
    foreign = LiveTopic(name="somebody.elses", replicas=((1,),))
    plan = make_plan(SPECS, live_state([foreign, *(live_topic(spec) for spec in SPECS)]), made_at=AT)
    assert plan.undeclared == ("somebody.elses",)
    assert plan.in_step


LIVE_TOPICS = st.builds(
    lambda name, partitions, copies, configs: LiveTopic(
        name=name, replicas=(tuple(range(1, copies + 1)),) * partitions, configs=DEFAULTS | configs
    ),
    st.sampled_from([str(spec.name) for spec in SPECS] + ["foreign"]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.dictionaries(
        st.sampled_from(
            ["retention.ms", "cleanup.policy", "min.insync.replicas", "segment.ms", "max.message.bytes"]
        ),
        st.builds(LiveConfig, st.sampled_from(["1", "2", "-1", "86400000"]), st.just(value=True)),
    ),
)


@given(st.lists(LIVE_TOPICS, unique_by=lambda topic: topic.name), st.integers(1, 3))
def test_making_the_changes_leaves_nothing_that_can_be_changed(topics: list[LiveTopic], broker_count: int) -> None:
    specs = Catalogue.load(Overlay(broker_count=broker_count)).topics(["paper"])
    state = live_state(topics, nodes=(1, 2, 3))
    for change in make_plan(specs, state, made_at=AT).changes:
        state = made(change, state)
    again = make_plan(specs, state, made_at=AT)
    assert again.changes == ()
    assert set(state.topics) >= {topic.name for topic in topics}


@given(st.lists(LIVE_TOPICS, unique_by=lambda topic: topic.name))
def test_a_plan_file_round_trips(topics: list[LiveTopic]) -> None:
    plan = make_plan(SPECS, live_state(topics), made_at=AT)
    assert decode_plan(encode_plan(plan)) == plan


def test_an_edited_plan_is_refused() -> None:
    text = encode_plan(make_plan(SPECS, live_state([]), made_at=AT)).replace(
        b'"partitions": 3', b'"partitions": 4'
    )
    with pytest.raises(RefusedError, match="changed after it was made"):
        decode_plan(text)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"format": 1}', b"[1]"])
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="not a plan"):
        decode_plan(data)


def test_a_plan_is_only_fresh_for_its_cluster_and_state() -> None:
    spec = spec_of()
    before = live_state([live_topic(spec)])
    plan = make_plan([spec], before, made_at=AT)
    check_fresh(plan, before)
    with pytest.raises(RefusedError, match="for cluster A, this is cluster B"):
        check_fresh(plan, live_state([live_topic(spec)], cluster_id="B"))
    with pytest.raises(RefusedError, match="have changed since"):
        check_fresh(plan, live_state([live_topic(spec, replicas=((1,),) * 4)]))
    with pytest.raises(RefusedError, match="have changed since"):
        check_fresh(plan, live_state([]))


def test_what_moves_by_itself_or_is_not_ours_makes_no_plan_stale() -> None:
    spec = spec_of()
    plan = make_plan([spec], live_state([live_topic(spec)]), made_at=AT)
    foreign = LiveTopic(name="foreign", replicas=((1,),))
    check_fresh(plan, live_state([live_topic(spec, leaderless=(0,)), foreign]))


def test_a_list_means_the_same_in_any_order() -> None:
    assert same_value("cleanup.policy", "compact,delete", "delete, compact")
    assert not same_value("cleanup.policy", "compact,delete", "delete")


@given(
    st.lists(st.permutations([1, 2, 3, 4]).map(lambda nodes: tuple(nodes[:2])), min_size=1, max_size=9),
    st.integers(1, 4),
)
def test_replicas_are_distinct_and_stay_where_they_are(now: list[tuple[int, ...]], copies: int) -> None:
    placed = place_replicas(tuple(now), (1, 2, 3, 4), copies)
    for before, after in zip(now, placed, strict=True):
        assert len(after) == len(set(after)) == copies
        assert after[: min(2, copies)] == before[: min(2, copies)]


def test_new_replicas_go_where_there_are_few() -> None:
    placed = place_replicas(((1,), (1,), (1,), (1,)), (1, 2, 3), 2)
    assert sorted(nodes[1] for nodes in placed) == [2, 2, 3, 3]


def test_more_copies_than_nodes_cannot_be_placed() -> None:
    with pytest.raises(UsageError, match="2 copies cannot be placed on 1 nodes"):
        place_replicas(((1,),), (1,), 2)
