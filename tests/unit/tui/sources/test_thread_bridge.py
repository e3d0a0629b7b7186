"""An act on dead letters has a thread of its own, and ends with whoever waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from alphapanda.errors import RefusedError
from tui.sources.control import ActionProgress, ActionResult, Ending, PreparedAction, Preview, Tell
from tui.sources.thread_bridge import in_thread

PATIENCE_S = 30.0


@dataclass
class Slow:
    """An offer that blocks its loop until the test lets it go on.

    Attributes:
        begun: set when preparing has begun.
        go: blocks preparing until it is set.
        threads: in which it worked.
        closed: set when it was let go.
        audited: whether it could do what is left to do at its end, before that.
        error: raised when it is prepared.
    """

    begun: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)
    closed: threading.Event = field(default_factory=threading.Event)
    audited: bool = False
    error: Exception | None = None
    preview: Preview = field(default_factory=lambda: Preview(topic="a.dlq", target="a", touched=2))

    def open(self) -> Callable[[], AbstractAsyncContextManager[PreparedAction]]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[PreparedAction]:
            self.threads.add(threading.get_ident())
            self.begun.set()
            assert self.go.wait(PATIENCE_S)
            await asyncio.sleep(0)
            if self.error is not None:
                raise self.error
            try:
                yield self
            finally:
                self.closed.set()

        return opened

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        self.threads.add(threading.get_ident())
        tell(ActionProgress(reason, 1, 2))
        try:
            await stop.wait()
        finally:
            await asyncio.sleep(0.01)
            self.audited = not self.closed.is_set()
        return ActionResult("stopped", ending=Ending.STOPPED)


async def test_preparing_does_not_hold_up_the_screen() -> None:
    slow = Slow()
    asyncio.get_running_loop().call_soon(slow.go.set)  # it would wait for ever for a loop that it holds up
    async with in_thread(slow.open()) as prepared:
        assert prepared.preview.touched == 2
        assert not slow.closed.is_set()
    assert slow.closed.is_set()
    assert threading.get_ident() not in slow.threads


async def test_it_tells_here_and_is_stopped_from_here() -> None:
    slow, told, here = Slow(), [], threading.get_ident()
    slow.go.set()
    stop = asyncio.Event()

    def tell(progress: ActionProgress) -> None:
        assert threading.get_ident() == here
        told.append(progress)
        stop.set()

    async with in_thread(slow.open()) as prepared:
        ended = await prepared.carry_out("why", tell, stop)
    assert ended == ActionResult("stopped", ending=Ending.STOPPED)
    assert told == [ActionProgress("why", 1, 2)]
    assert here not in slow.threads


async def test_what_fails_there_is_raised_here() -> None:
    slow = Slow(error=RefusedError("Another replay of a.dlq is at work."))
    slow.go.set()
    with pytest.raises(RefusedError, match="at work"):
        async with in_thread(slow.open()):
            raise AssertionError("it was prepared")


async def test_it_ends_with_whoever_waits_for_it() -> None:
    slow = Slow()
    slow.go.set()
    under_way = asyncio.Event()

    async def act() -> None:
        async with in_thread(slow.open()) as prepared:
            await prepared.carry_out("why", lambda _: under_way.set(), asyncio.Event())

    task = asyncio.create_task(act())
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.audited
    assert slow.closed.is_set()


async def test_preparing_can_be_given_up() -> None:
    slow = Slow()

    async def act() -> None:
        async with in_thread(slow.open()):
            raise AssertionError("it was prepared")

    task = asyncio.create_task(act())
    assert await asyncio.to_thread(slow.begun.wait, PATIENCE_S)
    task.cancel()
    await asyncio.sleep(0)
    slow.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not slow.closed.is_set(), "it was never handed over"
