"""`alphapanda groups lag`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from alphapanda.errors import CheckFailedError, UsageError
from alphapanda.operations.groups.lag import GroupLagReport
from alphapanda.query.times import parse_duration
from commands.groups._views import PARTITION_COLUMNS, looking, partition_row, partition_shown
from commands.shell.context import Context
from commands.shell.options import IntervalOption, JsonOption, WatchOption
from commands.shell.reading import Table, show


@dataclass(frozen=True, slots=True)
class Limit:
    """How far behind a group may be; one of both."""

    records: int | None = None
    seconds: float | None = None

    def passed_by(self, group: GroupLagReport) -> str:
        """Return how a group passes it, in words; empty when it does not."""
        if self.records is not None and (group.lag or 0) > self.records:
            return f"{group.name} is {group.lag:,} records behind, over {self.records:,}"
        if self.seconds is not None and (group.seconds or 0) > self.seconds:
            return f"{group.name} is {group.seconds:,.1f} s behind, over {self.seconds:g} s"
        return ""


def lag(
    call: typer.Context,
    groups: Annotated[list[str] | None, typer.Argument(metavar="[GROUP]...", help="Default: all groups.")] = None,
    over: Annotated[
        str | None,
        typer.Option(metavar="LIMIT", help="Exit with 3 if a group is further behind: 1000 (records), 30s, 5m."),
    ] = None,
    topic: Annotated[str | None, typer.Option("--topic", metavar="TOPIC", help="Only this topic.")] = None,
    behind: Annotated[bool, typer.Option("--behind", help="Only partitions with a lag.")] = False,
    window: Annotated[
        float,
        typer.Option(
            "--window", min=0, metavar="SECONDS", help="Measure rates over this time when there is a lag."
        ),
    ] = 2.0,
    json: JsonOption = False,
    watch: WatchOption = False,
    interval: IntervalOption = 2.0,
) -> None:
    """Show the lag of groups in each partition, their read rate, and the time they need to catch up.

    BEHIND is the age of the oldest unread record; ~ marks an estimate. Groups commit at least once a second.

    Example: alphapanda groups lag paper.trader --over 1000
    """
    context = Context.of(call, json=json)
    limit = None if over is None else _limit(over)
    act = _lag(context, groups or [], limit, topic, window, behind=behind, watch=watch, interval=interval)
    context.run(act)


def _limit(text: str) -> Limit:

    if text.isdecimal():
        return Limit(records=int(text))
    try:
        return Limit(seconds=parse_duration(text).total_seconds())
    except UsageError:
        raise UsageError(f"{text!r} is not a limit.", hint="A limit is 1000 (records) or 30s, 5m, 1h.") from None


async def _lag(
    context: Context,
    names: Sequence[str],
    limit: Limit | None,
    topic: str | None,
    window: float,
    *,
    behind: bool,
    watch: bool,
    interval: float,
) -> None:

    passed: list[str] = []
    async with looking(context) as looker:

        async def look() -> Table:
            found = await looker.look_twice(names, 0 if watch else window)
            passed[:] = [words for group in found.groups if limit and (words := limit.passed_by(group))]
            chosen = [
                (group, one)
                for group in found.groups
                for one in group.partitions
                if (topic is None or one.partition.topic == topic) and (one.lag or not behind)
            ]
            return Table(
                kind="group-lag",
                rows=[partition_row(group, one) for group, one in chosen],
                shown=[partition_shown(group, one) for group, one in chosen],
                columns=PARTITION_COLUMNS,
                empty="Nothing waits." if behind else "Nothing was ever committed.",
                footer=[f"over the limit: {words}" for words in passed] if watch else (),
            )

        await show(context, look, watch=watch, interval=interval)
    if passed:
        raise CheckFailedError(f"{'; '.join(passed)}.", hint="Watch it: alphapanda groups lag --watch")
