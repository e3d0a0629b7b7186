"""Waits with an end: for the first of several awaitables, or up to a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def up_to(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Limit the time of a block; when time is up it ends without an error, and the code after it runs.

    A block with a loop asks `expired()` on each round: a client library may take the cancellation by which asyncio
    ends a wait for the end of a request of its own (aiokafka does now and then), and the loop would never end.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield limit
    except TimeoutError:
        if not limit.expired():  # a time-out of something inside
            raise


async def first_of(*waits: Awaitable[object], timeout_s: float | None = None) -> int | None:
    """Await all at once; return the position of the first to end, None when time is up before.

    When several have ended, the first in the order given counts. The others are cancelled and have ended when this
    returns. Raises the error of the one that counts.
    """
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for position, task in enumerate(tasks):
            if task.done():
                task.result()
                return position
        return None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def unless_set(stop: asyncio.Event, wanted: Awaitable[T]) -> T | None:
    """Await `wanted` and return its result; None when `stop` is set first."""
    task = asyncio.ensure_future(wanted)
    return task.result() if await first_of(task, stop.wait()) == 0 else None
