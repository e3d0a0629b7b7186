"""`alphapanda groups list`."""

from __future__ import annotations

import typer

from commands.groups._views import GROUP_COLUMNS, group_row, group_shown, looking
from commands.shell.context import Context
from commands.shell.options import IntervalOption, JsonOption, WatchOption
from commands.shell.reading import Table, show


def list_(
    call: typer.Context, json: JsonOption = False, watch: WatchOption = False, interval: IntervalOption = 2.0
) -> None:
    """List all consumer groups with their members and their lag in records and in seconds.

    Example: alphapanda groups list --watch
    """
    context = Context.of(call, json=json)
    context.run(_list(context, watch=watch, interval=interval))


async def _list(context: Context, *, watch: bool, interval: float) -> None:

    async with looking(context) as looker:

        async def look() -> Table:
            groups = (await looker.look(())).groups
            return Table(
                kind="groups",
                rows=[group_row(group) for group in groups],
                shown=[group_shown(group) for group in groups],
                columns=GROUP_COLUMNS,
                empty="No consumer groups.",
            )

        await show(context, look, watch=watch, interval=interval)
