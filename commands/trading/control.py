"""What the verbs that act on a broker share: the session they act in, and the options that narrow an act."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from alphapanda.errors import UnknownNameError
from alphapanda.ids import InstrumentId, StrategyId
from alphapanda.operations.audit import AuditSource
from alphapanda.operations.control.session import ControlSession
from alphapanda.operations.policy import Confirmation
from alphapanda.operations.servers import open_control_session
from alphapanda.pipeline.compose import instruments_of
from alphapanda.pipeline.documents import load_strategies
from commands.shell.context import Context
from commands.shell.prompts import permit_with

StrategyOption = Annotated[
    str | None, typer.Option("--strategy", "-s", metavar="STRATEGY", help="Only of this strategy.")
]
InstrumentOption = Annotated[
    str | None,
    typer.Option("--instrument", "-i", metavar="INSTRUMENT", help="Only of this instrument: NSE:INFY."),
]


def open_session(context: Context, confirmation: Confirmation) -> AbstractAsyncContextManager[ControlSession]:
    """Connect to the log to act on brokers with what was confirmed ahead; raises DependencyError."""
    return open_control_session(
        context.deployment,
        context.settings(),
        context.clock,
        permit_with(context, confirmation),
        source=AuditSource.CLI,
        on_unwritten=context.warn_unaudited,
    )


def known_strategy(context: Context, name: str | None, found: Collection[str]) -> StrategyId | None:
    """Return a strategy that is configured, or was found at the broker; raises UnknownNameError."""
    if name is None or name in found:
        return None if name is None else StrategyId(name)

    configured = {config.id for config in load_strategies(context.deployment)}
    if name not in configured:
        raise UnknownNameError("strategy", name, configured | set(found))
    return StrategyId(name)


def known_instrument(context: Context, name: str | None, found: Collection[str]) -> InstrumentId | None:
    """Return an instrument that is loaded, or was found at the broker; raises UnknownNameError."""
    if name is None:
        return None

    instrument = InstrumentId(name)
    if name not in found and instruments_of(context.settings()).get(instrument) is None:
        raise UnknownNameError(
            "instrument", name, found, hint="Write it as EXCHANGE:SYMBOL, for example NSE:INFY."
        )
    return instrument
