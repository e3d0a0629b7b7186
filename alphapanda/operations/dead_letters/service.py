"""The surroundings of every act on dead letters: connections, classification and the plan of a replay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import DecodeError, DependencyError, RedisUnreachableError, RefusedError, UnknownNameError
from alphapanda.files import lock_or_refuse
from alphapanda.ids import BrokerId, generate_event_id
from alphapanda.kafka.client import KafkaLog, KafkaReadLog, open_log, open_read_log, open_record_deleter
from alphapanda.kafka.reading import newest
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.records import Offsets
from alphapanda.operations.audit import Audit, AuditSource
from alphapanda.operations.dead_letters.backlog import (
    DeadLetterBacklog,
    FailedRecord,
    own_name,
    read_backlog,
    resolve,
)
from alphapanda.operations.dead_letters.classification import Classifier, Freshness
from alphapanda.operations.dead_letters.lookups import LookupReader, Lookups
from alphapanda.operations.dead_letters.plan import Planner, ReplayOptions, ReplayPlan, ReplayTarget, chosen_run
from alphapanda.operations.dead_letters.policy import NO_POLICY, Policy, load_policy
from alphapanda.operations.dead_letters.record import EventView, event_facts
from alphapanda.operations.dead_letters.selection import find_in
from alphapanda.operations.dead_letters.watch import GroupProgress, open_group_progress
from alphapanda.operations.policy import Target
from alphapanda.operations.servers import check_pin, endpoints_of, kafka_options
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.serialization.transcoder import JsonTranscoder
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of, declared_topics
from alphapanda.state.store import open_redis
from alphapanda.state.views import Views
from topics.catalogue import Catalogue
from topics.dead_letter_families import source_name_of
from topics.errors import TopicNameError
from topics.names import TopicName
from topics.services import LEDGER, TICKS, reading_groups

BATCH_BYTES = 256 * 1024
"""Replays write in bulk: one request carries hundreds of records."""

TO_JUDGE = frozenset({LedgerState.OPEN, LedgerState.RETURNED, LedgerState.PLANNED, LedgerState.REPLAYED})


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """A plan and the backlog that it was made from.

    Attributes:
        plan: what to do.
        backlog: what it was made from; replay is bounded by its ends.
    """

    plan: ReplayPlan
    backlog: DeadLetterBacklog


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterReader:
    """Reads the dead letters of a deployment. Made by `open_reader`.

    Attributes:
        log: the log.
        view: shows the events in records.
        declared: the deployment's dead-letter topics.
    """

    log: KafkaReadLog
    view: EventView
    declared: frozenset[str]

    async def own_topics(self) -> tuple[str, ...]:
        """Return the deployment's dead-letter topics that exist."""
        return tuple(sorted(self.declared & await self.log.topics()))

    async def resolve(self, typed: str) -> str:
        """Return the dead-letter topic of a typed name, its own or its source's; raises UnknownNameError."""
        return resolve(typed, await self.log.topics())

    async def read(self, topics: Collection[str]) -> DeadLetterBacklog:
        """Read dead-letter topics and the ledger."""
        return await read_backlog(self.log, topics, self.view)

    async def read_around(self, typed: str) -> DeadLetterBacklog:
        """Read the topics in which a dead letter may be, given its id or its place; raises UnknownNameError."""
        topics: Sequence[str] = await self.own_topics()
        if typed.count(":") == 2:
            topics = [await self.resolve(typed.split(":", maxsplit=1)[0])]
        return await self.read(topics)

    async def find(self, typed: str) -> FailedRecord:
        """Return the dead letter with this id or place; raises UnknownNameError, UsageError."""
        return find_in(typed, await self.read_around(typed))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterService(DeadLetterReader):
    """What the acts on dead letters share: the log, classification, policy and audit. Made by `open_service`.

    Attributes:
        log: the log, to write to as well.
        cluster: tells the limits of topics.
        progress: tells the offsets that groups have reached.
        views: orders in Redis.
        catalogue: the declared topics.
        modes: each configured broker's mode.
        deployment: the folder, for the locks.
        settings: its settings.
        clock: the time.
        audit: records the acts.
        policy: the rules of `dlq-policy.toml`.
        codec: reads events.
    """

    log: KafkaLog
    cluster: Cluster
    progress: GroupProgress
    views: Views
    catalogue: Catalogue
    modes: Mapping[str, TradingMode]
    deployment: Deployment
    settings: Settings
    clock: Clock
    audit: Audit
    policy: Policy = NO_POLICY
    codec: Codec = field(default_factory=JsonCodec)

    def lock(self, topic: str) -> AbstractContextManager[None]:
        """Be the only one of this deployment at work on a dead-letter topic; raises RefusedError."""
        self.deployment.prepare()
        return lock_or_refuse(
            self.deployment.run / f"dlq-{topic}.lock",
            f"Another replay of {topic} is at work",
            hint="Wait for it, or stop it with Ctrl-C.",
        )

    async def delete_before(self, offsets: Offsets) -> None:
        """Remove all records before these offsets for good."""
        options = kafka_options(self.deployment, self.settings, self.clock, "dlq")
        async with open_record_deleter(options) as deleter:
            await deleter.delete_before(offsets)

    def policy_target(self, topic: str) -> Target:
        """Return the source of a dead-letter topic as the policy of acts sees it."""
        return policy_target(topic, self.modes)

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
                f"{topic} holds another system's dead letters: they can be shown, not replayed.",
                hint=f"Look: alphapanda dlq show {topic}:0:0",
            )
        live = await self.cluster.read(configs_of=[source])
        found = live.topics.get(source)
        if found is None:
            raise DependencyError(
                f"{source} is gone: its dead letters cannot be replayed.",
                hint="Create it: alphapanda topics bootstrap; or discard them: alphapanda dlq discard",
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

    async def plan(
        self,
        topic: str,
        choose: Callable[[FailedRecord], bool],
        options: ReplayOptions,
        *,
        asked_run: str = "",
        instead: Mapping[str, FailedRecord] | None = None,
    ) -> PreparedPlan:
        """Classify the chosen unresolved dead letters of `topic`, and plan an action for each.

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
        if other_groups := {item.newest.group for item in backlog.items.values()} - {"", *lookups.reached}:
            for group in other_groups:
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
                lookups.notes.append("Redis did not answer: orders were looked up in the log only")
            else:
                orders = seen.orders if seen is not None else ()
                lookups.orders = {order.client_order_id: order.status.value for order in orders}
        if self.progress.redis_error:
            lookups.notes.append(f"{self.progress.redis_error} Group progress is known from commits alone")

    async def _market_now(self, view: EventView) -> datetime | None:
        if TICKS not in await self.log.topics():
            return None
        records, _ = await newest(self.log, [TICKS], 1)
        try:
            return event_facts(view.value(records[-1])).ts if records else None
        except DecodeError:
            return None


def policy_target(topic: str, modes: Mapping[str, TradingMode]) -> Target:
    """Return the source of a dead-letter topic for the policy of acts; an unknown broker is live."""
    name = own_name(topic)
    if name is None:
        return Target("")
    source = str(name.source)
    return (
        Target(source) if name.is_shared else Target(source, name.scope, modes.get(name.scope, TradingMode.LIVE))
    )


@asynccontextmanager
async def open_reader(deployment: Deployment, settings: Settings, clock: Clock) -> AsyncIterator[DeadLetterReader]:
    """Connect to the log; raises CheckFailedError, DependencyError."""
    catalogue = catalogue_of(settings)
    async with open_read_log(kafka_options(deployment, settings, clock, "dlq")) as log:
        yield DeadLetterReader(
            log=log,
            view=JsonTranscoder(reading_codec(settings), catalogue),
            declared=_dead_letter_topics(settings),
        )


@asynccontextmanager
async def open_service(
    deployment: Deployment,
    settings: Settings,
    clock: Clock,
    *,
    source: AuditSource,
    on_unwritten: Callable[[str], None],
    changing: bool = True,
) -> AsyncIterator[DeadLetterService]:
    """Connect to Kafka and Redis to classify dead letters and to act on them.

    Args:
        deployment: the folder.
        settings: its settings.
        clock: the time.
        source: the face, for the audit.
        on_unwritten: told why an act could not be recorded.
        changing: whether it may change something: then the cluster must be the deployment's own.

    Raises:
        CheckFailedError: the deployment was never started.
        ConfigError: `dlq-policy.toml` is wrong.
        DependencyError: a server does not answer, or the ledger is missing.
        RefusedError: it is another deployment's cluster.
    """
    options = replace(kafka_options(deployment, settings, clock, "dlq"), batch_bytes=BATCH_BYTES)
    redis_url = endpoints_of(deployment, settings, clock).redis_url
    catalogue, codec = catalogue_of(settings), reading_codec(settings)
    async with (
        open_log(options) as log,
        open_group_progress(options, redis_url) as progress,
        open_redis(redis_url) as redis,
        Cluster.connect(options.bootstrap_servers, request_timeout_ms=options.request_timeout_ms) as cluster,
    ):
        if changing:
            check_pin(deployment, settings, await log.identity(), changing=True)
            if LEDGER not in await log.topics():
                raise DependencyError(f"There is no topic {LEDGER}.", hint="Run: alphapanda topics bootstrap")
        yield DeadLetterService(
            log=log,
            view=JsonTranscoder(codec, catalogue),
            declared=_dead_letter_topics(settings),
            cluster=cluster,
            progress=progress,
            views=Views(redis),
            catalogue=catalogue,
            modes={name: broker.kind.mode for name, broker in settings.brokers.items()},
            deployment=deployment,
            settings=settings,
            clock=clock,
            audit=Audit(lambda: nullcontext(log), clock, source=source, on_unwritten=on_unwritten),
            policy=load_policy(deployment.root, clock.now()),
            codec=codec,
        )


def _dead_letter_topics(settings: Settings) -> frozenset[str]:
    return frozenset(str(spec.name) for spec in declared_topics(settings) if spec.name.dlq)
