"""What the market said lately, by instrument, for orders that come after the ticks they need.

The ticks of the whole market share one bounded ring, so the past that is kept is as long for a quiet
instrument as for a busy one. How far back it reaches is always known: what is older must be read again
from the log (`alphapanda.execution.history`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.ids import InstrumentId
from alphapanda.model.envelope import Event
from alphapanda.model.tick import Tick, TickRef

KEPT_TICKS = 65_536
"""About 20 MB. At 60,000 ticks/s it reaches back one second, many times what a signal takes."""


class MatchingQuote(msgspec.Struct, frozen=True, gc=False):
    """What matching needs of a tick. Prices as the feed gave them, rupees.

    Attributes:
        partition: of `market.ticks`.
        offset: in that partition.
        event_id: of the tick.
        exchange_ts: the tick's time.
        bid: best, or the last price where there is no depth.
        ask: best, or the last price where there is no depth.
        last_price: of the last trade.
    """

    partition: int
    offset: int
    event_id: str
    exchange_ts: datetime
    bid: float
    ask: float
    last_price: float

    @classmethod
    def of(cls, event: Event) -> MatchingQuote:
        """Return the quote in a MARKET_TICK; raises InvariantError for one without a place in the log."""
        at, tick = event.at, event.envelope.data
        if at is None:
            raise InvariantError(f"Tick {event.envelope.id} has no place in the log.")
        last, bids, asks = tick.last_price, tick.bids, tick.asks
        return cls(
            at.partition,
            at.offset,
            event.envelope.id,
            tick.exchange_ts,
            bids[0].price if bids else last,
            asks[0].price if asks else last,
            last,
        )

    @property
    def ref(self) -> TickRef:
        """Where it stands, for a fill."""
        return TickRef(self.event_id, self.partition, self.offset, self.exchange_ts, self.last_price)


class Track:
    """One instrument's quotes, oldest first.

    Attributes:
        partition: where its ticks come from.
        quotes: those kept.
        forgotten: offset of the newest that is no longer kept; -1 for none.
    """

    __slots__ = ("forgotten", "partition", "quotes")

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.quotes: deque[MatchingQuote] = deque()
        self.forgotten = -1


class QuoteHistory:
    """Quotes of all instruments, and how far each partition was read.

    Args:
        kept: how many quotes are kept over all instruments.
    """

    def __init__(self, kept: int = KEPT_TICKS) -> None:
        self._kept = kept
        self._tracks: dict[InstrumentId, Track] = {}
        self._ring: deque[Track] = deque()
        self._ends: dict[int, int] = {}
        self._starts: dict[int, int] = {}

    def is_new(self, partition: int, offset: int) -> bool:
        """Return whether the tick at that place was not taken yet."""
        return offset > self._ends.get(partition, -1)

    def add(self, event: Event) -> MatchingQuote | None:
        """Take a MARKET_TICK and return its quote; None when its place was read before."""
        quote = MatchingQuote.of(event)
        partition, offset = quote.partition, quote.offset
        end = self._ends.get(partition)
        if end is None:
            self._starts[partition] = offset - 1
        elif offset <= end:
            return None
        self._ends[partition] = offset
        tick: Tick = event.envelope.data
        track = self._tracks.get(tick.instrument)
        if track is None or track.partition != partition:
            track = self._tracks[tick.instrument] = Track(partition)
        track.quotes.append(quote)
        ring = self._ring
        ring.append(track)
        if len(ring) > self._kept:
            oldest = ring.popleft()
            oldest.forgotten = oldest.quotes.popleft().offset
        return quote

    def end(self, partition: int) -> int | None:
        """Return the offset read last in a partition; None before the first."""
        return self._ends.get(partition)

    def floor(self, instrument: InstrumentId, partition: int) -> int | None:
        """Return the offset after which every tick of the instrument is kept.

        None while nothing of the partition was read: what comes first will tell.
        """
        start = self._starts.get(partition)
        track = self._tracks.get(instrument)
        if start is None or track is None or track.partition != partition:
            return start
        return max(start, track.forgotten)

    def after(self, instrument: InstrumentId, partition: int, offset: int) -> list[MatchingQuote]:
        """Return what is kept of the instrument past `offset`, oldest first."""
        track = self._tracks.get(instrument)
        if track is None or track.partition != partition:
            return []
        found: list[MatchingQuote] = []
        for quote in reversed(track.quotes):
            if quote.offset <= offset:
                break
            found.append(quote)
        found.reverse()
        return found

    def dump(self) -> list[tuple[int, int]]:
        """Return how far each partition was read. Quotes are not in a snapshot: the log has them."""
        return list(self._ends.items())

    def load(self, ends: Iterable[tuple[int, int]]) -> None:
        """Start with nothing kept, after these offsets."""
        self._ends = dict(ends)
        self._starts = dict(self._ends)
        self._tracks = {}
        self._ring = deque()
