"""`alphapanda topics describe`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Output, Style

if TYPE_CHECKING:
    from topics.catalogue import TopicSpec
    from topics.live import LiveState, LiveTopic

_PARTITION_COLUMNS = (Column("partition", "PARTITION", right=True), Column("nodes", "NODES"), Column("led", "LED"))
_CONFIG_COLUMNS = (
    Column("config", "CONFIG"),
    Column("value", "VALUE"),
    Column("declared", "DECLARED"),
    Column("state", "STATE", style=lambda value: Style.WARN if value == "drift" else None),
)


def describe(
    call: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A topic's name.")],
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Every config, the cluster's defaults, too.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show one topic: what it is for, its partitions, and its configs, declared and real.

    Example: alphapanda topics describe market.ticks
    """
    from commands.topics._session import choose, spec_by_name, topics_of

    context = Context.of(call, json=json)
    declared = topics_of(context)
    live = context.run(_read(context, topic))
    choose([topic], declared, live)
    spec, found = spec_by_name(declared, topic), live.topics.get(topic)
    facts = _facts(topic, spec, found)
    partitions = _partitions(found)
    configs = _configs(spec, found, everything or json)
    if json:
        context.output.document("topic", {**facts, "partition_list": partitions, "configs": configs})
    else:
        _show(context.output, facts, partitions, configs)


async def _read(context: Context, topic: str) -> LiveState:
    from commands.topics._session import connected

    async with connected(context) as cluster:
        return await cluster.read(configs_of=[topic])


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
    from topics.plan import same_value

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
