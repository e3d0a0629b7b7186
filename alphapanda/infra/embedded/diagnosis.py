"""What a server's last words mean: from its log to one clear line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from alphapanda.errors import AlphaPandaError
from alphapanda.infra.disk import DiskFullError
from alphapanda.infra.embedded.java import NoJavaError
from alphapanda.infra.embedded.storage import ForeignDataError
from alphapanda.infra.ports import PortBook, is_free
from alphapanda.infra.startup import ServerFailedError


def explain_kafka(tail: str, book: PortBook, ports: Mapping[str, int], data: Path, log: Path) -> AlphaPandaError:
    """Return the error for a Kafka that ended with these last lines in its log."""
    if "Address already in use" in tail:
        return book.taken(next((name for name, port in ports.items() if not is_free(port)), next(iter(ports))))
    if "No space left on device" in tail:
        return DiskFullError(
            f"The disk under {data} is full; Kafka stopped.",
            hint="Free some room and start again; what was acknowledged is kept.",
        )
    if "Failed to acquire lock on file" in tail:
        return ServerFailedError(
            f"{data} is in use by another Kafka process.",
            hint="Find it with `pgrep -af kafka.Kafka`, stop it, and start again.",
        )
    if re.search(r"[Ii]nvalid cluster\.?id|INCONSISTENT_CLUSTER_ID|doesn't match stored clusterId", tail):
        return ForeignDataError(
            f"{data} belongs to another cluster than this deployment.",
            hint="Put back the data of this deployment, or start empty with `alphapanda infra reset`.",
        )
    if "UnsupportedClassVersionError" in tail:
        return NoJavaError(
            "The Java runtime is too old for this Kafka.", hint="Set EMBEDDED__JAVA_HOME to a JRE 17 or newer."
        )
    if "OutOfMemoryError" in tail:
        return ServerFailedError("Kafka ran out of heap.", hint="Raise EMBEDDED__HEAP_MB and start again.")
    if "Permission denied" in tail:
        return ServerFailedError(
            f"Kafka may not write {data}.",
            hint=f"Give this user the right to write there, e.g. `chown -R $USER {data}`.",
        )
    return ServerFailedError(f"Kafka ended while it started: {_complaint(tail)}.", hint=f"Its log is {log}.")


def explain_valkey(tail: str, book: PortBook, data: Path, log: Path) -> AlphaPandaError:
    """Return the error for a Valkey that ended with these last lines in its log."""
    if "Address already in use" in tail or "Failed listening on port" in tail:
        return book.taken("valkey")
    if "No space left on device" in tail:
        return DiskFullError(
            f"The disk under {data} is full; Valkey stopped.",
            hint="Free some room and start again; its views are rebuilt from the log.",
        )
    if "Bad file format" in tail or "Unexpected end of file" in tail:
        return ServerFailedError(
            f"The append-only file in {data} is damaged.",
            hint=f"Delete {data}: it holds views only, and they are rebuilt from the log.",
        )
    if "Permission denied" in tail:
        return ServerFailedError(
            f"Valkey may not write {data}.",
            hint=f"Give this user the right to write there, e.g. `chown -R $USER {data}`.",
        )
    return ServerFailedError(f"Valkey ended while it started: {_complaint(tail)}.", hint=f"Its log is {log}.")


def _complaint(tail: str) -> str:
    """Return the line that most likely tells why: the last that looks like an error, else the last."""
    lines = [
        line.strip() for line in tail.splitlines() if line.strip() and not re.match(r"\s*(at|\.\.\.)\s", line)
    ]
    loud = [line for line in lines if re.search(r"ERROR|FATAL|Exception|Error|Can't|Failed", line)]
    return (loud or lines or ["it said nothing"])[-1].rstrip(".")[:300]
