"""The running processes of a deployment, on disk, and the end of those that a killed supervisor left: its orphans.

Orphans are found by identity, never by name, and ended in reverse order.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from alphapanda.files import write_atomically
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.infra.process import ManagedProcess
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


async def end_orphans(
    places: RunPaths, entries: Iterable[RunRecord], tell: Callable[[str], None], *, grace_s: float | None = None
) -> tuple[str, ...]:
    """End the processes of `entries` that still run, the last started first; return their names.

    Args:
        places: where the ledger is.
        entries: from the ledger.
        tell: hears what is done.
        grace_s: instead of each one's own.
    """
    ended = []
    for entry in sorted(entries, key=lambda each: each.place, reverse=True):
        process = _process_of(places, entry)
        if process is None:
            continue
        tell(f"{entry.name} (pid {entry.identity.pid}) was left by a supervisor that is gone: ends it")
        if sys.platform == "linux" and entry.orphan is OrphanPolicy.STOP:
            # The kernel has told it already; a second signal would cut its drain short.
            await _let_end(process, entry.grace_s if grace_s is None else grace_s)
        else:
            await process.stop(entry.grace_s if grace_s is None else grace_s)
        ended.append(entry.name)
    RunRecords(places.run_records).forget_the_dead()
    return tuple(ended)


async def end_process(identity: ProcessIdentity, identity_file: Path, patience_s: float) -> None:
    """Wait for a process that is ending by itself; kill it when it has not after `patience_s`."""
    process = ManagedProcess.adopt(_spec("supervisor", identity_file, identity_file.with_suffix(".txt")), identity)
    if process is not None:
        await _let_end(process, patience_s)


async def _let_end(process: ManagedProcess, grace_s: float) -> None:
    try:
        async with asyncio.timeout(grace_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _process_of(places: RunPaths, entry: RunRecord) -> ManagedProcess | None:
    spec = _spec(entry.name, places.identity_of(entry.name), places.output_of(entry.name))
    return ManagedProcess.adopt(
        replace(spec, stop_signal=entry.stop_signal, grace_s=entry.grace_s), entry.identity
    )


def _spec(name: str, identity_file: Path, output: Path) -> ChildSpec:
    """Return just enough of a spec to wait for a process and to end it."""
    return ChildSpec(
        name=name,
        argv=(),
        env={},
        cwd=Path("/"),
        log_file=output,
        identity_file=identity_file,
        ready=_never_asked,
    )


async def _never_asked() -> None:
    """Nobody waits for the readiness of what is being ended."""
