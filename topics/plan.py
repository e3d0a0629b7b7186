"""The plan of changes that bring a cluster to its declaration, and its file: reviewable, never a deletion."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from topics.errors import RefusedError, UsageError
from topics.live import LiveState, LiveTopic
from topics.spec import TopicSpec

_FOREIGN_CONFIGS = ("redpanda.", "confluent.")
"""Configs that a vendor's server sets on topics by itself; they are neither declared nor removed."""

_LISTS = frozenset({"cleanup.policy"})


class Create(msgspec.Struct, frozen=True, kw_only=True, tag="create"):
    """Make a topic that is not there."""

    topic: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]
    danger: str = ""


class SetConfig(msgspec.Struct, frozen=True, kw_only=True, tag="set-config"):
    """Set one config of a topic; the others stay as they are."""

    topic: str
    key: str
    before: str
    after: str
    danger: str = ""


class DeleteConfig(msgspec.Struct, frozen=True, kw_only=True, tag="delete-config"):
    """Take one config off a topic, so that the cluster's default holds again."""

    topic: str
    key: str
    before: str
    danger: str = ""


class GrowPartitions(msgspec.Struct, frozen=True, kw_only=True, tag="grow-partitions"):
    """Give a topic more partitions."""

    topic: str
    before: int
    after: int
    danger: str = "keys move to other partitions: a key's old and new records are no longer in one order"


class ChangeReplication(msgspec.Struct, frozen=True, kw_only=True, tag="change-replication"):
    """Hold more or fewer copies of each partition."""

    topic: str
    before: int
    after: int
    danger: str = "all data of the topic is copied between nodes, or copies are dropped"


Change: TypeAlias = Create | SetConfig | DeleteConfig | GrowPartitions | ChangeReplication


class PlanObstacle(StrEnum):
    """Why a difference stays."""

    TOO_FEW_NODES = "too-few-nodes"
    TOO_MANY_PARTITIONS = "too-many-partitions"


class Unfixable(msgspec.Struct, frozen=True, kw_only=True):
    """A difference that no change can mend: what, and why not."""

    topic: str
    obstacle: PlanObstacle
    reason: str


class TopicPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Every difference between what is declared and what is.

    Attributes:
        cluster_id: the cluster it was made for; it is applied to no other.
        fingerprint: of the state it was made from.
        made_at: when.
        declared: the topics it is about.
        changes: what to do, in this order.
        unfixable: what differs and stays so.
        undeclared: topics that are there and not declared; shown, never touched.
    """

    cluster_id: str
    fingerprint: str
    made_at: datetime
    declared: tuple[str, ...]
    changes: tuple[Change, ...]
    unfixable: tuple[Unfixable, ...]
    undeclared: tuple[str, ...]

    @property
    def dangerous(self) -> tuple[Change, ...]:
        """The changes that can lose data or order, or that load the cluster."""
        return tuple(change for change in self.changes if change.danger)

    @property
    def in_step(self) -> bool:
        """Whether the cluster matches the catalogue."""
        return not self.changes and not self.unfixable


def make_plan(
    declared: Iterable[TopicSpec], live: LiveState, *, made_at: datetime, only: Container[str] | None = None
) -> TopicPlan:
    """Return what would make `live` as `declared`.

    Args:
        declared: every topic that should be there.
        live: the cluster, with the configs of those that are.
        made_at: now.
        only: the topics to look at; None is all.
    """
    known = {str(spec.name): spec for spec in declared}
    specs = {name: spec for name, spec in known.items() if only is None or name in only}
    changes: list[Change] = []
    unfixable: list[Unfixable] = []
    for name, spec in specs.items():
        for difference in _differences(spec, live.topics.get(name), nodes=len(live.nodes)):
            if isinstance(difference, Unfixable):
                unfixable.append(difference)
            else:
                changes.append(difference)
    return TopicPlan(
        cluster_id=live.cluster_id,
        fingerprint=live.fingerprint(specs),
        made_at=made_at,
        declared=tuple(specs),
        changes=tuple(changes),
        unfixable=tuple(unfixable),
        undeclared=tuple(sorted(set(live.topics) - set(known))),
    )


def _differences(spec: TopicSpec, live: LiveTopic | None, *, nodes: int) -> Iterator[Change | Unfixable]:
    name = str(spec.name)
    if spec.replication_factor > nodes:
        yield Unfixable(
            topic=name,
            obstacle=PlanObstacle.TOO_FEW_NODES,
            reason=f"{spec.replication_factor} copies are declared, the cluster has {_nodes(nodes)}",
        )
    if live is None:
        if spec.replication_factor <= nodes:
            yield Create(
                topic=name,
                partitions=spec.partitions,
                replication_factor=spec.replication_factor,
                configs=dict(spec.configs),
            )
        return
    if spec.partitions > live.partitions:
        yield GrowPartitions(topic=name, before=live.partitions, after=spec.partitions)
    elif spec.partitions < live.partitions:
        yield Unfixable(
            topic=name,
            obstacle=PlanObstacle.TOO_MANY_PARTITIONS,
            reason=f"it has {live.partitions} partitions, {spec.partitions} are declared: none can be taken",
        )
    copies = ChangeReplication(topic=name, before=live.replication_factor, after=spec.replication_factor)
    if copies.before < copies.after <= nodes:
        yield copies  # first the copies, then the configs that count on them
    yield from _config_differences(spec, live)
    if copies.before > copies.after:
        yield copies


def _config_differences(spec: TopicSpec, live: LiveTopic) -> Iterator[Change | Unfixable]:
    name = str(spec.name)
    for key, after in spec.configs.items():
        now = live.configs.get(key)
        if now is None:
            continue  # this server does not know the config, so it cannot be set
        if not same_value(key, now.value, after):
            yield SetConfig(
                topic=name, key=key, before=now.value, after=after, danger=_danger(key, now.value, after)
            )
    for key, value in sorted(live.own_configs.items()):
        if key not in spec.configs and not key.startswith(_FOREIGN_CONFIGS):
            yield DeleteConfig(topic=name, key=key, before=value)


def same_value(key: str, first: str, second: str) -> bool:
    """Whether two spellings of a config mean the same."""
    if key in _LISTS:
        return {part.strip() for part in first.split(",")} == {part.strip() for part in second.split(",")}
    return first == second


def _danger(key: str, before: str, after: str) -> str:
    if key == "cleanup.policy":
        return "records that the old policy kept may be dropped"
    if key in {"retention.ms", "retention.bytes"} and _limit(after) < _limit(before):
        return "records older than the new retention are dropped"
    if key == "max.message.bytes" and _limit(after) < _limit(before):
        return "records larger than the new limit are refused"
    if key == "min.insync.replicas" and _limit(after) < _limit(before):
        return "a record is acknowledged with fewer copies"
    return ""


def _limit(text: str) -> float:
    """Return a limit as a number; -1 is none."""
    try:
        number = int(text)
    except ValueError:
        return 0.0
    return float("inf") if number < 0 else float(number)


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'}"


def describe(change: Change) -> str:
    """Return one line for people: what happens to which topic, old → new."""
    match change:
        case Create():
            return f"create {change.topic}: {change.partitions} partitions, {change.replication_factor} copies"
        case SetConfig():
            return f"{change.topic}: {change.key} {change.before} → {change.after}"
        case DeleteConfig():
            return f"{change.topic}: {change.key} {change.before} → the cluster's default"
        case GrowPartitions():
            return f"{change.topic}: partitions {change.before} → {change.after}"
        case ChangeReplication():
            return f"{change.topic}: copies {change.before} → {change.after}"


_FORMAT = 1
_AGAIN = "Make a new one: alphapanda topics plan --out FILE"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    digest: str
    plan: TopicPlan


def encode_plan(plan: TopicPlan) -> bytes:
    """Return `plan` as JSON that people can read, with a digest that shows whether it was edited."""
    document = _File(_FORMAT, _digest(plan), plan)
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2) + b"\n"


def decode_plan(data: bytes) -> TopicPlan:
    """Return the plan in `data`; raises UsageError if it is none, RefusedError if it was edited."""
    try:
        document = msgspec.json.decode(data, type=_File)
    except msgspec.MsgspecError as error:
        raise UsageError(f"This is not a plan: {error}.", hint=_AGAIN) from error
    if document.format != _FORMAT:
        raise UsageError(f"This plan has format {document.format}, not {_FORMAT}.", hint=_AGAIN)
    if document.digest != _digest(document.plan):
        raise RefusedError("This plan was changed after it was made.", hint=_AGAIN)
    return document.plan


def check_fresh(plan: TopicPlan, live: LiveState) -> None:
    """Raise RefusedError unless `live` is the cluster and state that `plan` was made from."""
    if plan.cluster_id != live.cluster_id:
        raise RefusedError(
            f"The plan is for cluster {plan.cluster_id}, this is cluster {live.cluster_id}.",
            hint="Point this deployment at the plan's cluster, or make a new plan.",
        )
    if plan.fingerprint != live.fingerprint(plan.declared):
        raise RefusedError(
            f"The topics of cluster {live.cluster_id} have changed since the plan was made "
            f"({plan.made_at.isoformat(timespec='seconds')}).",
            hint=_AGAIN,
        )


def _digest(plan: TopicPlan) -> str:
    return hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()
