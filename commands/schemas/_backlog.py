"""The preflight of `schemas check` and `schemas register`: the open dead letters, tried with the new schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from alphapanda.errors import CheckFailedError, DependencyError
from commands.shell.context import Context
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.kafka.log import ReadableLog
    from alphapanda.model.kinds import EventType
    from alphapanda.operations.schemas.preflight import SchemaPreflight
    from alphapanda.serialization.avro import SchemaOf
    from topics.names import TopicName

LEDGER = "system.dlq-ledger"

COLUMNS = (
    Column("topic", "DEAD LETTERS OF"),
    Column("open", "OPEN", right=True),
    Column("readable", "READABLE", right=True),
    Column("unreadable", "NEVER READABLE", right=True),
    Column("broken", "BROKEN", right=True, style=lambda count: Style.BAD if count else None),
)

Trials = Sequence[tuple["TopicName", "EventType", str, str]]
"""Topic, kind, the schema of today, the new one."""


async def try_backlog(context: Context, trials: Trials) -> list[SchemaPreflight]:
    """Try the open dead letters of each topic with both schemas; raises DependencyError without Kafka."""
    from alphapanda.kafka.client import open_read_log
    from alphapanda.operations.schemas.preflight import settled_letters
    from commands.shell.reading import kafka_options

    try:
        options = kafka_options(context, "schemas")
    except CheckFailedError:
        context.output.say("Nothing was ever started here, so there are no dead letters to try.")
        return []
    found: list[SchemaPreflight] = []
    try:
        async with open_read_log(options) as log:
            settled = await settled_letters(log, LEDGER)
            with context.output.progress().task("dead letters", len(trials), "topics") as advance:
                for trial in trials:
                    found.append(await _try(context, log, trial, settled))
                    advance(1)
    except DependencyError as error:
        raise type(error)(
            f"The dead letters cannot be tried: {error.message}",
            hint=f"{error.hint} Or leave them out: --skip-preflight".strip(),
        ) from error
    return found


async def _try(
    context: Context, log: ReadableLog, trial: tuple[TopicName, EventType, str, str], settled: frozenset[str]
) -> SchemaPreflight:
    from alphapanda.operations.schemas.preflight import Trial, preflight

    topic, kind, before, after = trial
    schema_of = _schema_of(context)
    trials = Trial(kind, before, schema_of), Trial(kind, after, schema_of)
    return await preflight(log, str(topic.dead_letters), *trials, settled=settled)


def _schema_of(context: Context) -> SchemaOf:
    from alphapanda.errors import DecodeError
    from alphapanda.serialization.codec_factory import SchemaCache

    url = context.settings().schema_registry_url.get_secret_value()
    if url:
        return SchemaCache(url)

    def nobody(schema_id: int) -> str:
        raise DecodeError(f"It was written with schema {schema_id}, and no registry is named.")

    return nobody


def rows_of(found: Sequence[SchemaPreflight]) -> list[Mapping[str, object]]:
    """Return what was found, for `--json` and for people."""
    return [
        {
            "topic": one.topic,
            "open": one.open,
            "readable": one.readable,
            "unreadable": one.unreadable,
            "broken": one.broken_count,
            "first_broken": [{"position": str(each.at), "why": each.why} for each in one.broken],
        }
        for one in found
    ]


def show_backlog(context: Context, found: Sequence[SchemaPreflight]) -> None:
    """Show people what was found; nothing where there is no dead letter."""
    output, open_ = context.output, [one for one in found if one.open]
    if output.as_json or not found:
        return
    if not open_:
        output.say("There are no open dead letters.")
        return
    output.lines(["", *output.render(rows_of(open_), COLUMNS)])
    for one in open_:
        for each in one.broken:
            output.say(f"{each.at}: {each.why}")


def fail_on_broken(found: Sequence[SchemaPreflight]) -> None:
    """Raise CheckFailedError when the new schemas cannot read what those of today can."""
    broken = [one for one in found if one.broken_count]
    if broken:
        count = sum(one.broken_count for one in broken)
        raise CheckFailedError(
            f"{count} open dead letters would not be readable any more: {', '.join(one.topic for one in broken)}.",
            hint=f"Deal with them first (alphapanda dlq list {broken[0].topic}), or give new fields a default.",
        )
