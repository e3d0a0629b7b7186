"""The store: everything that is known at one moment, live or of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from alphapanda.errors import PermanentError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Alert, AuditRecord, ControlCommand, ControlEvent
from alphapanda.model.dead_letter import DeadLetterMoved
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.order import Order
from alphapanda.model.records import Header, Partition, Record
from alphapanda.model.tick import Tick
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import decode
from alphapanda.telemetry.record import LogRecord
from topics.errors import AlphaPandaError
from tui.render.ring import Ring
from tui.store.chains import Chains
from tui.store.dead_letters import DeadLetters
from tui.store.market import Market
from tui.store.money import Money
from tui.store.orders import Orders
from tui.store.signals import Signals
from tui.store.system import System
from tui.store.topics import Topics

NOTES = 500
LINES = 5_000
LINE_BYTES = 8 << 20
DLQ = ".dlq"
FOLDED = 40_000
"""Ids of events that are known to be folded."""

_SIGNALS = frozenset({EventType.SIGNAL_RAW, EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED})


class Note(msgspec.Struct, frozen=True):
    """An alert, an audit, or a command and who obeyed it.

    Attributes:
        event: what it is.
        record: where it stands.
    """

    event: Event
    record: Record


class Store:
    """Folds of the log and of what else is told.

    Attributes:
        changes: another number whenever something came; what is asked for once a second is not counted.

    Args:
        routes: which topic carries what.
        brokers: the active ones, and how near to real money each is.
    """

    def __init__(self, routes: Routes, brokers: Iterable[tuple[str, TradingMode]] = ()) -> None:
        self.routes = routes
        self.market = Market()
        self.signals = Signals()
        self.orders = Orders()
        self.money = Money()
        self.topics = Topics()
        self.dead = DeadLetters()
        self.chains = Chains()
        self.system = System()
        self.notes: Ring[Note] = Ring(NOTES)
        self.alerts: Ring[Note] = Ring(NOTES)
        self.lines: Ring[LogRecord] = Ring(LINES, LINE_BYTES)
        self._folded: dict[str, None] = {}
        self.undecodable = 0
        self.skipped = 0
        self.changes = 0
        self.newest_ms: int | None = None
        for broker, mode in brokers:
            self.money.know(broker, mode)

    # ------------------------------------------------------------ the log

    def fold(self, records: Sequence[Record]) -> None:
        """Fold records, in the order in which they were written."""
        self.changes += 1
        ticks: list[tuple[Tick, int]] = []
        last: Record | None = None
        for record in records:
            topic = record.partition.topic
            kept = self.topics.fold(record)
            if last is not None and last.partition is not record.partition:
                self._mark(last)
            last = record
            if topic.endswith(DLQ):
                self.dead.fold(kept)
                continue
            try:
                kind, _ = self.routes.carried_by(topic)
                if kept is not record and kind is not EventType.PNL_SNAPSHOT:
                    # No event of ours is as long; thousands are held, with all that is in them.
                    self.undecodable += 1
                elif kind is EventType.MARKET_TICK:
                    if record.header(Header.REPLAY_OF) is not None:
                        continue  # it is of then; the market is shown as it is now
                    ticks.append((decode(kind, record.value or b"").data, record.timestamp_ms))
                else:
                    self._fold(self.routes.read(record), kept)
            except (PermanentError, AlphaPandaError):
                # Its readers dead-letter it and say why; the tail shows it as it is.
                self.undecodable += 1
        if last is not None:
            self._mark(last)
        if ticks:
            self.market.fold(ticks)
        self.money.settle()
        self.dead.settle()

    def lost(self, partition: Partition, count: int) -> None:
        """Say that records of a partition were passed over."""
        self.topics.lost(partition.topic, count)
        self.skipped += count
        self.changes += 1

    def _mark(self, record: Record) -> None:
        self.topics.mark(record.partition, record.offset, record.timestamp_ms)
        if self.newest_ms is None or record.timestamp_ms > self.newest_ms:
            self.newest_ms = record.timestamp_ms

    def _fold(self, event: Event, record: Record) -> None:
        """Fold an event; one that was folded already, since it was sent again or replayed, changes nothing."""
        if event.id in self._folded:
            return
        self._folded[event.id] = None
        if len(self._folded) > FOLDED:
            del self._folded[next(iter(self._folded))]
        kind, data = event.type, event.data
        if kind in _SIGNALS:
            self.signals.fold(event, record)
            self.chains.fold(event, record)
        elif kind is EventType.PNL_SNAPSHOT:
            self.money.fold(data, record.timestamp_ms)
        elif isinstance(data, DeadLetterMoved):
            self.dead.move(data)
        elif isinstance(data, Alert):
            self.alerts.add(Note(event, record))
            self.notes.add(Note(event, record))
        elif isinstance(data, AuditRecord | ControlCommand | ControlEvent):
            self.notes.add(Note(event, record))
            if isinstance(data, ControlEvent):
                self.money.trading(str(data.broker), data.after)
        else:
            self.orders.fold(event, record)
            self.chains.fold(event, record)

    def recall(self, records: Sequence[Record]) -> None:
        """Fold snapshots of profit of earlier today, for the lines along the day alone."""
        for record in records:
            try:
                self.money.recall(self.routes.read(record).data)
            except (PermanentError, AlphaPandaError):
                self.undecodable += 1
        self.changes += 1

    # ------------------------------------------------------------ views and logs

    def fold_orders(self, orders: Iterable[Order]) -> None:
        """Take a trader's view of its orders."""
        self.orders.fold_view(orders)
        self.changes += 1

    def fold_lines(self, lines: Sequence[LogRecord]) -> None:
        """Take lines of the daemons' logs."""
        if len(lines) > LINES:
            self.lines.lost(len(lines) - LINES)
        for line in lines[-LINES:]:
            self.lines.add(line, len(line.raw))
        self.changes += 1


def broker_names(store: Store) -> tuple[BrokerId, ...]:
    """Return the brokers that are known, in their configured order."""
    return tuple(BrokerId(name) for name in store.money.brokers)
