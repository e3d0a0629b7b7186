"""Keeps a source going for ever: whatever it meets is said, waited out, and tried again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from alphapanda.clock import Clock
from topics.errors import AlphaPandaError
from tui.sources.handle import LinkState, SourceHandle

if TYPE_CHECKING:
    from tui.sources.connection import DataSource

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0


async def run_with_retry(source: DataSource, handle: SourceHandle, clock: Clock) -> None:
    """Run a source until cancelled."""
    wait_s = FIRST_WAIT_S
    while True:
        if handle.link is not LinkState.DOWN:
            handle.link = LinkState.CONNECTING
        try:
            await source.run(handle)
            message, hint = "", ""
        except AlphaPandaError as error:
            message, hint = error.message, error.hint
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled us: a client's own request was cancelled when its connection went away.
            message, hint = "The connection was lost.", "Run: alphapanda doctor"
        except OSError as error:
            message, hint = str(error) or type(error).__name__, "Run: alphapanda doctor"
        except Exception as error:  # noqa: BLE001 - a pane's fault is shown in that pane, and ends nothing else
            message, hint = f"{type(error).__name__}: {error}", "Run: alphapanda doctor"
        if handle.link is LinkState.UP:
            wait_s = FIRST_WAIT_S
        if message:
            handle.down(message, hint, clock.now() + timedelta(seconds=wait_s))
            await _wait(handle, wait_s)
            wait_s = min(LONGEST_WAIT_S, 2 * wait_s)


async def _wait(handle: SourceHandle, seconds: float) -> None:
    """Wait, or until somebody asks to try at once."""
    handle.again.clear()
    try:
        async with asyncio.timeout(seconds):
            await handle.again.wait()
    except TimeoutError:
        return
