"""The dashboard's acts on dead letters: the same use cases, policy and audit as `alphapanda dlq`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.dead_letter import LedgerTrigger
from alphapanda.operations.audit import AuditSource
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.execute import ReplayReport, RunControl
from alphapanda.operations.dead_letters.plan import PlannedAction, ReplayOptions, ReplayPlan, summarize
from alphapanda.operations.dead_letters.replay import (
    PreparedReplay,
    ReplayDeadLetters,
    ReplayRequest,
    ReplayResult,
)
from alphapanda.operations.dead_letters.service import DeadLetterService, open_service
from alphapanda.operations.dead_letters.set_aside import PAST, PreparedSetAside, SetAside
from alphapanda.operations.dead_letters.summary import PlanLine, short
from alphapanda.operations.policy import ACTS, Confirmation, Missing, Need, StrictPermit, decide
from alphapanda.settings import Settings
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

FIRST = 5
"""Dead letters that are shown one by one before a yes."""


@dataclass(frozen=True, slots=True)
class DeadLetterActs:
    """Prepares acts on the dead letters of a deployment.

    Attributes:
        deployment: the folder.
        settings: its settings.
        clock: the time.
        names: names that were typed before the dashboard opened.
        options: the exceptions from the safe default.
    """

    deployment: Deployment
    settings: Settings
    clock: Clock
    names: frozenset[str] = frozenset()
    options: ReplayOptions = field(default_factory=ReplayOptions)

    @asynccontextmanager
    async def prepare(self, letters: Selection, disposition: Disposition) -> AsyncIterator[PreparedAction]:
        """Look dead letters through, and be the only one at work on their topic while the block lasts.

        Raises:
            RefusedError: another act on the topic is at work, or a dialog cannot give what the policy demands.
            DependencyError: Kafka does not answer, or a topic does not exist.
        """
        unwritten: list[str] = []
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(
                open_service(
                    self.deployment,
                    self.settings,
                    self.clock,
                    source=AuditSource.TUI,
                    on_unwritten=unwritten.append,
                )
            )
            permission = Permission(self, service, letters.topic, f"dlq {disposition}")
            await permission.refuse_impossible()
            if disposition is Disposition.REPLAY:
                request = ReplayRequest(topic=letters.topic, choose=_choosing(letters), options=self.options)
                replay = await stack.enter_async_context(ReplayDeadLetters(service).prepare(request))
                yield ReplayOffer(permission, replay, unwritten)
                return
            stack.enter_context(service.lock(letters.topic))
            set_aside = SetAside(service, LedgerTrigger(disposition.value))
            yield SetAsideOffer(permission, await set_aside.prepare(letters.topic, _choosing(letters)), unwritten)


@dataclass(frozen=True, slots=True)
class Permission:
    """The policy of one act on one topic.

    Attributes:
        acts: the deployment.
        service: the surroundings of the act.
        topic: the dead-letter topic.
        act: its name in the policy.
    """

    acts: DeadLetterActs
    service: DeadLetterService
    topic: str
    act: str

    @property
    def typed(self) -> str:
        """The name to type; empty where none is."""
        return next((one.name for one in self._missing(Confirmation(yes=True)) if one.need is Need.NAME), "")

    async def refuse_impossible(self) -> None:
        """Raise RefusedError, and record it, where no dialog can give what is missing."""
        possible = Confirmation(yes=True, names=frozenset({self.typed}), reason="-")
        if any(one.need in {Need.WRITABLE, Need.BREAK_GLASS} for one in self._missing(possible)):
            async with self.service.audit.audited(self.act, self.topic):
                self.permit(possible)(self.act, self.service.policy_target(self.topic), "")

    def permit(self, confirmation: Confirmation) -> StrictPermit:
        """Return what lets the act through with a confirmation."""
        acts = self.acts
        given = replace(confirmation, names=confirmation.names | acts.names)
        return StrictPermit(acts.settings.safety, acts.deployment.root.name, given, self._exchange_open)

    def confirmed(self, reason: str) -> StrictPermit:
        """Return what lets the act through after its dialog was answered with a yes and the name."""
        return self.permit(Confirmation(yes=True, names=frozenset({self.typed} - {""}), reason=reason))

    def _missing(self, given: Confirmation) -> tuple[Missing, ...]:
        target, permit = self.service.policy_target(self.topic), self.permit(given)
        return decide(
            ACTS[self.act],
            permit.safety,
            permit.deployment,
            target,
            permit.confirmation,
            exchange_open=permit.exchange_open,
        )

    @property
    def _exchange_open(self) -> bool:
        return TradingCalendar().trades_at(self.acts.clock.now())


@dataclass(frozen=True, slots=True)
class ReplayOffer:
    """A replay that waits for a yes.

    Attributes:
        permission: the policy.
        replay: the plan that was shown.
        unwritten: why the act could not be recorded.
    """

    permission: Permission
    replay: PreparedReplay
    unwritten: list[str]

    @property
    def preview(self) -> Preview:
        """What it will do."""
        plan, touched = self.replay.plan, self.replay.touched
        return Preview(
            topic=self.replay.topic,
            target=str(plan.target.name),
            groups=plan.groups,
            lines=summarize(plan),
            touched=len(touched),
            sent=len(plan.doing(PlannedAction.SEND)),
            first=tuple(_line(one.item) for one in touched[:FIRST]),
            notes=plan.notes,
            typed=self.permission.typed,
            resumes=plan.run_id if plan.resumes else "",
        )

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Plan what was shown once more, for time has passed, and send what is still as it was."""
        tell(ActionProgress("looking once more"))
        result = await self.replay.execute(
            self.permission.confirmed(reason),
            reason,
            attend=lambda plan: nullcontext(RunControl(stop, _teller(plan, tell))),
            recheck=True,
        )
        return _with(_how_it_ended(result), self.unwritten)


@dataclass(frozen=True, slots=True)
class SetAsideOffer:
    """Dead letters that can be discarded or quarantined.

    Attributes:
        permission: the policy.
        prepared: the dead letters that were shown.
        unwritten: why the act could not be recorded.
    """

    permission: Permission
    prepared: PreparedSetAside
    unwritten: list[str]

    @property
    def preview(self) -> Preview:
        """What it will do."""
        counts: Counter[tuple[str, str, str, str]] = Counter()
        for item in self.prepared.items:
            failure = item.newest.failure
            counts[item.state.value, item.newest.group or "-", failure.error_code, short(failure.message)] += 1
        lines = tuple(
            PlanLine(count, state, PAST[self.prepared.trigger], group, code, why)
            for (state, group, code, why), count in counts.most_common()
        )
        return Preview(
            topic=self.prepared.topic,
            target="",
            lines=lines,
            touched=len(self.prepared.items),
            first=tuple(_line(item) for item in self.prepared.items[:FIRST]),
            typed=self.permission.typed,
        )

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Write one step for each of those that are as they were shown."""
        del stop
        tell(ActionProgress("writing to the ledger"))
        done = await self.prepared.execute(self.permission.confirmed(reason), reason)
        count = f"{done.count:,} dead letter{'s' if done.count != 1 else ''} of {self.prepared.topic}"
        told = ActionResult(f"{count} {PAST[self.prepared.trigger]}.", f"Undo: alphapanda dlq undo {done.run_id}")
        return _with(told, self.unwritten)


def _choosing(letters: Selection) -> Callable[[FailedRecord], bool]:
    def choose(item: FailedRecord) -> bool:
        if letters.id:
            return item.id == letters.id
        code, group = item.newest.failure.error_code or NO_CODE, item.newest.group or NO_GROUP
        return code == letters.code and group == letters.group

    return choose


def _line(item: FailedRecord) -> str:
    place = item.newest.place
    return f"{place.partition}:{place.offset}  {item.id[:12]}  {short(item.newest.failure.message, 60)}"


def _teller(plan: ReplayPlan, tell: Tell) -> Callable[[ReplayReport], None]:
    """Return what makes a run's report a line of progress."""
    settled_before = len(plan.doing(PlannedAction.SETTLE))
    sending = len(plan.doing(PlannedAction.SEND))

    def told(report: ReplayReport) -> None:
        done = report.confirmed + report.returned - settled_before
        text = f"{report.sent:,} sent"
        if report.sent == 1 and sending > 1 and not done:
            text = "the first one was sent, and is watched"
        elif report.returned:
            text = f"{report.returned:,} came back of {report.sent:,} sent"
        tell(ActionProgress(text, max(0, done), plan.watched))

    return told


def _how_it_ended(result: ReplayResult) -> ActionResult:
    """Return what a run did, and what is left to do."""
    plan, report = result.plan, result.report
    topic, said = plan.target.name, f"{plan.target.name}: {report.words}"
    because = f" Sending stopped: {report.breaker}." if report.breaker else ""
    if report.interrupted and not result.began:
        return ActionResult("Stopped before anything was sent.", ending=Ending.STOPPED)
    if report.interrupted:
        hint = f"Resume with P, or: alphapanda dlq replay {topic} --run {plan.run_id}"
        return ActionResult(f"Stopped. {said}", hint, Ending.STOPPED)
    if report.waiting:
        hint = f"Are its readers running? Then again with P. Run {plan.run_id}."
        return ActionResult(f"{said}{because}", hint, Ending.PARTLY)
    if report.returned:
        return ActionResult(f"{said}{because}", f"Why: alphapanda dlq reasons {topic}", Ending.PARTLY)
    return ActionResult(said)


def _with(told: ActionResult, unwritten: list[str]) -> ActionResult:
    """Return a result with a note where the act could not be recorded: the act itself stands."""
    if not unwritten:
        return told
    return replace(told, text=f"{told.text} The audit was not written: {unwritten[0]}", ending=Ending.PARTLY)
