"""Consumer groups as table rows and as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphapanda.errors import UnknownNameError
from alphapanda.kafka.client import KafkaReadLog, open_read_log
from alphapanda.kafka.group_admin import GroupAdmin, open_groups
from alphapanda.operations.groups.lag import LagReport, with_rates
from alphapanda.operations.groups.measure import measure
from commands.shell.context import Context
from commands.shell.output import Column, Style
from commands.shell.reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.operations.groups.lag import GroupLagReport, PartitionLag

_MINUTE = 60
_HOUR = 3600


def lag_style(value: object) -> Style | None:
    """Return the style of a lag."""
    return None if value in {None, "0", "-", 0} else Style.WARN


def flag_style(value: object) -> Style | None:
    """Return the style of a flag."""
    return Style.BAD if value else None


GROUP_COLUMNS = (
    Column("group", "GROUP"),
    Column("state", "STATE"),
    Column("members", "MEMBERS", right=True),
    Column("lag", "LAG", right=True, style=lag_style),
    Column("behind", "BEHIND", right=True),
    Column("topics", "TOPICS"),
    Column("flag", "FLAG", style=flag_style),
)
PARTITION_COLUMNS = (
    Column("group", "GROUP"),
    Column("topic", "TOPIC"),
    Column("partition", "P", right=True),
    Column("committed", "COMMITTED", right=True),
    Column("end", "END", right=True),
    Column("lag", "LAG", right=True, style=lag_style),
    Column("behind", "BEHIND", right=True),
    Column("rate", "READ/S", right=True),
    Column("written", "WRITTEN/S", right=True),
    Column("drain", "DRAINED IN", right=True),
    Column("flag", "FLAG", style=flag_style),
)


def duration_text(seconds: float | None, *, estimated: bool = False) -> str | None:
    """Return a duration as text: `0 s`, `3.2 s`, `5 m 10 s`, `2 h 5 m`; `~` before an estimate."""
    if seconds is None:
        return None
    whole = round(seconds)
    if seconds < 10 and seconds != whole:
        text = f"{seconds:.1f} s"
    elif whole < _MINUTE:
        text = f"{whole} s"
    elif whole < _HOUR:
        text = f"{whole // _MINUTE} m {whole % _MINUTE} s"
    else:
        text = f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} m"
    return f"~{text}" if estimated else text


def group_row(group: GroupLagReport) -> Mapping[str, object]:
    """Return a group as JSON fields."""
    return {
        "group": group.name,
        "state": group.state,
        "members": [{"client": member.client, "host": member.host} for member in group.members],
        "topics": list(group.topics),
        "lag": group.lag,
        "lag_seconds": group.seconds,
        "retention_breach": group.breach,
    }


def group_shown(group: GroupLagReport) -> Mapping[str, object]:
    """Return a group as a table row."""
    return {
        "group": group.name,
        "state": group.state,
        "members": len(group.members),
        "lag": _number(group.lag),
        "behind": duration_text(group.seconds, estimated=any(one.estimated for one in group.partitions)),
        "topics": ", ".join(group.topics) or None,
        "flag": "retention breach" if group.breach else "",
    }


def partition_row(group: GroupLagReport, one: PartitionLag) -> Mapping[str, object]:
    """Return a partition's lag as JSON fields."""
    return {
        "group": group.name,
        "state": group.state,
        "members": len(group.members),
        "topic": one.partition.topic,
        "partition": one.partition.number,
        "committed": one.committed,
        "start": one.start,
        "end": one.end,
        "lag": one.lag,
        "lag_seconds": one.seconds,
        "lag_seconds_estimated": one.estimated,
        "consumed_per_s": one.consumed_per_s,
        "written_per_s": one.written_per_s,
        "drain_seconds": one.drain_s,
        "retention_breach": one.breach,
        "records_lost": one.lost,
        "topic_gone": one.gone,
    }


def partition_shown(group: GroupLagReport, one: PartitionLag) -> Mapping[str, object]:
    """Return a partition's lag as a table row."""
    return {
        "group": group.name,
        "topic": one.partition.topic,
        "partition": one.partition.number,
        "committed": _number(one.committed),
        "end": _number(one.end),
        "lag": _number(one.lag),
        "behind": duration_text(one.seconds, estimated=one.estimated),
        "rate": _rate(one.consumed_per_s),
        "written": _rate(one.written_per_s),
        "drain": _drain(one),
        "flag": _flag(one),
    }


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _rate(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _drain(one: PartitionLag) -> str | None:
    if one.drain_s is not None or not one.lag or one.consumed_per_s is None:
        return duration_text(one.drain_s)
    return "not moving" if one.consumed_per_s == 0 else "grows"


def _flag(one: PartitionLag) -> str:
    if one.gone:
        return "topic is gone"
    return f"retention breach: {one.lost:,} lost" if one.breach else ""


@dataclass(slots=True)
class Looker:
    """Looks at groups, again and again: each look has the rates since the last.

    Attributes:
        log: for offsets and times.
        admin: for groups.
    """

    context: Context
    log: KafkaReadLog
    admin: GroupAdmin
    _last: LagReport | None = None

    async def look(self, names: Sequence[str]) -> LagReport:
        """Look at the groups of these names, or at all; raises UnknownNameError for one that is not there."""
        known = await self.admin.names()
        for name in names:
            if name not in known:
                raise UnknownNameError("consumer group", name, known, hint="List them: alphapanda groups list")
        bare = await measure(self.log, self.admin, names or known, self.context.clock)
        rated = bare if self._last is None else with_rates(bare, self._last)
        self._last = bare
        return rated

    async def look_twice(self, names: Sequence[str], window_s: float) -> LagReport:
        """Look, and if something waits look again after a while, so that there are rates."""
        first = self._last is None
        found = await self.look(names)
        if first and window_s > 0 and any(group.lag for group in found.groups):
            await asyncio.sleep(window_s)
            found = await self.look(names)
        return found


@asynccontextmanager
async def looking(context: Context) -> AsyncIterator[Looker]:
    """Stay connected while the block runs. Raises DependencyError."""
    options = kafka_options(context, "groups")
    async with open_read_log(options) as log, open_groups(options) as admin:
        yield Looker(context, log, admin)
