"""What the verbs that command a broker share: the controller, what they are for, and asking first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import UnknownNameError
from alphapanda.operations.audit import AuditSource, current_actor
from commands.shell.context import Context
from commands.shell.reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.ids import InstrumentId, StrategyId
    from alphapanda.operations.control.controller import Controller

StrategyOption = Annotated[
    str | None, typer.Option("--strategy", "-s", metavar="STRATEGY", help="Only what belongs to this strategy.")
]
InstrumentOption = Annotated[
    str | None,
    typer.Option("--instrument", "-i", metavar="INSTRUMENT", help="Only of this instrument: NSE:INFY."),
]


@asynccontextmanager
async def open_controller(context: Context, source: AuditSource = AuditSource.CLI) -> AsyncIterator[Controller]:
    """Open the log and what commands brokers through it, and say from where; raises DependencyError."""
    from alphapanda.kafka.client import open_log
    from alphapanda.operations.control.controller import Controller
    from alphapanda.serialization.runtime import reading_codec

    async with open_log(kafka_options(context, "control")) as log:
        codec = reading_codec(context.settings())
        yield Controller(log, context.clock, actor=current_actor(), source=source, codec=codec)


def known_strategy(context: Context, name: str | None, met: Collection[str]) -> StrategyId | None:
    """Return a strategy that is configured, or was met at the broker; raises UnknownNameError."""
    from alphapanda.ids import StrategyId
    from alphapanda.pipeline.documents import load_strategies

    if name is None or name in met:
        return None if name is None else StrategyId(name)
    configured = {config.id for config in load_strategies(context.deployment)}
    if name not in configured:
        raise UnknownNameError("strategy", name, configured | set(met))
    return StrategyId(name)


def known_instrument(context: Context, name: str | None, met: Collection[str]) -> InstrumentId | None:
    """Return an instrument that is loaded, or was met at the broker; raises UnknownNameError."""
    from alphapanda.ids import InstrumentId
    from daemons.instruments import lookup_of

    if name is None:
        return None
    instrument = InstrumentId(name)
    if name not in met and lookup_of(context.settings()).get(instrument) is None:
        raise UnknownNameError("instrument", name, met, hint="It is written EXCHANGE:SYMBOL, as NSE:INFY.")
    return instrument
