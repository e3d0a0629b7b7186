"""The dashboard's acts on dead letters: the plan, the run and the ledger of `alphapanda dlq`, by keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphapanda.errors import RefusedError, UnknownNameError
from alphapanda.ids import EventId, generate_event_id
from alphapanda.model.control import Outcome
from alphapanda.operations.audit import Audit, AuditedAct, AuditSource, current_actor
from alphapanda.operations.dead_letters.summary import PlanLine, short
from tui.sources.control import (
    ActionProgress,
    ActionResult,
    Disposition,
    Ending,
    PreparedAction,
    Preview,
    Selection,
    Tell,
)
from tui.store.dead_letters import NO_CODE, NO_GROUP

if TYPE_CHECKING:
    import asyncio

    from alphapanda.kafka.log import Log
    from alphapanda.operations.dead_letters.backlog import FailedRecord
    from alphapanda.operations.dead_letters.execute import ReplayReport
    from alphapanda.operations.dead_letters.plan import ReplayOptions, ReplayPlan
    from alphapanda.operations.dead_letters.service import PreparedPlan
    from commands.dlq._session import Session
    from commands.shell.context import Context

FIRST = 5
"""Dead letters that are shown one by one before a yes."""
DONE = {Disposition.DISCARD: "discarded", Disposition.QUARANTINE: "quarantined"}


@asynccontextmanager
async def prepare(
    context: Context, letters: Selection, fate: Disposition, options: ReplayOptions | None = None
) -> AsyncIterator[PreparedAction]:
    """Look dead letters through for what can be done with them, and be the only one at work on their topic.

    Args:
        context: the deployment.
        letters: which are meant.
        fate: what is to be done with them.
        options: what is asked for beyond what is safe for all; nothing when not given.

    Raises:
        RefusedError: somebody else is at work on that topic, or it is another system's.
        DependencyError: Kafka does not answer; a topic is gone.
    """
    from commands.dlq._acting import alone
    from commands.dlq._session import working

    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(working(context, changing=True))
        stack.enter_context(alone(context, letters.topic))
        yield await _offer(context, session, letters, fate, options)


async def _offer(
    context: Context, session: Session, letters: Selection, fate: Disposition, options: ReplayOptions | None
) -> PreparedAction:
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.plan import ReplayOptions

    choose = _choosing(letters)
    if fate is Disposition.REPLAY:
        _refuse_while_trading(context, letters)
        options = options or ReplayOptions()
        prepared = await session.service.prepare(letters.topic, choose, options)
        return ReplayOffer(context, session, letters, prepared, options)
    backlog = await read_backlog(session.log, [letters.topic])
    items = [item for item in backlog.items.values() if item.state.is_unresolved and choose(item)]
    return SettingAside(context, session, letters, fate, tuple(items))


def _choosing(letters: Selection) -> Callable[[FailedRecord], bool]:
    def choose(item: FailedRecord) -> bool:
        if letters.id:
            return item.id == letters.id
        code, group = item.newest.failure.error_code or NO_CODE, item.newest.group or NO_GROUP
        return code == letters.code and group == letters.group

    return choose


def _typed(context: Context, letters: Selection) -> str:
    """Return the name to type: of the topic, where its broker is not known to trade on paper."""
    from alphapanda.operations.dead_letters.backlog import own_name
    from commands.dlq._acting import is_live

    name = own_name(letters.topic)
    source = name.source if name is not None else None
    return str(source) if source is not None and is_live(context, source) else ""


def _refuse_while_trading(context: Context, letters: Selection) -> None:
    """Refuse to send to a live broker while the exchange trades: that glass is broken on the command line."""
    from commands.shell.prompts import exchange_trades

    topic = _typed(context, letters)
    if topic and exchange_trades(context):
        raise RefusedError(
            f"{topic} is not known to be paper's, and the exchange trades.",
            hint=f"After the close; or: alphapanda dlq replay {topic} --break-glass",
        )


def _line(item: FailedRecord) -> str:
    place = item.newest.place
    return f"{place.partition}:{place.offset}  {item.id[:12]}  {short(item.newest.failure.message, 60)}"


@dataclass(frozen=True, slots=True)
class ReplayOffer:
    """A plan that waits for a yes.

    Attributes:
        context: the deployment.
        session: with what.
        letters: which were asked for.
        prepared: the plan that was shown.
        options: what it was asked for.
    """

    context: Context
    session: Session
    letters: Selection
    prepared: PreparedPlan
    options: ReplayOptions

    @property
    def preview(self) -> Preview:
        """What it will do."""
        from alphapanda.operations.dead_letters.plan import PlannedAction, summarize

        plan = self.prepared.plan
        touched = [one for one in plan.records if one.action is not PlannedAction.HOLD]
        return Preview(
            topic=self.letters.topic,
            target=str(plan.target.name),
            groups=plan.groups,
            lines=summarize(plan),
            touched=len(touched),
            sent=len(plan.doing(PlannedAction.SEND)),
            first=tuple(_line(one.item) for one in touched[:FIRST]),
            notes=plan.notes,
            typed=_typed(self.context, self.letters),
            resumes=plan.run_id if plan.resumes else "",
        )

    async def carry_out(self, reason: str, on_progress: Tell, stop: asyncio.Event) -> ActionResult:
        """Judge what was shown once more, for time has passed, and send what is still as it was."""
        from alphapanda.operations.dead_letters.execute import ReplayPace, ReplayReport, execute
        from alphapanda.operations.dead_letters.ledger import Actor
        from commands.dlq._replaying import details_of

        on_progress(ActionProgress("looking once more"))
        prepared = await self._again()
        if stop.is_set():
            return ActionResult("Stopped before anything was sent.", ending=Ending.STOPPED)
        plan, report, pace = prepared.plan, ReplayReport(), ReplayPace()
        act = AuditedAct(
            "dlq replay", str(plan.target.name), reason, outcome=Outcome.FAILED, run_id=EventId(plan.run_id)
        )
        try:
            actor = Actor(actor=current_actor(), reason=reason, run_id=plan.run_id)
            teller = _teller(plan, on_progress)
            await execute(
                self.session.log,
                self.session.service,
                prepared,
                actor,
                report,
                stop=stop,
                on_progress=teller,
                pace=pace,
            )
            act.outcome = Outcome.DONE
        finally:
            act.details = details_of(plan.run_id, report)
            unwritten = await written(self.context, act, self.session.log)
        return _with(how_it_ended(plan, report), unwritten)

    async def _again(self) -> PreparedPlan:
        """Return the plan of what was shown, as it is now; raises RefusedError where more would be sent."""
        from alphapanda.operations.dead_letters.plan import PlannedAction

        shown = {
            one.item.id: one.action for one in self.prepared.plan.records if one.action is not PlannedAction.HOLD
        }
        try:
            prepared = await self.session.service.prepare(
                self.letters.topic,
                lambda item: item.id in shown,
                self.options,
                asked_run=self.prepared.plan.run_id if self.prepared.plan.resumes else "",
            )
        except UnknownNameError:
            raise RefusedError("The run that was cut short was finished meanwhile. Nothing was done.") from None
        sent = {one.item.id for one in prepared.plan.doing(PlannedAction.SEND)}
        if any(shown[each] is not PlannedAction.SEND for each in sent):
            raise RefusedError(
                "The dead letters stand otherwise than they were shown. Nothing was done.", hint="Look again."
            )
        return prepared


def _teller(plan: ReplayPlan, on_progress: Tell) -> Callable[[ReplayReport], None]:
    """Return what makes a run's report a line of progress."""
    from alphapanda.operations.dead_letters.plan import PlannedAction

    settled_before = len(plan.doing(PlannedAction.SETTLE))
    sending = len(plan.doing(PlannedAction.SEND))
    total = sending + len(plan.doing(PlannedAction.WATCH))

    def told(report: ReplayReport) -> None:
        done = report.confirmed + report.returned - settled_before
        if report.sent == 1 and sending > 1 and not done:
            text = "the first one was sent, and is watched"
        else:
            text = (
                f"{report.returned:,} came back of {report.sent:,} sent"
                if report.returned
                else f"{report.sent:,} sent"
            )
        on_progress(ActionProgress(text, max(0, done), total))

    return told


def how_it_ended(plan: ReplayPlan, report: ReplayReport) -> ActionResult:
    """Return what a run has done, and what is left to do."""
    from commands.dlq._views import report_line

    topic = plan.target.name
    said = f"{topic}: {report_line(report)}"
    because = f" Sending stopped: {report.breaker}." if report.breaker else ""
    if report.interrupted:
        hint = f"Go on with P, or: alphapanda dlq replay {topic} --run {plan.run_id}"
        return ActionResult(f"Stopped. {said}", hint, Ending.STOPPED)
    if report.waiting:
        return ActionResult(
            f"{said}{because}", f"Are its readers running? Then again with P. Run {plan.run_id}.", Ending.PARTLY
        )
    if report.returned:
        return ActionResult(f"{said}{because}", f"Why: alphapanda dlq reasons {topic}", Ending.PARTLY)
    return ActionResult(said)


@dataclass(frozen=True, slots=True)
class SettingAside:
    """Dead letters that can be discarded or quarantined.

    Attributes:
        context: the deployment.
        session: with what.
        letters: which were asked for.
        fate: what becomes of them.
        items: those that somebody still has to deal with.
    """

    context: Context
    session: Session
    letters: Selection
    fate: Disposition
    items: Sequence[FailedRecord]

    @property
    def preview(self) -> Preview:
        """What it will do."""
        counts: Counter[tuple[str, str, str, str]] = Counter()
        for item in self.items:
            failure = item.newest.failure
            counts[item.state.value, item.newest.group or "-", failure.error_code, short(failure.message)] += 1
        lines = tuple(
            PlanLine(count, state, DONE[self.fate], group, code, why)
            for (state, group, code, why), count in sorted(counts.items(), key=lambda pair: -pair[1])
        )
        return Preview(
            topic=self.letters.topic,
            target="",
            lines=lines,
            touched=len(self.items),
            first=tuple(_line(item) for item in self.items[:FIRST]),
            typed=_typed(self.context, self.letters),
        )

    async def carry_out(self, reason: str, on_progress: Tell, stop: asyncio.Event) -> ActionResult:
        """Write one step for each of those that stand as they were shown."""
        from alphapanda.model.dead_letter import LedgerTrigger
        from alphapanda.operations.dead_letters.backlog import read_backlog
        from alphapanda.operations.dead_letters.ledger import Actor, write_entries

        del stop
        topic, run_id = self.letters.topic, generate_event_id()
        on_progress(ActionProgress("writing to the ledger"))
        act = AuditedAct(f"dlq {self.fate}", topic, reason, {"run_id": run_id}, Outcome.FAILED, run_id)
        try:
            backlog = await read_backlog(self.session.log, [topic])
            shown = {item.id for item in self.items}
            now = self.context.clock.now()
            actor = Actor(actor=current_actor(), reason=reason, run_id=run_id)
            trigger = LedgerTrigger(self.fate.value)
            entries = [
                item.step(actor, trigger, now)
                for item in backlog.items.values()
                if item.id in shown and item.state.is_unresolved
            ]
            await write_entries(self.session.log, entries)
            act.outcome, act.details["records"] = Outcome.DONE, str(len(entries))
        finally:
            unwritten = await written(self.context, act, self.session.log)
        count = f"{len(entries):,} dead letter{'s' if len(entries) != 1 else ''} of {topic}"
        return _with(ActionResult(f"{count} {DONE[self.fate]}.", f"Undo: alphapanda dlq undo {run_id}"), unwritten)


def _with(told: ActionResult, unwritten: str) -> ActionResult:
    return ActionResult(f"{told.text}{unwritten}", told.hint, Ending.PARTLY) if unwritten else told


async def written(context: Context, act: AuditedAct, log: Log) -> str:
    """Write the audit of an act and return what to add where that failed: what was done stands."""
    problems: list[str] = []
    audit = Audit(lambda: nullcontext(log), context.clock, source=AuditSource.TUI, on_unwritten=problems.append)
    await audit.record_act(act)
    return f" The audit was not written: {problems[0]}" if problems else ""
