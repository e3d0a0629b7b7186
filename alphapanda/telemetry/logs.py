"""Configures a process's logs, once, at its start; loggers are then passed to the code that needs one.

Every line is one JSON object in `logs/{service}.jsonl`; on a terminal the same lines are also shown as text. The
caller makes a line (2 to 20 µs), threads write it.

structlog imports rich and Twisted whenever they are installed: half of its 180 ms and 10 MiB, for nothing that is
used here. `import_structlog` hides them from it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from alphapanda.clock import Clock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.telemetry.log import Channel, Logger, LogLevel
from alphapanda.telemetry.record import Marker, PrettyRenderer, encode_line
from alphapanda.telemetry.redaction import Redactor
from alphapanda.telemetry.rotation import RotatingFile
from alphapanda.telemetry.sinks import (
    LineCounter,
    LogStats,
    Sink,
    StreamTarget,
    as_json,
    as_text,
    loss_note,
    wants_colour,
)
from alphapanda.telemetry.stdlib_bridge import Bridge, StdlibLogger

if TYPE_CHECKING:
    from alphapanda.telemetry.structured import Thresholds
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

CLOSE_TIMEOUT_S = 2.0


class LoggingConfig(Protocol):
    """What the settings say about logs (`LOGGING__*`)."""

    @property
    def level(self) -> str:
        """The lowest level that is written."""
        ...

    @property
    def channels(self) -> Mapping[Any, str]:
        """Channels with a level of their own."""
        ...

    @property
    def format(self) -> str:
        """Of the console: `pretty`, `json`, or `auto`, which is pretty on a terminal."""
        ...

    @property
    def max_bytes(self) -> int:
        """At which size a file is rotated."""
        ...

    @property
    def backups(self) -> int:
        """How many full files are kept."""
        ...


class LogSystem:
    """A process's logs: gives loggers and counts, and owns the files until it is closed."""

    def __init__(self, service: str, sinks: tuple[Sink, ...]) -> None:
        """Take over the sinks; `configure_logging` does the rest."""
        self.service = service
        self.log: Logger = StdlibLogger(Channel.APP)
        self._sinks = sinks
        self._counter = LineCounter()
        self._resources = ExitStack()
        self._closed = False

    def channel(self, channel: Channel) -> Logger:
        """Return a logger of one channel."""
        return self.log.bind(channel=channel)

    def stats(self) -> LogStats:
        """Return what was written, dropped and rotated so far."""
        return self._counter.stats(self.service, tuple(sink.stats() for sink in self._sinks))

    def flush(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Wait until everything said so far was handed to the system; return whether it was in time."""
        return all(sink.flush(timeout_s) for sink in self._sinks)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Say goodbye, write what waits, close the files. A stuck console is left behind."""
        if self._closed:
            return
        self._closed = True
        self.log.info("stopped", marker=Marker.STOPPED, pid=os.getpid())
        self._resources.close()
        for sink in self._sinks:
            sink.close(timeout_s)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close."""
        self.close()

    def emit(self, level: LogLevel, fields: dict[str, Any]) -> None:
        """Write one finished line to every sink; called by the loggers."""
        line = encode_line(fields)
        self._counter.said(level, fields["channel"])
        urgent = level.rank >= LogLevel.WARNING.rank
        for sink in self._sinks:
            sink.offer(line, urgent=urgent)

    def attach(self, log: Logger, resources: ExitStack) -> None:
        """Take the loggers' root, and what must be undone at the end."""
        self.log = log
        self._resources = resources

    def broken_line(self) -> None:
        """Count a line that could not be made."""
        self._counter.broke()


def configure_logging(
    settings: LoggingConfig,
    deployment: Deployment,
    service: str,
    *,
    console: bool,
    clock: Clock | None = None,
    secrets: Iterable[str] = (),
    started: Mapping[str, object] | None = None,
    stream: TextIO | None = None,
    environ: Mapping[str, str] | None = None,
) -> LogSystem:
    """Open a process's logs and lead structlog's and the standard library's loggers into them.

    Args:
        settings: levels, format, rotation.
        deployment: whose `logs/` folder is used.
        service: the daemon's name; its file is `logs/{service}.jsonl`.
        console: whether lines also go to stderr.
        clock: where the time of a line comes from; the machine's if left out.
        secrets: texts that no line may show, wherever they stand.
        started: what the start line says beside the pid: the run's number, how the last one ended.
        stream: the console; stderr if left out.
        environ: `NO_COLOR` and `TERM` are read from here; the process's if left out.
    """
    clock = clock or SystemClock()
    note = loss_note(service, lambda: _stamp(clock))
    file = RotatingFile(deployment.logs, service, max_bytes=settings.max_bytes, backups=settings.backups)
    sinks = [Sink("file", file, note)]
    if console:
        sinks.append(_console(settings, service, stream or sys.stderr, environ or dict(os.environ), note))
    system = LogSystem(service, tuple(sinks))
    _connect(system, settings, clock, Redactor(secrets))
    system.log.info("started", marker=Marker.STARTED, pid=os.getpid(), **(started or {}))
    return system


def get_logger(channel: Channel = Channel.APP) -> Logger:
    """Return a logger of a channel for code that was given none.

    Before `configure_logging`, in tests and one-shot commands, it writes through the standard library.
    """
    structlog = import_structlog()
    if not structlog.is_configured():
        return StdlibLogger(channel)
    log: Logger = structlog.get_logger().bind(channel=channel)
    return log


def _console(settings: LoggingConfig, service: str, stream: TextIO, environ: Mapping[str, str], note: Any) -> Sink:
    pretty = settings.format == "pretty" or (settings.format == "auto" and stream.isatty())
    renderer = PrettyRenderer(colour=wants_colour(stream, environ), names=False)
    render = as_text(renderer, service) if pretty else as_json
    return Sink("console", StreamTarget("stderr", stream.fileno(), render), note)


def _connect(system: LogSystem, settings: LoggingConfig, clock: Clock, redactor: Redactor) -> None:
    import_structlog()
    from alphapanda.telemetry import structured  # noqa: PLC0415 - only after structlog was imported our way

    levels = {str(channel): LogLevel.parse(level) for channel, level in settings.channels.items()}
    thresholds = structured.Thresholds(LogLevel.parse(settings.level), levels)

    def failed(level: LogLevel, event: str, problem: Exception) -> None:
        system.broken_line()
        system.emit(level, _fallback(system.service, clock, level, event, problem))

    sink = structured.LineSink(thresholds, system.emit, failed)
    steps = structured.processors(clock, system.service, redactor)
    log = structured.build(sink, steps)
    with ExitStack() as stack:
        structured.install(sink, steps)
        stack.callback(structured.uninstall)
        stack.enter_context(Bridge(log, _level_of_libraries(thresholds)))
        system.attach(log, stack.pop_all())


def _level_of_libraries(thresholds: Thresholds) -> int:
    """Return from which level on other libraries' lines are taken: their everyday talk finds faults only."""
    return logging.INFO if thresholds.debugs_anything else logging.WARNING


def _fallback(service: str, clock: Clock, level: LogLevel, event: str, problem: Exception) -> dict[str, Any]:
    return {
        "ts": _stamp(clock),
        "level": str(level),
        "channel": str(Channel.APP),
        "service": service,
        "event": str(event),
        "log_error": f"{type(problem).__name__}: the values of this line could not be written",
    }


def _stamp(clock: Clock) -> str:
    return clock.now().replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


_UNWANTED = ("rich", "twisted")


def import_structlog() -> ModuleType:
    """Import structlog, telling it that the packages it could do without are not there."""
    with _absent(name for name in _UNWANTED if name not in sys.modules):
        return importlib.import_module("structlog")


@contextmanager
def _absent(names: Iterator[str]) -> Iterator[None]:
    hidden = list(names)
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    for name in hidden:
        modules[name] = None  # the documented way to make an import fail
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
