"""The strategies daemon: ticks into signals, one decision for every active broker."""

from __future__ import annotations

from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.compose import compose_strategies
from daemons.service import DaemonContext
from daemons.stage_daemon import StageHooks, run_stage
from topics.services import strategies


class StrategiesService:
    """Runs `StrategiesStage` on Kafka."""

    name = strategies().name

    async def run(self, context: DaemonContext) -> None:
        """Recover, then turn ticks into signals until told to stop."""
        composed, bound = compose_strategies(
            context.settings, context.deployment, accept_log_reset=context.accept_log_reset
        )
        stage = composed.stage

        counted: set[str] = set()

        def count(event: Event) -> None:
            if event.type is EventType.ALERT_RAISED:
                context.log.error("alert", code=event.data.code, reason=event.data.message)
                for strategy in set(stage.fenced) - counted:
                    context.metrics.strategy_faults(strategy).inc()
                    counted.add(strategy)

        def log_notes() -> None:
            for note in stage.notes:
                context.log.warning("strategy note", note=note)

        context.log.info("strategies loaded", strategies=[str(one.config.id) for one in bound])
        await run_stage(composed, context, StageHooks(on_recovered=log_notes, on_decided=count))
