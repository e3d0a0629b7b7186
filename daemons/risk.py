"""The risk daemon of one broker: raw signals into validated or rejected ones."""

from __future__ import annotations

from alphapanda.ids import BrokerId
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.compose import compose_risk
from alphapanda.telemetry.log import Channel
from daemons.service import DaemonContext
from daemons.stage_daemon import StageHooks, run_stage
from topics.services import risk_of


class RiskService:
    """Runs `RiskStage` on Kafka.

    Args:
        broker: whose signals it judges.
    """

    def __init__(self, broker: BrokerId) -> None:
        self._broker = broker

    @property
    def name(self) -> str:
        """`risk.{broker}`."""
        return risk_of(self._broker).name

    async def run(self, context: DaemonContext) -> None:
        """Recover, then judge signals until told to stop."""

        def count(event: Event) -> None:
            if event.type is EventType.SIGNAL_REJECTED:
                context.metrics.denials(event.data.code.value).inc()
                context.log.bind(channel=Channel.TRADING).warning(
                    "signal denied", strategy=event.data.signal.strategy_id, reason=event.data.message
                )

        composed = compose_risk(
            context.settings, context.deployment, self._broker, accept_log_reset=context.accept_log_reset
        )
        await run_stage(composed, context, StageHooks(on_decided=count))
