"""What lag is: by its definitions, over every place a commit can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.model.records import Partition
from alphapanda.operations.groups.lag import GroupLagReport, LagReport, PartitionLag, with_rates

PLACE = Partition("market.ticks", 0)


def lag(committed: int | None, start: int | None = 0, end: int | None = 100, **more: object) -> PartitionLag:
    return PartitionLag(partition=PLACE, committed=committed, start=start, end=end, **more)  # type: ignore[arg-type]


def look(at: float, *partitions: PartitionLag) -> LagReport:
    return LagReport(at, (GroupLagReport(name="g", state="Stable", members=(), partitions=partitions),))


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_lag_is_never_negative_and_counts_only_what_is_there(committed: int, start: int, more: int) -> None:
    one = lag(committed, start, start + more)
    assert one.lag is not None
    assert 0 <= one.lag <= more
    assert one.breach is (committed < start)
    assert one.lost == max(0, start - committed)
    if one.lag:
        assert one.next_offset is not None
        assert start <= one.next_offset < start + more
    else:
        assert one.next_offset is None


def test_without_a_commit_or_a_topic_there_is_no_lag_and_nothing_is_summed() -> None:
    group = GroupLagReport(
        name="g", state="Empty", members=(), partitions=(lag(None), lag(5, None, None), lag(90))
    )
    assert [one.lag for one in group.partitions] == [None, None, 10]
    assert group.lag == 10
    assert group.partitions[1].gone
    assert GroupLagReport(name="g", state="Empty", members=(), partitions=(lag(None),)).lag is None


def test_rates_and_the_time_to_drain() -> None:
    after = with_rates(look(12.0, lag(60, end=110)), look(10.0, lag(20, end=100)))
    (one,) = after.groups[0].partitions
    assert (one.consumed_per_s, one.written_per_s) == (20.0, 5.0)
    assert one.drain_s == pytest.approx(50 / 15)
    assert after.groups[0].drain_s == one.drain_s


@pytest.mark.parametrize(("committed", "end"), [(20, 120), (22, 110)])
def test_what_grows_is_never_drained(committed: int, end: int) -> None:
    (one,) = with_rates(look(2.0, lag(committed, end=end)), look(1.0, lag(20, end=100))).groups[0].partitions
    assert one.drain_s is None


def test_an_age_that_is_not_known_is_estimated_from_rates_and_marked() -> None:
    (one,) = with_rates(look(2.0, lag(90, end=110)), look(1.0, lag(85, end=100))).groups[0].partitions
    assert (one.seconds, one.estimated) == (2.0, True)
    (known,) = with_rates(look(2.0, lag(90, end=110, seconds=7.0)), look(1.0, lag(85))).groups[0].partitions
    assert (known.seconds, known.estimated) == (7.0, False)


def test_a_reset_between_two_looks_gives_no_negative_rate() -> None:
    (one,) = with_rates(look(2.0, lag(5)), look(1.0, lag(50))).groups[0].partitions
    assert one.consumed_per_s == 0
    unrelated = with_rates(look(1.0, lag(5)), look(1.0, lag(50)))
    assert unrelated.groups[0].partitions[0].consumed_per_s is None
