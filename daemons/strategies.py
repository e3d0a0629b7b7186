"""The strategies daemon: ticks into signals, one decision for every active broker."""

from __future__ import annotations

from alphapanda import __version__
from alphapanda.ids import MARKET, SYSTEM
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.operations.dead_letters.exporter import exporting_dead_letters
from alphapanda.operations.groups.exporter import exporting_lag
from alphapanda.pipeline.documents import load_strategies
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings.topics import catalogue_of
from alphapanda.strategies.loader import FOLDER, bind_strategies
from alphapanda.strategies.stage import StrategiesStage
from daemons.instruments import lookup_of
from daemons.service import DaemonContext
from daemons.stage_daemon import StageWork, active_modes, kafka_options, run_stage

GROUP = "alphapanda.strategies"


class StrategiesService:
    """Runs `StrategiesStage` on Kafka."""

    name = "strategies"

    async def run(self, context: DaemonContext) -> None:
        """Recover, then turn ticks into signals until told to stop."""
        settings = context.settings
        modes = active_modes(settings)
        bound = bind_strategies(load_strategies(context.deployment), context.deployment.root / FOLDER)
        stage = StrategiesStage(bound, modes, lookup_of(settings).get)
        catalogue = catalogue_of(settings)
        ticks = Routes(catalogue, None).topic(EventType.MARKET_TICK, MARKET)

        counted: set[str] = set()

        def count(event: Event) -> None:
            if event.type is EventType.ALERT_RAISED:
                context.log.error("alert", code=event.data.code, reason=event.data.message)
                for strategy in set(stage.fenced) - counted:
                    context.metrics.strategy_faults(strategy).inc()
                    counted.add(strategy)

        def tell_notes() -> None:
            for note in stage.notes:
                context.log.warning("strategy note", note=note)

        work = StageWork(
            name=self.name,
            stage=stage,
            spec=RunnerSpec(
                group=GROUP,
                broker=None,
                inputs=(ticks,),
                outputs=(
                    *((EventType.SIGNAL_RAW, broker) for broker in modes),
                    (EventType.ALERT_RAISED, SYSTEM),
                ),
                accept_log_reset=context.accept_log_reset,
                version=__version__,
            ),
            owned=(ticks,),
            on_recovered=tell_notes,
            on_decided=count,
        )
        context.log.info("strategies loaded", strategies=[str(one.config.id) for one in bound])
        options = kafka_options(context, f"{self.name}.lag")
        letters = kafka_options(context, f"{self.name}.dlq")
        dead_letters = [str(spec.name) for spec in catalogue.topics(settings.active_brokers) if spec.name.dlq]
        async with (
            exporting_lag(options, context.metrics, context.clock, context.log),
            exporting_dead_letters(letters, dead_letters, context.metrics, context.clock, context.log),
        ):
            await run_stage(work, context)
