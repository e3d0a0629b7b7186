"""Ends the program with its terminal: a dashboard without one would go on for ever, unseen."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

POLL_S: Final = 2.0


def on_hangup(end: Callable[[], None]) -> Callable[[], None]:
    """Call `end` on SIGHUP; returns what undoes that. Does nothing where the loop cannot watch signals."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, end)
    except (NotImplementedError, ValueError, RuntimeError):
        return lambda: None
    return lambda: _forget(loop)


def _forget(loop: asyncio.AbstractEventLoop) -> None:
    loop.remove_signal_handler(signal.SIGHUP)


async def watch_terminal(end: Callable[[], None]) -> None:
    """Call `end` when the terminal is gone; returns at once where there never was one."""
    descriptor = _descriptor()
    if descriptor is None or not os.isatty(descriptor):
        return
    while True:
        await asyncio.sleep(POLL_S)
        if not _is_there(descriptor):
            end()
            return


def _descriptor() -> int | None:
    stream = sys.__stdin__
    if stream is None or stream.closed:
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _is_there(descriptor: int) -> bool:
    """Return whether a terminal still answers: a hung-up one is a descriptor that gives errors."""
    try:
        os.tcgetpgrp(descriptor)
    except OSError:
        return False
    return os.isatty(descriptor)
