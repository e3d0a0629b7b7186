from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapanda.errors import InvariantError, UnknownNameError
from alphapanda.infra.control.protocol import Applied
from alphapanda.model.process_status import OrphanPolicy
from daemons.supervisor.plan import ProcessSpec, StartPlan, difference

MakeSpec = Callable[..., ProcessSpec]

per_function = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """Names, each with the names that it needs: always among those before it, then shuffled."""
    names = [f"p{n}" for n in range(draw(st.integers(1, 12)))]
    edges = [
        (name, draw(st.lists(st.sampled_from(names[:i]), unique=True)) if i else [])
        for i, name in enumerate(names)
    ]
    return draw(st.permutations(edges))


@given(graph=graphs())
@per_function
def test_each_comes_after_what_it_needs(make_spec: MakeSpec, graph: list[tuple[str, list[str]]]) -> None:
    plan = StartPlan(tuple(make_spec(name, *needs) for name, needs in graph))
    assert sorted(plan.order) == sorted(name for name, _ in graph)
    for spec in plan:
        assert all(plan.order.index(need) < plan.order.index(spec.name) for need in spec.needs)


@given(graph=graphs(), data=st.data())
@per_function
def test_a_selection_has_all_that_it_needs_and_nothing_else(
    make_spec: MakeSpec, graph: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    plan = StartPlan(tuple(make_spec(name, *needs) for name, needs in graph))
    names = data.draw(st.lists(st.sampled_from([name for name, _ in graph]), min_size=1, unique=True))
    chosen = plan.select(names)
    assert set(names) <= set(chosen.by_name)
    for spec in chosen:
        assert spec.needs == plan.by_name[spec.name].needs
        assert spec.name in names or any(spec.name in other.needs for other in chosen)


def test_a_selection_without_needs_cuts_the_links(make_spec: MakeSpec) -> None:
    plan = StartPlan((make_spec("kafka"), make_spec("feed", "kafka"), make_spec("risk", "kafka", "feed")))
    chosen = plan.select(["kafka", "risk"], with_needs=False)
    assert chosen.order == ("kafka", "risk")
    assert chosen.by_name["risk"].needs == ("kafka",)


def test_independent_ones_stand_on_one_level(make_spec: MakeSpec) -> None:
    plan = StartPlan(
        (make_spec("kafka"), make_spec("valkey"), make_spec("a", "kafka"), make_spec("b", "kafka", "valkey"))
    )
    assert plan.levels == (("kafka", "valkey"), ("a", "b"))


def test_a_circle_is_refused(make_spec: MakeSpec) -> None:
    with pytest.raises(InvariantError, match="circle"):
        StartPlan((make_spec("a", "b"), make_spec("b", "a")))


def test_an_unknown_need_is_refused(make_spec: MakeSpec) -> None:
    with pytest.raises(InvariantError, match="'kafka'"):
        StartPlan((make_spec("a", "kafka"),))


def test_a_name_twice_is_refused(make_spec: MakeSpec) -> None:
    with pytest.raises(InvariantError, match="twice"):
        StartPlan((make_spec("a"), make_spec("a")))


def test_an_unknown_name_is_answered_with_the_nearest(make_spec: MakeSpec) -> None:
    with pytest.raises(UnknownNameError, match="'strategies'"):
        StartPlan((make_spec("strategies"), make_spec("feed"))).select(["strategy"])


def test_the_difference_between_two_plans(make_spec: MakeSpec) -> None:
    running = StartPlan((make_spec("kafka"), make_spec("feed", "kafka"), make_spec("old", "feed")))
    wanted = StartPlan(
        (make_spec("kafka"), make_spec("feed", "kafka", settings_digest="other"), make_spec("new", "feed"))
    )
    assert difference(running, wanted) == Applied(
        start=("new",), restart=("feed",), stop=("old",), keep=("kafka",)
    )


def test_the_same_plan_is_no_difference(make_spec: MakeSpec) -> None:
    specs = (make_spec("kafka"), make_spec("feed", "kafka"))
    assert difference(StartPlan(specs), StartPlan(specs)).is_empty


def test_the_digest_follows_what_the_process_is_and_not_where_it_stands(make_spec: MakeSpec) -> None:
    base = make_spec("feed")
    assert base.digest == make_spec("feed", "kafka").digest
    assert base.digest != make_spec("feed", argv=("false",)).digest
    assert base.digest != make_spec("feed", settings_digest="x").digest
    assert base.digest != make_spec("feed", orphan=OrphanPolicy.SURVIVE).digest
