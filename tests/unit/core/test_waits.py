"""A wait ends in time, even where a library takes the cancellation for its own."""

from __future__ import annotations

import asyncio

import pytest

from alphapanda.waits import first_of, unless_set, up_to


async def test_what_is_done_in_time_goes_on() -> None:
    async with up_to(60) as limit:
        await asyncio.sleep(0)
    assert not limit.expired()


async def test_when_time_is_up_the_block_ends_without_an_error() -> None:
    async with up_to(0.01) as limit:
        await asyncio.Event().wait()
    assert limit.expired()


async def test_a_swallowed_cancellation_is_seen_on_the_next_round() -> None:
    async def client() -> None:
        """Take the cancellation for the end of a request of its own."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    rounds = 0
    async with up_to(0.01) as limit:
        while not limit.expired():
            rounds += 1
            await client()
    assert (rounds, limit.expired()) == (1, True)


async def test_anothers_time_out_is_not_taken_for_it() -> None:
    with pytest.raises(TimeoutError, match="another"):
        async with up_to(60):
            raise TimeoutError("another")


async def test_who_is_cancelled_is_cancelled() -> None:
    async def wait() -> None:
        async with up_to(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_first_to_end_counts_and_the_others_are_cancelled() -> None:
    cancelled = asyncio.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    assert await first_of(never(), asyncio.sleep(0)) == 1
    assert cancelled.is_set()


async def test_of_several_that_ended_the_first_given_counts() -> None:
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done.set_result("both")
    other: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    other.set_exception(ValueError("not looked at"))
    assert await first_of(done, other) == 0


async def test_time_may_be_up_before_any() -> None:
    assert await first_of(asyncio.Event().wait(), timeout_s=0.01) is None


async def test_the_error_of_the_one_that_counts_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await first_of(asyncio.Event().wait(), fail())


async def test_a_stop_ends_a_wait_without_a_result() -> None:
    stop = asyncio.Event()
    assert await unless_set(stop, asyncio.sleep(0, "result")) == "result"
    stop.set()
    assert await unless_set(stop, asyncio.sleep(60, "late")) is None
