"""Time-outs that hold: a client library may swallow the cancellation by which asyncio ends a wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def up_to(seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Give a block so long; when time is up it ends without an error, and what follows it goes on.

    A block that goes round asks `expired()` on each round: aiokafka takes the cancellation for the end of a
    request of its own now and then, and the block would go on for ever.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield limit
    except TimeoutError:
        if not limit.expired():  # a time-out of something inside
            raise
