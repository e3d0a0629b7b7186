"""The filter of log lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from alphapanda.errors import UsageError
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord, PrettyRenderer

_TS_PREFIX = b'{"ts":"'
_TS_END = len(_TS_PREFIX) + len("2025-11-17T09:15:00.123456Z")
_PLAIN = PrettyRenderer(colour=False, names=False)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The filter of log lines; None matches everything.

    Attributes:
        since: the earliest time.
        until: the latest time.
        level: the lowest level; lines without a level count as info.
        pattern: found in the line as shown, or as in the file.
        channel: the channel of the line.
        limit: number of latest lines; None for all.
    """

    since: datetime | None = None
    until: datetime | None = None
    level: LogLevel | None = None
    pattern: re.Pattern[str] | None = None
    channel: str | None = None
    limit: int | None = None

    def may_match(self, raw: bytes) -> bool:
        """Return False for a line of ours that is too old, judged by its first bytes alone."""
        if self.since is None or not raw.startswith(_TS_PREFIX):
            return True
        since = self.since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        return raw[len(_TS_PREFIX) : _TS_END] >= since.encode() + b"Z"

    def matches(self, record: LogRecord) -> bool:
        """Return whether a line matches."""
        return (
            (self.since is None or record.at >= self.since)
            and (self.until is None or record.at <= self.until)
            and (self.level is None or (record.level or LogLevel.INFO).rank >= self.level.rank)
            and (self.channel is None or record.channel == self.channel)
            and (self.pattern is None or self._found(record, self.pattern))
        )

    @staticmethod
    def _found(record: LogRecord, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(_PLAIN.render(record)) or pattern.search(record.raw.decode(errors="replace")))


def compile_pattern(text: str) -> re.Pattern[str]:
    """Return the regular expression in `text`; raises UsageError."""
    try:
        return re.compile(text)
    except re.error as problem:
        raise UsageError(
            f"{text!r} is not a regular expression: {problem}.",
            hint=f"To search for this text literally: --grep {re.escape(text)!r}",
        ) from None
