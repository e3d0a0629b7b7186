"""The plan of a replay: one action for each dead letter, before anything is sent. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from alphapanda.errors import DecodeError, MisroutedError
from alphapanda.ids import BrokerId
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.records import Header
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.classification import Assessment, Classification, Classifier
from alphapanda.operations.dead_letters.policy import NO_POLICY, Policy, PolicyRule, Ruling
from alphapanda.operations.dead_letters.republish import ResendOptions, resend, size_of
from alphapanda.operations.dead_letters.summary import PlanLine, short, signature
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import Codec
from topics.catalogue import Catalogue
from topics.names import TopicName

WILL_BE = {
    "send": "sent",
    "hold": "held",
    "watch": "watched",
    "settle": "confirmed",
    "discard": "discarded",
    "quarantine": "quarantined",
}
"""What is done with a dead letter, as it will be said."""


class PlannedAction(StrEnum):
    """What is done with a dead letter."""

    SEND = "send"
    HOLD = "hold"
    """Nothing: a person has to look at it."""
    WATCH = "watch"
    """It was sent already; only its fate is still to be seen."""
    SETTLE = "settle"
    """It was sent already and processed; the ledger does not know yet."""
    DISCARD = "discard"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """The exceptions from the safe default, which sends new records only.

    Attributes:
        max_replays: how often a record may be sent again before it is put aside.
        group: the group to address where a dead letter names none.
        include_stale: send what is stale.
        include_unreadable: send what this version cannot decode.
        force_one: the id of one dead letter to send though it is stale, in doubt or unreadable.
        valid_for: how long records are good for, instead of the table.
        limit: send at most so many.
    """

    max_replays: int = 3
    group: str = ""
    include_stale: bool = False
    include_unreadable: bool = False
    force_one: str = ""
    valid_for: timedelta | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    """Where dead letters go back to.

    Attributes:
        name: the topic.
        kind: of the events in it.
        mode: of its broker; None for a shared topic.
        partitions: how many it has.
        max_bytes: the largest batch it takes.
        same_partitions: whether its dead-letter topic has as many.
    """

    name: TopicName
    kind: EventType
    mode: TradingMode | None
    partitions: int
    max_bytes: int
    same_partitions: bool = True


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One dead letter in a plan.

    Attributes:
        item: the dead letter.
        assessment: what is known of it.
        action: what is done with it.
        why: in words.
        rule: of the policy that speaks of it; None where none does.
    """

    item: FailedRecord
    assessment: Assessment
    action: PlannedAction
    why: str
    rule: PolicyRule | None = None


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay will do.

    Attributes:
        target: where records go.
        run_id: of the run: a new one, or the one that is resumed.
        resumes: whether it goes on with a run that was cut short.
        records: every unresolved dead letter that was chosen, in the order of the log.
        notes: what could not be looked at.
    """

    target: ReplayTarget
    run_id: str
    resumes: bool
    records: tuple[PlannedRecord, ...]
    notes: tuple[str, ...] = ()
    _by_action: Mapping[PlannedAction, tuple[PlannedRecord, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        grouped: dict[PlannedAction, list[PlannedRecord]] = {}
        for record in self.records:
            grouped.setdefault(record.action, []).append(record)
        object.__setattr__(self, "_by_action", {action: tuple(found) for action, found in grouped.items()})

    def doing(self, action: PlannedAction) -> tuple[PlannedRecord, ...]:
        """Return the records with this action."""
        return self._by_action.get(action, ())

    @property
    def watched(self) -> int:
        """How many records are sent or were sent before, and are watched until they are processed."""
        return len(self.doing(PlannedAction.SEND)) + len(self.doing(PlannedAction.WATCH))

    @property
    def verdicts(self) -> Counter[Classification]:
        """How many there are of each verdict."""
        return Counter(record.assessment.verdict for record in self.records)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that will act."""
        return tuple(sorted({record.item.newest.group for record in self.doing(PlannedAction.SEND)} - {""}))


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans for one target.

    Attributes:
        target: where to.
        classifier: what is known.
        catalogue: which topic carries what.
        options: what is asked for.
        policy: what the desk has decided.
        edited: ids of those that an operator has edited just now.
        codec: reads events; JSON alone when not given.
    """

    target: ReplayTarget
    classifier: Classifier
    catalogue: Catalogue
    options: ReplayOptions
    policy: Policy = NO_POLICY
    edited: frozenset[str] = frozenset()
    codec: Codec | None = None

    def plan(
        self, items: Iterable[FailedRecord], run_id: str, *, resumes: bool, notes: Sequence[str] = ()
    ) -> ReplayPlan:
        """Return the plan for `items`; raises DependencyError for a registry that is down."""
        broker = None if self.target.name.is_shared else BrokerId(self.target.name.scope)
        routes = Routes(self.catalogue, broker, self.codec)
        records, sending = [], 0
        for item in items:
            planned = self._decide(item, routes)
            if planned.action is PlannedAction.SEND:
                if self.options.limit is not None and sending >= self.options.limit:
                    planned = replace(planned, action=PlannedAction.HOLD, why="over --max: left for the next run")
                else:
                    sending += 1
            records.append(planned)
        return ReplayPlan(self.target, run_id, resumes, tuple(records), tuple(notes))

    def _decide(self, item: FailedRecord, routes: Routes) -> PlannedRecord:
        assessment = self.classifier.classify(item)
        if assessment.copy is not None:
            processed = assessment.verdict is Classification.ALREADY_PROCESSED
            return PlannedRecord(
                item, assessment, PlannedAction.SETTLE if processed else PlannedAction.WATCH, assessment.why
            )
        rule = self.policy.rule_for(item)
        action, why = self._action(item, assessment, routes, rule)
        return PlannedRecord(item, assessment, action, why, rule)

    def _action(
        self, item: FailedRecord, assessment: Assessment, routes: Routes, rule: PolicyRule | None
    ) -> tuple[PlannedAction, str]:
        if refused := self._belongs_elsewhere(item) or self._too_large(item) or _interrupted_edit(item):
            return PlannedAction.HOLD, refused
        if assessment.verdict is Classification.ALREADY_PROCESSED:
            return PlannedAction.HOLD, assessment.why
        if self.target.kind is EventType.MARKET_TICK and not self._is_forced(item):
            return PlannedAction.DISCARD, assessment.why
        unreadable, elsewhere = _read(item, routes)
        if refused := elsewhere or self._ruled_out(rule, item):
            return PlannedAction.HOLD, refused
        if item.replays >= self.options.max_replays and not self._is_forced(item):
            return PlannedAction.QUARANTINE, f"it came back {item.replays} times"
        return self._by_verdict(item, assessment, unreadable)

    def _by_verdict(
        self, item: FailedRecord, assessment: Assessment, unreadable: str
    ) -> tuple[PlannedAction, str]:
        forced = self._is_forced(item)
        if assessment.verdict is Classification.IN_DOUBT and not forced:
            return PlannedAction.HOLD, assessment.why
        if assessment.verdict is Classification.STALE and not (forced or self.options.include_stale):
            return PlannedAction.HOLD, assessment.why
        if unreadable and not (forced or self.options.include_unreadable):
            return PlannedAction.HOLD, f"it would fail again: {unreadable}"
        return PlannedAction.SEND, assessment.why

    def _ruled_out(self, rule: PolicyRule | None, item: FailedRecord) -> str:
        """Return why the policy keeps a record from being sent, whatever is asked for; empty where it does not."""
        if rule is None or rule.ruling is Ruling.REPLAY:
            return ""
        return "" if rule.ruling is Ruling.FIX and item.id in self.edited else str(rule)

    def _is_forced(self, item: FailedRecord) -> bool:
        return bool(self.options.force_one) and item.id == self.options.force_one

    def _belongs_elsewhere(self, item: FailedRecord) -> str:
        """Return why the record must not go to this topic at all; empty where it may."""
        dead_letter, name = item.newest, self.target.name
        said = dead_letter.failure.topic
        if said != str(name):
            return f"its headers name {said} as its source: it is not sent to {name}"
        broker = dead_letter.event.broker
        if broker and broker != name.scope:
            return f"its event belongs to {broker}: it is not sent to {name}"
        header = dead_letter.record.header(Header.BROKER)
        if header is not None and header != name.scope.encode():
            return f"its header names the broker {header.decode(errors='replace')}: it is not sent to {name}"
        mode = dead_letter.event.trading_mode
        if mode and self.target.mode is not None and mode != self.target.mode:
            return f"it is {mode}, {name.scope} trades {self.target.mode}: it is not sent to {name}"
        return ""

    def _too_large(self, item: FailedRecord) -> str:
        how = ResendOptions(
            run_id="0" * 36,
            actor="x" * 32,
            at=self.classifier.freshness.now,
            group=item.newest.group or self.options.group,
            count=item.replays + 1,
            partition=None,
        )
        size = size_of(resend(item.newest, str(self.target.name), how))
        if size <= self.target.max_bytes:
            return ""
        return f"{size:,} bytes are more than the {self.target.max_bytes:,} that {self.target.name} takes"


def _interrupted_edit(item: FailedRecord) -> str:
    """Return that an edit was interrupted before it was sent; its text is lost."""
    entry = item.entry
    if entry is None or item.state is not LedgerState.PLANNED or not entry.moved.edited_fields:
        return ""
    return "an edit of it was interrupted; the record is unchanged: edit it again"


def _read(item: FailedRecord, routes: Routes) -> tuple[str, str]:
    """Return why this version cannot decode a record, and why it belongs elsewhere; empty where neither is so."""
    try:
        routes.read(item.newest.record)
    except DecodeError as error:
        return error.message, ""
    except MisroutedError as error:
        return "", error.message
    return "", ""


def chosen_run(items: Iterable[FailedRecord], asked: str, fresh: str) -> tuple[str, bool]:
    """Return the run to go on with (asked for, the newest cut short, or fresh), and whether it was cut short."""
    cut_short = sorted(
        (item.entry.at, item.run_id)
        for item in items
        if item.entry is not None and item.state in {LedgerState.PLANNED, LedgerState.REPLAYED}
    )
    if asked:
        return asked, any(run_id == asked for _, run_id in cut_short)
    return (cut_short[-1][1], True) if cut_short else (fresh, False)


def summarize(plan: ReplayPlan) -> tuple[PlanLine, ...]:
    """Return the records of a plan, those that are alike together, the most first."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for record in plan.records:
        dead_letter = record.item.newest
        verdict, fate = record.assessment.verdict.value, WILL_BE[record.action.value]
        why = short(signature(record.why))
        counts[verdict, fate, dead_letter.group or "-", dead_letter.failure.error_code, why] += 1
    return tuple(PlanLine(count, *same) for same, count in sorted(counts.items(), key=lambda pair: -pair[1]))
