"""The standard library's logging, which aiokafka, aiohttp and asyncio use, led into our logs."""

from __future__ import annotations

import logging
from typing import Self

from alphapanda.telemetry.log import Channel, Logger, LogLevel

_CHANNELS = {"aiokafka": Channel.BUS, "kafka": Channel.BUS, "redis": Channel.BUS, "aiohttp": Channel.API}


class BridgeHandler(logging.Handler):
    """Hands a foreign record to the channel of the library that made it."""

    def __init__(self, log: Logger) -> None:
        """Remember where records go."""
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a broken one is reported as the standard library does, never raised."""
        try:
            event = record.getMessage()
        except (TypeError, ValueError, KeyError):
            event = str(record.msg)
        channel = _CHANNELS.get(record.name.partition(".")[0], Channel.APP)
        log = self._log.bind(channel=channel, logger=record.name)
        extra = {"exc_info": record.exc_info} if record.exc_info else {}
        match LogLevel.of_rank(record.levelno):
            case LogLevel.DEBUG:
                log.debug(event, **extra)
            case LogLevel.INFO:
                log.info(event, **extra)
            case LogLevel.WARNING:
                log.warning(event, **extra)
            case LogLevel.ERROR:
                log.error(event, **extra)
            case LogLevel.CRITICAL:
                log.critical(event, **extra)


class Bridge:
    """Takes over the standard library's root logger, and gives it back."""

    def __init__(self, log: Logger, level: int) -> None:
        """Make the handler; nothing changes yet.

        Args:
            log: where the records go.
            level: the standard library's number from which on they do; their channels' levels apply beside it.
        """
        self._handler = BridgeHandler(log)
        self._level = level
        self._before = (logging.WARNING, [*logging.root.handlers])

    def __enter__(self) -> Self:
        """Lead every library's records into our logs."""
        root = logging.root
        self._before = (root.level, [*root.handlers])
        root.handlers = [self._handler]
        root.setLevel(self._level)
        return self

    def __exit__(self, *_exc: object) -> None:
        """Put the former handlers back."""
        level, handlers = self._before
        logging.root.handlers = handlers
        logging.root.setLevel(level)


class StdlibLogger:
    """A `Logger` over the standard library, for processes that configured none: tests, one-shot commands."""

    def __init__(self, channel: Channel, values: dict[str, object] | None = None) -> None:
        """Remember the channel and the values bound."""
        self._channel = channel
        self._values = values or {}

    def bind(self, **values: object) -> Self:
        """Return a logger whose lines carry these values too."""
        return type(self)(self._channel, self._values | values)

    def debug(self, event: str, /, **values: object) -> None:
        """Write what helps to find a fault."""
        self._say(logging.DEBUG, event, values)

    def info(self, event: str, /, **values: object) -> None:
        """Write what an operator may want to know."""
        self._say(logging.INFO, event, values)

    def warning(self, event: str, /, **values: object) -> None:
        """Write what is not as it should be, though work goes on."""
        self._say(logging.WARNING, event, values)

    def error(self, event: str, /, **values: object) -> None:
        """Write what failed."""
        self._say(logging.ERROR, event, values)

    def exception(self, event: str, /, **values: object) -> None:
        """Write what failed, with the exception that is being handled."""
        self._say(logging.ERROR, event, {"exc_info": True} | values)

    def critical(self, event: str, /, **values: object) -> None:
        """Write what ends the process."""
        self._say(logging.CRITICAL, event, values)

    def _say(self, level: int, event: str, values: dict[str, object]) -> None:
        logger = logging.getLogger(f"alphapanda.{self._channel}")
        if not logger.isEnabledFor(level):
            return
        known = self._values | values
        exc_info = bool(known.pop("exc_info", False))
        text = " ".join([event, *(f"{key}={value}" for key, value in known.items())])
        logger.log(level, "%s", text, exc_info=exc_info)
