"""From what was typed to a plan, and on to the run: what `dlq plan` and `dlq replay` share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alphapanda.errors import CheckFailedError, DeadlineError, UnknownNameError, UsageError
from alphapanda.exit_codes import ExitCode
from alphapanda.operations.policy import Confirmation
from commands.shell.context import Context

if TYPE_CHECKING:
    from datetime import timedelta

    from alphapanda.operations.dead_letters.execute import ReplayPace, ReplayReport
    from alphapanda.operations.dead_letters.plan import ReplayOptions, ReplayPlan
    from alphapanda.operations.dead_letters.selection import DeadLetterFilter
    from commands.dlq._session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed.

    Attributes:
        topic: the source topic or its dead letters.
        selection: which dead letters.
        options: what is asked for beyond the default.
        ids: dead letters that were named; none named, all.
        run: go on with this run alone.
    """

    topic: str
    selection: DeadLetterFilter
    options: ReplayOptions
    ids: tuple[str, ...] = field(default=())
    run: str = ""


def duration_of(text: str) -> timedelta | None:
    """Return what `--valid-for` says; None for nothing. Raises UsageError."""
    from alphapanda.query.times import parse_duration

    if not text:
        return None
    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(f"--valid-for {error.message}", hint=error.hint) from None


async def plan_only(context: Context, asked: Asked) -> ExitCode:
    """Show what a replay would do; changes nothing."""
    from commands.dlq._session import typed_topic, working

    async with working(context, changing=False) as session:
        topic = await typed_topic(session.log, asked.topic)
        asked = await _narrowed(session, topic, asked)
        prepared = await session.service.prepare(topic, asked.selection.takes, asked.options, asked_run=asked.run)
    if not prepared.plan.records:
        return _nothing(context, prepared.plan)
    show_plan(context, prepared.plan)
    if context.output.as_json:
        _document(context, prepared.plan, None)
    return ExitCode.OK


async def plan_and_run(context: Context, asked: Asked, pace: ReplayPace, confirmation: Confirmation) -> ExitCode:
    """Show the plan, ask, and carry it out; raises where something is left to do."""
    from commands.dlq._acting import alone
    from commands.dlq._replaying import Job, carry_out
    from commands.dlq._session import typed_topic, working

    async with working(context, changing=True) as session:
        topic = await typed_topic(session.log, asked.topic)
        asked = await _narrowed(session, topic, asked)
        with alone(context, topic):
            prepared = await session.service.prepare(
                topic, asked.selection.takes, asked.options, asked_run=asked.run
            )
            if not prepared.plan.records:
                return _nothing(context, prepared.plan)
            show_plan(context, prepared.plan)
            report = await carry_out(Job(context, session, prepared, asked.options, pace, confirmation))
    if context.output.as_json:
        _document(context, prepared.plan, report)
    return verdict_on(context, prepared.plan, report)


async def _narrowed(session: Session, topic: str, asked: Asked) -> Asked:
    """Return what was asked with the dead letters and the reasons that were named looked up."""
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.selection import find_ids, reason_of

    if not asked.ids and not asked.selection.reasons:
        return asked
    items = (await read_backlog(session.log, [topic], session.service.view)).items
    if asked.selection.reasons:
        known = {reason_of(item) for item in items.values()}
        for one in sorted(asked.selection.reasons - known):
            hint = f"All of them: alphapanda dlq reasons {topic}"
            raise UnknownNameError(f"reason in {topic}", one, known, hint=hint)
    if not asked.ids:
        return asked
    chosen = find_ids(asked.ids, items)
    options = asked.options
    if options.force_one:
        options = replace(options, force_one=next(one for one in chosen if one.startswith(options.force_one)))
    return replace(asked, selection=replace(asked.selection, ids=chosen), options=options)


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


def _document(context: Context, plan: ReplayPlan, report: ReplayReport | None) -> None:
    from commands.dlq._views import raw_plan, raw_report

    context.output.document(
        "dlq-replay",
        {**raw_plan(plan), "dry_run": report is None, "report": raw_report(report) if report else None},
    )


def _who_runs(context: Context, plan: ReplayPlan) -> str:
    """Return the question whether the daemons run that process what was sent."""
    from alphapanda.settings.sections import ProcessLayout
    from topics.services import Service

    compact = context.settings().process_layout is ProcessLayout.COMPACT
    groups = {record.item.newest.group for record in plan.records}
    services = filter(None, map(Service.of_group, groups))
    daemons = sorted({service.daemon(compact=compact) for service in services})
    return (
        f"Does {' and '.join(daemons)} run?" if len(daemons) == 1 else f"Do {' and '.join(daemons) or 'they'} run?"
    )


def verdict_on(context: Context, plan: ReplayPlan, report: ReplayReport) -> ExitCode:
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
            hint=f"{_who_runs(context, plan)} alphapanda status; then again: alphapanda dlq replay {topic}",
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


def _because(report: ReplayReport) -> str:
    return f"; sending stopped: {report.breaker}" if report.breaker else ""
