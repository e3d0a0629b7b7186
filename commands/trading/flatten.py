"""`alphapanda flatten`: close positions of a broker, through the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import AlphaPandaError, DeadlineError, DependencyError
from alphapanda.operations.policy import Confirmation
from commands.shell.context import Context
from commands.shell.options import BrokerArgument, ConfirmOption, DryRunOption, JsonOption, ReasonOption, YesOption
from commands.shell.prompts import broker_target, needed_reason, permit
from commands.shell.reading import known_broker
from commands.trading.control import (
    InstrumentOption,
    StrategyOption,
    known_instrument,
    known_strategy,
    open_controller,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alphapanda.ids import BrokerId
    from alphapanda.model.control import Scope
    from alphapanda.model.position import Position
    from alphapanda.operations.control.controller import Controller
    from alphapanda.operations.control.results import Flattened, Standing


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
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait until it is flat.")
    ] = 30.0,
    json: JsonOption = False,
) -> None:
    """Close positions at the market: nothing new is opened, open orders are cancelled, exits are sent.

    Returns when nothing is held. The whole broker is left REDUCING until `alphapanda resume`. With --strategy or
    --instrument its trading state stays as it is: a strategy that goes on may enter again.

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
    async with open_controller(context) as controller:
        standing = await _standing(context, controller, broker)
        scope = _scope(context, words, standing.positions if standing else ())
        held = (
            [one for one in standing.positions if scope.covers(one.strategy_id, one.instrument)]
            if standing
            else []
        )
        if dry_run:
            _tell_dry(context, broker, scope, standing, held)
            return
        _show(context, standing, held)
        permit(
            context,
            "flatten",
            broker_target(context.settings(), broker),
            f"Flatten {broker} ({scope})",
            confirmation,
        )
        done = await controller.flatten(broker, scope, confirmation.reason, patience_s)
    _tell(context, done, patience_s)


async def _standing(context: Context, controller: Controller, broker: BrokerId) -> Standing | None:
    """Return how the broker stands; None where that cannot be read, which is no reason not to flatten."""
    try:
        return await controller.standing(broker)
    except DependencyError as error:
        context.output.warn(f"What is held cannot be looked at: {error.message}")
        return None


def _scope(context: Context, words: tuple[str | None, str | None], held: Sequence[Position]) -> Scope:
    from alphapanda.model.control import Scope

    strategy, instrument = words
    return Scope(
        strategy_id=known_strategy(context, strategy, {one.strategy_id for one in held}),
        instrument=known_instrument(context, instrument, {one.instrument for one in held}),
    )


# ---------------------------------------------------------------------- telling
def _show(context: Context, standing: Standing | None, held: Sequence[Position]) -> None:
    if standing is None:
        return
    context.output.say(f"{standing.broker} is {standing.why}, and holds{':' if held else ' nothing of that.'}")
    for one in held:
        context.output.say(f"  {_line(one)}")


def _line(held: Position) -> str:
    from alphapanda.rupees import price, quantity

    units = quantity(held.quantity, signed=True)
    return f"{units} {held.instrument} at {price(held.last_price)} ({held.strategy_id})"


def _tell_dry(
    context: Context, broker: BrokerId, scope: Scope, standing: Standing | None, held: Sequence[Position]
) -> None:
    from alphapanda.serialization.codec import to_jsonable

    if context.output.as_json:
        state = standing.state if standing else None
        body = {"broker": broker, "scope": to_jsonable(scope), "state": state, "dry_run": True}
        context.output.document("flatten", {**body, "held": [to_jsonable(one) for one in held]})
        return
    _show(context, standing, held)
    context.output.say(f"Would flatten {broker} ({scope}); nothing was done.")


def _tell(context: Context, done: Flattened, patience_s: float) -> None:
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
            f"{done.broker} is not flat after {patience_s:g} s: the market gave no tick to trade at."
            " The exits go on working.",
            hint=f"Watch them: alphapanda orders --open --broker {done.broker} --watch",
        )
    ended = "; ".join(dict.fromkeys(one.reason for one in done.exits if one.reason))
    raise StillOpenError(
        f"{done.broker} is not flat, and no exit is working{f' ({ended})' if ended else ''}.",
        hint=f"Give the command again; see alphapanda positions --broker {done.broker}.",
    )


def _afterwards(done: Flattened) -> str:
    if done.scope.is_everything:
        opened = f"{done.broker} is {done.state}: nothing new is opened."
        return f"{opened} To trade again: alphapanda resume {done.broker} --reason …"
    return f"{done.broker} is {done.state} as it was: a strategy that goes on may enter again."


def _body(done: Flattened) -> dict[str, object]:
    from alphapanda.serialization.codec import to_jsonable

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
