"""Hands every event to whoever listens; a listener that does not keep up is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from alphapanda.infra.control.protocol import ProcessEvent

CAPACITY = 1_000


class EventSubscription:
    """One listener's events, oldest first; ends when the hub closes or the listener fell behind."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[ProcessEvent | None] = asyncio.Queue(CAPACITY + 1)

    def offer(self, event: ProcessEvent) -> bool:
        """Queue an event; return False, and end, when there is no room."""
        if self._queue.qsize() >= CAPACITY:
            self.end()
            return False
        self._queue.put_nowait(event)
        return True

    def end(self) -> None:
        """Let the listener read what waits, and no more."""
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[ProcessEvent]:
        while (event := await self._queue.get()) is not None:
            yield event


class EventBus:
    """The listeners of one supervisor."""

    def __init__(self) -> None:
        self._subscriptions: set[EventSubscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[EventSubscription]:
        """Listen for as long as the block lasts."""
        subscription = EventSubscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, event: ProcessEvent) -> None:
        """Hand `event` to all."""
        for subscription in tuple(self._subscriptions):
            if not subscription.offer(event):
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions."""
        for subscription in self._subscriptions:
            subscription.end()
