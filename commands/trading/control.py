"""What the verbs that command a broker share: the controller, what they are for, and asking first."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import RefusedError, UnknownNameError, UsageError
from commands._audit import SOURCE, actor
from commands._safety import Said, permit_live
from commands.shell.context import Context
from commands.shell.reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.ids import BrokerId, InstrumentId, StrategyId
    from alphapanda.operations.control.controller import Controller

StrategyOption = Annotated[
    str | None, typer.Option("--strategy", "-s", metavar="STRATEGY", help="Only what belongs to this strategy.")
]
InstrumentOption = Annotated[
    str | None,
    typer.Option("--instrument", "-i", metavar="INSTRUMENT", help="Only of this instrument: NSE:INFY."),
]


@asynccontextmanager
async def open_controller(context: Context, source: str = SOURCE) -> AsyncIterator[Controller]:
    """Open the log and what commands brokers through it, and say from where; raises DependencyError."""
    from alphapanda.kafka.client import open_log
    from alphapanda.operations.control.controller import Controller
    from alphapanda.serialization.runtime import reading_codec

    async with open_log(kafka_options(context, "control")) as log:
        codec = reading_codec(context.settings())
        yield Controller(log, context.clock, actor=actor(), source=source, codec=codec)


def needed_reason(verb: str, reason: str) -> str:
    """Return why a command is given, without blanks around it; raises UsageError for none."""
    if not reason.strip():
        raise UsageError(f"{verb} needs a reason.", hint='Add --reason "…"; it goes to the audit.')
    return reason.strip()


def permit(context: Context, broker: BrokerId, question: str, said: Said) -> None:
    """Have an order to a broker allowed: asked for on a terminal, its name typed for one that is not paper.

    Raises RefusedError when it is not; off a terminal --yes says it ahead.
    """
    from alphapanda.model.kinds import TradingMode
    from daemons.stage_daemon import MODES

    if MODES.get(context.settings().brokers[broker].kind) is not TradingMode.PAPER:
        permit_live(context, broker, broker, question, said)
        return
    if said.yes:
        return
    output = context.output
    if output.as_json or not (sys.stdin.isatty() and output.stderr.isatty()):
        raise RefusedError(f"{question} needs a yes, and there is no terminal to ask on.", hint="Add --yes.")
    output.stderr.write(f"{question}? [y/N] ")
    output.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise RefusedError("Not confirmed: nothing was changed.")


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
