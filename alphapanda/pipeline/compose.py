"""Makes the stages of a deployment from its settings and the table of services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

from alphapanda import __version__
from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError
from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import BrokerId, InstrumentId
from alphapanda.market.calendar import TradingCalendar
from alphapanda.market.instruments import InstrumentTable, parse_instruments
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.instrument import Instrument, InstrumentLookup
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.stage import Stage
from alphapanda.pipeline.documents import load_risk, load_strategies
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.risk.stage import RiskStage
from alphapanda.settings import Settings
from alphapanda.settings.model import catalogue_of
from alphapanda.settings.sections import FeedSource
from alphapanda.strategies.loader import FOLDER, BoundStrategy, bind_strategies
from alphapanda.strategies.stage import StrategiesStage
from topics.catalogue import Catalogue
from topics.declaration import BROKER_PLACE, Declaration
from topics.names import TopicName
from topics.services import Service, kind_of, risk_of, strategies, trader_of

S = TypeVar("S", bound=Stage)
S_co = TypeVar("S_co", bound=Stage, covariant=True)


@dataclass(frozen=True, slots=True)
class ComposedStage(Generic[S_co]):
    """A stage of a deployment, with what its runner reads and may write.

    Attributes:
        service: the part of the pipeline that it is.
        stage: what decides.
        config: for the runner.
        owned: the topics whose partitions one member of its group works on.
    """

    service: Service
    stage: S_co
    config: RunnerSpec
    owned: tuple[str, ...]


def active_modes(settings: Settings) -> dict[BrokerId, TradingMode]:
    """Return the active brokers with their trading modes, in their configured order."""
    return {broker: configured.kind.mode for broker, configured in settings.active.items()}


def compose_strategies(
    settings: Settings, deployment: Deployment, *, accept_log_reset: bool = False
) -> tuple[ComposedStage[StrategiesStage], tuple[BoundStrategy, ...]]:
    """Return the stage of all strategies, and those in it; raises ConfigError for one that cannot be loaded."""
    bound = bind_strategies(load_strategies(deployment), deployment.root / FOLDER)
    stage = StrategiesStage(bound, active_modes(settings), instruments_of(settings).get)
    return _composed(strategies(), stage, settings, accept_log_reset=accept_log_reset), bound


def compose_risk(
    settings: Settings, deployment: Deployment, broker: BrokerId, *, accept_log_reset: bool = False
) -> ComposedStage[RiskStage]:
    """Return the stage that judges a broker's signals; raises ConfigError for a bad `risk.toml`."""
    mode = settings.brokers[broker].kind.mode
    stage = RiskStage(broker, mode, load_risk(deployment, broker), instruments_of(settings))
    return _composed(risk_of(broker), stage, settings, accept_log_reset=accept_log_reset)


def compose_paper_trader(
    settings: Settings,
    broker: BrokerId,
    *,
    calendar: TradingCalendar | None = None,
    accept_log_reset: bool = False,
) -> ComposedStage[PaperTraderStage]:
    """Return the stage that trades on paper for a broker; `calendar` says when the sessions of its market end."""
    configured = settings.paper_broker(broker)
    latency = timedelta(milliseconds=configured.latency_ms)
    stage = PaperTraderStage(broker, configured.kind.mode, instruments_of(settings), latency, calendar)
    return _composed(trader_of(broker), stage, settings, timer=True, accept_log_reset=accept_log_reset)


def _composed(
    service: Service, stage: S, settings: Settings, *, timer: bool = False, accept_log_reset: bool = False
) -> ComposedStage[S]:
    modes = active_modes(settings)
    config = runner_config(service, catalogue_of(settings), modes, timer=timer, accept_log_reset=accept_log_reset)
    owned = kind_of(service).owns.replace(BROKER_PLACE, service.broker)
    return ComposedStage(service, stage, config, (owned,))


def runner_config(
    service: Service,
    catalogue: Catalogue,
    modes: dict[BrokerId, TradingMode],
    *,
    timer: bool = False,
    accept_log_reset: bool = False,
) -> RunnerSpec:
    """Return what a service's runner reads and may write, by the table of services.

    Args:
        service: which.
        catalogue: knows which kind of event a topic carries.
        modes: the active brokers; a service for all brokers writes to each of them.
        timer: whether its stage is told the time.
        accept_log_reset: start empty when the log is not the one remembered.
    """
    kind = kind_of(service)
    is_live = modes.get(BrokerId(service.broker), TradingMode.PAPER) is not TradingMode.PAPER
    brokers = (service.broker,) if service.broker else tuple(modes)
    declared = {entry.name: entry for entry in catalogue.declarations}
    outputs = [name for topic in kind.outputs_for(is_live=is_live) for name in _names(declared[topic], brokers)]
    return RunnerSpec(
        group=service.group,
        broker=BrokerId(service.broker) if service.broker else None,
        inputs=tuple(topic.replace(BROKER_PLACE, service.broker) for topic in kind.inputs_for(is_live=is_live)),
        outputs=tuple((EventType(catalogue.event_type_of(name)), BrokerId(name.scope)) for name in outputs),
        timer=timer,
        accept_log_reset=accept_log_reset,
        version=__version__,
    )


def event_types(topics: Iterable[str], catalogue: Catalogue) -> tuple[EventType, ...]:
    """Return the kinds of event in topics that are named as in the catalogue."""
    declared = {entry.name: entry for entry in catalogue.declarations}
    return tuple(EventType(declared[topic].event_type) for topic in topics)


def _names(entry: Declaration, brokers: Iterable[str]) -> list[TopicName]:
    return [entry.topic("")] if entry.is_shared else [entry.topic(broker) for broker in brokers]


class EveryInstrument:
    """Knows every instrument: those of the table as they are, others with a grid of 0.05 and single units."""

    def __init__(self, table: InstrumentTable) -> None:
        self._describe: Callable[[InstrumentId], Instrument] = table.describe

    def get(self, key: InstrumentId, /) -> Instrument | None:
        """Return the instrument; never None."""
        return self._describe(key)


def instruments_of(settings: Settings) -> InstrumentLookup:
    """Return the instruments of the configured file, else the simulation's.

    A recording without an instrument file may hold any symbol, so there every instrument is known. Raises
    ConfigError for a file that cannot be read.
    """
    file = settings.feed.instruments_file
    table = InstrumentTable(SIMULATED_INSTRUMENTS if file is None else _read(file))
    if file is None and settings.feed.source is FeedSource.RECORDED:
        return EveryInstrument(table)
    return table


def _read(file: Path) -> tuple[Instrument, ...]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return parse_instruments(lines, file=str(file)).instruments
    except OSError as error:
        raise ConfigError(
            f"The instrument file {file} cannot be read: {error.strerror}.",
            hint="Set FEED__INSTRUMENTS_FILE to a CSV file with Kite Connect's columns.",
        ) from error
