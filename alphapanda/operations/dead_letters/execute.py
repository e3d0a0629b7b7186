"""Carrying out a prepared plan: the watch over what is sent, and the run, together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from alphapanda.kafka.client import KafkaLog
from alphapanda.operations.dead_letters.ledger import Actor
from alphapanda.operations.dead_letters.run import Edit, ReplayPace, ReplayRun, Report
from alphapanda.operations.dead_letters.service import Prepared, Workbench
from alphapanda.operations.dead_letters.watch import open_watch

NO_EDITS: Mapping[str, Edit] = MappingProxyType({})


async def conduct(
    log: KafkaLog,
    bench: Workbench,
    prepared: Prepared,
    mover: Actor,
    report: Report,
    *,
    stop: asyncio.Event,
    tell: Callable[[Report], None],
    pace: ReplayPace,
    group: str = "",
    edits: Mapping[str, Edit] = NO_EDITS,
) -> None:
    """Carry out a plan to its end.

    Args:
        log: where to.
        bench: what the plan was prepared with.
        prepared: the plan, and where its reading stopped.
        mover: who does it, and why.
        report: what was done is written into it; it is right even when this is cut short.
        stop: ends it after the batch in hand; what was not sent stays planned.
        tell: told whenever something changed.
        pace: how fast, and when to give up.
        group: addressed where a dead letter names none.
        edits: dead letter's id → what to send instead of its value.
    """
    async with open_watch(log, bench.progress, await log.identity(), prepared.backlog.ends) as watch:
        run = ReplayRun(
            log=log,
            watch=watch,
            clock=bench.clock,
            plan=prepared.plan,
            mover=mover,
            pace=pace,
            group=group,
            edits=edits,
            tell=tell,
            report=report,
        )
        await run.run(stop)
