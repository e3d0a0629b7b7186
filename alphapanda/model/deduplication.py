"""Deduplication in bounded memory: signals, exactly, by their ticks; other ids, the last ones, by digests.

The signals of one strategy and instrument follow from the ticks of one partition, in their order. So the
place of the newest such tick, and the ids that followed from it, identify every signal that came before.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

import msgspec

from alphapanda.ids import EventId, InstrumentId, StrategyId
from alphapanda.model.signal import Signal

IDS_PER_TICK = 64
"""One tick leads to two signals at most (an exit and an entry); more are kept for free."""


class SignalMark(msgspec.Struct, frozen=True):
    """How far the signals of one strategy and instrument were taken.

    Attributes:
        strategy_id: whose.
        instrument: of what.
        partition: of the newest tick behind them.
        offset: of that tick.
        exchange_ts: of that tick.
        ids: events of the signals that followed from it.
    """

    strategy_id: StrategyId
    instrument: InstrumentId
    partition: int
    offset: int
    exchange_ts: datetime
    ids: tuple[EventId, ...]


class SignalDeduplicator:
    """Recognises a signal that comes again.

    A signal is old when its tick stands before the newest one, in the same partition, and is no newer:
    both, so that a topic that was made anew, whose offsets begin again, is not taken for the past.
    """

    def __init__(self) -> None:
        self._marks: dict[tuple[StrategyId, InstrumentId], SignalMark] = {}

    def contains(self, event_id: EventId, signal: Signal) -> bool:
        """Return whether that signal, in the event with that id, was taken already."""
        mark = self._marks.get((signal.strategy_id, signal.instrument))
        if mark is None:
            return False
        if event_id in mark.ids:
            return True
        tick = signal.tick
        is_before = tick.partition == mark.partition and tick.offset < mark.offset
        return is_before and tick.exchange_ts <= mark.exchange_ts

    def add(self, event_id: EventId, signal: Signal) -> None:
        """Remember a signal."""
        if self.contains(event_id, signal):
            return
        key, tick = (signal.strategy_id, signal.instrument), signal.tick
        mark = self._marks.get(key)
        same = mark is not None and (tick.partition, tick.offset) == (mark.partition, mark.offset)
        ids = (*mark.ids, event_id)[-IDS_PER_TICK:] if mark is not None and same else (event_id,)
        self._marks[key] = SignalMark(*key, tick.partition, tick.offset, tick.exchange_ts, ids)

    def mark(self, strategy_id: StrategyId, instrument: InstrumentId) -> SignalMark | None:
        """Return how far the signals of that strategy and instrument were taken; None before the first."""
        return self._marks.get((strategy_id, instrument))

    def dump(self) -> list[SignalMark]:
        """Return the marks for a snapshot."""
        return list(self._marks.values())

    def load(self, marks: Iterable[SignalMark]) -> None:
        """Take marks that `dump` returned."""
        self._marks = {(mark.strategy_id, mark.instrument): mark for mark in marks}


DIGEST_BYTES = 12
"""96 bits: among 10,000 ids, two that are taken for one are less likely than 1 in 10^20."""


class RecentDigests:
    """Whether an id was seen among the last `capacity`.

    What comes twice comes from a batch that was written in part before a crash, so a bound of many
    batches is safe.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, item: str) -> bool:
        return _digest(item) in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, item: str) -> bool:
        """Remember an id and forget the oldest past the bound; return whether it was new."""
        digest = _digest(item)
        if digest in self._known:
            return False
        self._known[digest] = None
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return True

    def dump(self) -> bytes:
        """Return them for a snapshot, oldest first."""
        return b"".join(self._known)

    def load(self, data: bytes) -> None:
        """Take what `dump` returned."""
        step = DIGEST_BYTES
        self._known = OrderedDict.fromkeys(data[i : i + step] for i in range(0, len(data), step))


def _digest(item: str) -> bytes:
    return hashlib.blake2b(item.encode(), digest_size=DIGEST_BYTES).digest()
