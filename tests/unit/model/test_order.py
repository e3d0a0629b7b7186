"""The order's state machine: its table and nothing else."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import IllegalTransitionError
from alphapanda.model.order import CLOSED, TRANSITIONS, OrderStatus, OrderTrigger, next_status

PAIRS = sorted(product(OrderStatus, OrderTrigger))


@pytest.mark.parametrize(("status", "trigger"), PAIRS)
def test_a_pair_is_in_the_table_or_raises(status: OrderStatus, trigger: OrderTrigger) -> None:
    if (status, trigger) in TRANSITIONS:
        assert next_status(status, trigger) is TRANSITIONS[status, trigger]
    else:
        with pytest.raises(IllegalTransitionError, match=status):
            next_status(status, trigger)


def test_nothing_follows_from_a_closed_order() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] in CLOSED]


def test_every_status_is_reached_from_submitted() -> None:
    reached = {OrderStatus.SUBMITTED}
    while new := {to for (at, _), to in TRANSITIONS.items() if at in reached} - reached:
        reached |= new
    assert reached == set(OrderStatus)


def test_every_open_order_can_end_in_every_way_a_venue_has() -> None:
    ends = {OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}
    for status in set(OrderStatus) - CLOSED:
        assert ends <= {to for (at, _), to in TRANSITIONS.items() if at is status}, status


def test_only_a_report_settles_what_is_unknown() -> None:
    triggers = {trigger for (at, trigger) in TRANSITIONS if at is OrderStatus.UNKNOWN}
    requests = {OrderTrigger.REQUEST_MODIFY, OrderTrigger.REQUEST_CANCEL, OrderTrigger.LOSE}
    assert not triggers & requests


@given(st.lists(st.sampled_from(OrderTrigger), max_size=30))
def test_no_path_leaves_a_closed_state(path: list[OrderTrigger]) -> None:
    status = OrderStatus.SUBMITTED
    for trigger in path:
        before = status
        try:
            status = next_status(status, trigger)
        except IllegalTransitionError:
            assert (before, trigger) not in TRANSITIONS
        else:
            assert before not in CLOSED
