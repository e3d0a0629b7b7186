"""Ranges of records in a partition: rpk's grammar of offsets and times.

======================  ======================================================
`oldest`, `start`       from the oldest record
`newest`, `end`         only records from now on
`:end`                  up to the newest record now
`100`, `100:`           from offset 100
`:100`                  up to offset 100, which is not read
`100:200`               from 100 up to 200
`+100`                  from the hundredth record after the oldest
`-100`                  the last hundred records, then new ones
`-100:end`              the last hundred records
`@-10m:`                from ten minutes ago
`@09:15:@09:20`         five minutes of this morning, IST; the second @ may be left out
`@09:15:5m`             the same
`@-1h:-10m`             fifty minutes
`:@09:20`, `@:09:20`    up to 09:20
======================  ======================================================

Ends are not read. A day begins at midnight IST.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from alphapanda.errors import UsageError
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.times import DURATION, POINT, TIME_HELP, milliseconds, parse_duration, parse_time

RANGE_HELP = "A range is oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20."

_MAX_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest record that is still there, or `skip` records later."""

    skip: int = 0


@dataclass(frozen=True, slots=True)
class Newest:
    """The end as it is now, or `back` records before it."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Exact:
    """One offset."""

    offset: int


@dataclass(frozen=True, slots=True)
class At:
    """The first record at or after a point in time.

    Attributes:
        moment: aware.
    """

    moment: datetime

    @property
    def ms(self) -> int:
        """The point as Kafka is asked for it."""
        return milliseconds(self.moment)


Bound: TypeAlias = Oldest | Newest | Exact | At


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The records to read of each partition.

    Attributes:
        start: where reading begins.
        stop: where it ends; that record is not read. None reads on as records come.
    """

    start: Bound
    stop: Bound | None = None

    @property
    def times(self) -> tuple[int, ...]:
        """The times, in milliseconds, of which `resolve` needs the offsets."""
        return tuple(bound.ms for bound in (self.start, self.stop) if isinstance(bound, At))

    def resolve(self, oldest: int, newest: int, at: Mapping[int, int | None]) -> tuple[int, int | None]:
        """Return the offsets of one partition: the first to read, and the first not to read, or None for no end.

        Args:
            oldest: the partition's first offset.
            newest: the offset that its next record will have.
            at: for each of `times` the offset of the first record at or after it, None when there is none.
        """
        start = _resolved(self.start, oldest, newest, at)
        if self.stop is None:
            return start, None
        return start, max(start, _resolved(self.stop, oldest, newest, at))


def _resolved(bound: Bound, oldest: int, newest: int, at: Mapping[int, int | None]) -> int:
    match bound:
        case Oldest(skip):
            offset = oldest + skip
        case Newest(back):
            offset = newest - back
        case Exact(exact):
            offset = exact
        case At():
            found = at[bound.ms]
            offset = newest if found is None else found
    return min(max(offset, oldest), newest)


_TIMES = re.compile(rf"@(?P<start>{POINT})?(?:(?P<colon>:)@?(?P<stop>{POINT}|{DURATION}|end|newest)?)?")
_OFFSETS = re.compile(
    rf"(?P<start>oldest|start|newest|end|[+-]?\d{{1,19}})?(?P<colon>:)?(?P<stop>\d{{1,19}}|end|newest|@{POINT})?"
)


def parse_range(text: str, now: datetime) -> OffsetRange:
    """Return the range that `text` names, relative times counted from `now` (aware).

    Raises:
        QuerySyntaxError: it is not in the grammar, or ends before it begins.
    """
    match = (_TIMES if text.startswith("@") else _OFFSETS).fullmatch(text)
    if match is None or text in {"", "@"} or (match["stop"] and not match["colon"]):
        raise QuerySyntaxError("Not a range of records", text, _fault(text), hint=RANGE_HELP)
    start = _start(text, match["start"], now, timed=text.startswith("@"))
    stop = _stop(text, match, start, now)
    _check_order(text, start, stop, match.start("stop"))
    return OffsetRange(start, stop)


def _start(text: str, word: str | None, now: datetime, *, timed: bool) -> Bound:
    if word is None or word in {"oldest", "start"}:
        return Oldest()
    if word in {"newest", "end"}:
        return Newest()
    if timed:
        return At(_time(text, word, now, 1))
    if word.startswith("+"):
        return Oldest(skip=_number(text, word[1:], 1))
    if word.startswith("-"):
        return Newest(back=_number(text, word[1:], 1))
    return Exact(_number(text, word, 0))


def _stop(text: str, match: re.Match[str], start: Bound, now: datetime) -> Bound | None:
    word, position = match["stop"], match.start("stop")
    if not word:
        return None
    if word in {"end", "newest"}:
        return Newest()
    if word.startswith("@"):
        return At(_time(text, word[1:], now, position + 1))
    if not text.startswith("@"):
        return Exact(_number(text, word, position))
    if not re.fullmatch(DURATION, word):
        return At(_time(text, word, now, position))
    if not isinstance(start, At):
        raise QuerySyntaxError("A duration needs a time to count from", text, position, hint=RANGE_HELP)
    try:
        return At(start.moment + parse_duration(word))
    except (UsageError, OverflowError):
        raise QuerySyntaxError("Too far away", text, position, hint=TIME_HELP) from None


def _time(text: str, word: str, now: datetime, position: int) -> datetime:
    try:
        return parse_time(word, now)
    except UsageError:
        raise QuerySyntaxError("Not a time", text, position, hint=TIME_HELP) from None


def _number(text: str, word: str, position: int) -> int:
    number = int(word)
    if number > _MAX_OFFSET:
        raise QuerySyntaxError("Larger than any offset", text, position, hint=RANGE_HELP)
    return number


def _check_order(text: str, start: Bound, stop: Bound | None, position: int) -> None:
    timed = isinstance(start, At) and isinstance(stop, At) and stop.moment < start.moment
    exact = isinstance(start, Exact) and isinstance(stop, Exact) and stop.offset < start.offset
    if timed or exact:
        raise QuerySyntaxError("It ends before it begins", text, position)


def _fault(text: str) -> int:
    """Return the end of the longest beginning that could be a range."""
    pattern = _TIMES if text.startswith("@") else _OFFSETS
    match = pattern.match(text)
    return match.end() if match else 0
