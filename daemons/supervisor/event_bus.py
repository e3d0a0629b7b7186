"""Delivers every event to all subscribers; one that falls behind is unsubscribed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from alphapanda.infra.control.protocol import ProcessEvent

CAPACITY = 1_000


class EventSubscription:
    """The events of one subscriber, oldest first; ends when the bus closes or the subscriber falls behind."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[ProcessEvent | None] = asyncio.Queue(CAPACITY + 1)

    def offer(self, event: ProcessEvent) -> bool:
        """Queue an event; return False, and end, when the queue is full."""
        if self._queue.qsize() >= CAPACITY:
            self.end()
            return False
        self._queue.put_nowait(event)
        return True

    def end(self) -> None:
        """End after the queued events."""
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[ProcessEvent]:
        while (event := await self._queue.get()) is not None:
            yield event


class EventBus:
    """The subscribers of one supervisor."""

    def __init__(self) -> None:
        self._subscriptions: set[EventSubscription] = set()

    @contextmanager
    def subscribe(self) -> Iterator[EventSubscription]:
        """Subscribe for the duration of the block."""
        subscription = EventSubscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, event: ProcessEvent) -> None:
        """Deliver `event` to all subscribers."""
        for subscription in tuple(self._subscriptions):
            if not subscription.offer(event):
                self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions."""
        for subscription in self._subscriptions:
            subscription.end()
