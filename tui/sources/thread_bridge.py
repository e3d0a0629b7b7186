"""Acts on dead letters in a thread of their own: classifying thousands takes seconds, and the screen goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tui.sources.control import ActionProgress, ActionResult, PreparedAction, Preview, Tell

ENDING_S = 5.0
"""What is going on has so long to end when it is left; after that the process ends without it."""


@dataclass
class ThreadBridge:
    """A loop in a thread, in which one offer is prepared and carried out.

    Attributes:
        open: prepares the offer.
        ready: the offer, when it is prepared, and what it will do.
        began: the thread's loop and its task.
        ended: done when the thread has ended, with why where it failed.
        left: set, in that loop, when the offer is needed no longer.
        acting: tasks in that loop that carry it out.
    """

    open: Callable[[], AbstractAsyncContextManager[PreparedAction]]
    ready: Future[tuple[PreparedAction, Preview]] = field(default_factory=Future)
    began: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = field(default_factory=Future)
    ended: Future[None] = field(default_factory=Future)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    acting: set[asyncio.Task[ActionResult]] = field(default_factory=set)

    def run(self) -> None:
        """Be the thread."""
        try:
            asyncio.run(self._hold())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)

    async def _hold(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.began.set_result((asyncio.get_running_loop(), task))
        async with self.open() as prepared:
            ready = prepared, prepared.preview
            if self.ready.set_running_or_notify_cancel():
                self.ready.set_result(ready)
            await self.left.wait()
            if self.acting:  # what was cut off still audits itself
                await asyncio.wait(self.acting, timeout=ENDING_S)

    async def act(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Carry the offer out, in this loop."""
        prepared, _ = self.ready.result()
        task = asyncio.current_task()
        assert task is not None
        self.acting.add(task)
        try:
            return await prepared.carry_out(reason, tell, stop)
        finally:
            self.acting.discard(task)


@dataclass(frozen=True, slots=True)
class BridgedOffer:
    """An offer that is carried out in the other thread.

    Attributes:
        there: the other thread.
        loop: of that thread.
        preview: what it will do.
    """

    there: ThreadBridge
    loop: asyncio.AbstractEventLoop
    preview: Preview

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Do it there; what it tells is told here, and what is stopped here stops there."""
        here, stop_there = asyncio.get_running_loop(), asyncio.Event()

        def tell_here(progress: ActionProgress) -> None:
            with suppress(RuntimeError):  # the dashboard is gone
                here.call_soon_threadsafe(tell, progress)

        async def pass_on() -> None:
            await stop.wait()
            self.loop.call_soon_threadsafe(stop_there.set)

        passing = asyncio.create_task(pass_on())
        try:
            act = self.there.act(reason, tell_here, stop_there)
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(act, self.loop))
        finally:
            passing.cancel()


@asynccontextmanager
async def in_thread(
    prepared: Callable[[], AbstractAsyncContextManager[PreparedAction]],
) -> AsyncIterator[PreparedAction]:
    """Hold an offer in a thread of its own for as long as the block lasts; raises what preparing it raises."""
    there = ThreadBridge(prepared)
    # A daemon: what hangs must not keep the process; what was begun and not written can be gone on with.
    threading.Thread(target=there.run, name="dead letters", daemon=True).start()
    loop, task = await asyncio.wrap_future(there.began)
    ready, ended = asyncio.wrap_future(there.ready), asyncio.wrap_future(there.ended)
    leave: Callable[[], object] = task.cancel
    try:
        either: list[asyncio.Future[Any]] = [ready, ended]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ended.result()
        leave = there.left.set
        _, preview = await ready
        yield BridgedOffer(there, loop, preview)
    finally:
        with suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(leave)
        await asyncio.wait([ended], timeout=ENDING_S)
        ready.cancel()
        failed = ended.exception() if ended.done() else None
    if failed is not None:
        raise failed
