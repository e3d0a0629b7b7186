"""Carrying out a plan: permission, progress, Ctrl-C and the audit around the run."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alphapanda.ids import EventId
from alphapanda.operations.policy import Confirmation
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.execute import ReplayPace, ReplayReport
    from alphapanda.operations.dead_letters.plan import ReplayOptions
    from alphapanda.operations.dead_letters.republish import RecordEdit
    from alphapanda.operations.dead_letters.service import PreparedPlan
    from commands.dlq._session import Session


@dataclass(frozen=True, slots=True)
class Job:
    """One replay.

    Attributes:
        context: whose.
        session: with what.
        prepared: the plan.
        options: what was asked for beyond the default.
        pace: how fast.
        confirmation: what was confirmation ahead.
        edits: what to send instead of a record's own value.
        action: what the audit calls it.
    """

    context: Context
    session: Session
    prepared: PreparedPlan
    options: ReplayOptions
    pace: ReplayPace
    confirmation: Confirmation = field(default_factory=Confirmation)
    edits: Mapping[str, RecordEdit] = field(default_factory=dict)
    action: str = "dlq replay"


async def carry_out(job: Job) -> ReplayReport:
    """Ask, then run the plan to its end; raises RefusedError when it is not allowed."""
    from alphapanda.operations.audit import current_actor
    from alphapanda.operations.dead_letters.execute import ReplayReport, execute
    from alphapanda.operations.dead_letters.ledger import Actor
    from alphapanda.operations.dead_letters.plan import PlannedAction

    plan, log, service, report = job.prepared.plan, job.session.log, job.session.service, ReplayReport()
    run_id = EventId(plan.run_id)
    async with job.context.audit(log).audited(
        job.action, str(plan.target.name), reason=job.confirmation.reason, run_id=run_id
    ) as act:
        _permit(job)
        actor = Actor(actor=current_actor(), reason=job.confirmation.reason, run_id=plan.run_id)
        total = len(plan.doing(PlannedAction.SEND)) + len(plan.doing(PlannedAction.WATCH))
        with (
            job.context.output.progress().task(f"replay {plan.target.name}", total, "records") as advance,
            stopped_by_signals() as stop,
        ):
            settled = 0

            def on_progress(report: ReplayReport) -> None:
                nonlocal settled
                now_settled = report.confirmed + report.returned - len(plan.doing(PlannedAction.SETTLE))
                if now_settled > settled:
                    advance(now_settled - settled)
                    settled = now_settled

            try:
                await execute(
                    log,
                    service,
                    job.prepared,
                    actor,
                    report,
                    stop=stop,
                    on_progress=on_progress,
                    pace=job.pace,
                    group=job.options.group,
                    edits=job.edits,
                )
            finally:
                act.details.update(details_of(plan.run_id, report))
    return report


def _permit(job: Job) -> None:
    from alphapanda.operations.dead_letters.plan import PlannedAction
    from commands.dlq._acting import permit

    plan = job.prepared.plan
    sending = plan.doing(PlannedAction.SEND)
    if not sending:
        return
    beyond = any(record.assessment.verdict.value != "new" for record in sending) or job.options.include_unreadable
    groups = ", ".join(plan.groups) or job.options.group or "all groups"
    one = "record" if len(sending) == 1 else "records"
    permit(
        job.context,
        job.action,
        plan.target.name,
        f"Sending {len(sending):,} {one} to {plan.target.name} for {groups}",
        job.confirmation,
        beyond_new=beyond,
    )


def details_of(run_id: str, report: ReplayReport) -> dict[str, str]:
    """Return what a run did, as the audit keeps it."""
    counts = {
        "sent": report.sent,
        "confirmed": report.confirmed,
        "returned": report.returned,
        "waiting": report.waiting,
        "released": report.released,
        "discarded": report.discarded,
        "quarantined": report.quarantined,
        "unsent": report.unsent,
    }
    details = {"run_id": run_id} | {name: str(count) for name, count in counts.items() if count}
    return details | ({"breaker": report.breaker} if report.breaker else {})


@contextmanager
def stopped_by_signals() -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second ends the process as it always does."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def ask_to_stop() -> None:
        stop.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, ask_to_stop)
    try:
        yield stop
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
