"""The real stages over the simulated exchange, written to a log in memory: same seed, same records.

Two brokers trade the same signals, one of them as if with real money. Record timestamps are the simulation's own,
moved to the wanted present.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId, SequenceIds
from alphapanda.kafka.partitioner import partition_of
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.control import ControlCommand, ControlEvent
from alphapanda.model.envelope import Event, EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.records import Partition, envelope_headers
from alphapanda.model.tick import Tick
from alphapanda.pipeline.memory_runner import MemoryRunner, MemoryStage
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage
from alphapanda.serialization.codec import encode
from alphapanda.settings.starters import starter_text
from alphapanda.strategies.config import parse_strategies
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage
from alphapanda.testing.memory_log_access import MemoryLogAccess
from topics.catalogue import Catalogue
from topics.dead_letters import FailedStage, ProcessingFailure, Retryable, build_headers
from topics.services import STRATEGIES_GROUP, TICKS, grouped_services, kind_of, risk_of, trader_of

BROKERS: Final = (("paper", TradingMode.PAPER), ("zerodha", TradingMode.LIVE))
_LIMITS: Final = MappingProxyType(
    {
        "paper": RiskLimits(),
        "zerodha": RiskLimits(max_order_notional_rupees=Decimal(36_000), max_open_positions=12),
    }
)
_LATENCY: Final = MappingProxyType({"paper": timedelta(0), "zerodha": timedelta(milliseconds=140)})

_HOP_MS: Final[Mapping[EventType, int]] = MappingProxyType(
    {
        EventType.SIGNAL_RAW: 2,
        EventType.SIGNAL_VALIDATED: 3,
        EventType.SIGNAL_REJECTED: 3,
        EventType.ORDER_SUBMITTED: 5,
        EventType.ORDER_ACCEPTED: 9,
        EventType.ORDER_FILLED: 12,
    }
)
"""How long after its tick an event is written: a believable chain."""
_LIVE_FACTOR: Final = 4

COMMANDS_FROM: Final = 1 << 40
"""The numbers from which commands' ids are made: beyond those of ticks."""
_BAD_EVERY: Final = 2_000
"""One tick in so many is written as if it could not be processed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPlan:
    """What the seeded market shows.

    Attributes:
        present: the moment at which it stands at the start, aware.
        seed: of the exchange.
        minutes: of the session that lie behind it.
        brokers: who trades.
        ticks_per_second: of the exchange.
    """

    present: datetime
    seed: int = 7
    minutes: int = 25
    brokers: tuple[tuple[str, TradingMode], ...] = BROKERS
    ticks_per_second: float = 12.0


class SeededMarket:
    """Feeds the simulated exchange through the stages into a log.

    Attributes:
        log_access: the log.
        routes: of its topics.

    Args:
        plan: what to show.
    """

    def __init__(self, plan: MarketPlan) -> None:
        self._plan = plan
        catalogue = Catalogue.load()
        specs = catalogue.topics(name for name, _ in plan.brokers)
        partitions = {str(spec.name): spec.partitions for spec in specs}
        self.routes = Routes(catalogue, None)
        self.log_access = MemoryLogAccess(partitions)
        self._partitions = partitions
        config = SimulationConfig(seed=plan.seed, start=date(2026, 1, 5), ticks_per_second=plan.ticks_per_second)
        simulation = MarketSimulation(config)
        self._ids = SequenceIds(config.source)
        self._number = 0
        self._ticks: Iterator[Tick] = simulation.ticks()
        self._waiting = next(self._ticks)
        opens = simulation.session(0).opens
        self._shift = plan.present - (opens + timedelta(minutes=plan.minutes))
        self._at_ms = 0
        self._commands = 0
        self._obeyed: list[ControlEvent] = []
        self._runner = self._make_runner()
        self.run_until(plan.present)

    def _make_runner(self) -> MemoryRunner:
        modes = {BrokerId(name): mode for name, mode in self._plan.brokers}
        instruments = {instrument.id: instrument for instrument in SIMULATED_INSTRUMENTS}
        configs = parse_strategies(tomllib.loads(starter_text("strategies.toml")))
        strategies = StrategiesStage(bind_strategies(configs, None), modes, instruments.get)
        tick = (EventType.MARKET_TICK, MARKET)
        seats = [MemoryStage("strategies", strategies, frozenset({tick}))]
        orders = [kind for kind in EventType if kind.value.startswith("order_")]
        for broker, mode in modes.items():
            limits = _LIMITS.get(broker, RiskLimits())
            risk = RiskStage(broker, mode, limits, instruments)
            trader = PaperTraderStage(broker, mode, instruments, _LATENCY.get(broker, timedelta(0)))
            command = (EventType.CONTROL_COMMAND, broker)
            wanted = {tick, command, (EventType.SIGNAL_RAW, broker), *((kind, broker) for kind in orders)}
            seats.append(MemoryStage(risk_of(broker).name, risk, frozenset(wanted)))
            seats.append(
                MemoryStage(
                    trader_of(broker).name,
                    trader,
                    frozenset({(EventType.SIGNAL_VALIDATED, broker), tick, command}),
                    timer=True,
                )
            )
        return MemoryRunner(seats, self.routes.topic, self._partitions, self._write)

    def run_until(self, present: datetime) -> None:
        """Let the exchange run up to a moment."""
        while self._waiting.exchange_ts + self._shift <= present:
            self._at_ms = int((self._waiting.exchange_ts + self._shift).timestamp() * 1000)
            envelope = self._enveloped(self._waiting)
            self._runner.feed([envelope])
            if self._number % _BAD_EVERY == 0:
                self._dead_letter(envelope)
            self._waiting = next(self._ticks)
        self._commit()

    def command(self, order: ControlCommand, present: datetime) -> list[ControlEvent]:
        """Give an operator's command to the stages and return what obeyed."""
        event_id = self._ids.at(COMMANDS_FROM + self._commands)
        self._commands += 1
        self._at_ms = max(self._at_ms, int(present.timestamp() * 1000))
        self._obeyed.clear()
        self._runner.feed(
            [
                EventEnvelope(
                    id=event_id,
                    type=EventType.CONTROL_COMMAND,
                    ts=self._waiting.exchange_ts,
                    key=order.broker,
                    source="tui",
                    broker=order.broker,
                    correlation_id=event_id,
                    trace_id=trace_id_of(event_id),
                    data=order,
                )
            ]
        )
        return list(self._obeyed)

    def _enveloped(self, tick: Tick) -> EventEnvelope[Any]:
        event_id = self._ids.at(self._number)
        self._number += 1
        return EventEnvelope(
            id=event_id,
            type=EventType.MARKET_TICK,
            ts=tick.exchange_ts,
            key=str(tick.instrument_token),
            source="feed",
            broker=MARKET,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=tick,
        )

    def _write(self, event: Event) -> None:
        assert event.at is not None
        envelope = event.envelope
        hop = _HOP_MS.get(event.type, 0)
        if isinstance(event.data, ControlEvent):
            self._obeyed.append(event.data)
        if envelope.broker == "zerodha" and event.type in {EventType.ORDER_ACCEPTED, EventType.ORDER_FILLED}:
            hop *= _LIVE_FACTOR
        self.log_access.write(
            event.at.topic,
            event.at.partition,
            self._at_ms + hop,
            envelope.key.encode(),
            encode(envelope),
            envelope_headers(envelope),
        )

    def _dead_letter(self, envelope: EventEnvelope[Any]) -> None:
        topic = str(self.routes.topic(EventType.MARKET_TICK, MARKET))
        key = envelope.key.encode()
        number = partition_of(key, self._partitions[topic])
        offset = self.log_access.end(Partition(topic, number)) - 1
        stale = self._number % (3 * _BAD_EVERY) == 0
        failure = ProcessingFailure(
            topic=topic,
            partition=number,
            offset=offset,
            group=STRATEGIES_GROUP,
            attempts=3 if stale else 1,
            message="No answer within 2.0 s while looking the instrument up."
            if stale
            else "The value is not a market_tick: Expected `float`, got `str` - at `$.data.last_price`.",
            error_code="handler-timeout" if stale else "decode",
            exception="TransientError" if stale else "DecodeError",
            retryable=Retryable.YES if stale else Retryable.NO,
            stage=FailedStage.HANDLE if stale else FailedStage.DECODE,
            service="strategies",
            failed_at=datetime.fromtimestamp(self._at_ms / 1000, UTC),
            original_timestamp_ms=self._at_ms,
        )
        value = encode(envelope).replace(b'"last_price":', b'"last_price":"broken","was":', 1)
        self.log_access.write(f"{topic}.dlq", number, self._at_ms + 4, key, value, tuple(build_headers(failure)))

    def _brokers(self) -> list[str]:
        return [name for name, _ in self._plan.brokers]

    def _commit(self) -> None:
        """Have every group at the end of what it reads, the strategies a little behind."""
        groups: dict[str, dict[Partition, int]] = {}
        owners = {
            kind_of(each).owns.format(b=each.broker): each.group for each in grouped_services(self._brokers())
        }
        for topic, group in owners.items():
            for number in range(self._partitions[topic]):
                partition = Partition(topic, number)
                behind = number if topic == TICKS else 0
                groups.setdefault(group, {})[partition] = max(0, self.log_access.end(partition) - behind)
        self.log_access.groups = dict(groups)


def first(ticks: Iterator[Tick], count: int) -> list[Tick]:
    """Return the next `count` ticks."""
    return list(islice(ticks, count))
