"""The risk daemon of one broker: raw signals into validated or rejected ones."""

from __future__ import annotations

from alphapanda import __version__
from alphapanda.ids import BrokerId
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.documents import load_risk
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.risk.stage import RiskStage
from alphapanda.settings.topics import catalogue_of
from alphapanda.telemetry.levels import Channel
from daemons.instruments import lookup_of
from daemons.service import DaemonContext
from daemons.stage_daemon import StageWork, active_modes, run_stage

READS = (
    EventType.SIGNAL_RAW,
    EventType.ORDER_SUBMITTED,
    EventType.ORDER_FILLED,
    EventType.ORDER_CANCELLED,
    EventType.ORDER_REJECTED,
    EventType.ORDER_MODIFIED,
    EventType.ORDER_EXPIRED,
    EventType.ORDER_UNKNOWN,
    EventType.CONTROL_COMMAND,
)
WRITES = (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED, EventType.CONTROL_EVENT)


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
        return f"risk.{self._broker}"

    async def run(self, context: DaemonContext) -> None:
        """Recover, then judge signals until told to stop."""
        settings, broker = context.settings, self._broker
        routes = Routes(catalogue_of(settings), broker)
        stage = RiskStage(
            broker,
            active_modes(settings)[broker],
            load_risk(context.deployment, broker),
            lookup_of(settings),
        )

        def count(event: Event) -> None:
            if event.type is EventType.SIGNAL_REJECTED:
                context.metrics.denials(event.data.code.value).inc()
                context.log.bind(channel=Channel.TRADING).warning(
                    "signal denied", strategy=event.data.signal.strategy_id, reason=event.data.message
                )

        work = StageWork(
            name=self.name,
            stage=stage,
            spec=RunnerSpec(
                group=f"{broker}.risk",
                broker=broker,
                inputs=tuple(routes.topic(kind, broker) for kind in READS),
                outputs=tuple((kind, broker) for kind in WRITES),
                accept_log_reset=context.accept_log_reset,
                version=__version__,
            ),
            on_decided=count,
            owned=(routes.topic(EventType.SIGNAL_RAW, broker),),
        )
        await run_stage(work, context)
