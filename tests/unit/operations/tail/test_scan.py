"""Many partitions in one order of time: whatever the pace, nothing is lost and no partition's order changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.model.records import Partition, Record
from alphapanda.operations.tail.scan import HELD, TimeMerge

A, B = Partition("a", 0), Partition("b", 0)


def record(partition: Partition, offset: int, ms: int) -> Record:
    return Record(partition, offset, ms, None, b"")


@given(st.data())
def test_everything_comes_once_in_order_of_time_and_of_its_partition(data: st.DataObject) -> None:
    names = [Partition("t", n) for n in range(data.draw(st.integers(1, 4)))]
    times = {one: data.draw(st.lists(st.integers(0, 50), max_size=20)) for one in names}
    waiting = {one: [record(one, n, ms) for n, ms in enumerate(found)] for one, found in times.items()}
    merge = TimeMerge(names)
    given_back: list[Record] = []
    while not merge.is_finished:
        hungry = merge.hungry()
        assert hungry
        partition = data.draw(st.sampled_from(hungry))
        left = waiting[partition]
        if not left:
            merge.finish(partition)
        else:
            size = data.draw(st.integers(1, len(left)))
            chunk, waiting[partition] = left[:size], left[size:]
            merge.add(partition, chunk, chunk[-1].timestamp_ms)
        given_back += merge.ready()
    assert sorted(map(repr, given_back)) == sorted(
        repr(record(one, n, ms)) for one, found in times.items() for n, ms in enumerate(found)
    )
    for one in names:
        assert [r.offset for r in given_back if r.partition == one] == list(range(len(times[one])))
    if all(found == sorted(found) for found in times.values()):
        assert [r.timestamp_ms for r in given_back] == sorted(r.timestamp_ms for r in given_back)


def test_nothing_is_given_before_the_slowest_partition_has_come_so_far() -> None:
    merge = TimeMerge([A, B])
    merge.add(A, [record(A, 0, 10), record(A, 1, 30)], 30)
    assert merge.ready() == []
    merge.add(B, [], 20)  # read up to 20, and nothing of it passed the filter
    assert [one.timestamp_ms for one in merge.ready()] == [10]
    merge.finish(B)
    assert [one.timestamp_ms for one in merge.ready()] == [30]


def test_a_partition_far_ahead_is_not_read_on() -> None:
    merge = TimeMerge([A, B])
    merge.add(A, [record(A, n, 1000 + n) for n in range(HELD)], 1000 + HELD)
    assert merge.hungry() == [B]
    merge.finish(B)
    assert merge.hungry() == [A]
