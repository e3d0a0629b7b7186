"""Which daemons a deployment has, what each needs, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from alphapanda.errors import ConfigError, UnknownNameError
from alphapanda.ids import BrokerId
from alphapanda.settings.sections import ProcessLayout
from topics.services import (
    FEED,
    MONITOR,
    RISK,
    STRATEGIES,
    SYSTEM_SCOPE,
    TRADER,
    broker_daemon,
    risk_of,
    trader_of,
)

if TYPE_CHECKING:
    from alphapanda.settings import Settings
    from daemons.service import DaemonService

COMMON_SETTINGS = (
    "settings",
    "kafka",
    "serialization",
    "schema_registry_url",
    "redis",
    "infra",
    "logging",
    "api",
)
"""What every daemon reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSpec:
    """One daemon.

    Attributes:
        name: `feed`, `strategies`, `risk.paper`; `broker.paper` is risk and trader in one.
        description: what it does, in one line.
        needs: the daemons that are ready before it starts working.
        factory: makes its service; imports it only then.
        broker: whose it is; None for what serves all.
        broker_kind: the kind of that broker, whose credentials it may hold; empty for what holds none.
        reads: the settings that it reads beside the common ones, by dotted name: when they change it is restarted.
        files: names of the deployment's files that it reads.
    """

    name: str
    description: str
    factory: Callable[[], DaemonService]
    needs: tuple[str, ...] = ()
    broker: BrokerId | None = None
    broker_kind: str = ""
    reads: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The broker's name, or `system`: the label of its metrics."""
        return self.broker or SYSTEM_SCOPE


def services(settings: Settings) -> tuple[DaemonSpec, ...]:
    """Return the daemons of the active brokers, each after what it needs."""
    specs = [
        DaemonSpec(
            name=FEED.name,
            description=FEED.description,
            factory=_feed,
            reads=("feed", "topic_partitions_multiplier"),
        ),
        DaemonSpec(
            name=STRATEGIES.name,
            description=STRATEGIES.description,
            factory=_strategies,
            needs=(FEED.name,),
            reads=("active_brokers", "brokers", "feed.instruments_file", "topic_partitions_multiplier"),
            files=("strategies.toml",),
        ),
    ]
    compact = settings.process_layout is ProcessLayout.COMPACT
    for broker, configured in settings.active.items():
        pair = _pair_of(broker, str(configured.kind))
        specs.extend([_together(broker, pair)] if compact else pair)
    specs.append(
        DaemonSpec(
            name=MONITOR.name,
            description=MONITOR.description,
            factory=_monitor,
            reads=("active_brokers", "create_dlq_for_all"),
        )
    )
    return tuple(specs)


def _pair_of(broker: BrokerId, kind: str) -> tuple[DaemonSpec, ...]:
    """Return what judges and what trades for `broker`."""
    reads = (f"brokers.{broker}", "feed.instruments_file", "topic_partitions_multiplier")
    risk = DaemonSpec(
        name=risk_of(broker).name,
        description=RISK.description_for(broker),
        factory=partial(_risk, broker),
        needs=(STRATEGIES.name,),
        broker=broker,
        broker_kind=kind,
        reads=reads,
        files=("risk.toml",),
    )
    trader = DaemonSpec(
        name=trader_of(broker).name,
        description=TRADER.description_for(broker),
        factory=_trader_of(kind, broker),
        needs=(risk.name,),
        broker=broker,
        broker_kind=kind,
        reads=(*reads, "feed.source"),
        files=("calendar.toml",),
    )
    return risk, trader


def _together(broker: BrokerId, parts: tuple[DaemonSpec, ...]) -> DaemonSpec:
    """Return the daemon that is all of `parts` in one process."""
    name, inside = broker_daemon(broker), {part.name for part in parts}
    return DaemonSpec(
        name=name,
        description=" ".join(part.description for part in parts),
        factory=partial(_several, name, tuple(part.factory for part in parts)),
        needs=_united(tuple(need for need in part.needs if need not in inside) for part in parts),
        broker=broker,
        broker_kind=parts[0].broker_kind,
        reads=_united(part.reads for part in parts),
        files=_united(part.files for part in parts),
    )


def _united(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return every name once, in order."""
    return tuple(dict.fromkeys(name for group in groups for name in group))


def find(specs: tuple[DaemonSpec, ...], name: str) -> DaemonSpec:
    """Return the daemon called `name`; raises UnknownNameError, which suggests the nearest."""
    by_name: Mapping[str, DaemonSpec] = {spec.name: spec for spec in specs}
    if name not in by_name:
        raise UnknownNameError("daemon", name, by_name)
    return by_name[name]


def _trader_of(kind: str, broker: BrokerId) -> Callable[[], DaemonService]:
    traders = {"paper": _paper_trader}
    if kind not in traders:
        raise ConfigError(
            f"Broker {broker!r} is of kind {kind!r}, which this version cannot trade with.",
            hint='Use kind = "paper", or take it out of ACTIVE_BROKERS.',
        )
    return partial(traders[kind], broker)


def _feed() -> DaemonService:
    from daemons.feed.service import FeedService  # noqa: PLC0415 - loaded by its own process alone

    return FeedService()


def _strategies() -> DaemonService:
    from daemons.strategies import StrategiesService  # noqa: PLC0415 - loaded by its own process alone

    return StrategiesService()


def _monitor() -> DaemonService:
    from daemons.monitor.service import MonitorService  # noqa: PLC0415 - loaded by its own process alone

    return MonitorService()


def _risk(broker: BrokerId) -> DaemonService:
    from daemons.risk import RiskService  # noqa: PLC0415 - loaded by its own process alone

    return RiskService(broker)


def _paper_trader(broker: BrokerId) -> DaemonService:
    from daemons.trader.paper import PaperTraderService  # noqa: PLC0415 - loaded by its own process alone

    return PaperTraderService(broker)


def _several(name: str, factories: tuple[Callable[[], DaemonService], ...]) -> DaemonService:
    from daemons.composite import CompositeService  # noqa: PLC0415 - loaded by its own process alone

    return CompositeService(name, tuple(factory() for factory in factories))
