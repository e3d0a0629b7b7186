"""The day's profit before the backlog, from snapshots far apart: all of them would be hundreds of megabytes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime, time
from typing import Final

from alphapanda.clock import IST, to_ist
from alphapanda.model.records import Offsets
from topics.services import PNL_SNAPSHOTS
from tui.sources.connection import OpenLog
from tui.store.store import Store

SAMPLES: Final = 160
"""As many as a chart of 80 cells has columns."""
ANSWER_S: Final = 2.0


async def recall_day(log: OpenLog, now: datetime, starts: Offsets, store: Store) -> None:
    """Give the store snapshots of each broker, evenly spread from midnight (IST) to where its backlog starts."""
    mine = [partition for partition in starts if partition.topic.endswith(PNL_SNAPSHOTS.format(b=""))]
    if not mine:
        return
    midnight = datetime.combine(to_ist(now).date(), time(), IST)
    begins = await log.offsets_at(midnight, mine)
    reader = await log.reader()
    async with aclosing(reader):
        for partition in mine:
            for offset in spread(begins[partition], starts[partition], SAMPLES):
                reader.seek({partition: offset})
                store.recall(await reader.poll(ANSWER_S, limit=1))
                await asyncio.sleep(0)


def spread(begin: int, end: int, count: int) -> list[int]:
    """Return `count` offsets evenly spread over [begin, end), all of them where there are fewer."""
    length = end - begin
    if length <= count:
        return list(range(begin, end))
    return [begin + length * step // count for step in range(count)]
