"""`alphapanda dlq plan` and `dlq replay`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated

import typer

from alphapanda.errors import CheckFailedError, DeadlineError
from alphapanda.exit_codes import ExitCode
from alphapanda.operations.dead_letters.execute import ReplayPace, ReplayReport, RunControl
from alphapanda.operations.dead_letters.plan import PlannedAction, ReplayPlan
from alphapanda.operations.dead_letters.replay import (
    PreparedReplay,
    ReplayDeadLetters,
    ReplayRequest,
    ReplayResult,
)
from alphapanda.operations.policy import Confirmation
from alphapanda.settings.sections import ProcessLayout
from commands.dlq._options import PatienceOption, PlanOptions, SendOptions, TopicArgument, with_option_groups
from commands.dlq._session import working
from commands.dlq._views import plan_lines, raw_plan, raw_report
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.prompts import on_terminal, permit_with
from topics.services import Service


@with_option_groups
def plan(call: typer.Context, topic: TopicArgument, chosen: PlanOptions, json: JsonOption = False) -> None:
    """Show what `dlq replay` would do with each dead letter, and why; changes nothing.

    Example: alphapanda dlq plan paper.orders.filled --since -1h
    """
    context = Context.of(call, json=json)
    context.run(_plan(context, chosen.request(context, topic)))


@with_option_groups
def replay(
    call: typer.Context,
    topic: TopicArgument,
    chosen: PlanOptions,
    act: SendOptions,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.1, help="Send this many records per second. Default: as fast as possible."),
    ] = None,
    canary: Annotated[
        bool,
        typer.Option("--canary/--no-canary", help="Send one record and await its confirmation before the rest."),
    ] = True,
    patience: PatienceOption = 30.0,
    max_returned: Annotated[
        int, typer.Option("--max-returned", min=1, help="Stop when this many records failed again.")
    ] = 10,
    json: JsonOption = False,
) -> None:
    """Send dead letters again to the topic they came from, to be processed only by the group that failed.

    Shows the plan with a verdict for each record, asks, sends one record, waits until it is processed, then sends
    and watches the rest. Without a terminal only new records are sent. An interrupted run resumes.

    Example: alphapanda dlq replay paper.orders.filled --reason "instruments are there again"
    """
    context = Context.of(call, json=json)
    request = chosen.request(context, topic)
    if act.dry_run:
        context.run(_plan(context, request))
        return
    pace = ReplayPace(rate=rate, canary=canary, patience_s=patience, max_returned=max_returned)
    if ended := context.run(_replay(context, request, pace, act.confirmation)):
        raise typer.Exit(ended)


async def _plan(context: Context, request: ReplayRequest) -> None:
    async with working(context, changing=False) as service:
        found = await ReplayDeadLetters(service).plan(request)
    _show_plan(context, found)
    if context.output.as_json:
        _document(context, found, None)


async def _replay(
    context: Context, request: ReplayRequest, pace: ReplayPace, confirmation: Confirmation
) -> ExitCode:
    async with (
        working(context, changing=True) as service,
        ReplayDeadLetters(service).prepare(request) as prepared,
    ):
        _show_plan(context, prepared.plan)
        result = await execute(context, prepared, pace, confirmation) if prepared.plan.records else None
    if context.output.as_json:
        _document(context, result.plan if result else prepared.plan, result.report if result else None)
    return report_result(context, result) if result else ExitCode.OK


async def execute(
    context: Context, prepared: PreparedReplay, pace: ReplayPace, confirmation: Confirmation
) -> ReplayResult:
    """Ask for what is missing, and carry a replay out with its progress and Ctrl-C; raises RefusedError."""
    asks = on_terminal(context) and not confirmation.yes
    permit = permit_with(context, confirmation, unasked_off_terminal=prepared.is_routine)
    attend = _attending(context)
    return await prepared.execute(permit, confirmation.reason, attend=attend, pace=pace, recheck=asks)


def _attending(context: Context) -> Callable[[ReplayPlan], AbstractContextManager[RunControl]]:
    """Return what shows a run's progress, and stops it at the first Ctrl-C or SIGTERM."""

    @contextmanager
    def attend(plan: ReplayPlan) -> Iterator[RunControl]:
        ended, before = 0, len(plan.doing(PlannedAction.SETTLE))
        title = f"replay {plan.target.name}"
        with context.output.progress().task(title, plan.watched, "records") as advance, _stop_on_signals() as stop:

            def on_progress(report: ReplayReport) -> None:
                nonlocal ended
                now = report.confirmed + report.returned - before
                if now > ended:
                    advance(now - ended)
                    ended = now

            yield RunControl(stop, on_progress)

    return attend


@contextmanager
def _stop_on_signals() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second ends the process as it always does."""
    stop, loop, signals = asyncio.Event(), asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)

    def restore() -> None:
        for each in signals:
            loop.remove_signal_handler(each)

    def ask_to_stop() -> None:
        stop.set()
        restore()

    for each in signals:
        loop.add_signal_handler(each, ask_to_stop)
    try:
        yield stop
    finally:
        restore()


def _show_plan(context: Context, plan: ReplayPlan) -> None:
    output = context.output
    if not plan.records:
        output.say(f"No dead letter of {plan.target.name} to replay.")
    elif not output.as_json:
        if plan.resumes:
            output.say(f"Resuming run {plan.run_id}, which was interrupted.")
        output.lines(plan_lines(plan, output))
        for note in plan.notes:
            output.warn(f"{note}.")


def _document(context: Context, plan: ReplayPlan, report: ReplayReport | None) -> None:
    body = {**raw_plan(plan), "dry_run": report is None, "report": raw_report(report) if report else None}
    context.output.document("dlq-replay", body)


def report_result(context: Context, result: ReplayResult) -> ExitCode:
    """Report how a replay ended and return its exit code; raises where something is left to do."""
    output, plan, report = context.output, result.plan, result.report
    topic = plan.target.name
    because = f"; sending stopped: {report.breaker}" if report.breaker else ""
    output.say(f"Run {plan.run_id}: {report.words}")
    if report.interrupted:
        output.say(f"Interrupted. Resume with: alphapanda dlq replay {topic} --run {plan.run_id}")
        return ExitCode.INTERRUPTED
    if report.waiting:
        raise DeadlineError(
            f"{report.waiting} of {topic} were sent and not processed yet{because}.",
            hint=f"{_is_it_running(context, plan)} alphapanda status; then again: alphapanda dlq replay {topic}",
        )
    if report.returned:
        raise CheckFailedError(
            f"{report.returned} came back to {topic.dead_letters}{because}.",
            hint=f"Why: alphapanda dlq reasons {topic}",
        )
    if not (report.sent or report.confirmed or report.discarded or report.quarantined):
        raise CheckFailedError(
            f"Nothing of {topic} was sent: {len(plan.records)} held.",
            hint=f"Why: alphapanda dlq replay {topic} --dry-run; set them aside: alphapanda dlq discard {topic}",
        )
    return ExitCode.OK


def _is_it_running(context: Context, plan: ReplayPlan) -> str:
    """Return the question whether the daemons run that process the records."""
    compact = context.settings().process_layout is ProcessLayout.COMPACT
    services = filter(None, (Service.of_group(record.item.newest.group) for record in plan.records))
    daemons = sorted({service.daemon(compact=compact) for service in services})
    verb = "Is" if len(daemons) == 1 else "Are"
    return f"{verb} {' and '.join(daemons) or 'its daemons'} running?"
