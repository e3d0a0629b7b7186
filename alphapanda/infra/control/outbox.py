"""Events that wait for Kafka: a bounded queue on disk, one file each, in a deployment's run folder.

The supervisor holds no Kafka client, and the facts it must report happen when Kafka is away. It puts audit records
and alerts here; the monitor daemon writes them to the log and removes each once it is acknowledged. An event keeps
its id, so that one that is written twice is dropped by its readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from alphapanda.files import PRIVATE, write_atomically
from alphapanda.ids import EventId, generate_event_id
from alphapanda.model.control import Alert, AuditRecord

CAPACITY = 10_000
"""Events that are kept; beyond, the oldest is dropped and counted."""
_SUFFIX = ".json"


class OutboxEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event: an audit record or an alert.

    Attributes:
        id: of the event; ids sort by time.
        at: when it happened.
        source: the process that reports it.
        audit: what is to be written to `system.audit`.
        alert: what is to be written to `system.alerts`.
    """

    id: EventId
    at: datetime
    source: str
    audit: AuditRecord | None = None
    alert: Alert | None = None

    @property
    def payload(self) -> AuditRecord | Alert:
        """The audit record or the alert."""
        payload = self.audit or self.alert
        assert payload is not None
        return payload


class Outbox:
    """The queue. Several processes may put; one takes.

    Attributes:
        dropped: events that this process dropped because the queue was full.

    Args:
        folder: of the queue; made when the first event is put.
        capacity: how many events are kept.
    """

    def __init__(self, folder: Path, *, capacity: int = CAPACITY) -> None:
        self.dropped = 0
        self._folder = folder
        self._capacity = capacity

    def __len__(self) -> int:
        return len(self._paths())

    def put(self, at: datetime, source: str, payload: AuditRecord | Alert) -> None:
        """Keep an event until it is removed; it is on the disk when this returns. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        waiting = self._paths()
        for oldest in waiting[: max(0, len(waiting) + 1 - self._capacity)]:
            oldest.unlink(missing_ok=True)
            self.dropped += 1
        audit, alert = (payload, None) if isinstance(payload, AuditRecord) else (None, payload)
        event = OutboxEvent(id=generate_event_id(), at=at, source=source, audit=audit, alert=alert)
        write_atomically(self._path_of(event.id), msgspec.json.encode(event), mode=PRIVATE)

    def waiting(self) -> Iterator[OutboxEvent]:
        """Yield the events, oldest first; a file that cannot be read is set aside as `*.unreadable`."""
        for path in self._paths():
            try:
                yield msgspec.json.decode(path.read_bytes(), type=OutboxEvent)
            except FileNotFoundError:
                continue  # dropped meanwhile: the queue was full
            except msgspec.DecodeError:
                path.rename(path.with_suffix(".unreadable"))

    def remove(self, event: OutboxEvent) -> None:
        """Forget an event that is in the log."""
        self._path_of(event.id).unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def _path_of(self, event_id: EventId) -> Path:
        return self._folder / f"{event_id}{_SUFFIX}"
