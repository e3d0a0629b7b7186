"""`alphapanda topics list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column

if TYPE_CHECKING:
    from topics.catalogue import TopicSpec
    from topics.live import LiveState, LiveTopic
    from topics.plan import TopicPlan


def list_(
    call: typer.Context,
    dlq: Annotated[bool, typer.Option("--dlq", help="Dead-letter topics, too.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Those that nobody declared, too.")] = False,
    declared: Annotated[
        bool, typer.Option("--declared", help="Only what the catalogue says; Kafka need not be there.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List the deployment's topics: what is declared, and whether the cluster has it so.

    Example: alphapanda topics list --dlq
    """
    from commands.topics._session import topics_of
    from commands.topics._views import state_style

    context = Context.of(call, json=json)
    known = topics_of(context)
    specs = [spec for spec in known if dlq or everything or not spec.name.dlq]
    if declared:
        rows = [_declared_row(spec) for spec in specs]
    else:
        rows = context.run(_rows(context, known, specs, everything=everything))
    columns = [
        Column("topic", "TOPIC"),
        Column("partitions", "PARTITIONS", right=True),
        Column("copies", "COPIES", right=True),
        Column("keeps", "KEEPS"),
        Column("policy", "POLICY"),
        Column("key", "KEY"),
    ]
    if not declared:
        columns.append(Column("state", "STATE", style=state_style))
    context.output.table("topics", rows, columns, empty="No topics.")


async def _rows(
    context: Context, known: Sequence[TopicSpec], specs: Sequence[TopicSpec], *, everything: bool
) -> list[Mapping[str, object]]:
    from commands.topics._session import connected
    from topics.plan import make_plan

    async with connected(context) as cluster:
        live = await cluster.read(configs_of=[str(spec.name) for spec in known])
        plan = make_plan(known, live, made_at=context.clock.now())
        rows = [_row(spec, live, plan) for spec in specs]
        if everything:
            others = await cluster.read(configs_of=plan.undeclared)
            rows += [_undeclared_row(others.topics[name]) for name in plan.undeclared if name in others.topics]
    return rows


def _declared_row(spec: TopicSpec) -> Mapping[str, object]:
    from commands.topics._views import retention_text

    return {
        "topic": str(spec.name),
        "event_type": spec.event_type,
        "partitions": spec.partitions,
        "copies": spec.replication_factor,
        "retention_ms": spec.retention_ms,
        "keeps": retention_text(spec.retention_ms),
        "policy": spec.configs["cleanup.policy"],
        "key": spec.key,
    }


def _row(spec: TopicSpec, live: LiveState, plan: TopicPlan) -> Mapping[str, object]:
    from commands.topics._views import state_of

    name = str(spec.name)
    topic = live.topics.get(name)
    seen = _seen(topic) if topic is not None else {}
    return {**_declared_row(spec), **seen, "state": state_of(name, plan, live)}


def _undeclared_row(topic: LiveTopic) -> Mapping[str, object]:
    return {"topic": topic.name, "event_type": None, **_seen(topic), "key": None, "state": "undeclared"}


def _seen(topic: LiveTopic) -> dict[str, object]:
    from commands.topics._views import retention_text

    seen: dict[str, object] = {"partitions": topic.partitions, "copies": topic.replication_factor}
    if retention := topic.configs.get("retention.ms"):
        seen |= {"retention_ms": int(retention.value), "keeps": retention_text(int(retention.value))}
    if policy := topic.configs.get("cleanup.policy"):
        seen["policy"] = policy.value
    return seen
