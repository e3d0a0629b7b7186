"""`alphapanda flatten`: close positions of a broker, through the log."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from alphapanda.errors import AlphaPandaError, DeadlineError, DependencyError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Scope
from alphapanda.model.position import Position
from alphapanda.operations.control.results import BrokerStatus, Flattened
from alphapanda.operations.control.session import ControlSession
from alphapanda.operations.control.trading import FlattenPositions
from alphapanda.operations.policy import Confirmation
from alphapanda.rupees import price, quantity
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import (
    BrokerArgument,
    ConfirmOption,
    DryRunOption,
    JsonOption,
    ReasonOption,
    TimeoutOption,
    YesOption,
)
from commands.shell.prompts import needed_reason
from commands.shell.reading import known_broker
from commands.trading.control import (
    InstrumentOption,
    StrategyOption,
    known_instrument,
    known_strategy,
    open_session,
)


class StillOpenError(AlphaPandaError):
    """The exits are over, and something is held all the same."""


def register(app: typer.Typer) -> None:
    """Add `flatten`."""
    app.command("flatten")(flatten)


def flatten(
    call: typer.Context,
    broker: BrokerArgument,
    strategy: StrategyOption = None,
    instrument: InstrumentOption = None,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    dry_run: DryRunOption = False,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> None:
    """Close positions at the market: entries are refused, open orders are cancelled, exits are sent.

    Returns when the positions are closed. The broker stays REDUCING until `alphapanda resume`. With --strategy or
    --instrument the trading state does not change: a running strategy may enter again.

    Example: alphapanda flatten paper --reason "end of the drill"
    """
    context = Context.of(call, json=json)
    name = known_broker(context, broker)
    why = reason.strip() if dry_run else needed_reason("flatten", reason)
    confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=why)
    context.run(_flatten(context, name, (strategy, instrument), confirmation, timeout, dry_run=dry_run))


async def _flatten(
    context: Context,
    broker: BrokerId,
    words: tuple[str | None, str | None],
    confirmation: Confirmation,
    patience_s: float,
    *,
    dry_run: bool,
) -> None:
    async with open_session(context, confirmation) as session:
        status = await _status(context, session, broker)
        scope = _scope(context, words, status.positions if status else ())
        positions = status.positions if status else ()
        held = [one for one in positions if scope.covers(one.strategy_id, one.instrument)]
        if dry_run:
            _show_dry_run(context, broker, scope, status, held)
            return
        _show(context, status, held)
        done = await FlattenPositions(session).run(broker, scope, confirmation.reason, patience_s)
    _show_result(context, done, patience_s)


async def _status(context: Context, session: ControlSession, broker: BrokerId) -> BrokerStatus | None:
    """Return the broker's state and positions; None when they cannot be read: that hinders no flatten."""
    try:
        return await session.broker_log(broker).status()
    except DependencyError as error:
        context.output.warn(f"The positions cannot be shown: {error.message}")
        return None


def _scope(context: Context, words: tuple[str | None, str | None], held: Sequence[Position]) -> Scope:
    strategy, instrument = words
    return Scope(
        strategy_id=known_strategy(context, strategy, {one.strategy_id for one in held}),
        instrument=known_instrument(context, instrument, {one.instrument for one in held}),
    )


# ---------------------------------------------------------------------- showing
def _show(context: Context, status: BrokerStatus | None, held: Sequence[Position]) -> None:
    if status is None:
        return
    context.output.say(f"{status.broker} is {status.why}, and holds{':' if held else ' nothing of that.'}")
    for one in held:
        context.output.say(f"  {_line(one)}")


def _line(held: Position) -> str:
    units = quantity(held.quantity, signed=True)
    return f"{units} {held.instrument} at {price(held.last_price)} ({held.strategy_id})"


def _show_dry_run(
    context: Context, broker: BrokerId, scope: Scope, status: BrokerStatus | None, held: Sequence[Position]
) -> None:
    if context.output.as_json:
        state = status.state if status else None
        body = {"broker": broker, "scope": to_jsonable(scope), "state": state, "dry_run": True}
        context.output.document("flatten", {**body, "held": [to_jsonable(one) for one in held]})
        return
    _show(context, status, held)
    context.output.say(f"Would flatten {broker} ({scope}); nothing was done.")


def _show_result(context: Context, done: Flattened, patience_s: float) -> None:
    if context.output.as_json:
        context.output.document("flatten", _body(done))
    else:
        if done.cancelled.orders:
            context.output.say(done.cancelled.words)
        context.output.say(done.words)
        context.output.say(_afterwards(done))
    if done.is_flat:
        return
    if any(one.is_open for one in done.exits):
        raise DeadlineError(
            f"{done.broker} is not flat after {patience_s:g} s: no tick came to trade at."
            " The exit orders stay open.",
            hint=f"Watch them: alphapanda orders --open --broker {done.broker} --watch",
        )
    ended = "; ".join(dict.fromkeys(one.reason for one in done.exits if one.reason))
    raise StillOpenError(
        f"{done.broker} is not flat, and no exit is working{f' ({ended})' if ended else ''}.",
        hint=f"Repeat the command. See: alphapanda positions --broker {done.broker}",
    )


def _afterwards(done: Flattened) -> str:
    if done.scope.is_everything:
        opened = f"{done.broker} is {done.state}: nothing new is opened."
        return f"{opened} To trade again: alphapanda resume {done.broker} --reason …"
    return f"{done.broker} is {done.state} as it was: a strategy that goes on may enter again."


def _body(done: Flattened) -> dict[str, object]:
    return {
        "broker": done.broker,
        "scope": to_jsonable(done.scope),
        "command_id": done.command_id,
        "state": done.state,
        "flat": done.is_flat,
        "held_before": [to_jsonable(one) for one in done.before],
        "cancelled": [to_jsonable(one) for one in done.cancelled.orders],
        "exits": [to_jsonable(one) for one in done.exits],
        "still_open": [to_jsonable(one) for one in done.still_open],
    }
