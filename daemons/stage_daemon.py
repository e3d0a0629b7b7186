"""What the daemons that run a stage share: the log, the group, Redis and the runner between them."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

import msgspec

from alphapanda.kafka.client import KafkaLog, open_log
from alphapanda.kafka.membership import join_group
from alphapanda.model.envelope import Event
from alphapanda.model.stage import Stage
from alphapanda.pipeline.compose import ComposedStage
from alphapanda.pipeline.kafka_runner import StageRunner, ignore_decision, no_preparation
from alphapanda.pipeline.meter import MetricsMeter
from alphapanda.pipeline.runner_config import NoProjector, Projector, RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec_factory import writing_codec
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of
from alphapanda.state.store import RedisSnapshots, open_redis
from alphapanda.state.views import ViewProjector
from daemons.service import DaemonContext, kafka_options


@dataclass(frozen=True, slots=True, kw_only=True)
class StageHooks:
    """What surrounds a stage in its daemon.

    Attributes:
        views: what people look at, by key, at a moment; None for stages without views.
        on_recovered: called each time recovery is done.
        on_decided: called with each decision once it is in the log.
        before_batch: given the log and what decodes it, returns what the stage asks of the outside world before
            each batch.
    """

    views: Callable[[datetime], Mapping[str, msgspec.Struct]] | None = None
    on_recovered: Callable[[], None] = lambda: None
    on_decided: Callable[[Event], None] = ignore_decision
    before_batch: Callable[[KafkaLog, Routes], Callable[[], Awaitable[None]]] = lambda _log, _routes: (
        no_preparation
    )


async def run_stage(composed: ComposedStage[Stage], context: DaemonContext, hooks: StageHooks) -> None:
    """Run a stage on Kafka until the daemon is told to stop."""
    settings, health, name, config = context.settings, context.health, composed.service.name, composed.config
    options = kafka_options(context, name)
    routes = await routes_of(settings, config)
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(open_log(options))
        redis = await stack.enter_async_context(open_redis(context.endpoints.redis_url))
        ownership = await stack.enter_async_context(
            join_group(options, config.group, composed.owned, instance=_instance(context, name))
        )
        projector: Projector = NoProjector()
        if hooks.views is not None:
            projector = ViewProjector(redis, hooks.views, clock=context.clock, health=health, log=context.log)
        runner = StageRunner(
            spec=config,
            stage=composed.stage,
            log=log,
            ownership=ownership,
            snapshots=RedisSnapshots(redis, composed.service.snapshot_key),
            routes=routes,
            clock=context.clock,
            meter=MetricsMeter(context.metrics),
            logger=context.log,
            on_degraded=lambda reason: health.not_ready(f"credentials no longer hold: {reason}", part="auth"),
            projector=projector,
            before_batch=hooks.before_batch(log, routes),
            on_decided=hooks.on_decided,
        )

        def recovered() -> None:
            hooks.on_recovered()
            health.ready()

        await runner.run(
            context.stop,
            on_ready=recovered,
            on_standby=lambda: health.not_ready("stands by: another member of its group may be at work"),
        )


async def routes_of(settings: Settings, spec: RunnerSpec) -> Routes:
    """Return what a runner reads and writes with: events are written in the form that the settings say.

    Raises ConfigError and DependencyError where that form cannot be had.
    """
    catalogue = catalogue_of(settings)
    names = Routes(catalogue, spec.broker)
    outputs = [names.topic(kind, broker) for kind, broker in spec.outputs]
    return Routes(catalogue, spec.broker, await writing_codec(settings, catalogue, outputs))


def _instance(context: DaemonContext, name: str) -> str:
    """Return what names this member of its group across restarts: the daemon, the machine, the deployment."""
    place = hashlib.blake2b(str(context.deployment.root).encode(), digest_size=6).hexdigest()
    return f"{name}-{socket.gethostname()}-{place}"
