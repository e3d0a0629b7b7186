"""The deployment's topics on its cluster: compare them with the catalogue, plan, apply, bootstrap, import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import UnknownNameError
from alphapanda.kafka.topic_admin import Cluster, Progress, no_progress
from alphapanda.kafka.topic_bootstrap import BootstrapReport, bootstrap, plan_for, report_of
from alphapanda.kafka.topic_bootstrap import apply_plan as make_changes
from alphapanda.operations.audit import Audit
from alphapanda.operations.servers import check_pin, endpoints_of
from alphapanda.settings import Settings
from alphapanda.settings.model import declared_topics
from topics.live import LiveState, LiveTopic
from topics.plan import Change, TopicPlan, check_fresh, describe, make_plan
from topics.spec import TopicSpec


class TopicState(StrEnum):
    """One topic of the cluster against its declaration."""

    OK = "ok"
    MISSING = "missing"
    DRIFT = "drift"
    UNDECLARED = "undeclared"
    LEADERLESS = "leaderless"


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """A topic, declared or on the cluster or both.

    Attributes:
        name: the topic's.
        spec: its declaration; None without one.
        live: the topic on the cluster; None where it is missing.
        state: the one against the other.
    """

    name: str
    spec: TopicSpec | None
    live: LiveTopic | None
    state: TopicState


class TopicOperations:
    """The acts on a deployment's topics. Made by `TopicOperations.connect`.

    Attributes:
        declared: the topics that the active brokers need.
    """

    def __init__(self, cluster: Cluster, declared: Sequence[TopicSpec], clock: Clock, audit: Audit) -> None:
        self._cluster = cluster
        self.declared = tuple(declared)
        self._clock = clock
        self._audit = audit

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, deployment: Deployment, settings: Settings, clock: Clock, audit: Audit, *, changing: bool = False
    ) -> AsyncIterator[Self]:
        """Stay connected to the deployment's cluster while the block runs.

        Args:
            deployment: the folder.
            settings: its settings.
            clock: the time.
            audit: where acts are recorded.
            changing: whether the cluster is changed; the first act that does so pins an external one.

        Raises:
            CheckFailedError: the deployment was never started.
            DependencyError: Kafka cannot be reached.
            RefusedError: it is another cluster than this deployment's.
        """
        servers = endpoints_of(deployment, settings, clock).bootstrap_servers
        async with Cluster.connect(servers, request_timeout_ms=settings.kafka.request_timeout_ms) as cluster:
            live = await cluster.read()
            check_pin(deployment, settings, live.cluster_id, changing=changing)
            yield cls(cluster, declared_topics(settings), clock, audit)

    async def statuses(self, specs: Sequence[TopicSpec], *, undeclared: bool = False) -> list[TopicStatus]:
        """Return the status of the topics of `specs`; with `undeclared` also of topics without a declaration."""
        live = await self._cluster.read(configs_of=[str(spec.name) for spec in self.declared])
        plan = make_plan(self.declared, live, made_at=self._clock.now())
        found = [
            TopicStatus(name, spec, live.topics.get(name), _state_of(name, plan, live))
            for spec in specs
            for name in (str(spec.name),)
        ]
        if undeclared:
            others = await self._cluster.read(configs_of=plan.undeclared)
            found += [
                TopicStatus(name, None, others.topics[name], TopicState.UNDECLARED)
                for name in plan.undeclared
                if name in others.topics
            ]
        return found

    async def topic(self, name: str) -> tuple[TopicSpec | None, LiveTopic | None]:
        """Return a topic's declaration and the topic on the cluster; raises UnknownNameError for neither."""
        live = await self._cluster.read(configs_of=[name])
        self._check_known([name], live)
        return next((spec for spec in self.declared if str(spec.name) == name), None), live.topics.get(name)

    async def plan(self, only: Collection[str] = ()) -> TopicPlan:
        """Return the changes that would bring the cluster to the catalogue, of all topics or only some.

        Raises UnknownNameError for a topic that is neither declared nor on the cluster.
        """
        if only:
            self._check_known(only, await self._cluster.read())
        return await plan_for(self._cluster, self.declared, made_at=self._clock.now(), only=set(only) or None)

    async def check_fresh(self, plan: TopicPlan) -> None:
        """Refuse a plan that the cluster no longer agrees with; raises RefusedError."""
        check_fresh(plan, await self._cluster.read(configs_of=plan.declared))

    async def apply_plan(
        self, plan: TopicPlan, reason: str, progress: Progress = no_progress
    ) -> tuple[Change, ...]:
        """Make the changes of a plan, dangerous ones too; raises RefusedError, DependencyError."""
        details = {"changes": "; ".join(describe(change) for change in plan.changes)}
        target = f"cluster {plan.cluster_id}"
        async with self._audit.audited("topics apply", target, reason=reason, details=details):
            return await make_changes(self._cluster, plan, allow_dangerous=True, progress=progress)

    async def preview_bootstrap(self) -> BootstrapReport:
        """Return what a bootstrap would make; raises DependencyError for a topic that cannot be made."""
        return report_of(await self.plan())

    async def create_missing(self, reason: str, progress: Progress = no_progress) -> BootstrapReport:
        """Make the declared topics that are missing, change no other, and record it; raises DependencyError."""
        report = await self.preview_bootstrap()
        if not report.made:
            return report
        details, target = {"made": ",".join(report.made)}, f"cluster {report.cluster_id}"
        async with self._audit.audited("topics bootstrap", target, reason=reason, details=details):
            return await bootstrap(self._cluster, self.declared, made_at=self._clock.now(), progress=progress)

    async def to_import(self, names: Sequence[str]) -> list[LiveTopic]:
        """Return the topics of these names, or all undeclared ones, with their configs."""
        live = await self._cluster.read()
        self._check_known(names, live)
        declared = {str(spec.name) for spec in self.declared}
        chosen = list(names) or sorted(set(live.topics) - declared)
        live = await self._cluster.read(configs_of=chosen)
        return [live.topics[name] for name in chosen if name in live.topics]

    def _check_known(self, names: Collection[str], live: LiveState) -> None:
        known = {*(str(spec.name) for spec in self.declared), *live.topics}
        for name in names:
            if name not in known:
                raise UnknownNameError("topic", name, known, hint="List them: alphapanda topics list --all")


def _state_of(name: str, plan: TopicPlan, live: LiveState) -> TopicState:
    topic = live.topics.get(name)
    if topic is None:
        return TopicState.MISSING
    if topic.leaderless:
        return TopicState.LEADERLESS
    drifted = {change.topic for change in plan.changes} | {entry.topic for entry in plan.unfixable}
    return TopicState.DRIFT if name in drifted else TopicState.OK
