"""The running processes of a deployment, on disk: for the supervisor after a killed one, and for `down`."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec

from alphapanda.files import write_atomically
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.model.process_status import OrphanPolicy


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    Attributes:
        name: of the process.
        identity: which process it is.
        digest: of the spec that it was started from.
        place: where it stands in dependency order; stops go from the highest down.
        orphan: what becomes of it without a supervisor.
        stop_signal: asks it to end.
        grace_s: seconds until it is killed.
    """

    name: str
    identity: ProcessIdentity
    digest: str
    place: int
    orphan: OrphanPolicy
    stop_signal: signal.Signals
    grace_s: float


class RunRecords:
    """Entries by name, written through to one file that is whole or not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = {entry.name: entry for entry in _read(path)}

    @property
    def entries(self) -> tuple[RunRecord, ...]:
        """Return all, in starting order."""
        return tuple(sorted(self._entries.values(), key=lambda entry: entry.place))

    @property
    def survivors(self) -> tuple[RunRecord, ...]:
        """Return those that run at this moment, in starting order."""
        return tuple(entry for entry in self.entries if entry.identity.alive)

    def get(self, name: str) -> RunRecord | None:
        """Return the entry of `name`."""
        return self._entries.get(name)

    def started(self, record: RunRecord) -> None:
        """Keep that a process runs, in place of an earlier one of the same name."""
        self._entries[record.name] = record
        self._write()

    def ended(self, name: str, identity: ProcessIdentity) -> None:
        """Forget `name` if it is still that process."""
        entry = self._entries.get(name)
        if entry is not None and entry.identity == identity:
            del self._entries[name]
            self._write()

    def forget_the_dead(self) -> None:
        """Forget entries of processes that are no more."""
        alive = {entry.name: entry for entry in self.survivors}
        if alive.keys() != self._entries.keys():
            self._entries = alive
            self._write()

    def _write(self) -> None:
        write_atomically(self._path, msgspec.json.encode(self.entries), durable=False)


def _read(path: Path) -> list[RunRecord]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[RunRecord])
    except FileNotFoundError:
        return []
    except msgspec.DecodeError:
        # Written by another version. The identity files of the children still say who is who.
        return []
