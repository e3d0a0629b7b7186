"""Which daemons a deployment has, what each needs, and how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from alphapanda.errors import ConfigError, UnknownNameError
from alphapanda.ids import BrokerId

if TYPE_CHECKING:
    from alphapanda.settings import Settings
    from daemons.service import Service

COMMON_SETTINGS = ("settings", "kafka", "redis", "infra", "logging", "tracing", "api", "process_layout")
"""What every daemon reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSpec:
    """One daemon.

    Attributes:
        name: `feed`, `strategies`, `risk.paper`.
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
    factory: Callable[[], Service]
    needs: tuple[str, ...] = ()
    broker: BrokerId | None = None
    broker_kind: str = ""
    reads: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The broker's name, or `system`: the label of its metrics."""
        return self.broker or "system"


def services(settings: Settings) -> tuple[DaemonSpec, ...]:
    """Return the daemons of the active brokers, each after what it needs."""
    specs = [
        DaemonSpec(
            name="feed",
            description="Market data into the log.",
            factory=_feed,
            reads=("feed", "topic_partitions_multiplier"),
        ),
        DaemonSpec(
            name="strategies",
            description="Ticks into signals, for every active broker.",
            factory=_strategies,
            needs=("feed",),
            reads=("active_brokers", "brokers", "feed.instruments_file", "topic_partitions_multiplier"),
            files=("strategies.toml",),
        ),
    ]
    for broker, configured in settings.active.items():
        kind = str(configured.kind)
        specs.append(
            DaemonSpec(
                name=f"risk.{broker}",
                description=f"Signals of {broker}, allowed or denied.",
                factory=partial(_risk, broker),
                needs=("strategies",),
                broker=broker,
                broker_kind=kind,
                reads=(f"brokers.{broker}", "feed.instruments_file", "topic_partitions_multiplier"),
                files=("risk.toml",),
            )
        )
        specs.append(
            DaemonSpec(
                name=f"trader.{broker}",
                description=f"Orders, fills and positions of {broker}.",
                factory=_trader_of(kind, broker),
                needs=(f"risk.{broker}",),
                broker=broker,
                broker_kind=kind,
                reads=(f"brokers.{broker}", "feed.instruments_file", "topic_partitions_multiplier"),
            )
        )
    return tuple(specs)


def find(specs: tuple[DaemonSpec, ...], name: str) -> DaemonSpec:
    """Return the daemon called `name`; raises UnknownNameError, which suggests the nearest."""
    by_name: Mapping[str, DaemonSpec] = {spec.name: spec for spec in specs}
    if name not in by_name:
        raise UnknownNameError("daemon", name, by_name)
    return by_name[name]


def _trader_of(kind: str, broker: BrokerId) -> Callable[[], Service]:
    traders = {"paper": _paper_trader}
    if kind not in traders:
        raise ConfigError(
            f"Broker {broker!r} is of kind {kind!r}, which this version cannot trade with.",
            hint='Use kind = "paper", or take it out of ACTIVE_BROKERS.',
        )
    return partial(traders[kind], broker)


def _feed() -> Service:
    from daemons.feed.service import FeedService  # noqa: PLC0415 - loaded by its own process alone

    return FeedService()


def _strategies() -> Service:
    from daemons.strategies import StrategiesService  # noqa: PLC0415 - loaded by its own process alone

    return StrategiesService()


def _risk(broker: BrokerId) -> Service:
    from daemons.risk import RiskService  # noqa: PLC0415 - loaded by its own process alone

    return RiskService(broker)


def _paper_trader(broker: BrokerId) -> Service:
    from daemons.paper import PaperTraderService  # noqa: PLC0415 - loaded by its own process alone

    return PaperTraderService(broker)
