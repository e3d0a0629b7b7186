"""`alphapanda halt|resume`: stop a broker from trading, and let it trade again, through the log."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.model.control import Command
from alphapanda.operations.control.trading import ChangeTradingState
from alphapanda.operations.policy import Confirmation
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import BrokerArgument, ConfirmOption, JsonOption, ReasonOption, TimeoutOption
from commands.shell.prompts import needed_reason
from commands.shell.reading import known_broker
from commands.trading.control import open_session

ReduceOption = Annotated[
    bool, typer.Option("--reduce", help="Let exits pass and refuse entries, instead of stopping all trading.")
]


def register(app: typer.Typer) -> None:
    """Add `halt` and `resume`."""
    app.command("halt")(halt)
    app.command("resume")(resume)


def halt(
    call: typer.Context,
    broker: BrokerArgument,
    reason: ReasonOption = "",
    reduce: ReduceOption = False,
    timeout: TimeoutOption = 10.0,
    json: JsonOption = False,
) -> None:
    """Stop a broker from trading at once; cancels still pass. Returns when risk and trader have confirmed.

    Example: alphapanda halt paper --reason "news"
    """
    command = Command.REDUCE if reduce else Command.HALT
    _run(Context.of(call, json=json), command, broker, Confirmation.given(reason=reason), timeout)


def resume(
    call: typer.Context,
    broker: BrokerArgument,
    reason: ReasonOption = "",
    timeout: TimeoutOption = 10.0,
    confirm: ConfirmOption = "",
    json: JsonOption = False,
) -> None:
    """Let a halted broker trade again. Returns when risk and trader have confirmed.

    Asks you to type the broker's name, unless it is a paper broker.

    Example: alphapanda resume paper --reason "news is out"
    """
    confirmation = Confirmation.given(confirm=confirm, reason=reason)
    _run(Context.of(call, json=json), Command.RESUME, broker, confirmation, timeout)


def _run(context: Context, command: Command, broker: str, confirmation: Confirmation, timeout: float) -> None:
    name = known_broker(context, broker)
    reason = needed_reason(command.value, confirmation.reason)

    async def change() -> None:
        async with open_session(context, confirmation) as session:
            obeyed = await ChangeTradingState(session, command).run(name, reason, timeout)
        if context.output.as_json:
            events = [to_jsonable(event) for event in obeyed.events]
            body = {"command_id": obeyed.command_id, "command": command.value, "obeyed": events}
            context.output.document("control", body)
        else:
            context.output.say(obeyed.words)

    context.run(change())
