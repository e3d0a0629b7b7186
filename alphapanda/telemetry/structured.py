"""The structlog side: a bound logger with channels, and the processors every line passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC
from typing import Any

import structlog
from structlog.typing import Processor

from alphapanda.clock import Clock
from alphapanda.telemetry.log import Channel, Logger, LogLevel
from alphapanda.telemetry.record import plain
from alphapanda.telemetry.redaction import Redactor

_OURS = frozenset({"ts", "level", "service"})
"""Fields that a caller's value of the same name must not replace: it gets an underscore."""

Emit = Callable[[LogLevel, dict[str, Any]], None]


class Thresholds:
    """From which level on each channel writes."""

    def __init__(self, level: LogLevel, channels: Mapping[str, LogLevel]) -> None:
        """Remember the level of the channels that have their own, and that of all others."""
        self._default = level.rank
        self._channels = {str(channel): own.rank for channel, own in channels.items()}

    @property
    def debugs_anything(self) -> bool:
        """Whether any channel writes debug lines."""
        return min([self._default, *self._channels.values()]) <= LogLevel.DEBUG.rank

    def admits(self, channel: str, level: LogLevel) -> bool:
        """Return whether a line of this channel and level is written."""
        return level.rank >= self._channels.get(channel, self._default)


class LineSink:
    """What structlog wraps: it decides what is written, takes finished lines, and counts what went wrong."""

    def __init__(
        self, thresholds: Thresholds, emit: Emit, failed: Callable[[LogLevel, str, Exception], None]
    ) -> None:
        """Remember where lines go and who hears of a line that could not be made."""
        self.thresholds = thresholds
        self.emit = emit
        self.failed = failed


class StructuredLogger(structlog.BoundLoggerBase):
    """A `Logger` over structlog: filtered by channel before any work is done, and never raising."""

    _logger: LineSink

    def debug(self, event: str, /, **values: object) -> None:
        """Write what helps to find a fault."""
        self._say(LogLevel.DEBUG, event, values)

    def info(self, event: str, /, **values: object) -> None:
        """Write what an operator may want to know."""
        self._say(LogLevel.INFO, event, values)

    def warning(self, event: str, /, **values: object) -> None:
        """Write what is not as it should be, though work goes on."""
        self._say(LogLevel.WARNING, event, values)

    warn = warning

    def error(self, event: str, /, **values: object) -> None:
        """Write what failed."""
        self._say(LogLevel.ERROR, event, values)

    def exception(self, event: str, /, **values: object) -> None:
        """Write what failed, with the exception that is being handled."""
        values.setdefault("exc_info", True)
        self._say(LogLevel.ERROR, event, values)

    def critical(self, event: str, /, **values: object) -> None:
        """Write what ends the process."""
        self._say(LogLevel.CRITICAL, event, values)

    def _say(self, level: LogLevel, event: str, values: dict[str, object]) -> None:
        sink = self._logger
        channel = values.get("channel") or self._context.get("channel") or Channel.APP
        if not sink.thresholds.admits(str(channel), level):
            return
        try:
            (line,), _ = self._process_event(level, event, values)
            sink.emit(level, line)
        except Exception as problem:  # noqa: BLE001 - a line that cannot be made must not stop a trade; it is counted
            sink.failed(level, event, problem)


def processors(clock: Clock, service: str, redactor: Redactor) -> list[Processor]:
    """Return the steps from a call to plain data: context, exception, order of the fields, secrets."""

    def arrange(_logger: Any, level: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        at = clock.now().astimezone(UTC).replace(tzinfo=None)
        return {
            "ts": at.isoformat(timespec="microseconds") + "Z",
            "level": str(level),
            "channel": str(values.pop("channel", None) or Channel.APP),
            "service": service,
            "event": str(values.pop("event", "")),
            **{f"{key}_" if key in _OURS else key: value for key, value in values.items()},
        }

    def redact(
        _logger: Any, _level: str, values: MutableMapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (redactor.mapping(plain(dict(values))),), {}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        arrange,
        redact,
    ]


def build(sink: LineSink, steps: list[Processor]) -> Logger:
    """Return a logger that shares no configuration with any other."""
    log: StructuredLogger = structlog.wrap_logger(
        sink, processors=steps, wrapper_class=StructuredLogger, context_class=dict
    ).bind()
    return log


def install(sink: LineSink, steps: list[Processor]) -> None:
    """Make this process's `structlog.get_logger` write to the sink too, for libraries that log through it."""
    structlog.configure(
        processors=steps,
        wrapper_class=StructuredLogger,
        context_class=dict,
        logger_factory=lambda *_names: sink,
        cache_logger_on_first_use=False,
    )


def uninstall() -> None:
    """Undo `install`."""
    structlog.reset_defaults()
