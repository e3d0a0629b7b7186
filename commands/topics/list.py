"""`alphapanda topics list` and `describe`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from alphapanda.operations.topics import TopicStatus
from alphapanda.settings.model import declared_topics
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Output, Style
from commands.topics._views import open_topics, retention_text, state_style
from topics.catalogue import TopicSpec
from topics.live import LiveTopic
from topics.plan import same_value

_COLUMNS = (
    Column("topic", "TOPIC"),
    Column("partitions", "PARTITIONS", right=True),
    Column("copies", "COPIES", right=True),
    Column("keeps", "KEEPS"),
    Column("policy", "POLICY"),
    Column("key", "KEY"),
)
_STATE = Column("state", "STATE", style=state_style)
_PARTITION_COLUMNS = (Column("partition", "PARTITION", right=True), Column("nodes", "NODES"), Column("led", "LED"))
_CONFIG_COLUMNS = (
    Column("config", "CONFIG"),
    Column("value", "VALUE"),
    Column("declared", "DECLARED"),
    Column("state", "STATE", style=lambda value: Style.WARN if value == "drift" else None),
)


def list_(
    call: typer.Context,
    dlq: Annotated[bool, typer.Option("--dlq", help="Dead-letter topics too.")] = False,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Undeclared topics too.")] = False,
    declared: Annotated[bool, typer.Option("--declared", help="Only the catalogue; Kafka is not needed.")] = False,
    json: JsonOption = False,
) -> None:
    """List the deployment's topics as declared, and their state on the cluster.

    Example: alphapanda topics list --dlq
    """
    context = Context.of(call, json=json)
    specs = [spec for spec in declared_topics(context.settings()) if dlq or everything or not spec.name.dlq]
    if declared:
        rows: list[Mapping[str, object]] = [_declared_row(spec) for spec in specs]
    else:
        rows = [_row(one) for one in context.run(_statuses(context, specs, everything=everything))]
    columns = _COLUMNS if declared else (*_COLUMNS, _STATE)
    context.output.table("topics", rows, columns, empty="No topics.")


async def _statuses(context: Context, specs: Sequence[TopicSpec], *, everything: bool) -> list[TopicStatus]:
    async with open_topics(context) as operations:
        return await operations.statuses(specs, undeclared=everything)


def _declared_row(spec: TopicSpec) -> dict[str, object]:
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


def _row(status: TopicStatus) -> Mapping[str, object]:
    row = _declared_row(status.spec) if status.spec else {"topic": status.name, "event_type": None, "key": None}
    if status.live is not None:
        row |= _live_part(status.live)
    return {**row, "state": status.state.value}


def _live_part(topic: LiveTopic) -> dict[str, object]:
    part: dict[str, object] = {"partitions": topic.partitions, "copies": topic.replication_factor}
    if retention := topic.configs.get("retention.ms"):
        part |= {"retention_ms": int(retention.value), "keeps": retention_text(int(retention.value))}
    if policy := topic.configs.get("cleanup.policy"):
        part["policy"] = policy.value
    return part


def describe(
    call: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic's name.")],
    everything: Annotated[bool, typer.Option("--all", "-a", help="Every config, also the defaults.")] = False,
    json: JsonOption = False,
) -> None:
    """Show one topic: its purpose, its partitions, and its configs, declared and real.

    Example: alphapanda topics describe market.ticks
    """
    context = Context.of(call, json=json)
    spec, found = context.run(_topic(context, topic))
    facts, partitions = _facts(topic, spec, found), _partitions(found)
    configs = _configs(spec, found, everything or json)
    if json:
        context.output.document("topic", {**facts, "partition_list": partitions, "configs": configs})
    else:
        _show(context.output, facts, partitions, configs)


async def _topic(context: Context, name: str) -> tuple[TopicSpec | None, LiveTopic | None]:
    async with open_topics(context) as operations:
        return await operations.topic(name)


def _facts(name: str, spec: TopicSpec | None, found: LiveTopic | None) -> dict[str, object]:
    facts: dict[str, object] = {"topic": name, "declared": spec is not None, "present": found is not None}
    if spec is not None:
        facts |= {
            "description": spec.description,
            "event_type": spec.event_type,
            "payload": spec.payload,
            "key": spec.key,
            "producers": list(spec.producers),
            "consumers": list(spec.consumers),
            "declared_partitions": spec.partitions,
            "declared_copies": spec.replication_factor,
        }
    if found is not None:
        facts |= {"partitions": found.partitions, "copies": found.replication_factor}
    return facts


def _partitions(found: LiveTopic | None) -> list[Mapping[str, object]]:
    if found is None:
        return []
    return [
        {"partition": number, "nodes": list(nodes), "led": number not in found.leaderless}
        for number, nodes in enumerate(found.replicas)
    ]


def _configs(spec: TopicSpec | None, found: LiveTopic | None, everything: bool) -> list[Mapping[str, object]]:
    wanted = dict(spec.configs) if spec else {}
    real = dict(found.configs) if found else {}
    rows: list[Mapping[str, object]] = []
    for key in sorted({*wanted, *real}):
        now, after = real.get(key), wanted.get(key)
        if not everything and after is None and (now is None or not now.own):
            continue
        differs = now is not None and (not same_value(key, now.value, after) if after is not None else now.own)
        rows.append(
            {
                "config": key,
                "value": now.value if now else None,
                "declared": after,
                "own": now.own if now else False,
                "state": "drift" if differs else "ok",
            }
        )
    return rows


def _show(
    output: Output,
    facts: Mapping[str, object],
    partitions: list[Mapping[str, object]],
    configs: list[Mapping[str, object]],
) -> None:
    output.record("topic", facts)
    if partitions:
        output.lines([""])
        output.table("partitions", partitions, _PARTITION_COLUMNS, empty="")
    if configs:
        output.lines([""])
        output.table("configs", configs, _CONFIG_COLUMNS, empty="")
