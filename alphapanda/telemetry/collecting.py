"""A collector of metrics that work of its own keeps up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from prometheus_client.registry import Collector, CollectorRegistry


@asynccontextmanager
async def collecting(
    registry: CollectorRegistry, collector: Collector, work: Coroutine[None, None, None], *, name: str
) -> AsyncIterator[None]:
    """Have `collector` scraped while the block runs, and do the endless `work` that feeds it in a task."""
    registry.register(collector)
    working = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        registry.unregister(collector)
