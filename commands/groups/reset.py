"""`alphapanda groups reset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from alphapanda.errors import RefusedError, UnknownNameError, UsageError
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.group_admin import ConsumerGroup, describe_members
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.groups.reset import (
    FromFile,
    ResetPlan,
    ResetTarget,
    ShiftBy,
    ToEarliest,
    ToLatest,
    ToOffset,
    ToTime,
    plan_reset,
    read_offsets,
    undo_path,
    write_offsets,
)
from alphapanda.operations.policy import Confirmation
from alphapanda.operations.servers import check_pin
from alphapanda.query.times import milliseconds, parse_duration, parse_time
from commands.groups._views import Looker, looking
from commands.shell.context import Context
from commands.shell.options import BreakGlassOption, ConfirmOption, JsonOption, ReasonOption
from commands.shell.output import Column
from commands.shell.prompts import broker_target, permit
from topics.services import FEED_GROUPS, groups_of

_COLUMNS = (
    Column("topic", "TOPIC"),
    Column("partition", "P", right=True),
    Column("before", "COMMITTED", right=True),
    Column("after", "NEW", right=True),
    Column("change", "CHANGE", right=True),
    Column("start", "OLDEST", right=True),
    Column("end", "END", right=True),
    Column("lag_after", "LAG THEN", right=True),
    Column("note", "NOTE"),
)


def reset(
    call: typer.Context,
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The consumer group.")],
    to_earliest: Annotated[bool, typer.Option("--to-earliest", help="Move to the oldest record.")] = False,
    to_latest: Annotated[
        bool, typer.Option("--to-latest", help="Move to the end: only new records are read.")
    ] = False,
    to_offset: Annotated[
        int | None, typer.Option("--to-offset", min=0, metavar="OFFSET", help="Move to this offset.")
    ] = None,
    to_datetime: Annotated[
        str | None,
        typer.Option("--to-datetime", metavar="TIME", help="Move to a time: 09:15 (IST), 2026-03-02T09:15, -10m."),
    ] = None,
    by_duration: Annotated[
        str | None, typer.Option("--by-duration", metavar="DURATION", help="Move back by this long: 10m, 1h30m.")
    ] = None,
    shift_by: Annotated[
        int | None, typer.Option("--shift-by", metavar="N", help="Move by N records; -N moves back.")
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from-file", metavar="FILE", help="Move to the offsets in a file, such as an undo file."),
    ] = None,
    topic: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="TOPIC[:P,P]", help="Only this topic, or these partitions of it."),
    ] = None,
    execute: Annotated[
        bool, typer.Option("--execute", help="Move the group; without it the move is only shown.")
    ] = False,
    reason: ReasonOption = "",
    confirm: ConfirmOption = "",
    break_glass: BreakGlassOption = False,
    json: JsonOption = False,
) -> None:
    """Show where a reset would move a group; with --execute, move it.

    Refuses a group with members. Saves the old offsets in .alphapanda/journals, for --from-file.

    Example: alphapanda groups reset reports --to-datetime 09:15 --execute --reason "run the morning again"
    """
    context = Context.of(call, json=json)
    asked: list[ResetTarget] = []
    if to_earliest:
        asked.append(ToEarliest())
    if to_latest:
        asked.append(ToLatest())
    if to_offset is not None:
        asked.append(ToOffset(to_offset))
    if to_datetime is not None:
        asked.append(_to_time(context, to_datetime))
    if by_duration is not None:
        asked.append(_by_duration(context, by_duration))
    if shift_by is not None:
        asked.append(ShiftBy(shift_by))
    if from_file is not None:
        asked.append(FromFile(read_offsets(from_file, group)))
    if len(asked) != 1:
        raise UsageError(
            "Give one way to move the group." if not asked else "Give only one way to move the group.",
            hint="--to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration, --shift-by, --from-file",
        )
    if execute and not reason.strip():
        raise UsageError("A reset needs a reason.", hint='Add --reason "…"; it goes to the audit.')
    confirmation = Confirmation.given(yes=execute, confirm=confirm, reason=reason.strip(), break_glass=break_glass)
    context.run(_reset(context, group, asked[0], topic or [], confirmation, execute=execute))


def _to_time(context: Context, text: str) -> ResetTarget:

    return ToTime(milliseconds(parse_time(text, context.clock.now())))


def _by_duration(context: Context, text: str) -> ResetTarget:

    return ToTime(milliseconds(context.clock.now() - parse_duration(text)))


async def _reset(
    context: Context,
    name: str,
    target: ResetTarget,
    topics: Sequence[str],
    confirmation: Confirmation,
    *,
    execute: bool,
) -> None:

    async with looking(context) as looker:
        known = await looker.admin.names()
        if name not in known:
            raise UnknownNameError("consumer group", name, known, hint="List them: alphapanda groups list")
        (group,) = await looker.admin.describe([name])
        plan = await _plan(looker, name, target, topics)
        if not execute:
            _show(context, group, plan, undo=None, executed=False)
            _report_preview(context, group, plan)
            return
        moves = {"offsets": "; ".join(f"{one}={offset}" for one, offset in plan.offsets.items())}
        check_pin(context.deployment, context.settings(), await looker.log.identity(), changing=True)
        async with context.audit().audited("groups reset", name, reason=confirmation.reason, details=moves):
            _refuse_live(group)
            _refuse_feed_forward(name, plan)
            _permit_live_broker(context, name, confirmation)
            undo = await _execute(context, looker, name, plan)
        _show(context, group, plan, undo=undo, executed=True)
        context.output.say(
            f"{len(plan.offsets)} partitions moved. To undo it: alphapanda groups reset {name} --from-file {undo}"
            " --execute --reason undo"
            if undo
            else "Nothing to move."
        )
        _report_owner(context, name)


async def _plan(looker: Looker, name: str, target: ResetTarget, topics: Sequence[str]) -> ResetPlan:

    committed = await looker.admin.committed(name)
    partitions = await _partitions(looker.log, name, target, committed, topics)
    starts, ends = await looker.log.beginnings(partitions), await looker.log.ends(partitions)
    at = await looker.log.since(partitions, target.ms) if isinstance(target, ToTime) else {}
    return plan_reset(target, partitions, committed, starts, ends, at)


async def _partitions(
    log: KafkaReadLog, name: str, target: ResetTarget, committed: Offsets, topics: Sequence[str]
) -> Sequence[Partition]:
    """Return what is to be moved: what was named, else what the file names, else what the group has committed."""
    known = await log.topics()
    if topics:
        return await _named(log, topics, known)
    source = target.offsets if isinstance(target, FromFile) else committed
    there = await log.partitions(sorted({one.topic for one in source} & known))
    chosen = [one for one in there if one in source]
    if isinstance(target, FromFile) and len(chosen) < len(source):
        missing = min(set(source) - set(chosen))
        raise UsageError(f"The file names {missing}, which does not exist.", hint="See: alphapanda topics list")
    if not chosen:
        raise UsageError(f"{name} has no committed offsets.", hint="Name the topics: --topic TOPIC")
    return chosen


async def _named(log: KafkaReadLog, topics: Sequence[str], known: frozenset[str]) -> Sequence[Partition]:
    chosen: list[Partition] = []
    for text in topics:
        topic, _, numbers = text.partition(":")
        if topic not in known:
            raise UnknownNameError("topic", topic, known, hint="List them: alphapanda topics list --all")
        there = {one.number: one for one in await log.partitions([topic])}
        if not numbers:
            chosen += there.values()
            continue
        for number in numbers.split(","):
            if not number.isdecimal() or int(number) not in there:
                raise UsageError(f"{topic} has no partition {number!r}.", hint=f"It has 0 to {len(there) - 1}.")
            chosen.append(there[int(number)])
    return list(dict.fromkeys(chosen))


def _refuse_live(group: ConsumerGroup) -> None:

    if group.is_live:
        who = describe_members(group.members) or f"it is {group.state}"
        raise RefusedError(
            f"{group.name} has members: {who}.",
            hint="Stop them first; a killed member leaves after its session time-out.",
        )


def _refuse_feed_forward(name: str, plan: ResetPlan) -> None:
    """Refuse what would have the feed overlook its own ticks: it looks for the last of them from here on."""
    if name.startswith(FEED_GROUPS) and any(
        move.before is None or move.after > move.before for move in plan.moves
    ):
        raise RefusedError(
            f"The feed finds its last tick by the offsets of {name}: after a move forward"
            " it would write ticks again.",
            hint="Moving it back is safe.",
        )


def _permit_live_broker(context: Context, name: str, confirmation: Confirmation) -> None:
    scope, settings = name.partition(".")[0], context.settings()
    if scope in settings.brokers:
        target = broker_target(settings, scope, name)
        permit(context, "groups reset", target, f"Moving {name}", confirmation)


async def _execute(context: Context, looker: Looker, name: str, plan: ResetPlan) -> Path | None:

    if not plan.offsets:
        return None
    context.deployment.prepare()
    undo = undo_path(context.deployment.journals, name, context.clock.now())
    write_offsets(undo, plan.undo)
    await looker.admin.commit(name, plan.offsets)
    return undo


def _show(context: Context, group: ConsumerGroup, plan: ResetPlan, *, undo: Path | None, executed: bool) -> None:
    rows: list[Mapping[str, object]] = [
        {
            "topic": move.partition.topic,
            "partition": move.partition.number,
            "before": move.before,
            "after": move.after,
            "change": move.change,
            "start": move.start,
            "end": move.end,
            "lag_after": move.lag_after,
            "note": move.note,
        }
        for move in plan.moves
    ]
    skipped = [{"topic": one.topic, "partition": one.number, "note": f"stays: {why}"} for one, why in plan.skipped]
    if context.output.as_json:
        body = {
            "group": group.name,
            "state": group.state,
            "executed": executed,
            "undo_file": None if undo is None else str(undo),
            "moves": rows,
            "skipped": skipped,
        }
        context.output.document("groups-reset", body)
    else:
        context.output.table("moves", [*rows, *skipped], _COLUMNS, empty="Nothing to move.")


def _report_preview(context: Context, group: ConsumerGroup, plan: ResetPlan) -> None:
    context.output.say(f"Nothing was moved. Add --execute to move {len(plan.offsets)} partitions.")
    if group.is_live:
        context.output.warn(
            f"{group.name} is {group.state} with {len(group.members)} members: the reset would be refused."
        )
    _report_owner(context, group.name)


def _report_owner(context: Context, name: str) -> None:
    """Say of our own daemons' groups what a reset cannot do."""
    if name in groups_of(context.settings().brokers):
        context.output.warn(
            f"{name} belongs to a daemon that resumes from its snapshot and its own decisions in the log, not from"
            " its commits: a reset changes the lag shown until the next commit, not the records it reads."
        )
