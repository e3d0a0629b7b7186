"""`alphapanda halt|resume`: stop a broker from trading, and let it trade again, through the log."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import DeadlineError, UsageError
from commands._context import Context
from commands._options import BrokerArgument, JsonOption, ReasonOption
from commands._reading import kafka_options, known_broker

if TYPE_CHECKING:
    from alphapanda.bus.kafka_log import KafkaLog
    from alphapanda.bus.records import Offsets
    from alphapanda.ids import BrokerId, EventId
    from alphapanda.model.control import Command, ControlEvent

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
    if not reason.strip():
        raise UsageError(f"{command.capitalize()} needs a reason.", hint='Add --reason "…"; it goes to the audit.')
    context.run(_send(context, command, name, reason.strip(), timeout))


async def _send(context: Context, command: Command, broker: BrokerId, reason: str, patience_s: float) -> None:
    from alphapanda.bus.kafka_log import open_log
    from alphapanda.bus.message_producer import MessageProducer
    from alphapanda.model.codec import to_jsonable
    from alphapanda.model.control import ControlCommand, Outcome
    from alphapanda.model.kinds import EventType
    from topics.names import TopicName

    actor = getpass.getuser()
    async with open_log(kafka_options(context, "control")) as log:
        (events,) = await log.partitions([str(TopicName(broker, "control", "events"))])
        start = await log.ends([events])
        producer = MessageProducer(log, "cli", context.clock)
        order = ControlCommand(command=command, broker=broker, actor=actor, reason=reason)
        topic = TopicName(broker, "control", "commands")
        sent, _ = await producer.send(topic, order, key=broker, event_type=EventType.CONTROL_COMMAND)
        obeyed: list[ControlEvent] = []
        outcome = Outcome.FAILED
        try:
            await _until_obeyed(log, start, sent.id, {f"risk.{broker}", f"trader.{broker}"}, patience_s, obeyed)
            outcome = Outcome.DONE
        finally:
            who = ",".join(sorted(event.service for event in obeyed))
            await producer.audit(
                actor,
                command.value,
                broker,
                outcome=outcome,
                reason=reason,
                correlation_id=sent.id,
                obeyed_by=who,
            )
    if context.output.as_json:
        body = {"command_id": sent.id, "command": command.value, "obeyed": [to_jsonable(one) for one in obeyed]}
        context.output.document("control", body)
    else:
        services = " and ".join(sorted(event.service for event in obeyed))
        context.output.say(f"{broker} is {command.leads_to.value}: {services} obeyed.")


async def _until_obeyed(
    log: KafkaLog,
    start: Offsets,
    command_id: EventId,
    wanted: set[str],
    patience_s: float,
    obeyed: list[ControlEvent],
) -> None:
    """Wait until all of `wanted` said that they obeyed; who did is added to `obeyed`. Raises DeadlineError."""
    import asyncio
    from contextlib import aclosing, suppress

    from alphapanda.bus.tail import follow
    from alphapanda.errors import PermanentError
    from alphapanda.model.codec import decode
    from alphapanda.model.kinds import EventType

    waiting = set(wanted)
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s) as limit, aclosing(follow(log, start)) as news:
            async for records in news:
                if limit.expired():  # the client may have swallowed the cancellation
                    break
                for record in records:
                    try:
                        said: ControlEvent = decode(EventType.CONTROL_EVENT, record.value or b"").data
                    except PermanentError:
                        continue  # not ours to judge: its readers dead-letter it
                    if said.command_id == command_id and said.service in waiting:
                        waiting.discard(said.service)
                        obeyed.append(said)
                if not waiting:
                    return
    raise DeadlineError(
        f"{' and '.join(sorted(waiting))} did not obey within {patience_s:g} s; the command is in the log and"
        " takes effect when they run.",
        hint="Run: alphapanda status",
    )
