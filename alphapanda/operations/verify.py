"""Compares positions and orders with a rebuild from the log, and checks the rules of the log itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence

import msgspec

from alphapanda.accounting.portfolio import Portfolio
from alphapanda.errors import PermanentError
from alphapanda.execution.order_store import OrderStore
from alphapanda.ids import BrokerId
from alphapanda.kafka.log import ReadableLog
from alphapanda.kafka.reading import read_all
from alphapanda.model.envelope import Event
from alphapanda.model.instrument import InstrumentLookup
from alphapanda.model.kinds import ORDER_EVENTS, EventType, TradingMode
from alphapanda.model.position import Position
from alphapanda.model.records import Header, Record, decode_offsets
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.state.views import Views
from topics.dead_letter_families import read_headers

DECISIONS = (
    EventType.SIGNAL_RAW,
    EventType.SIGNAL_VALIDATED,
    EventType.SIGNAL_REJECTED,
    *ORDER_EVENTS,
    EventType.CONTROL_EVENT,
)
LOOKS = 20
BETWEEN_S = 0.25
"""A running trader writes its views shortly after its events: only differences of over 5 s count."""
SHOWN = 5


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one rule.

    Attributes:
        rule: the rule, in words.
        checked: number of items checked.
        problems: the first few violations.
        problem_count: number of violations.
    """

    rule: str
    checked: int
    problems: tuple[str, ...] = ()
    problem_count: int = 0


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one broker."""

    broker: BrokerId
    findings: tuple[RuleResult, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every rule holds."""
        return not any(finding.problem_count for finding in self.findings)


class Verifier:
    """Verifies one broker.

    Args:
        log: the log to rebuild from.
        routes: of the broker.
        views: the stored positions and orders to compare.
        broker: the broker to verify.
        mode: of that broker.
        instruments: for price grids.
    """

    def __init__(
        self,
        log: ReadableLog,
        routes: Routes,
        views: Views,
        broker: BrokerId,
        mode: TradingMode,
        instruments: InstrumentLookup,
    ) -> None:
        self._log = log
        self._routes = routes
        self._views = views
        self._broker = broker
        self._mode = mode
        self._instruments = instruments

    async def verify(self) -> Verification:
        """Check, and repeat while a running trader may still write its views."""
        for _ in range(LOOKS - 1):
            found = await self._look()
            if found.is_sound:
                return found
            await asyncio.sleep(BETWEEN_S)
        return await self._look()

    async def _look(self) -> Verification:
        views = await self._views.positions(self._broker), await self._views.orders(self._broker)
        partitions = await self._log.partitions([self._routes.topic(kind, self._broker) for kind in DECISIONS])
        start, ends = await self._log.beginnings(partitions), await self._log.ends(partitions)
        records = await read_all(self._log, start, ends)
        events, refused = self._read(records, await self._dead_lettered())
        book, portfolio = self._fold(events)
        held = views[0].positions if views[0] else ()
        findings = [
            _finding("every record is an event of its topic and broker, or a dead letter", len(records), refused),
            _once("every decision is in the log once", [e.id for _, e in events]),
            _once("every fill has its own trade id", [e.data.fill.trade_id for e in _of(events, _FILLED)]),
            _judged_once(events),
            _once("every validated signal has at most one order", _causes(events, EventType.ORDER_SUBMITTED)),
            _positions(held, portfolio.positions()),
            _orders([(o.client_order_id, o.status) for o in (views[1].orders if views[1] else ())], book),
        ]
        return Verification(broker=self._broker, findings=tuple(findings))

    async def _dead_lettered(self) -> set[tuple[str, int | None, int | None]]:
        """Return the log positions of records that went to the dead letters."""
        topics = self._routes.dead_letters([self._routes.topic(kind, self._broker) for kind in DECISIONS])
        partitions = await self._log.partitions(topics)
        letters = await read_all(
            self._log, await self._log.beginnings(partitions), await self._log.ends(partitions)
        )
        failures = [read_headers(letter.headers, letter.partition.topic).failure for letter in letters]
        return {(failure.topic, failure.partition, failure.offset) for failure in failures}

    def _read(
        self, records: Sequence[Record], dead_lettered: Container[tuple[str, int | None, int | None]]
    ) -> tuple[list[tuple[Record, Event]], list[str]]:
        events: list[tuple[Record, Event]] = []
        refused: list[str] = []
        known: set[str] = set()
        for record in records:
            try:
                event = self._routes.read(record)
                if (
                    record.header(Header.REPLAY_OF) is None or event.id not in known
                ):  # else a dead letter sent again
                    events.append((record, event))
                known.add(event.id)
            except PermanentError as error:
                at = record.position
                if (at.topic, at.partition, at.offset) not in dead_lettered:
                    refused.append(str(error))
        return events, refused

    def _fold(self, events: Iterable[tuple[Record, Event]]) -> tuple[OrderStore, Portfolio]:
        book, portfolio = OrderStore(), Portfolio(self._broker, self._mode, self._instruments)
        for _, event in sorted(
            ((r, e) for r, e in events if e.type in ORDER_EVENTS), key=lambda pair: _order(pair[0])
        ):
            book.evolve(event)
            if event.type is EventType.ORDER_FILLED:
                portfolio.fill(event.data.fill)
        return book, portfolio


_FILLED = EventType.ORDER_FILLED


def _order(record: Record) -> tuple[int, int, int]:
    """Return the order of a decision within its service: by its input offsets, then by its index."""
    seen, index = record.header(Header.SEEN), record.header(Header.INDEX)
    return (
        sum(decode_offsets(seen).values()) if seen else 0,
        int(index) if index else 0,
        record.timestamp_ms,
    )


def _finding(rule: str, checked: int, problems: Sequence[str]) -> RuleResult:
    return RuleResult(rule=rule, checked=checked, problems=tuple(problems[:SHOWN]), problem_count=len(problems))


def _once(rule: str, ids: Sequence[str]) -> RuleResult:
    twice = [f"{each} occurs {count} times" for each, count in Counter(ids).items() if count > 1]
    return _finding(rule, len(ids), twice)


def _of(events: Iterable[tuple[Record, Event]], kind: EventType) -> list[Event]:
    return [event for _, event in events if event.type is kind]


def _causes(events: Iterable[tuple[Record, Event]], kind: EventType) -> list[str]:
    return [str(event.envelope.causation_id) for event in _of(events, kind)]


def _judged_once(events: Sequence[tuple[Record, Event]]) -> RuleResult:
    kinds = {EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED}
    # From one command an operator's orders follow for many positions: nobody sent a signal that is judged there.
    verdicts = [event for _, event in events if event.type in kinds and event.data.signal.command_id is None]
    return _once("every signal has one verdict", [str(event.envelope.causation_id) for event in verdicts])


def _plain(position: Position) -> Position:
    """Return a position without its last price, which changes with every tick."""
    return msgspec.structs.replace(position, last_price=None)


def _positions(viewed: Sequence[Position], folded: Sequence[Position]) -> RuleResult:
    def keyed(positions: Sequence[Position]) -> dict[str, Position]:
        return {f"{p.strategy_id} {p.instrument}": _plain(p) for p in positions}

    problems = _differences(keyed(viewed), keyed(folded), lambda p: f"{p.quantity} at {p.average_price}")
    return _finding("positions equal a rebuild from the log", len(folded), problems)


def _differences(
    viewed: dict[str, Position], folded: dict[str, Position], tell: Callable[[Position], str]
) -> list[str]:
    problems = []
    for key in sorted(viewed.keys() | folded.keys()):
        seen, true = viewed.get(key), folded.get(key)
        if seen != true:
            said = "nothing" if seen is None else tell(seen)
            problems.append(f"{key}: the view says {said}, the log {'nothing' if true is None else tell(true)}")
    return problems


def _orders(viewed: Sequence[tuple[str, str]], book: OrderStore) -> RuleResult:
    folded: dict[str, str] = {order.client_order_id: order.status for order in book.orders()}
    shown: dict[str, str] = dict(viewed)
    problems = [
        f"order {key}: the view says {shown.get(key, 'nothing')}, the log {folded.get(key, 'nothing')}"
        for key in sorted(shown.keys() | folded.keys())
        if shown.get(key) != folded.get(key)
    ]
    return _finding("orders equal a rebuild from the log", len(folded), problems)
