"""`alphapanda dlq purge`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import RefusedError, UnknownNameError, UsageError
from commands.dlq._options import TopicArgument
from commands.shell.context import Context
from commands.shell.options import (
    BreakGlassOption,
    ConfirmOption,
    DryRunOption,
    JsonOption,
    ReasonOption,
    YesOption,
)
from commands.shell.output import Column

if TYPE_CHECKING:
    from alphapanda.kafka.client import KafkaReadLog
    from alphapanda.operations.dead_letters.purge import PurgePlan, TopicContents, Truncation
    from alphapanda.operations.policy import Confirmation

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
    "unsettled": "somebody still has to deal with it",
    "needed": "the record that it is of is still in the log",
}


def purge(
    call: typer.Context,
    topic: TopicArgument,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Only what was written before then: 09:15, -2d.")
    ] = "",
    to_offset: Annotated[
        int | None, typer.Option("--to-offset", min=0, metavar="OFFSET", help="Only what stands before it.")
    ] = None,
    partition: Annotated[
        list[int] | None,
        typer.Option("--partition", min=0, metavar="N", help="Only this partition; more than once."),
    ] = None,
    settled: Annotated[
        bool, typer.Option("--settled", help="Stop before the first that has to stay, instead of refusing.")
    ] = False,
    allow_dangerous: Annotated[
        bool,
        typer.Option("--allow-dangerous", help="Remove settled ones, too, whose records are still in the log."),
    ] = False,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    break_glass: BreakGlassOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Remove the oldest dead letters of a topic from the disk, for good. The ledger keeps what became of them.

    Refused while one that is not settled lies below the cut, or one whose record is still in the log: a daemon
    that starts without its snapshot passes over that record because of it.

    Example: alphapanda dlq purge paper.orders.filled --settled --reason "dealt with" --dry-run
    """
    from alphapanda.operations.policy import Confirmation

    context = Context.of(call, json=json)
    if before and to_offset is not None:
        raise UsageError("Say one cut: --before TIME or --to-offset OFFSET.")
    if not reason.strip() and not dry_run:
        raise UsageError("Purge needs a reason.", hint='Add --reason "…"; it goes to the audit.')
    wish = _Wish(topic, _before_ms(context, before), to_offset, partition or [], settled, allow_dangerous)
    if dry_run:
        context.run(_preview(context, wish))
    else:
        confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=reason.strip(), break_glass=break_glass)
        context.run(_purge(context, wish, confirmation))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was typed; `settled` stops before what has to stay, `dangerous` takes what a daemon may need."""

    topic: str
    before_ms: int | None
    to_offset: int | None
    partitions: Sequence[int]
    settled: bool
    dangerous: bool


def _before_ms(context: Context, typed: str) -> int | None:
    from alphapanda.query.times import milliseconds, parse_time

    if not typed:
        return None
    try:
        return milliseconds(parse_time(typed, context.clock.now()))
    except UsageError as error:
        raise UsageError(f"--before {error.message}", hint=error.hint) from None


async def _preview(context: Context, wish: _Wish) -> None:
    from commands.dlq._session import reading, typed_topic

    async with reading(context) as log:
        plan = await _plan(log, await typed_topic(log, wish.topic), wish)
    _show(context, plan, executed=False)
    _refuse_kept(plan)


async def _purge(context: Context, wish: _Wish, confirmation: Confirmation) -> None:
    from alphapanda.kafka.client import open_record_deleter
    from alphapanda.operations.dead_letters.backlog import own_name
    from commands.dlq._acting import alone, permit
    from commands.dlq._session import typed_topic, working
    from commands.shell.reading import kafka_options

    async with working(context, changing=True) as session:
        topic = await typed_topic(session.log, wish.topic)
        name = own_name(topic)
        if name is None:
            raise RefusedError(f"{topic} holds another system's dead letters: they are not ours to remove.")
        with alone(context, topic):
            plan = await _plan(session.log, topic, wish)
            if not context.output.as_json or not plan.offsets:
                _show(context, plan, executed=False)
            if not plan.offsets:
                _refuse_kept(plan)
                context.output.say(f"There is nothing to remove from {topic}.")
                return
            async with context.audit(session.log).audited("dlq purge", topic, reason=confirmation.reason) as act:
                _refuse_kept(plan)
                permit(context, "dlq purge", name, f"Removing {plan.records:,} of {topic} for good", confirmation)
                async with open_record_deleter(kafka_options(context, "dlq")) as deleter:
                    await deleter.delete_before(plan.offsets)
                act.details["records"] = str(plan.records)
                act.details["before"] = "; ".join(f"{one.number}={at}" for one, at in plan.offsets.items())
    if context.output.as_json:
        _show(context, plan, executed=True)
    context.output.say(f"{plan.records:,} removed. What became of them: alphapanda dlq history {name.source}")


async def _plan(log: KafkaReadLog, topic: str, wish: _Wish) -> PurgePlan:
    from alphapanda.operations.dead_letters.purge import read_topic_contents, requested_offsets
    from topics.dead_letter_families import source_name_of

    holding = await read_topic_contents(log, topic, source_name_of(topic))
    _check_partitions(holding, wish.partitions)
    wanted = await requested_offsets(
        log, holding, partitions=wish.partitions, before_ms=wish.before_ms, to_offset=wish.to_offset
    )
    return holding.plan(wanted, settled_only=wish.settled, even_needed=wish.dangerous)


def _check_partitions(holding: TopicContents, asked: Sequence[int]) -> None:
    there = sorted(one.number for one in holding.ends)
    for number in asked:
        if number not in there:
            raise UnknownNameError("partition", str(number), [str(one) for one in there])


def _refuse_kept(plan: PurgePlan) -> None:
    kept = plan.kept
    if not kept:
        return
    open_ones = [one for one in kept if one.obstacle.value == "unsettled"]
    first = (open_ones or list(kept))[0]
    if open_ones:
        states = ", ".join(sorted({one.state.value for one in open_ones}))
        raise RefusedError(
            f"{len(open_ones):,} below the cut of {plan.topic} are {states}; the first is {first.id[:12]} at"
            f" {first.offset}. Nothing was removed.",
            hint="Deal with them first, or add --settled: it cuts before the first of them.",
        )
    raise RefusedError(
        f"{len(kept):,} below the cut of {plan.topic} are of records that are still in the log: a daemon that"
        " starts without its snapshot would take these again, and state verify reckons with them. The first is"
        f" {first.id[:12]} at {first.offset}. Nothing was removed.",
        hint="They go when retention has removed those records. --settled cuts before them; --allow-dangerous"
        " removes them all the same.",
    )


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
    return f"{len(cut.kept):,} in its way: {first.offset} is {first.state.value}, {_WHY[first.obstacle.value]}"
