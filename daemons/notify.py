"""How a daemon reports its state to its supervisor: `sd_notify(3)` datagrams to `NOTIFY_SOCKET`.

systemd and our own supervisor read the same lines. Ours also reads the fields beginning with `X_`, which systemd
ignores by its own rule. `Notifier` is the daemon's side, `NoticeListener` the supervisor's.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

DATAGRAM_LIMIT = 64 * 1024
NOTIFY_VARIABLE = "NOTIFY_SOCKET"
NAME_FIELD = "X_ALPHAPANDA_NAME"
PID_FIELD = "X_ALPHAPANDA_PID"
GATE_FIELD = "X_ALPHAPANDA_GATE"
"""`1`: the daemon has started and waits for SIGUSR1, the signal that its dependencies are ready."""
LOST_FIELD = "X_ALPHAPANDA_LOST"
"""What the daemon dropped since its start: `ticks=12;log lines=3`."""
UNREADY_FIELD = "X_ALPHAPANDA_UNREADY"
"""`1`: the daemon is not ready any more; systemd has no field for it."""


class Notifier:
    """Sends state reports as datagrams; does nothing without a supervisor.

    A supervisor that is gone or slow never blocks the daemon: a report that cannot be sent now is dropped, and the
    next heartbeat repeats it.
    """

    def __init__(self, address: str | None, name: str) -> None:
        self._name = name
        self._address = _to_socket_address(address) if address else None
        self._last: Mapping[str, str] = {}
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], name: str) -> Notifier:
        """Return a notifier for `NOTIFY_SOCKET` of `environ`."""
        return cls(environ.get(NOTIFY_VARIABLE), name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; later sends are silent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def waiting(self, status: str) -> None:
        """Report that the daemon has started and waits at its gate."""
        self._send({GATE_FIELD: "1", "STATUS": status})

    def ready(self, status: str = "") -> None:
        """Report ready."""
        self._send({"READY": "1", "STATUS": status})

    def unready(self, reason: str) -> None:
        """Report not ready, and why."""
        self._send({UNREADY_FIELD: "1", "STATUS": reason})

    def alive(self, lost: Mapping[str, int]) -> None:
        """Send a heartbeat, with the last state again and what the daemon dropped so far, by kind."""
        losses = ";".join(f"{what}={count}" for what, count in lost.items() if count)
        fields = {name: value for name, value in self._last.items() if name != LOST_FIELD}
        self._send({**fields, **({LOST_FIELD: losses} if losses else {}), "WATCHDOG": "1"})

    def stopping(self, status: str) -> None:
        """Report draining."""
        self._send({"STOPPING": "1", "STATUS": status})

    def _send(self, fields: Mapping[str, str]) -> None:
        if self._socket is None or self._address is None:
            return
        self._last = fields
        whole = {**fields, NAME_FIELD: self._name, PID_FIELD: str(os.getpid())}
        text = "\n".join(f"{key}={_one_line(value)}" for key, value in whole.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            # No supervisor, or its queue is full; /readyz still has the state.
            return


def parse_notification(data: bytes) -> dict[str, str]:
    """Return the fields of one datagram; lines without `=` are ignored."""
    lines = data.decode(errors="replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _to_socket_address(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address


@dataclass(frozen=True, slots=True)
class DaemonNotice:
    """One state report of a daemon.

    Attributes:
        name: the daemon.
        pid: the reporting process.
        waiting: it has started and waits at its gate.
        ready: whether it is ready; None if the report does not say.
        stopping: it drains.
        status: in its own words; None if the report has none.
        lost: what it dropped since its start, by kind.
    """

    name: str
    pid: int
    waiting: bool = False
    ready: bool | None = None
    stopping: bool = False
    status: str | None = None
    lost: Mapping[str, int] = field(default_factory=dict[str, int])


class NoticeListener:
    """Receives state reports on a Unix socket, 0600, while entered."""

    def __init__(self, path: Path, deliver: Callable[[DaemonNotice], None]) -> None:
        self._path = path
        self._deliver = deliver
        self._socket: socket.socket | None = None

    async def __aenter__(self) -> Self:
        # A leftover of a dead supervisor: we hold the deployment's lock.
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
    """Return the report in one datagram; None if it names no sender."""
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
        lost=_losses(fields.get(LOST_FIELD, "")),
    )


def _losses(text: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {what: int(count) for what, _, count in pairs if count.isdecimal()}
