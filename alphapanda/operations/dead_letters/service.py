"""Brings together what a verb needs: the backlog, the evidence, the judge and the plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alphapanda.clock import Clock
from alphapanda.errors import DecodeError, DependencyError, RedisUnreachableError, RefusedError, UnknownNameError
from alphapanda.ids import BrokerId, generate_event_id
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import newest
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, FailedRecord, own_name, read_backlog
from alphapanda.operations.dead_letters.classification import Classifier, Freshness
from alphapanda.operations.dead_letters.ledger import LEDGER_TOPIC
from alphapanda.operations.dead_letters.lookups import LookupReader, Lookups
from alphapanda.operations.dead_letters.plan import Planner, ReplayOptions, ReplayPlan, ReplayTarget, chosen_run
from alphapanda.operations.dead_letters.policy import NO_POLICY, Policy
from alphapanda.operations.dead_letters.record import EventView, event_facts
from alphapanda.operations.dead_letters.watch import GroupProgress
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.serialization.transcoder import JsonTranscoder
from alphapanda.state.views import Views
from topics.catalogue import Catalogue
from topics.dead_letter_families import source_name_of
from topics.errors import TopicNameError
from topics.names import TopicName
from topics.services import TICKS, reading_groups

TO_JUDGE = frozenset({LedgerState.OPEN, LedgerState.RETURNED, LedgerState.PLANNED, LedgerState.REPLAYED})


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan, and what carrying it out starts from.

    Attributes:
        plan: what to do.
        backlog: what it was made from; replay is bounded by its ends.
    """

    plan: ReplayPlan
    backlog: DeadLetterBacklog


@dataclass(frozen=True, slots=True)
class DeadLetterService:
    """What the verbs work with.

    Attributes:
        log: to read.
        cluster: for what topics take.
        progress: how far groups have come.
        views: orders in Redis.
        catalogue: the declared topics.
        modes: the configured brokers, and how near to real money each is.
        clock: the time.
        policy: what the desk has decided of its dead letters.
        codec: reads events.
    """

    log: KafkaReadLog
    cluster: Cluster
    progress: GroupProgress
    views: Views
    catalogue: Catalogue
    modes: Mapping[str, TradingMode]
    clock: Clock
    policy: Policy = NO_POLICY
    codec: Codec = field(default_factory=JsonCodec)

    @property
    def view(self) -> EventView:
        """What shows the events in records."""
        return JsonTranscoder(self.codec, self.catalogue)

    async def need_ledger(self) -> None:
        """Raise DependencyError if there is no ledger to write to."""
        if LEDGER_TOPIC not in await self.log.topics():
            raise DependencyError(f"There is no topic {LEDGER_TOPIC}.", hint="Run: alphapanda topics bootstrap")

    async def target(self, topic: str) -> ReplayTarget:
        """Return where the dead letters of `topic` go back to.

        Raises:
            RefusedError: it is none of our topics.
            DependencyError: it is gone.
        """
        name, source = own_name(topic), source_name_of(topic)
        try:
            kind = EventType(self.catalogue.event_type_of(name.source)) if name is not None and name.dlq else None
        except TopicNameError:
            kind = None
        if name is None or kind is None:
            raise RefusedError(
                f"{topic} holds another system's dead letters: they can be looked at, not replayed.",
                hint=f"Look: alphapanda dlq show {topic}:0:0",
            )
        live = await self.cluster.read(configs_of=[source])
        found = live.topics.get(source)
        if found is None:
            raise DependencyError(
                f"{source} is gone: its dead letters have nowhere to go back to.",
                hint="alphapanda topics bootstrap makes it again; alphapanda dlq discard sets them aside.",
            )
        limit = found.configs.get("max.message.bytes")
        return ReplayTarget(
            name=name.source,
            kind=kind,
            mode=None if name.is_shared else self.modes.get(name.scope, TradingMode.LIVE),
            partitions=found.partitions,
            max_bytes=int(limit.value) if limit is not None else 1_048_576,
            same_partitions=found.partitions == live.topics[topic].partitions,
        )

    async def prepare(
        self,
        topic: str,
        choose: Callable[[FailedRecord], bool],
        options: ReplayOptions,
        *,
        asked_run: str = "",
        instead: Mapping[str, FailedRecord] | None = None,
    ) -> PreparedPlan:
        """Judge the unresolved dead letters of `topic` that are chosen, and plan what to do with them.

        Args:
            topic: of dead letters.
            choose: which are meant.
            options: what is asked for beyond the default.
            asked_run: only what is under way in this run.
            instead: what to judge in place of some, by id: as somebody edited them.

        Raises:
            UnknownNameError: no dead letter is under way in the run that was asked for.
            DependencyError: an event is in Avro, and the registry that has its schema is away.
        """
        target, view = await self.target(topic), self.view
        lookups = Lookups()
        partitions = await self.log.partitions([str(target.name)])
        log_id = await self.log.identity()
        # How far groups have come is asked before dead letters are read: what a group passed unrefused before
        # the look has no dead letter after it.
        for group in self._groups(target.name):
            lookups.reached[group] = await self.progress.reached(group, partitions, log_id)
        backlog = await read_backlog(self.log, [topic], view)
        if strangers := {item.newest.group for item in backlog.items.values()} - {"", *lookups.reached}:
            for group in strangers:
                lookups.reached[group] = await self.progress.reached(group, partitions, log_id)
            backlog = await read_backlog(self.log, [topic], view)
        items = [item for item in backlog.items.values() if item.state in TO_JUDGE and choose(item)]
        run_id, resumes = chosen_run(items, asked_run, generate_event_id())
        if asked_run:
            if not resumes:
                raise UnknownNameError("unfinished run", asked_run, {one.run_id for one in items if one.run_id})
            items = [item for item in items if item.run_id == asked_run]
        items = [(instead or {}).get(item.id, item) for item in items]
        await self._gather(target, backlog, items, lookups, view)
        classifier = Classifier(
            kind=target.kind,
            mode=target.mode,
            lookups=lookups,
            freshness=Freshness(self.clock.now(), await self._market_now(view), options.valid_for),
            group=options.group,
        )
        planner = Planner(
            target, classifier, self.catalogue, options, self.policy, frozenset(instead or ()), self.codec
        )
        return PreparedPlan(planner.plan(items, run_id, resumes=resumes, notes=lookups.notes), backlog)

    def _groups(self, target: TopicName) -> tuple[str, ...]:
        """Return the groups that read a topic."""
        brokers = self.modes if target.is_shared else [target.scope]
        live = {broker for broker, mode in self.modes.items() if mode is not TradingMode.PAPER}
        declared = self.catalogue.declaration_of(target).name
        return reading_groups(declared, (broker for broker in brokers if broker in self.modes), live)

    async def _gather(
        self,
        target: ReplayTarget,
        backlog: DeadLetterBacklog,
        items: Collection[FailedRecord],
        lookups: Lookups,
        view: EventView,
    ) -> None:
        lookups.failed |= backlog.refused
        if not items or target.kind is EventType.MARKET_TICK:
            return  # market data is not sent again, so nothing needs to be known of it
        await LookupReader(self.log, self.catalogue, target.name, target.kind, view).read(items, lookups)
        if target.kind is EventType.SIGNAL_VALIDATED:
            try:
                seen = await self.views.orders(BrokerId(target.name.scope))
            except RedisUnreachableError:
                lookups.notes.append("Redis did not answer: orders were looked up in the log alone")
            else:
                orders = seen.orders if seen is not None else ()
                lookups.orders = {order.client_order_id: order.status.value for order in orders}
        if self.progress.blind:
            lookups.notes.append(f"{self.progress.blind} How far groups have come is known by their commits alone")

    async def _market_now(self, view: EventView) -> datetime | None:
        if TICKS not in await self.log.topics():
            return None
        records, _ = await newest(self.log, [TICKS], 1)
        try:
            return event_facts(view.value(records[-1])).ts if records else None
        except DecodeError:
            return None
