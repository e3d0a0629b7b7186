"""Sending dead letters again, as they are or edited: plan, preview, permission, run and audit, for both faces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

from alphapanda.errors import CheckFailedError, RefusedError, UnknownNameError
from alphapanda.ids import BrokerId, EventId
from alphapanda.operations.audit import current_actor
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.classification import Classification
from alphapanda.operations.dead_letters.execute import ReplayPace, ReplayReport, ReplayRun, RunControl
from alphapanda.operations.dead_letters.ledger import Actor
from alphapanda.operations.dead_letters.plan import PlannedAction, PlannedRecord, ReplayOptions, ReplayPlan
from alphapanda.operations.dead_letters.republish import FieldChange, RecordEdit, apply_edit
from alphapanda.operations.dead_letters.selection import DeadLetterFilter, find_ids, reason_of
from alphapanda.operations.dead_letters.service import DeadLetterService, PreparedPlan
from alphapanda.operations.dead_letters.watch import open_watch
from alphapanda.operations.policy import Permit
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec_factory import writing_codec

REPLAY = "dlq replay"
EDIT = "dlq edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """The dead letters to send again.

    Attributes:
        topic: the source topic or its dead-letter topic, as it was typed.
        choose: which of them.
        options: the exceptions from the safe default.
        ids: dead letters by id, beginning of an id or place; none of them: all.
        reasons: ids of reasons; none of them: all.
        run: the unfinished run to resume, and nothing else; empty for any.
    """

    topic: str
    choose: Callable[[FailedRecord], bool]
    options: ReplayOptions = field(default_factory=ReplayOptions)
    ids: tuple[str, ...] = ()
    reasons: frozenset[str] = frozenset()
    run: str = ""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay did.

    Attributes:
        plan: the plan that was carried out.
        report: what was done of it.
        began: whether it was not stopped before it began.
    """

    plan: ReplayPlan
    report: ReplayReport
    began: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedReplay:
    """A plan that waits for a confirmation.

    Attributes:
        service: the surroundings.
        topic: the dead-letter topic.
        prepared: the plan, and the backlog it was made from.
        options: the exceptions from the safe default.
        act: its name in the policy.
        edits: dead letter's id → what to send instead of its value.
    """

    service: DeadLetterService
    topic: str
    prepared: PreparedPlan
    options: ReplayOptions
    act: str = REPLAY
    edits: Mapping[str, RecordEdit] = field(default_factory=dict)

    @property
    def plan(self) -> ReplayPlan:
        """What it will do."""
        return self.prepared.plan

    @property
    def is_routine(self) -> bool:
        """Whether it sends only decodable records that were never processed: allowed without a yes."""
        sending = self.plan.doing(PlannedAction.SEND)
        is_new = all(record.assessment.verdict is Classification.NEW for record in sending)
        return is_new and not self.options.include_unreadable

    @property
    def touched(self) -> tuple[PlannedRecord, ...]:
        """The dead letters that something is done with."""
        return tuple(record for record in self.plan.records if record.action is not PlannedAction.HOLD)

    async def execute(
        self,
        permit: Permit,
        reason: str,
        *,
        attend: Callable[[ReplayPlan], AbstractContextManager[RunControl]],
        pace: ReplayPace | None = None,
        recheck: bool = False,
    ) -> ReplayResult:
        """Carry the plan out; the audit has the counts even when this is interrupted.

        Args:
            permit: lets it through the policy.
            reason: for the ledger and the audit.
            attend: opened for the run, after the permission: stops it, and is told of its progress.
            pace: how fast, and when to give up.
            recheck: plan again first, because time has passed since the plan was shown.

        Raises:
            RefusedError: the policy does not permit it, or the dead letters changed after the preview.
        """
        plan, report = self.plan, ReplayReport()
        target, run_id = str(plan.target.name), EventId(plan.run_id)
        async with self.service.audit.audited(self.act, target, reason=reason, run_id=run_id) as act:
            if sending := plan.doing(PlannedAction.SEND):
                groups = ", ".join(plan.groups) or self.options.group or "all groups"
                count = f"{len(sending):,} record{'s' if len(sending) != 1 else ''}"
                permit(self.act, self.service.policy_target(self.topic), f"Send {count} to {target} for {groups}")
            prepared = await self._again() if recheck else self.prepared
            plan, act.run_id = prepared.plan, EventId(prepared.plan.run_id)
            with attend(plan) as control:
                if control.stop.is_set():
                    report.interrupted = True
                    return ReplayResult(plan, report, began=False)
                try:
                    await self._run(prepared, reason, report, control, pace or ReplayPace())
                finally:
                    act.details.update(report.details(plan.run_id))
        return ReplayResult(plan, report)

    async def _run(
        self,
        prepared: PreparedPlan,
        reason: str,
        report: ReplayReport,
        control: RunControl,
        pace: ReplayPace,
    ) -> None:
        service, plan = self.service, prepared.plan
        log_id = await service.log.identity()
        async with open_watch(service.log, service.progress, log_id, prepared.backlog.ends) as watch:
            run = ReplayRun(
                log=service.log,
                watch=watch,
                clock=service.clock,
                plan=plan,
                actor=Actor(actor=current_actor(), reason=reason, run_id=plan.run_id),
                pace=pace,
                group=self.options.group,
                edits=self.edits,
                on_progress=control.on_progress,
                report=report,
            )
            await run.run(control.stop)

    async def _again(self) -> PreparedPlan:
        """Return a new plan for the shown records; raises RefusedError where more would be sent."""
        shown = {record.item.id: record.action for record in self.touched}
        edited = {record.item.id: record.item for record in self.plan.records if record.item.id in self.edits}
        try:
            prepared = await self.service.plan(
                self.topic,
                lambda item: item.id in shown,
                self.options,
                asked_run=self.plan.run_id if self.plan.resumes else "",
                instead=edited,
            )
        except UnknownNameError:
            raise RefusedError("The unfinished run was finished after the preview. Nothing was sent.") from None
        sent = {record.item.id for record in prepared.plan.doing(PlannedAction.SEND)}
        if any(shown[each] is not PlannedAction.SEND for each in sent):
            raise RefusedError(
                "The dead letters changed after the preview. Nothing was sent; refresh and retry.",
                hint="Look again.",
            )
        return prepared


class ReplayDeadLetters:
    """Sends dead letters again to the topic they came from, for the group that failed alone.

    Args:
        service: the surroundings.
    """

    def __init__(self, service: DeadLetterService) -> None:
        self._service = service

    async def plan(self, request: ReplayRequest) -> ReplayPlan:
        """Return the plan of a replay; changes nothing.

        Raises:
            UnknownNameError: a topic, dead letter, reason or run does not exist.
            RefusedError: it is another system's topic.
            DependencyError: the source topic does not exist, or a server does not answer.
        """
        return (await self._prepare(await self._service.resolve(request.topic), request)).plan

    @asynccontextmanager
    async def prepare(self, request: ReplayRequest) -> AsyncIterator[PreparedReplay]:
        """Plan a replay, and be the only one at work on the topic while the block lasts; raises as `plan`."""
        topic = await self._service.resolve(request.topic)
        with self._service.lock(topic):
            yield await self._prepare(topic, request)

    async def _prepare(self, topic: str, request: ReplayRequest) -> PreparedReplay:
        choose, options = await self._narrowed(topic, request)
        prepared = await self._service.plan(topic, choose, options, asked_run=request.run)
        return PreparedReplay(service=self._service, topic=topic, prepared=prepared, options=options)

    async def _narrowed(
        self, topic: str, request: ReplayRequest
    ) -> tuple[Callable[[FailedRecord], bool], ReplayOptions]:
        """Look up the dead letters and reasons that were named."""
        options = request.options
        ids = (*request.ids, *([options.force_one] if options.force_one else ()))
        if not ids and not request.reasons:
            return request.choose, options
        items = (await self._service.read([topic])).items
        known = {reason_of(item) for item in items.values()} if request.reasons else set()
        for one in sorted(request.reasons - known):
            hint = f"All of them: alphapanda dlq reasons {topic}"
            raise UnknownNameError(f"reason in {topic}", one, known, hint=hint)
        named = DeadLetterFilter(ids=find_ids(ids, items), reasons=request.reasons)
        if options.force_one:
            options = replace(options, force_one=next(iter(find_ids([options.force_one], items))))
        return lambda item: named.matches(item) and request.choose(item), options


@dataclass(frozen=True, slots=True)
class EditableDeadLetter:
    """One dead letter that can be edited.

    Attributes:
        item: the dead letter.
        routes: reads and writes events of its topic.
    """

    item: FailedRecord
    routes: Routes

    def apply(self, text: str) -> EditedDeadLetter:
        """Return it with the edited text; raises UsageError where it is not the same event."""
        return EditedDeadLetter(self.item, *apply_edit(self.item, text, self.routes))


@dataclass(frozen=True, slots=True)
class EditedDeadLetter:
    """A dead letter with the operator's text.

    Attributes:
        original: as it was.
        edited: as it is now.
        change: what is sent.
        differences: the fields that changed.
    """

    original: FailedRecord
    edited: FailedRecord
    change: RecordEdit
    differences: list[FieldChange]


class EditDeadLetter:
    """Sends one dead letter again as an operator edited it.

    Args:
        service: the surroundings.
    """

    def __init__(self, service: DeadLetterService) -> None:
        self._service = service

    async def open(self, typed: str) -> EditableDeadLetter:
        """Return the dead letter with this id or place; raises UnknownNameError, RefusedError, DependencyError."""
        service = self._service
        item = await service.find(typed)
        if not item.state.is_unresolved:
            raise RefusedError(f"{item.id} is {item.state.value}.", hint=f"alphapanda dlq show {item.id[:12]}")
        target = (await service.target(item.newest.place.topic)).name
        codec = await writing_codec(service.settings, service.catalogue, {str(target)})
        broker = None if target.is_shared else BrokerId(target.scope)
        return EditableDeadLetter(item, Routes(service.catalogue, broker, codec))

    @asynccontextmanager
    async def prepare(self, edited: EditedDeadLetter, options: ReplayOptions) -> AsyncIterator[PreparedReplay]:
        """Plan to send it, and be the only one at work on the topic while the block lasts.

        Raises:
            CheckFailedError: it is not to be sent: processed already, stale, in doubt or against the policy.
            RefusedError: another replay of the topic is at work.
        """
        item, topic = edited.original, edited.original.newest.place.topic
        with self._service.lock(topic):
            prepared = await self._service.plan(
                topic, lambda one: one.id == item.id, options, instead={item.id: edited.edited}
            )
            (planned,) = prepared.plan.records
            if planned.action is not PlannedAction.SEND:
                raise CheckFailedError(
                    f"{item.id} is {planned.assessment.verdict.value} and was not sent: {planned.why}.",
                    hint="Add --force to send it anyway.",
                )
            yield PreparedReplay(
                service=self._service,
                topic=topic,
                prepared=prepared,
                options=options,
                act=EDIT,
                edits={item.id: edited.change},
            )
