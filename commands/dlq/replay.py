"""`alphapanda dlq replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import CheckFailedError, DeadlineError, UsageError
from alphapanda.exit_codes import ExitCode
from commands._context import Context
from commands._options import DryRunOption, JsonOption, ReasonOption, YesOption
from commands.dlq._options import (
    CodeOption,
    ConfirmOption,
    FailedGroupOption,
    IdOption,
    MessageOption,
    SinceOption,
    TopicArgument,
    UntilOption,
    WhereOption,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from alphapanda.toolkit.dlq.plan import ReplayPlan, Wishes
    from alphapanda.toolkit.dlq.run import Pace, Report
    from alphapanda.toolkit.dlq.selection import Selection


def replay(
    call: typer.Context,
    topic: TopicArgument,
    ids: IdOption = None,
    code: CodeOption = None,
    failed_in: FailedGroupOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    message: MessageOption = "",
    where: WhereOption = "",
    limit: Annotated[int | None, typer.Option("--max", min=1, help="Send at most so many.")] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.1, help="Records a second; else as fast as it goes.")
    ] = None,
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="Go on with this run, and nothing else.")] = "",
    group: Annotated[
        str, typer.Option("--group", metavar="GROUP", help="Who is to process what names no group itself.")
    ] = "",
    max_replays: Annotated[
        int, typer.Option("--max-replays", min=1, help="Quarantine what came back so often.")
    ] = 3,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="DURATION", help="How long records are good for: 10m, 2h.")
    ] = "",
    include_stale: Annotated[bool, typer.Option("--include-stale", help="Send what is stale, too.")] = False,
    include_unreadable: Annotated[
        bool, typer.Option("--include-unreadable", help="Send what this version cannot decode, too.")
    ] = False,
    force_one: Annotated[
        str, typer.Option("--force-one", metavar="ID", help="Send this one, though it is in doubt or stale.")
    ] = "",
    canary: Annotated[
        bool, typer.Option("--canary/--no-canary", help="Send one and wait for it before the rest.")
    ] = True,
    patience: Annotated[
        float, typer.Option("--patience", min=0.1, metavar="SECONDS", help="How long nothing may be confirmed.")
    ] = 30.0,
    max_returned: Annotated[int, typer.Option("--max-returned", min=1, help="Stop when so many came back.")] = 10,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters again to the topic they came from, for the group that failed alone.

    Shows a plan with a verdict on each, asks, sends one, waits until it is processed, then sends the rest and
    watches them. Off a terminal only what is new is sent. A run that was cut short goes on where it was.

    Example: alphapanda dlq replay paper.orders.filled --reason "instruments are there again"
    """
    from alphapanda.toolkit.dlq.plan import Wishes
    from alphapanda.toolkit.dlq.run import Pace
    from commands.dlq._session import selection_of

    context = Context.of(call, json=json)
    selection = selection_of(
        context, codes=code, group=failed_in, since=since, until=until, message=message, where=where
    )
    wishes = Wishes(
        max_replays=max_replays,
        group=group,
        include_stale=include_stale,
        include_unreadable=include_unreadable,
        force_one=force_one,
        valid_for=_duration(valid_for),
        limit=limit,
    )
    pace = Pace(rate=rate, canary=canary, patience_s=patience, max_returned=max_returned)
    typed = [*(ids or ()), *([force_one] if force_one else ())]
    code_ = context.run(
        _run(
            context, topic, typed, selection, wishes, pace, asked_run=run, reason=reason, yes=yes, confirm=confirm,
            dry_run=dry_run,
        )
    )  # fmt: skip
    if code_:
        raise typer.Exit(code_)


def _duration(text: str) -> timedelta | None:
    from alphapanda.toolkit.times import parse_duration

    if not text:
        return None
    found = parse_duration(text)
    if found is None:
        raise UsageError(f"--valid-for {text!r} is not a duration.", hint="Write 90s, 10m or 2h30m.")
    return found


async def _run(
    context: Context,
    typed_topic_name: str,
    typed_ids: list[str],
    selection: Selection,
    wishes: Wishes,
    pace: Pace,
    *,
    asked_run: str,
    reason: str,
    yes: bool,
    confirm: str,
    dry_run: bool,
) -> ExitCode:
    from dataclasses import replace

    from alphapanda.toolkit.dlq.backlog import read_backlog
    from alphapanda.toolkit.dlq.selection import find_ids
    from commands.dlq._acting import alone
    from commands.dlq._replaying import Job, carry_out
    from commands.dlq._session import typed_topic, working

    async with working(context, changing=not dry_run) as session:
        topic = await typed_topic(session.log, typed_topic_name)
        if typed_ids:
            chosen = find_ids(typed_ids, (await read_backlog(session.log, [topic])).items)
            selection = replace(selection, ids=chosen)
            if wishes.force_one:
                wishes = replace(wishes, force_one=next(one for one in chosen if one.startswith(wishes.force_one)))
        with alone(context, topic):
            prepared = await session.bench.prepare(topic, selection.takes, wishes, asked_run=asked_run)
            if not prepared.plan.records:
                return _nothing(context, prepared.plan)
            show_plan(context, prepared.plan)
            if dry_run:
                if context.output.as_json:
                    _document(context, prepared.plan, None)
                return ExitCode.OK
            job = Job(context, session, prepared, wishes, pace, reason=reason, yes=yes, confirm=confirm)
            report = await carry_out(job)
    if context.output.as_json:
        _document(context, prepared.plan, report)
    return verdict_on(context, prepared.plan, report)


def _nothing(context: Context, plan: ReplayPlan) -> ExitCode:
    context.output.say(f"No dead letter of {plan.target.name} is to be replayed.")
    if context.output.as_json:
        _document(context, plan, None)
    return ExitCode.OK


def show_plan(context: Context, plan: ReplayPlan) -> None:
    """Tell people what will be done, on stderr where programs read stdout."""
    from commands.dlq._views import plan_lines

    output = context.output
    if output.as_json:
        return
    if plan.resumes:
        output.say(f"Going on with run {plan.run_id}, which was cut short.")
    output.lines(plan_lines(plan, output))
    for note in plan.notes:
        output.warn(f"{note}.")


def _document(context: Context, plan: ReplayPlan, report: Report | None) -> None:
    from commands.dlq._views import raw_plan, raw_report

    context.output.document(
        "dlq-replay",
        {**raw_plan(plan), "dry_run": report is None, "report": raw_report(report) if report else None},
    )


def verdict_on(context: Context, plan: ReplayPlan, report: Report) -> ExitCode:
    """Tell how a run ended and return its exit code; raises where something is left to do."""
    from commands.dlq._views import report_line

    output, topic = context.output, plan.target.name
    output.say(f"Run {plan.run_id}: {report_line(report)}")
    if report.interrupted:
        output.say(f"Interrupted. Go on with: alphapanda dlq replay {topic} --run {plan.run_id}")
        return ExitCode.INTERRUPTED
    if report.waiting:
        raise DeadlineError(
            f"{report.waiting} of {topic} were sent and not processed yet{_because(report)}.",
            hint=f"Are they running? alphapanda status; then again: alphapanda dlq replay {topic}",
        )
    if report.returned:
        raise CheckFailedError(
            f"{report.returned} came back to {topic.dead_letters}{_because(report)}.",
            hint=f"Why: alphapanda dlq reasons {topic}",
        )
    if not (report.sent or report.confirmed or report.discarded or report.quarantined):
        held = len(plan.records)
        raise CheckFailedError(
            f"Nothing of {topic} was sent: {held} held.",
            hint=f"Why: alphapanda dlq replay {topic} --dry-run; set them aside: alphapanda dlq discard {topic}",
        )
    return ExitCode.OK


def _because(report: Report) -> str:
    return f"; sending stopped: {report.breaker}" if report.breaker else ""
