"""Hears what daemons say of themselves: one datagram socket for all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from daemons.notify import GATE_FIELD, NAME_FIELD, PID_FIELD, UNREADY_FIELD, parse_notification

DATAGRAM_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class DaemonNotice:
    """What a daemon said.

    Attributes:
        name: the daemon.
        pid: of the process that said it.
        waiting: it has started and waits for the gate.
        ready: it is ready; None if it said nothing of that.
        stopping: it drains.
        status: in its own words; None if it said nothing.
    """

    name: str
    pid: int
    waiting: bool = False
    ready: bool | None = None
    stopping: bool = False
    status: str | None = None


class NoticeListener:
    """Listens at a Unix socket, 0600, for as long as the context lasts."""

    def __init__(self, path: Path, deliver: Callable[[DaemonNotice], None]) -> None:
        self._path = path
        self._deliver = deliver
        self._socket: socket.socket | None = None

    async def __aenter__(self) -> Self:
        # Whoever held it is dead: we hold the deployment's lock.
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            listening.setblocking(False)
            listening.bind(str(self._path))
            self._path.chmod(0o600)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        asyncio.get_running_loop().add_reader(listening, self._read, listening)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        self._path.unlink(missing_ok=True)

    def _read(self, listening: socket.socket) -> None:
        while True:
            try:
                data = listening.recv(DATAGRAM_LIMIT)
            except BlockingIOError:
                return
            notice = to_notice(data)
            if notice is not None:
                self._deliver(notice)


def to_notice(data: bytes) -> DaemonNotice | None:
    """Return what one datagram says; None if it does not say who sent it."""
    fields = parse_notification(data)
    pid = fields.get(PID_FIELD, "")
    if NAME_FIELD not in fields or not pid.isdecimal():
        return None
    ready = True if fields.get("READY") == "1" else False if fields.get(UNREADY_FIELD) == "1" else None
    return DaemonNotice(
        name=fields[NAME_FIELD],
        pid=int(pid),
        waiting=fields.get(GATE_FIELD) == "1",
        ready=ready,
        stopping=fields.get("STOPPING") == "1",
        status=fields.get("STATUS"),
    )
