"""Ends the program with its terminal: a dashboard without one would go on for ever, unseen."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

LOOK_MS: Final = 5_000
"""How often a terminal is looked at that does not say when it goes."""
LAST_RESORT_S: Final = 2.0
"""An end that was asked for from outside takes no longer, whatever a server, a resolver or a terminal that nobody
reads keeps waiting."""
ENDING: Final = (signal.SIGHUP, signal.SIGTERM)


def on_hangup(end: Callable[[], None]) -> Callable[[], None]:
    """Call `end` on SIGHUP and SIGTERM; returns what undoes that. Does nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()

    # The loop's own handlers wait for the loop, which waits for a terminal that takes nothing any more.
    def ended(_number: int, _frame: FrameType | None) -> None:
        end_soon()
        loop.call_soon_threadsafe(end)

    before = {number: signal.signal(number, ended) for number in ENDING}

    def undo() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return undo


def end_soon() -> None:
    """See to it that the process is gone within `LAST_RESORT_S`, even if its orderly end never comes."""
    timer = threading.Timer(LAST_RESORT_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def on_terminal_lost(end: Callable[[], None]) -> None:
    """Call `end` when the terminal is gone, though no signal told so; does nothing where there never was one."""
    descriptor = _descriptor()
    served = "TEXTUAL_DRIVER" in os.environ  # a browser's server talks to us through a pipe, and may be killed
    if descriptor is None or not (served or os.isatty(descriptor)):
        return
    loop = asyncio.get_running_loop()

    # A thread, since the loop may wait for the terminal; it sleeps in the kernel until there is something to tell.
    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)
        while (served or os.isatty(descriptor)) and not loop.is_closed():
            if any(what & select.POLLHUP for _, what in poll.poll(LOOK_MS)):
                break
        if not loop.is_closed():
            end_soon()
            loop.call_soon_threadsafe(end)

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def leave() -> None:
    """Make the interpreter's own end short and quiet; for `atexit`."""
    # Else the collector goes through the whole program once more: up to a second, for nothing.
    gc.freeze()
    for descriptor in (1, 2):
        try:
            termios.tcgetattr(descriptor)
        except termios.error as error:
            if error.args[0] == errno.EIO:  # it was a terminal: what is still to be written can go nowhere
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def _descriptor() -> int | None:
    stream = sys.__stdin__
    if stream is None or stream.closed:
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
