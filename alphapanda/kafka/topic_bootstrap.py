"""Bringing a cluster to its declaration: creating missing topics, or applying a reviewed plan."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from alphapanda.kafka.topic_admin import Cluster, Progress, no_progress
from topics.errors import DependencyError, RefusedError
from topics.plan import Change, Create, PlanObstacle, TopicPlan, check_fresh, make_plan
from topics.spec import TopicSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapReport:
    """The topics that bootstrapping found and made.

    Attributes:
        cluster_id: which cluster it was.
        made: topics that were not there.
        present: topics that were.
        drift: how those differ from their declaration; bootstrapping leaves them as they are.
        undeclared: topics that nobody declared.
    """

    cluster_id: str
    made: tuple[str, ...]
    present: tuple[str, ...]
    drift: tuple[str, ...]
    undeclared: tuple[str, ...]


async def plan_for(
    cluster: Cluster, declared: Sequence[TopicSpec], *, made_at: datetime, only: Container[str] | None = None
) -> TopicPlan:
    """Return the plan that makes the cluster as `declared`; `only` restricts it to some of the topics."""
    live = await cluster.read(configs_of=[str(spec.name) for spec in declared])
    return make_plan(declared, live, made_at=made_at, only=only)


async def bootstrap(
    cluster: Cluster, declared: Sequence[TopicSpec], *, made_at: datetime, progress: Progress = no_progress
) -> BootstrapReport:
    """Create the declared topics that do not exist; change none that does.

    Raises:
        DependencyError: a topic cannot be made as declared on this cluster.
    """
    plan = await plan_for(cluster, declared, made_at=made_at)
    report = report_of(plan)
    await cluster.apply([change for change in plan.changes if isinstance(change, Create)], progress)
    return report


def report_of(plan: TopicPlan) -> BootstrapReport:
    """Return the topics that `plan` makes and leaves; raises DependencyError if one cannot be made."""
    blocked = [entry for entry in plan.unfixable if entry.obstacle is PlanObstacle.TOO_FEW_NODES]
    if blocked:
        raise DependencyError(
            f"{blocked[0].topic} cannot be as declared: {blocked[0].reason}.",
            hint="Set REDPANDA_BROKER_COUNT to the number of nodes.",
        )
    made = tuple(change.topic for change in plan.changes if isinstance(change, Create))
    drifted = [change.topic for change in plan.changes if not isinstance(change, Create)]
    drifted += [entry.topic for entry in plan.unfixable]
    return BootstrapReport(
        cluster_id=plan.cluster_id,
        made=made,
        present=tuple(name for name in plan.declared if name not in set(made)),
        drift=tuple(dict.fromkeys(drifted)),
        undeclared=plan.undeclared,
    )


async def apply_plan(
    cluster: Cluster, plan: TopicPlan, *, allow_dangerous: bool, progress: Progress = no_progress
) -> tuple[Change, ...]:
    """Make the changes of `plan`, all or none of them begun, and return them.

    Raises:
        RefusedError: the cluster is another or has moved since, or a change is dangerous and that is not allowed.
        DependencyError: the cluster refused a change.
    """
    check_fresh(plan, await cluster.read(configs_of=plan.declared))
    if plan.dangerous and not allow_dangerous:
        first = plan.dangerous[0]
        raise RefusedError(
            f"{len(plan.dangerous)} of {len(plan.changes)} changes are dangerous, the first to {first.topic}: "
            f"{first.danger}.",
            hint="Look at them with alphapanda topics plan, then apply with --allow-dangerous.",
        )
    await cluster.apply(plan.changes, progress)
    return plan.changes
