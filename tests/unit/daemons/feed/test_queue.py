import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.clock import ManualClock
from alphapanda.ids import InstrumentId
from alphapanda.model.tick import Tick, TickFrame
from daemons.feed.queue import QueuePolicy, TickQueue

TICK = Tick(InstrumentId("NSE:INFY"), 408065, datetime(2026, 1, 5, 4, 0, tzinfo=UTC), 1500.0)


def frame(first: int, count: int) -> TickFrame:
    return TickFrame(first, (TICK,) * count)


def queue(
    maxsize: int, policy: QueuePolicy, *, timeout_s: float = 60.0, drops: list[int] | None = None
) -> TickQueue:
    return TickQueue(
        maxsize,
        policy,
        timeout_s=timeout_s,
        clock=ManualClock(TICK.exchange_ts),
        on_drop=(drops if drops is not None else []).append,
    )


async def numbers(full: TickQueue, limit: int = 1_000) -> list[int]:
    """Close it and return the numbers of all ticks in it."""
    full.close()
    found: list[int] = []
    while (queued := await full.get(limit)) is not None:
        found += range(queued.frame.first, queued.frame.next)
    return found


async def test_drop_takes_what_fits_and_refuses_the_rest_at_once() -> None:
    drops: list[int] = []
    small = queue(5, QueuePolicy.DROP, drops=drops)
    assert await small.put(frame(0, 3)) == 0
    assert await small.put(frame(3, 4)) == 2
    assert await small.put(frame(7, 1)) == 1
    assert drops == [2, 1]
    assert small.qsize() == 5
    assert await numbers(small) == [0, 1, 2, 3, 4]


async def test_block_then_drop_takes_what_finds_room_in_time() -> None:
    small = queue(2, QueuePolicy.BLOCK_THEN_DROP)
    await small.put(frame(0, 2))
    putting = asyncio.create_task(small.put(frame(2, 2)))
    await asyncio.sleep(0)
    assert not putting.done()
    taken = await small.get(100)
    assert taken is not None
    assert await putting == 0
    assert await numbers(small) == [2, 3]


async def test_block_then_drop_refuses_what_finds_no_room_in_time() -> None:
    drops: list[int] = []
    small = queue(2, QueuePolicy.BLOCK_THEN_DROP, timeout_s=0.0, drops=drops)
    await small.put(frame(0, 2))
    assert await small.put(frame(2, 3)) == 3
    assert drops == [3]
    assert await numbers(small) == [0, 1]


async def test_wait_loses_nothing_however_small_the_queue() -> None:
    small = queue(3, QueuePolicy.WAIT)

    async def fill() -> None:
        for first in range(0, 100, 10):
            assert await small.put(frame(first, 10)) == 0
        small.close()

    filling = asyncio.create_task(fill())
    found: list[int] = []
    while (queued := await small.get(1_000)) is not None:
        found += range(queued.frame.first, queued.frame.next)
    await filling
    assert found == list(range(100))


async def test_a_backlog_leaves_in_large_frames_but_never_over_a_gap() -> None:
    wide = queue(100, QueuePolicy.DROP)
    for first in (0, 1, 2, 10, 11):
        await wide.put(frame(first, 1))
    wide.close()
    sizes = []
    while (queued := await wide.get(2)) is not None:
        sizes.append((queued.frame.first, len(queued.frame)))
    assert sizes == [(0, 2), (2, 1), (10, 2)]


async def test_what_waits_when_the_source_is_cancelled_can_still_be_taken() -> None:
    small = queue(2, QueuePolicy.WAIT)
    putting = asyncio.create_task(small.put(frame(0, 5)))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await numbers(small) == [0, 1]


async def test_a_taker_that_waits_is_woken_by_the_end() -> None:
    empty = queue(2, QueuePolicy.WAIT)
    taking = asyncio.create_task(empty.get(1))
    await asyncio.sleep(0)
    empty.close()
    assert await taking is None


@given(st.lists(st.integers(1, 12), max_size=30), st.integers(1, 20), st.integers(1, 15))
async def test_every_tick_is_either_taken_once_in_order_or_counted_as_dropped(
    sizes: list[int], maxsize: int, limit: int
) -> None:
    drops: list[int] = []
    bounded = queue(maxsize, QueuePolicy.DROP, drops=drops)
    first, found = 0, list[int]()
    for turn, size in enumerate(sizes):
        await bounded.put(frame(first, size))
        first += size
        assert bounded.qsize() <= maxsize
        if turn % 3 == 2 and (queued := await bounded.get(limit)) is not None:
            found += range(queued.frame.first, queued.frame.next)
    found += await numbers(bounded, limit)
    assert found == sorted(set(found))
    assert len(found) + sum(drops) == first
