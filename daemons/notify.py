"""Tell whoever supervises us how we are: `sd_notify(3)` datagrams to `NOTIFY_SOCKET`.

systemd and our own supervisor read the same lines. Ours also reads the fields beginning with `X_`, which
systemd ignores by its own rule.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

NOTIFY_VARIABLE = "NOTIFY_SOCKET"
NAME_FIELD = "X_ALPHAPANDA_NAME"
PID_FIELD = "X_ALPHAPANDA_PID"
GATE_FIELD = "X_ALPHAPANDA_GATE"
"""`1`: this daemon has started up and waits for SIGUSR1, which says that all it needs is ready."""
UNREADY_FIELD = "X_ALPHAPANDA_UNREADY"
"""`1`: it was ready and is not now; systemd has no word for it."""


class Notifier:
    """Sends states as datagrams; silent where nobody listens.

    A supervisor that is gone or slow never holds the daemon up: what cannot be sent now is dropped, and the
    next state says all that the lost one said.
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
        """Say that we are up and wait for the gate."""
        self._send({GATE_FIELD: "1", "STATUS": status})

    def ready(self, status: str = "") -> None:
        """Say that we are ready."""
        self._send({"READY": "1", "STATUS": status})

    def unready(self, reason: str) -> None:
        """Say that we are not ready, and why."""
        self._send({UNREADY_FIELD: "1", "STATUS": reason})

    def alive(self) -> None:
        """Say that our event loop turns, and once more how we are."""
        self._send({**self._last, "WATCHDOG": "1"})

    def stopping(self, status: str) -> None:
        """Say that we drain."""
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
            # Nobody listens, or its queue is full. /readyz answers whoever asks.
            return


def parse_notification(data: bytes) -> dict[str, str]:
    """Return the fields of one datagram; lines without `=` are passed over."""
    lines = data.decode(errors="replace").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _to_socket_address(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address
