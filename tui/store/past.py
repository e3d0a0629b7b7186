"""What is told of a moment in the past beside the events: how far readers were, how processes stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from alphapanda.errors import PermanentError
from alphapanda.model.process_status import ProcessState, ProcessStatus, UnitKind
from alphapanda.model.records import Header, Offsets, Record, decode_offsets
from alphapanda.telemetry.record import LogRecord, Marker
from tui.store.system import SystemView

SUPERVISOR: Final = "supervisor"
_STATES: Final = frozenset(ProcessState)


class ReadersPlaces:
    """How far each consumer group had read at least: each of its decisions carries what it had seen by then."""

    def __init__(self) -> None:
        self._newest: dict[str, bytes] = {}

    def fold(self, records: Iterable[Record]) -> None:
        """See records, in the order in which they were written."""
        for record in records:
            group, seen = record.header(Header.GROUP), record.header(Header.SEEN)
            if group is not None and seen is not None:
                self._newest[group.decode(errors="replace")] = seen

    def offsets(self) -> Mapping[str, Offsets]:
        """Return the offsets after the last that each group is known to have read."""
        found: dict[str, Offsets] = {}
        for group, seen in sorted(self._newest.items()):
            try:
                found[group] = decode_offsets(seen)
            except PermanentError:
                continue  # a header that nobody of ours wrote says nothing
        return found


class PastSystem:
    """How the processes stood, as far as the supervisor's own lines tell; what they cost is not in them."""

    def __init__(self) -> None:
        self._daemons: dict[str, ProcessStatus] = {}
        self._starts: dict[str, int] = {}
        self._is_whole = False
        """Whether the lines reach back to the supervisor's own start, so that starts can be counted."""

    def fold(self, lines: Iterable[LogRecord]) -> None:
        """Read lines, oldest first; others' are passed over."""
        for line in lines:
            if line.service != SUPERVISOR:
                continue
            if line.marker is Marker.STARTED:
                self._begin(line)
            elif line.marker is Marker.STOPPED:
                self._put(SUPERVISOR, line, state=ProcessState.STOPPED, since=line.at, pid=None)
            name = line.fields.get("process")
            if isinstance(name, str):
                self._read(name, line)

    def _begin(self, line: LogRecord) -> None:
        self._daemons.clear()
        self._starts.clear()
        self._is_whole = True
        self._put(SUPERVISOR, line, state=ProcessState.READY, since=line.at, pid=_number(line.fields.get("pid")))

    def _read(self, name: str, line: LogRecord) -> None:
        fields = line.fields
        if line.event == "spawned":
            self._starts[name] = self._starts.get(name, 0) + 1
            self._put(name, line, pid=_number(fields.get("pid")), uptime_s=line.at.timestamp())
        elif fields.get("state") in _STATES:
            state = ProcessState(str(fields["state"]))
            gone = state in {ProcessState.STOPPED, ProcessState.DONE, ProcessState.CRASHLOOP, ProcessState.FAILED}
            changes: dict[str, object] = {"pid": None, "uptime_s": None} if gone else {}
            changes["reason"] = str(fields.get("reason") or "")
            changes["last_exit"] = str(fields.get("last_exit") or "")
            self._put(name, line, state=state, since=line.at, **changes)

    def _put(self, name: str, line: LogRecord, **changes: object) -> None:
        before = self._daemons.get(name)
        if before is None:
            before = ProcessStatus(name=name, kind=UnitKind.DAEMON, state=ProcessState.STARTING, since=line.at)
        self._daemons[name] = msgspec.structs.replace(before, **changes)

    def view(self, moment: datetime) -> SystemView:
        """Return how they stood at a moment, the supervisor last."""
        ordered = sorted(self._daemons.values(), key=lambda daemon: daemon.name == SUPERVISOR)
        return SystemView(at=moment, daemons=tuple(self._at(daemon, moment) for daemon in ordered))

    def _at(self, daemon: ProcessStatus, moment: datetime) -> ProcessStatus:
        """Return a daemon with its age then; while it is kept, `uptime_s` is when it was spawned."""
        began = daemon.since.timestamp() if daemon.name == SUPERVISOR else daemon.uptime_s
        running = daemon.pid is not None and began is not None
        restarts = max(0, self._starts.get(daemon.name, 0) - 1) if self._is_whole else None
        return msgspec.structs.replace(
            daemon,
            uptime_s=moment.timestamp() - began if running and began is not None else None,
            restarts=restarts,
        )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
