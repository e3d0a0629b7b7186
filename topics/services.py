"""The pipeline, once: each service with its consumer group, its inputs and outputs, its snapshot and its daemon.

Daemons, dead letters, `why`, the dashboard, the doctor, completion and `docs/topics.md` read this table. A name
with `{b}` stands for one per broker, as in the catalogue.

A broker's service is called `risk.paper`, its consumer group `paper.risk`: `Service` makes both.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from topics.declaration import BROKER_PLACE

SYSTEM_SCOPE = "system"
"""The scope of what serves all brokers."""
STRATEGIES_GROUP = "alphapanda.strategies"
FEED_GROUPS = "alphapanda.feed."
"""Beginning of the groups in which the feed remembers how far each source has come."""

TICKS = "market.ticks"
SIGNALS_RAW = "{b}.signals.raw"
_SIGNALS_VALIDATED = "{b}.signals.validated"
PNL_SNAPSHOTS = "{b}.pnl.snapshots"
_COMMANDS = "{b}.control.commands"
_CONTROL_EVENTS = "{b}.control.events"
ALERTS = "system.alerts"
AUDIT = "system.audit"
LEDGER = "system.dlq-ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKind:
    """One part of the pipeline, for no broker or for each.

    Attributes:
        name: `strategies`, `risk`.
        description: what it does, in one line.
        owns: the topic whose partitions one member of its group works on; empty for a service without a group.
        reads: the other topics it reads.
        writes: the topics it writes.
        live_reads: topics it reads for brokers that trade real money only.
        live_writes: topics it writes for such brokers only.
        per_broker: whether each broker has its own.
    """

    name: str
    description: str
    owns: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    live_reads: tuple[str, ...] = ()
    live_writes: tuple[str, ...] = ()
    per_broker: bool = False

    @property
    def label(self) -> str:
        """The name with its broker's place: `risk.{b}`."""
        return f"{self.name}.{BROKER_PLACE}" if self.per_broker else self.name

    def description_for(self, broker: str) -> str:
        """Return what a broker's does, in one line."""
        return self.description.replace(BROKER_PLACE, broker)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every topic that it may read."""
        return self.inputs_for(is_live=True)

    def inputs_for(self, *, is_live: bool) -> tuple[str, ...]:
        """Return the topics that it reads for a broker that trades real money, or for one that does not."""
        own = (self.owns,) if self.owns else ()
        return (*own, *self.reads, *(self.live_reads if is_live else ()))

    def outputs_for(self, *, is_live: bool) -> tuple[str, ...]:
        """Return the topics that it writes for a broker that trades real money, or for one that does not."""
        return (*self.writes, *(self.live_writes if is_live else ()))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every topic that it may write."""
        return self.outputs_for(is_live=True)


FEED = ServiceKind(name="feed", description="Market data into the log.", writes=(TICKS,))
STRATEGIES = ServiceKind(
    name="strategies",
    description="Ticks into signals, for every active broker.",
    owns=TICKS,
    writes=(SIGNALS_RAW, ALERTS),
)
RISK = ServiceKind(
    name="risk",
    description="Signals of {b}, allowed or denied.",
    owns=SIGNALS_RAW,
    reads=(
        "{b}.orders.submitted",
        "{b}.orders.filled",
        "{b}.orders.cancelled",
        "{b}.orders.rejected",
        "{b}.orders.modified",
        "{b}.orders.expired",
        "{b}.orders.unknown",
        _COMMANDS,
    ),
    live_reads=(TICKS,),
    writes=(_SIGNALS_VALIDATED, "{b}.signals.rejected", _CONTROL_EVENTS),
    per_broker=True,
)
TRADER = ServiceKind(
    name="trader",
    description="Orders, fills and positions of {b}.",
    owns=_SIGNALS_VALIDATED,
    reads=(TICKS, _COMMANDS),
    writes=(
        "{b}.orders.submitted",
        "{b}.orders.accepted",
        "{b}.orders.filled",
        "{b}.orders.cancelled",
        "{b}.orders.rejected",
        "{b}.orders.expired",
        PNL_SNAPSHOTS,
        _CONTROL_EVENTS,
    ),
    live_writes=("{b}.orders.modified", "{b}.orders.unknown"),
    per_broker=True,
)
MONITOR = ServiceKind(
    name="monitor",
    description="Consumer lag, dead letters and alerts of the whole deployment.",
    reads=(LEDGER,),
    writes=(ALERTS, AUDIT),
)
OPERATOR = ServiceKind(
    name="operator",
    description="The command line and the dashboard, when they act.",
    reads=(LEDGER,),
    writes=(_COMMANDS, AUDIT, LEDGER),
)

SERVICE_KINDS = (FEED, STRATEGIES, RISK, TRADER, MONITOR, OPERATOR)
_BY_NAME = {kind.name: kind for kind in SERVICE_KINDS}
DASHBOARD = "tui"
LOOKS_ON = frozenset({DASHBOARD, OPERATOR.name, MONITOR.name})
"""Readers that show what they read and never dead-letter it."""
_COMPACT = "broker"
"""In the compact layout risk and trader of a broker are one daemon: `broker.paper`."""


@dataclass(frozen=True, slots=True, order=True)
class Service:
    """One running part of the pipeline: a kind, and the broker that it belongs to.

    Attributes:
        kind: `risk`.
        broker: `paper`; empty for what serves all.
    """

    kind: str
    broker: str = ""

    @property
    def name(self) -> str:
        """What it is called: `risk.paper`, `strategies`."""
        return f"{self.kind}.{self.broker}" if self.broker else self.kind

    @property
    def scope(self) -> str:
        """Whose it is: the broker's name, or `system`."""
        return self.broker or SYSTEM_SCOPE

    @property
    def group(self) -> str:
        """Its consumer group: `paper.risk`, `alphapanda.strategies`."""
        return f"{self.broker}.{self.kind}" if self.broker else f"alphapanda.{self.kind}"

    @property
    def snapshot_key(self) -> str:
        """The key of its snapshot in Redis, the same in every layout of processes."""
        return f"{self.scope}:snapshot:{self.name}"

    def daemon(self, *, compact: bool) -> str:
        """Return the daemon it runs in: its own, or the broker's in the compact layout."""
        return broker_daemon(self.broker) if compact and self.broker else self.name

    @classmethod
    def of_group(cls, group: str) -> Service | None:
        """Return the service behind a consumer group; None for a group that is none of ours."""
        if group == STRATEGIES_GROUP:
            return cls(STRATEGIES.name)
        broker, _, kind = group.rpartition(".")
        return cls(kind, broker) if broker and kind in {RISK.name, TRADER.name} else None


def kind_of(service: Service) -> ServiceKind:
    """Return what kind of service it is."""
    return _BY_NAME[service.kind]


def strategies() -> Service:
    """Return the service that runs the strategies."""
    return Service(STRATEGIES.name)


def risk_of(broker: str) -> Service:
    """Return the service that judges a broker's signals."""
    return Service(RISK.name, broker)


def trader_of(broker: str) -> Service:
    """Return the service that trades for a broker."""
    return Service(TRADER.name, broker)


def obeying(broker: str) -> tuple[Service, Service]:
    """Return the services that obey a broker's commands."""
    return risk_of(broker), trader_of(broker)


def grouped_services(brokers: Iterable[str]) -> Iterator[Service]:
    """Return every service that has a consumer group, in the order of the pipeline."""
    yield strategies()
    for broker in brokers:
        yield from obeying(broker)


def groups_of(brokers: Iterable[str]) -> tuple[str, ...]:
    """Return the consumer groups of a deployment with these brokers."""
    return tuple(service.group for service in grouped_services(brokers))


def broker_daemon(broker: str) -> str:
    """Return what the daemon is called that is all of a broker in one process."""
    return f"{_COMPACT}.{broker}"


def writers_of(topic: str) -> tuple[str, ...]:
    """Return the labels of the services that write a declared topic."""
    return tuple(kind.label for kind in SERVICE_KINDS if topic in kind.outputs)


def readers_of(topic: str) -> tuple[str, ...]:
    """Return the labels of the services that read a declared topic; the dashboard reads every one."""
    return (*(kind.label for kind in SERVICE_KINDS if topic in kind.inputs), DASHBOARD)


def reading_groups(topic: str, brokers: Iterable[str], live: Container[str] = ()) -> tuple[str, ...]:
    """Return the consumer groups that read a declared topic.

    Args:
        topic: as declared, with `{b}` for a broker.
        brokers: the brokers to count: the active ones, or one.
        live: those of them that trade real money.
    """
    return tuple(
        service.group
        for service in grouped_services(brokers)
        if topic in kind_of(service).inputs_for(is_live=service.broker in live)
    )
