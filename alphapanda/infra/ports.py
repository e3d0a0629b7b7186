"""Ports of one deployment: chosen free once, kept, all on 127.0.0.1."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping

import msgspec

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, DependencyError
from alphapanda.files import wait_for_lock, write_atomically

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000
"""Below what systems hand out for outgoing connections (Linux: from 32768), so that nobody takes one by chance."""


class PortTakenError(DependencyError):
    """A port of ours is used by a process that is not ours."""


class PortBook:
    """Which port each part of a deployment listens on (`.alphapanda/run/ports.json`)."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._file = deployment.run / "ports.json"

    def ports(self) -> Mapping[str, int]:
        """Return every port chosen so far, by name.

        Raises:
            ConfigError: the file was changed into something else.
        """
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"{self._file} cannot be read: {error}.",
                hint="Stop the system and delete the file; ports are chosen anew.",
            ) from error

    def port(self, name: str) -> int:
        """Return the port of `name`: the one kept, or a free one from now on.

        Raises:
            DependencyError: no port is free.
        """
        kept = self.ports().get(name)
        if kept is not None:
            return kept
        self._deployment.prepare()
        with wait_for_lock(self._file.with_name("ports.lock")):
            ports = dict(self.ports())
            if name not in ports:
                ports[name] = self._choose(name, frozenset(ports.values()))
                write_atomically(self._file, msgspec.json.format(msgspec.json.encode(ports), indent=2))
            return ports[name]

    def taken(self, name: str) -> PortTakenError:
        """Return the error for `name`'s port being used by another process: raise it."""
        port = self.port(name)
        holder = holder_of(port)
        return PortTakenError(
            f"Port {port} of {name} is taken by {holder or 'another process'}.",
            hint=f"Stop that process, or delete {self._file} to choose other ports.",
        )

    def _choose(self, name: str, used: frozenset[int]) -> int:
        """Return a free port; where the search starts depends on folder and name, so that folders differ."""
        seed = hashlib.blake2b(f"{self._deployment.root}\x1f{name}".encode(), digest_size=4).digest()
        span = LAST - FIRST
        start = int.from_bytes(seed) % span
        for step in range(span):
            port = FIRST + (start + step) % span
            if port not in used and is_free(port):
                return port
        raise DependencyError(
            f"No port from {FIRST} to {LAST} is free for {name}.", hint="Stop what uses them: `ss -ltnp` shows it."
        )


def is_free(port: int) -> bool:
    """Whether nobody listens on `port` of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still fading is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """Return `name (pid N)` of who listens on `port`, or nothing when the system does not tell."""
    import psutil  # noqa: PLC0415 - only for this message

    try:
        connections = psutil.net_connections(kind="tcp")
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return ""
    return ""
