"""The reason of a server's end, from the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from alphapanda.errors import AlphaPandaError, DependencyError
from alphapanda.infra.disk import MIB, DiskAccessError, DiskFullError, free_room
from alphapanda.infra.embedded.java import OWN_JRE, NoJavaError
from alphapanda.infra.embedded.storage import ForeignDataError
from alphapanda.infra.ports import PortBook, is_free
from alphapanda.infra.startup import ServerFailedError


class HeapError(ServerFailedError):
    """Kafka had too little heap."""


class Known(NamedTuple):
    """One known failure.

    Attributes:
        pattern: its line in the log.
        error: the kind of error that it is.
        message: with `{data}` for the data directory.
        hint: with `{data}` as well.
    """

    pattern: str
    error: Callable[..., DependencyError]
    message: str
    hint: str


ACCESS = Known(
    "Permission denied|Read-only file system|AccessDeniedException",
    DiskAccessError,
    "{server} may not write {data}.",
    "Give this user the right to write there, e.g. `chown -R $USER {data}`.",
)
NOTHING_LEFT = 4 * MIB
"""A disk with less is full, in bytes."""
FULL_HINT = "Free some room and start again; what was acknowledged is kept."

KAFKA = (
    Known("No space left on device", DiskFullError, "The disk under {data} is full; {server} stopped.", FULL_HINT),
    Known(
        "Failed to acquire lock on file",
        ServerFailedError,
        "{data} is in use by another Kafka process.",
        "Find it with `pgrep -af kafka.Kafka`, stop it, and start again.",
    ),
    Known(
        r"[Ii]nvalid cluster\.?id|INCONSISTENT_CLUSTER_ID|doesn't match stored clusterId|Mismatched cluster",
        ForeignDataError,
        "{data} belongs to another cluster than this deployment.",
        "Put back the data of this deployment, or start empty with `alphapanda infra reset`.",
    ),
    Known("UnsupportedClassVersionError", NoJavaError, "The Java runtime is too old for this Kafka.", OWN_JRE),
    Known(
        "cannot be run: |Exec format error",
        NoJavaError,
        "The Java runtime does not run on this platform.",
        OWN_JRE,
    ),
    Known(
        "OutOfMemoryError|Could not reserve enough space|insufficient memory",
        HeapError,
        "{server} had too little memory.",
        "Free some, or change EMBEDDED__HEAP_MB, and start again.",
    ),
    ACCESS,
)
VALKEY = (
    Known("No space left on device", DiskFullError, "The disk under {data} is full; {server} stopped.", FULL_HINT),
    Known(
        "Bad file format|Unexpected end of file|Unrecoverable error reading the append only file",
        ServerFailedError,
        "The append-only file in {data} is damaged.",
        "Delete that folder: it holds views only, and they are rebuilt from the log.",
    ),
    ACCESS,
)


def explain_kafka(tail: str, book: PortBook, ports: Mapping[str, int], data: Path, log: Path) -> AlphaPandaError:
    """Return the error for a Kafka that ended with these last lines in its log."""
    if re.search("Address already in use|Failed to bind", tail):
        return book.taken(next((name for name, port in ports.items() if not is_free(port)), next(iter(ports))))
    return _explain(tail, KAFKA, "Kafka", data, log)


def explain_valkey(tail: str, book: PortBook, data: Path, log: Path) -> AlphaPandaError:
    """Return the error for a Valkey that ended with these last lines in its log."""
    if re.search("Address already in use|Failed listening on port", tail):
        return book.taken("valkey")
    return _explain(tail, VALKEY, "Valkey", data, log)


def _explain(tail: str, table: tuple[Known, ...], server: str, data: Path, log: Path) -> AlphaPandaError:
    for known in table:
        if re.search(known.pattern, tail):
            words = {"server": server, "data": data}
            return known.error(known.message.format(**words), hint=known.hint.format(**words))
    if free_room(data) < NOTHING_LEFT:
        # The log lies on the same disk, so it may have got no word of it.
        return DiskFullError(f"The disk under {data} is full; {server} stopped.", hint=FULL_HINT)
    return ServerFailedError(f"{server} ended while it started: {_complaint(tail)}.", hint=f"Its log is {log}.")


def _complaint(tail: str) -> str:
    """Return the line that most likely tells why: the last that looks like an error, else the last."""
    lines = [
        line.strip() for line in tail.splitlines() if line.strip() and not re.match(r"\s*(at|\.\.\.)\s", line)
    ]
    loud = [line for line in lines if re.search(r"ERROR|FATAL|Exception|Error|Can't|Failed", line)]
    return (loud or lines or ["it said nothing"])[-1].rstrip(".")[:300]
