"""A wait ends in time, even where a library takes the cancellation for its own."""

from __future__ import annotations

import asyncio

import pytest

from alphapanda.kafka.timeouts import up_to


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
