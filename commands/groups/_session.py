"""What the verbs of `groups` share: the log, the groups' administration, and measurements of groups by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alphapanda.errors import UnknownNameError
from alphapanda.kafka.client import KafkaReadLog, open_read_log
from alphapanda.kafka.group_admin import GroupAdmin, open_groups
from alphapanda.operations.groups.lag import LagReport, with_rates
from alphapanda.operations.groups.measure import measure
from commands.shell.context import Context
from commands.shell.reading import kafka_options


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
