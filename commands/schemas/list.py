"""`alphapanda schemas list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands.schemas._options import OfflineOption
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.model.kinds import EventType
    from alphapanda.serialization.schema_files import CommittedSchema
    from alphapanda.serialization.subjects import Subject
    from commands.schemas._session import Chosen

_STYLES = {"differs": Style.WARN, "registered": Style.GOOD}
COLUMNS = (
    Column("topic", "TOPIC"),
    Column("event_type", "EVENT TYPE"),
    Column("format", "WRITTEN AS"),
    Column("in_step", "IN STEP", style=lambda value: None if value else Style.WARN),
    Column("registry", "REGISTRY", style=lambda word: _STYLES.get(str(word))),
    Column("version", "VERSION", right=True),
    Column("id", "ID", right=True),
    Column("compatibility", "COMPATIBILITY"),
)


def list_(call: typer.Context, offline: OfflineOption = False, json: JsonOption = False) -> None:
    """List the schema of every topic: whether it is in step with its struct, and what the registry has of it.

    Example: alphapanda schemas list --offline
    """
    from commands.schemas._session import choose, has_registry, kept_schemas

    context = Context.of(call, json=json)
    chosen, kept = choose(context, None, everything=True), kept_schemas(None)
    asked = not offline and has_registry(context)
    subjects = context.run(_look(context, chosen, kept)) if asked else [None] * len(chosen)
    avro = _avro_topics(context)
    rows = [
        {
            "topic": str(topic),
            "event_type": kind.value,
            "format": "avro" if str(topic) in avro else "json",
            "in_step": kept[kind].in_step,
            "subject": f"{topic}-value",
            "registry": subject.standing.value if subject else None,
            "version": subject.latest.version if subject and subject.latest else None,
            "id": subject.latest.id if subject and subject.latest else None,
            "compatibility": subject.level.value if subject and subject.latest else None,
        }
        for (topic, kind), subject in zip(chosen, subjects, strict=True)
    ]
    context.output.table("schemas", rows, COLUMNS, empty="There are no topics.")
    if not asked and not offline:
        context.output.say("No registry is named: SCHEMA_REGISTRY_URL=http://host:8081.")


async def _look(context: Context, chosen: Chosen, kept: dict[EventType, CommittedSchema]) -> list[Subject]:
    from commands.schemas._session import look_at, registry_of

    async with registry_of(context) as registry:
        return await look_at(registry, chosen, kept)


def _avro_topics(context: Context) -> frozenset[str]:
    from alphapanda.serialization.codec_factory import avro_topics
    from alphapanda.settings.model import catalogue_of

    settings = context.settings()
    return avro_topics(settings, catalogue_of(settings))
