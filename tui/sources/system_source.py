"""The supervisor's status and the daemons' log lines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.operations.logs.reader import LogFileReader, LogQuery
from alphapanda.telemetry.record import LogRecord
from topics.errors import AlphaPandaError
from tui.sources.handle import SourceHandle
from tui.store.system import SystemView

EVERY_S: Final = 1.0
LINES_EVERY_S: Final = 0.5
HISTORY: Final = 1_000
EVERYBODY: Final = ("*",)
"""Daemons and servers."""


class SystemSource:
    """Asks how all processes stand.

    Args:
        read: returns it; raises AlphaPandaError where nothing runs.
    """

    name = "Supervisor"

    def __init__(self, read: Callable[[], Awaitable[SystemView]]) -> None:
        self._read = read

    async def run(self, handle: SourceHandle) -> None:
        """Ask once a second until nobody answers."""
        try:
            while True:
                handle.store.system.fold(await self._read())
                handle.up()
                await asyncio.sleep(EVERY_S)
        except AlphaPandaError:
            handle.store.system.clear()
            raise


class LogFilesSource:
    """Follows the logs of the daemons and of the servers that the deployment has, whether or not anything runs.

    Args:
        deployment: whose.
        clock: the time.
    """

    name = "Logs"

    def __init__(self, deployment: Deployment, clock: Clock) -> None:
        self._deployment = deployment
        self._clock = clock
        self._began = False

    async def run(self, handle: SourceHandle) -> None:
        """Read the end of what is there, then what is added."""
        reader = LogFileReader(self._deployment, self._clock)
        live = await asyncio.to_thread(reader.follow, EVERYBODY, LogQuery(limit=HISTORY))
        with live:
            if not self._began:
                handle.store.fold_lines(await asyncio.to_thread(lambda: list(live.history())))
                self._began = True
            handle.up()
            while True:
                lines = await asyncio.to_thread(live.poll)
                if lines:
                    handle.store.fold_lines(lines)
                    handle.received()
                await asyncio.sleep(LINES_EVERY_S)


class LogFileHistory:
    """Lines of the log files before and after a moment.

    Args:
        deployment: whose.
        clock: the time.
    """

    def __init__(self, deployment: Deployment, clock: Clock) -> None:
        self._reader = LogFileReader(deployment, clock)

    async def before(self, moment: datetime, count: int, service: str = "") -> Sequence[LogRecord]:
        """Return the last lines up to a moment, oldest first: everybody's, or one service's."""
        names = (service,) if service else EVERYBODY
        query = LogQuery(until=moment, limit=count)
        return await asyncio.to_thread(lambda: list(self._reader.history(self._reader.find(names), query)))

    async def after(self, moment: datetime, until: datetime, count: int) -> Sequence[LogRecord]:
        """Return the first lines after a moment and up to another, oldest first."""
        query = LogQuery(since=moment + timedelta(microseconds=1), until=until)

        def read() -> list[LogRecord]:
            return list(islice(self._reader.history(self._reader.find(EVERYBODY), query), count))

        return await asyncio.to_thread(read)
