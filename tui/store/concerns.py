"""What somebody should look at, worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from alphapanda.model.control import Severity
from alphapanda.model.kinds import TradingState
from alphapanda.model.process_status import ProcessState
from tui.store.store import Note, Store
from tui.theme.formatter import Formatter, from_ms, span

STALE_TICKS_S: Final = 10.0
LAG_S: Final = 5.0
LAG_RECORDS: Final = 1_000
RECENT_S: Final = 900.0
ALERTS: Final = 3


class Weight(IntEnum):
    """How much a concern matters; the least number first."""

    BLIND = 0
    """We do not see."""
    WRONG = 1
    HELD = 2
    """Somebody stopped it."""
    SLOW = 3
    LOOK = 4


class Concern(NamedTuple):
    """One thing.

    Attributes:
        weight: how much it matters.
        what: in few words.
        more: about it, or what to do.
    """

    weight: Weight
    what: str
    more: str

    @property
    def is_bad(self) -> bool:
        """Whether it is wrong, not only worth a look."""
        return self.weight <= Weight.WRONG


def concerns(store: Store, fmt: Formatter, troubles: Sequence[tuple[str, str]]) -> list[Concern]:
    """Return what is wrong, worst first.

    Args:
        store: what is known.
        fmt: of the moment.
        troubles: of the sources: what, and what to do.
    """
    found = [Concern(Weight.BLIND, what, more) for what, more in troubles]
    found += [*_daemons(store), *_trading(store), *_flow(store, fmt), *_alerts(store, fmt)]
    return sorted(found, key=lambda concern: concern.weight)


def _daemons(store: Store) -> Iterator[Concern]:
    for daemon in store.system.bad:
        gone = daemon.state in {ProcessState.CRASHLOOP, ProcessState.FAILED}
        why = daemon.reason or daemon.last_exit
        yield Concern(Weight.WRONG if gone else Weight.SLOW, f"{daemon.name} is {daemon.state}", why)


def _trading(store: Store) -> Iterator[Concern]:
    for row in store.money.brokers.values():
        if row.state is TradingState.REDUCING:
            yield Concern(Weight.HELD, f"{row.broker} is {row.state}", "only exits and cancels pass")
        elif row.state is TradingState.HALTED:
            yield Concern(Weight.HELD, f"{row.broker} is {row.state}", "nothing new is sent; cancels pass")
    unknown = store.orders.unknown_count
    if unknown:
        yield Concern(Weight.WRONG, f"{unknown} orders with unknown outcome", "see Orders (4)")


def _flow(store: Store, fmt: Formatter) -> Iterator[Concern]:
    newest = store.market.newest_ms
    age = 0.0 if newest is None else (fmt.now - from_ms(newest)).total_seconds()
    if age > STALE_TICKS_S:
        yield Concern(Weight.SLOW, f"No tick for {span(age)}", "the market is closed, or the feed stopped")
    worst = store.topics.worst
    if worst is not None:
        lag, topic = worst
        if (lag.seconds or 0) > LAG_S or (lag.records or 0) > LAG_RECORDS:
            behind = f"{fmt.count(lag.records or 0)} records" + (f", {span(lag.seconds)}" if lag.seconds else "")
            yield Concern(Weight.SLOW, f"{lag.group} is {behind} behind", f"in {topic}")
    if store.undecodable:
        yield Concern(
            Weight.LOOK,
            f"{_many(store.undecodable, 'record', fmt)} cannot be read here",
            "their bytes: Topics (7)",
        )
    if store.skipped:
        what = f"{_many(store.skipped, 'record', fmt)} passed over here"
        yield Concern(Weight.LOOK, what, "they came faster than can be shown")
    if store.dead.unresolved:
        left = [one for one in store.dead.reasons.values() if one.unresolved]
        reason = max(left, key=lambda one: one.last_ms)
        dot = f" {fmt.glyphs.dot} "
        more = dot.join(
            (f"newest {fmt.age(from_ms(reason.last_ms))} ago", reason.topic, reason.code, "see DLQ (8)")
        )
        yield Concern(Weight.LOOK, _many(store.dead.unresolved, "dead letter", fmt), more)


def _many(count: int, what: str, fmt: Formatter) -> str:
    return f"{fmt.count(count)} {what}{'' if count == 1 else 's'}"


def _alerts(store: Store, fmt: Formatter) -> Iterator[Concern]:
    for note in list(store.alerts)[-ALERTS:]:
        if isinstance(note, Note) and (fmt.now - from_ms(note.record.timestamp_ms)).total_seconds() < RECENT_S:
            alert = note.event.data
            weight = Weight.WRONG if alert.severity is Severity.CRITICAL else Weight.LOOK
            yield Concern(weight, f"{alert.source}: {alert.code}", alert.message)
