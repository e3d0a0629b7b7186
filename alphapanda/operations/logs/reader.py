"""Reads the logs of a deployment, merged in time order across files, rotations and restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Self

import msgspec

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import UnknownNameError
from alphapanda.operations.logs.follower import Follower, ReorderWindow
from alphapanda.operations.logs.history import merged_history
from alphapanda.operations.logs.query import LogQuery, compile_pattern
from alphapanda.operations.logs.segments import (
    LogFileSource,
    daemon_source,
    daemon_sources,
    server_sources,
    whole_lines,
)
from alphapanda.telemetry.record import LogRecord, Marker

__all__ = ["LiveLogs", "LogFileReader", "LogQuery", "LogRecord", "RestartMarks", "compile_pattern"]

EVERYBODY = "*"
SERVERS = ("kafka", "valkey")
"""Names that are always accepted, even without a log."""


class LogFileReader:
    """The logs of a deployment. Reads files only, so nothing has to be running."""

    def __init__(self, deployment: Deployment, clock: Clock, daemons: Iterable[str] = ()) -> None:
        """Set the deployment to read.

        Args:
            deployment: the deployment of the logs.
            clock: the time of day, for following.
            daemons: names that are accepted even without a log.
        """
        self._deployment = deployment
        self._clock = clock
        self._daemons = tuple(daemons)

    def select(self, names: Sequence[str]) -> dict[str, LogFileSource]:
        """Return the logs of `names`; without names, those of all daemons.

        A name is a daemon's or a server's (`kafka`, `valkey`); `risk` also means every `risk.{broker}`, and
        `*.paper` every daemon of that broker; `*` every service, even if none exists. Raises UnknownNameError.
        """
        chosen = self.find(names)
        for name in names:
            if name not in {*SERVERS, EVERYBODY} and not any(_means(name, key) for key in chosen):
                known = self.find(["*"])
                raise UnknownNameError("daemon", name, {*known, *SERVERS})
        return chosen

    def find(self, names: Sequence[str]) -> dict[str, LogFileSource]:
        """Return the logs of `names`, like `select`, ignoring unknown names."""
        expected = {name: daemon_source(self._deployment.logs, name) for name in self._daemons}
        daemons = expected | daemon_sources(self._deployment.logs)
        if not names:
            return dict(sorted(daemons.items()))
        known = daemons | server_sources(self._deployment.infra_logs)
        return {key: source for name in names for key, source in known.items() if _means(name, key)}

    def history(self, sources: Mapping[str, LogFileSource], query: LogQuery) -> Iterator[LogRecord]:
        """Yield the existing lines, oldest first."""
        return merged_history({name: (source, whole_lines(source)) for name, source in sources.items()}, query)

    def follow(self, names: Sequence[str], query: LogQuery) -> LiveLogs:
        """Return the existing lines followed by new ones, without a gap."""
        return LiveLogs(self, names, query, self._clock)


class LiveLogs:
    """Existing lines first, then new lines, also of daemons that start later."""

    def __init__(self, reader: LogFileReader, names: Sequence[str], query: LogQuery, clock: Clock) -> None:
        """Read the files' sizes: history ends, and following begins, at this moment."""
        self._reader = reader
        self._names = names
        self._query = query
        self._clock = clock
        self._window = ReorderWindow()
        sources = reader.select(names)
        self._parts = {name: (source, whole_lines(source)) for name, source in sources.items()}
        self._followers = {name: Follower(source, segments) for name, (source, segments) in self._parts.items()}

    @property
    def services(self) -> tuple[str, ...]:
        """The services whose lines are followed now."""
        return tuple(self._followers)

    def history(self) -> Iterator[LogRecord]:
        """Yield the lines that existed at the beginning, oldest first."""
        return merged_history(self._parts, self._query)

    def poll(self) -> list[LogRecord]:
        """Return the new lines that are due, in time order; call it several times a second."""
        now = self._clock.now()
        self._look_for_new()
        for follower in self._followers.values():
            for record in follower.poll(now):
                self._window.push(record, now)
        return [record for record in self._window.pop(now) if self._query.matches(record)]

    def drain(self) -> list[LogRecord]:
        """Return the lines that are still delayed."""
        return [record for record in self._window.drain() if self._query.matches(record)]

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close the files."""
        for follower in self._followers.values():
            follower.close()

    def _look_for_new(self) -> None:
        for name, source in self._reader.find(self._names).items():
            if name not in self._followers:
                self._followers[name] = Follower(source, [])


class RestartMarks:
    """Adds to start lines how the run before them ended, as far as it is known."""

    def __init__(self) -> None:
        """Begin without having seen any service."""
        self._last: dict[str, Marker | None] = {}
        self._exits: dict[str, str] = {}

    def mark(self, record: LogRecord) -> LogRecord:
        """Return the record; a start line is marked by the service's line before it."""
        seen = record.service in self._last
        last = self._last.get(record.service)
        self._last[record.service] = record.marker
        # The supervisor says of each process how its last run ended.
        if isinstance(process := record.fields.get("process"), str) and record.fields.get("last_exit"):
            self._exits[process] = str(record.fields["last_exit"])
        known_exit = self._exits.get(record.service)
        if record.marker is not Marker.STARTED or not (seen or known_exit):
            return record
        fields: dict[str, Any] = dict(record.fields)
        if known_exit:
            fields["last_exit"] = known_exit
        elif last is not Marker.STOPPED:
            fields["before"] = "ended without shutting down"
        return msgspec.structs.replace(record, event="restarted", fields=fields)


def _means(name: str, key: str) -> bool:
    return key == name or key.startswith(f"{name}.") or fnmatchcase(key, name)
