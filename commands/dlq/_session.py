"""What the verbs of `dlq` start from: the log, the workbench over it, and the selection that was typed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphapanda.errors import UsageError
from commands.shell.context import Context
from commands.shell.reading import endpoints_of, kafka_options

if TYPE_CHECKING:
    from datetime import datetime

    from alphapanda.kafka.client import KafkaLog, KafkaReadLog
    from alphapanda.model.kinds import TradingMode
    from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, FailedRecord
    from alphapanda.operations.dead_letters.policy import Policy
    from alphapanda.operations.dead_letters.record import EventView
    from alphapanda.operations.dead_letters.selection import DeadLetterFilter
    from alphapanda.operations.dead_letters.service import DeadLetterService
    from alphapanda.settings import Settings

BATCH_BYTES = 256 * 1024
"""Replays write in bulk: one request carries hundreds of records."""


@dataclass(frozen=True, slots=True)
class Session:
    """A connected workbench.

    Attributes:
        log: to write to.
        service: to look with.
    """

    log: KafkaLog
    service: DeadLetterService


@asynccontextmanager
async def reading(context: Context) -> AsyncIterator[KafkaReadLog]:
    """Open the log to look."""
    from alphapanda.kafka.client import open_read_log

    async with open_read_log(kafka_options(context, "dlq")) as log:
        yield log


@asynccontextmanager
async def working(context: Context, *, changing: bool) -> AsyncIterator[Session]:
    """Open the log and all that judges; a verb that changes something is held to this deployment's cluster."""
    from dataclasses import replace

    from alphapanda.kafka.client import open_log
    from alphapanda.kafka.topic_admin import Cluster
    from alphapanda.operations.dead_letters.service import DeadLetterService
    from alphapanda.operations.dead_letters.watch import open_group_progress
    from alphapanda.serialization.codec_factory import reading_codec
    from alphapanda.settings.topics import catalogue_of
    from alphapanda.state.store import open_redis
    from alphapanda.state.views import Views
    from commands.topics._pin import check_pin

    settings = context.settings()
    options = replace(kafka_options(context, "dlq"), batch_bytes=BATCH_BYTES)
    redis_url = endpoints_of(context).redis_url
    async with (
        open_log(options) as log,
        open_group_progress(options, redis_url) as progress,
        open_redis(redis_url) as redis,
        Cluster.connect(options.bootstrap_servers, request_timeout_ms=options.request_timeout_ms) as cluster,
    ):
        if changing:
            check_pin(context.deployment, settings, await log.identity(), changing=True)
        service = DeadLetterService(
            log=log,
            cluster=cluster,
            progress=progress,
            views=Views(redis),
            catalogue=catalogue_of(settings),
            modes=modes_of(settings),
            clock=context.clock,
            policy=policy_of(context),
            codec=reading_codec(settings),
        )
        if changing:
            await service.need_ledger()
        yield Session(log, service)


def view_of(context: Context) -> EventView:
    """Return what shows the events in dead letters."""
    from alphapanda.serialization.codec_factory import reading_codec
    from alphapanda.serialization.transcoder import JsonTranscoder
    from alphapanda.settings.topics import catalogue_of

    settings = context.settings()
    return JsonTranscoder(reading_codec(settings), catalogue_of(settings))


def policy_of(context: Context) -> Policy:
    """Return what the deployment's `dlq-policy.toml` says; raises ConfigError where it is wrong."""
    from alphapanda.operations.dead_letters.policy import load_policy

    return load_policy(context.deployment.root, context.clock.now())


def modes_of(settings: Settings) -> dict[str, TradingMode]:
    """Return the configured brokers and how near to real money each is."""
    from alphapanda.model.kinds import TradingMode
    from alphapanda.settings.brokers import BrokerKind

    return {
        name: TradingMode.PAPER if broker.kind is BrokerKind.PAPER else TradingMode.LIVE
        for name, broker in settings.brokers.items()
    }


async def own_topics(context: Context, log: KafkaReadLog) -> tuple[str, ...]:
    """Return the dead-letter topics of this deployment that are there."""
    from commands.topics._session import topics_of

    declared = {str(spec.name) for spec in topics_of(context) if spec.name.dlq}
    return tuple(sorted(declared & await log.topics()))


async def typed_topic(log: KafkaReadLog, typed: str) -> str:
    """Return the dead-letter topic that was typed, by its own name or its source's; raises UnknownNameError."""
    from alphapanda.operations.dead_letters.backlog import resolve

    return resolve(typed, await log.topics())


async def find(context: Context, log: KafkaReadLog, typed: str) -> tuple[FailedRecord, DeadLetterBacklog]:
    """Return the dead letter that was typed, and what was read to find it; raises UnknownNameError, UsageError."""
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.selection import find_in

    topics: Sequence[str] = await own_topics(context, log)
    if typed.count(":") == 2:
        topics = [await typed_topic(log, typed.split(":", maxsplit=1)[0])]
    backlog = await read_backlog(log, topics, view_of(context))
    return find_in(typed, backlog), backlog


def is_topic(typed: str) -> bool:
    """Return whether what was typed is a topic's name; a dead letter's id has no dots, its place has colons."""
    return ("." in typed or "-" in typed) and ":" not in typed


def selection_of(
    context: Context,
    *,
    codes: Sequence[str] | None = None,
    group: str = "",
    since: str = "",
    until: str = "",
    message: str = "",
    where: str = "",
    reasons: Sequence[str] | None = None,
) -> DeadLetterFilter:
    """Return what was typed as a selection; raises UsageError."""
    from alphapanda.operations.dead_letters.selection import DeadLetterFilter
    from alphapanda.query.compiler import compile_expression

    now = context.clock.now()
    return DeadLetterFilter(
        codes=frozenset(codes or ()),
        group=group,
        since=_time("--since", since, now),
        until=_time("--until", until, now),
        message=message,
        where=compile_expression(where, now) if where else None,
        reasons=frozenset(reasons or ()),
    )


def _time(option: str, typed: str, now: datetime) -> datetime | None:
    from alphapanda.query.times import parse_time

    if not typed:
        return None
    try:
        return parse_time(typed, now)
    except UsageError as error:
        raise UsageError(f"{option} {error.message}", hint=error.hint) from None
