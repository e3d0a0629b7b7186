"""A connection to the seeded market: a market that moves on, ready daemons, and their log lines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from alphapanda.clock import Clock
from alphapanda.model.process_status import ProcessState, ProcessStatus, UnitKind
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord, Marker, encode_line
from alphapanda.testing.seeded_market import MarketPlan, SeededMarket
from topics.services import TICKS, obeying
from tui.sources.connection import Connection
from tui.sources.handle import SourceHandle
from tui.sources.system_source import SystemSource
from tui.store.system import SystemView
from tui.testing.seeded_control import SeededControl

EVERY_S: Final = 0.2
_RISK_PAPER, _TRADER_PAPER = (service.name for service in obeying("paper"))
_RISK_ZERODHA, _TRADER_ZERODHA = (service.name for service in obeying("zerodha"))
_COSTS: Final = {
    "kafka": (6.4, 238),
    "valkey": (0.6, 19),
    "topics": (None, None),
    "feed": (2.2, 72),
    "strategies": (3.1, 74),
    _RISK_PAPER: (1.2, 71),
    _TRADER_PAPER: (2.6, 84),
    _RISK_ZERODHA: (1.1, 71),
    _TRADER_ZERODHA: (2.4, 83),
    "supervisor": (0.3, 58),
}
_KINDS: Final = {"kafka": "infra", "valkey": "infra", "topics": "job"}
_NEEDS: Final = {
    "topics": ("kafka",),
    "feed": ("topics",),
    "strategies": ("feed",),
    _RISK_PAPER: ("strategies",),
    _TRADER_PAPER: (_RISK_PAPER,),
    _RISK_ZERODHA: ("strategies",),
    _TRADER_ZERODHA: (_RISK_ZERODHA,),
}


class MovingMarketSource:
    """Lets the market go on with the clock."""

    name = "Market"

    def __init__(self, market: SeededMarket, clock: Clock) -> None:
        self._market = market
        self._clock = clock

    async def run(self, handle: SourceHandle) -> None:
        """Go on until cancelled."""
        handle.up()
        while True:
            self._market.run_until(self._clock.now())
            await asyncio.sleep(EVERY_S)


class SeededLinesSource:
    """Says once what daemons would have said.

    Args:
        present: when they started, about.
    """

    name = "Logs"

    def __init__(self, present: datetime) -> None:
        self._present = present

    async def run(self, handle: SourceHandle) -> None:
        """Say it, and be silent."""
        handle.store.fold_lines(seeded_lines(self._present))
        handle.up()
        await asyncio.Event().wait()


class SeededHistory:
    """The same lines, as if they lay in files.

    Args:
        lines: oldest first.
    """

    def __init__(self, lines: Sequence[LogRecord]) -> None:
        self._lines = lines

    async def before(self, moment: datetime, count: int, service: str = "") -> Sequence[LogRecord]:
        """Return the last lines up to a moment, oldest first."""
        return [line for line in self._lines if line.at <= moment and service in {"", line.service}][-count:]

    async def after(self, moment: datetime, until: datetime, count: int) -> Sequence[LogRecord]:
        """Return the first lines after a moment and up to another, oldest first."""
        return [line for line in self._lines if moment < line.at <= until][:count]


class ConnectSeeded:
    """Connects to the seeded market.

    Args:
        plan: what to show.
        clock: the time.
        control: whether acts are offered.
        still: whether the market stands still at the plan's present.
    """

    def __init__(self, plan: MarketPlan, clock: Clock, *, control: bool = False, still: bool = False) -> None:
        self._plan = plan
        self._clock = clock
        self._control = control
        self._still = still
        self.market: SeededMarket | None = None
        self.restarted: list[str] = []

    async def __call__(self) -> Connection:
        """Make the market's past, and return the connection."""
        if self.market is None:
            self.market = await asyncio.to_thread(SeededMarket, self._plan)
        market, started = self.market, self._plan.present - timedelta(minutes=self._plan.minutes)

        async def status() -> SystemView:
            return seeded_system(self._clock.now(), started, self._plan.brokers, self.restarted)

        system = SystemSource(status)
        lines = SeededLinesSource(started)
        control = None
        if self._control:
            control = SeededControl(market, self._clock, self.restarted, still=self._still)
        moving = () if self._still else (MovingMarketSource(market, self._clock),)
        return Connection(
            name="demo",
            folder="in memory",
            brokers=self._plan.brokers,
            routes=market.routes,
            log_access=market.log_access,
            history=SeededHistory(seeded_lines(started)),
            sources=(system, lines, *moving),
            control=control,
        )


def seeded_system(
    now: datetime, started: datetime, brokers: tuple[tuple[str, object], ...], restarted: list[str]
) -> SystemView:
    """Return the processes of the seeded deployment."""
    names = {name for name, _ in brokers}
    daemons = []
    for place, (name, (cpu, mebibytes)) in enumerate(_COSTS.items()):
        broker = name.rpartition(".")[2]
        if "." in name and broker not in names:
            continue
        since = started + timedelta(seconds=place * 0.4)
        daemons.append(
            ProcessStatus(
                name=name,
                kind=UnitKind(_KINDS.get(name, "daemon")),
                state=ProcessState.DONE if name == "topics" else ProcessState.READY,
                reason="34 topics made, 0 there" if name == "topics" else "",
                since=since,
                pid=None if name == "topics" else 4_100 + 7 * place,
                uptime_s=None if name == "topics" else (now - since).total_seconds(),
                cpu_percent=cpu,
                rss_bytes=None if mebibytes is None else mebibytes << 20,
                restarts=restarted.count(name),
                last_exit="exit code 0" if name == "topics" else "",
                needs=_NEEDS.get(name, ()),
            )
        )
    return SystemView(at=now, daemons=tuple(daemons))


def seeded_lines(started: datetime) -> list[LogRecord]:
    """Return lines of a start, and of what came after it."""
    said: list[tuple[float, str, LogLevel, str, str, dict[str, object], Marker | None]] = []
    names = [name for name in _COSTS if name != "supervisor"]
    for place, name in enumerate(names):
        at = place * 0.4
        fields: dict[str, object] = {
            "process": name,
            "before": "starting",
            "state": "ready",
            "reason": "",
            "last_exit": "",
        }
        if name not in {"kafka", "valkey", "topics"}:
            said.append((at, name, LogLevel.INFO, "app", "started", {"pid": 4_100 + 7 * place}, Marker.STARTED))
        if name == "topics":
            fields |= {"state": "done", "reason": "34 topics made, 0 there", "last_exit": "exit code 0"}
        said.append((at + 0.3, "supervisor", LogLevel.INFO, "app", "process changed", fields, None))
    said += [
        (0.2, "kafka", LogLevel.INFO, "", "Kafka Server started", {}, None),
        (0.5, "valkey", LogLevel.INFO, "", "Ready to accept connections tcp", {}, None),
        (
            5.0,
            "strategies",
            LogLevel.INFO,
            "trading",
            "strategies loaded",
            {"strategies": ["ema-ticks", "vwap-fade"]},
            None,
        ),
        (
            61.5,
            _RISK_ZERODHA,
            LogLevel.WARNING,
            "trading",
            "denied",
            {"code": "NOTIONAL_EXCEEDS_MAX", "limit": "₹36,000"},
            None,
        ),
        (
            166.7,
            "strategies",
            LogLevel.ERROR,
            "bus",
            "dead letter",
            {"topic": TICKS, "code": "decode"},
            None,
        ),
        (
            170.2,
            _TRADER_PAPER,
            LogLevel.INFO,
            "bus",
            "snapshot written",
            {"bytes": 48_211, "seconds": 0.004},
            None,
        ),
    ]
    made = []
    for after, service, level, channel, event, values, marker in said:
        moment = started + timedelta(seconds=after)
        raw = encode_line(
            {"ts": moment, "level": level, "channel": channel, "service": service, "event": event, **values}
        )
        made.append(
            LogRecord(
                at=moment,
                service=service,
                level=level,
                channel=channel,
                event=event,
                fields=values,
                raw=raw.rstrip(),
                marker=marker,
            )
        )
    return sorted(made, key=lambda line: line.at)
