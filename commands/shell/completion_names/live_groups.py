"""The consumer groups that a Kafka node knows, asked with one request over a plain socket.

A client library takes longer to import than somebody waits for a completion; one small request of Kafka's protocol
(ListGroups, version 0) does not. A cluster of several nodes tells each its own part.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

_LIST_GROUPS = 16
_CLIENT = b"alphapanda.completions"
_LARGEST = 1 << 20
WAIT_S = 0.05
"""Of one node on connecting and of each of its answers: nobody waits for a completion."""


def live_groups(servers: Sequence[str]) -> list[str]:
    """Return the names of the groups; none where no node answers at once. Never raises."""
    found: set[str] = set()
    for server in servers[:3]:
        host, _, port = server.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=WAIT_S) as connection:
                connection.sendall(_request())
                found.update(_names(_answer(connection)))
        except (OSError, ValueError, struct.error, UnicodeDecodeError):
            continue
    return sorted(found)


def _request() -> bytes:
    header = struct.pack(">hhih", _LIST_GROUPS, 0, 1, len(_CLIENT)) + _CLIENT
    return struct.pack(">i", len(header)) + header


def _answer(connection: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    if not 0 < size <= _LARGEST:
        raise ValueError(size)
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionResetError
        parts += part
    return bytes(parts)


def _names(body: bytes) -> list[str]:
    """Return the groups in an answer: correlation id, error, then pairs of group and kind of group."""
    _, error, count = struct.unpack_from(">ihi", body)
    if error:
        return []
    at, names = 10, []
    for _ in range(count):
        name, at = _text(body, at)
        _, at = _text(body, at)
        names.append(name)
    return names


def _text(body: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", body, at)
    start = at + 2
    return body[start : start + max(0, length)].decode(), start + max(0, length)
