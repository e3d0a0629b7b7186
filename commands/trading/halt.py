"""`alphapanda halt|resume`: stop a broker from trading, and let it trade again, through the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import BrokerArgument, JsonOption, ReasonOption
from commands.shell.prompts import needed_reason
from commands.shell.reading import known_broker
from commands.trading.control import open_controller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from alphapanda.ids import BrokerId
    from alphapanda.model.control import Command
    from alphapanda.operations.control.controller import Controller
    from alphapanda.operations.control.results import Obeyed

ReduceOption = Annotated[bool, typer.Option("--reduce", help="Let exits pass: only nothing new is opened.")]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait until it is obeyed.")
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
    """Stop a broker from trading, at once; cancels still pass. Returns when risk and trader have obeyed.

    Example: alphapanda halt paper --reason "news"
    """
    from alphapanda.model.control import Command

    _command(call, Command.REDUCE if reduce else Command.HALT, broker, reason, timeout, json=json)


def resume(
    call: typer.Context,
    broker: BrokerArgument,
    reason: ReasonOption = "",
    timeout: TimeoutOption = 10.0,
    json: JsonOption = False,
) -> None:
    """Let a halted broker trade again. Returns when risk and trader have obeyed.

    Example: alphapanda resume paper --reason "news is out"
    """
    from alphapanda.model.control import Command

    _command(call, Command.RESUME, broker, reason, timeout, json=json)


def _command(
    call: typer.Context, command: Command, broker: str, reason: str, timeout: float, *, json: bool
) -> None:
    context = Context.of(call, json=json)
    name = known_broker(context, broker)
    why = needed_reason(command.value, reason)
    context.run(_send(context, command, name, why, timeout))


async def _send(context: Context, command: Command, broker: BrokerId, reason: str, patience_s: float) -> None:
    from alphapanda.serialization.codec import to_jsonable

    async with open_controller(context) as controller:
        obeyed = await _act(controller, command)(broker, reason, patience_s)
    if context.output.as_json:
        events = [to_jsonable(event) for event in obeyed.events]
        body = {"command_id": obeyed.command_id, "command": command.value, "obeyed": events}
        context.output.document("control", body)
    else:
        context.output.say(obeyed.words)


def _act(controller: Controller, command: Command) -> Callable[[BrokerId, str, float], Awaitable[Obeyed]]:
    from alphapanda.model.control import Command

    acts = {Command.HALT: controller.halt, Command.REDUCE: controller.reduce, Command.RESUME: controller.resume}
    return acts[command]
