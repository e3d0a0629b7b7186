"""`alphapanda dlq purge`."""

from __future__ import annotations

from typing import Annotated

import typer

from alphapanda.errors import UsageError
from alphapanda.operations.dead_letters.purge import (
    ObstacleReason,
    PurgePlan,
    PurgeRequest,
    Truncation,
    plan_purge,
    prepare_purge,
)
from alphapanda.query.times import milliseconds, parse_time
from commands.dlq._options import SendOptions, TopicArgument, with_option_groups
from commands.dlq._session import reading, working
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column
from commands.shell.prompts import needed_reason, permit_with
from topics.dead_letter_families import source_name_of

_COLUMNS = (
    Column("partition", "P", right=True),
    Column("start", "OLDEST", right=True),
    Column("cut", "CUT", right=True),
    Column("end", "END", right=True),
    Column("records", "RECORDS", right=True),
    Column("states", "OF THEM"),
    Column("note", "NOTE"),
)
_WHY = {
    ObstacleReason.UNSETTLED: "it is not settled",
    ObstacleReason.NEEDED: "its record is still in the log",
}


@with_option_groups
def purge(
    call: typer.Context,
    topic: TopicArgument,
    act: SendOptions,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Only records written before then: 09:15, -2d.")
    ] = "",
    to_offset: Annotated[
        int | None, typer.Option("--to-offset", min=0, metavar="OFFSET", help="Only records before this offset.")
    ] = None,
    partition: Annotated[
        list[int] | None,
        typer.Option("--partition", min=0, metavar="N", help="Only this partition; repeat for several."),
    ] = None,
    settled: Annotated[
        bool,
        typer.Option("--settled", help="Stop before the first record that has to stay, instead of refusing."),
    ] = False,
    allow_dangerous: Annotated[
        bool,
        typer.Option("--allow-dangerous", help="Remove settled records even if their originals are in the log."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Delete the oldest dead letters of a topic for good. The ledger keeps their history.

    Refused while a record below the cut is not settled, or its original is still in the log: a daemon that starts
    without its snapshot skips that original because of the dead letter.

    Example: alphapanda dlq purge paper.orders.filled --settled --reason "dealt with" --dry-run
    """
    context = Context.of(call, json=json)
    if before and to_offset is not None:
        raise UsageError("Give one cut: --before TIME or --to-offset OFFSET.")
    if not act.dry_run:
        needed_reason("dlq purge", act.reason)
    request = PurgeRequest(
        topic=topic,
        partitions=partition or (),
        before_ms=milliseconds(parse_time(before, context.clock.now())) if before else None,
        to_offset=to_offset,
        settled_only=settled,
        even_needed=allow_dangerous,
    )
    context.run(_preview(context, request) if act.dry_run else _purge(context, request, act))


async def _preview(context: Context, request: PurgeRequest) -> None:
    async with reading(context) as reader:
        plan = await plan_purge(reader, request)
    _show(context, plan, executed=False)
    plan.refuse_kept()


async def _purge(context: Context, request: PurgeRequest, act: SendOptions) -> None:
    output = context.output
    async with working(context, changing=True) as service, prepare_purge(service, request) as prepared:
        plan = prepared.plan
        if not output.as_json or not plan.offsets:
            _show(context, plan, executed=False)
        if not plan.offsets:
            plan.refuse_kept()
            output.say(f"There is nothing to remove from {plan.topic}.")
            return
        await prepared.execute(permit_with(context, act.confirmation), act.confirmation.reason)
    if output.as_json:
        _show(context, plan, executed=True)
    source = source_name_of(plan.topic)
    output.say(f"{plan.records:,} removed. Their history: alphapanda dlq history {source}")


def _show(context: Context, plan: PurgePlan, *, executed: bool) -> None:
    if context.output.as_json:
        body = {
            "topic": plan.topic,
            "executed": executed,
            "records": plan.records,
            "partitions": [_raw(cut) for cut in plan.cuts],
        }
        context.output.document("dlq-purge", body)
        return
    rows = [
        {
            "partition": cut.partition.number,
            "start": cut.start,
            "cut": cut.at,
            "end": cut.end,
            "records": cut.records,
            "states": ", ".join(f"{count:,} {state.value}" for state, count in cut.states.items()) or None,
            "note": _note(cut),
        }
        for cut in plan.cuts
    ]
    context.output.lines(context.output.render(rows, _COLUMNS))


def _raw(cut: Truncation) -> dict[str, object]:
    return {
        "partition": cut.partition.number,
        "oldest": cut.start,
        "cut": cut.at,
        "end": cut.end,
        "records": cut.records,
        "states": {state.value: count for state, count in cut.states.items()},
        "kept": [
            {"offset": one.offset, "id": one.id, "state": one.state.value, "obstacle": one.obstacle.value}
            for one in cut.kept
        ],
    }


def _note(cut: Truncation) -> str | None:
    if not cut.kept:
        return None
    first = cut.kept[0]
    return f"{len(cut.kept):,} in its way: {first.offset} is {first.state.value}, {_WHY[first.obstacle]}"
