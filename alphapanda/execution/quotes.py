"""The newest quotes by instrument, for orders that come after the ticks they need.

The ticks of the whole market share one bounded ring, so the past that is kept is as long for a quiet
instrument as for a busy one. How far back it reaches is always known: what is older must be read again
from the log (`HistoryRequest`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.exchange.matching import Quote
from alphapanda.ids import InstrumentId
from alphapanda.model.envelope import Event
from alphapanda.model.tick import Tick, TickRef

KEPT_TICKS = 65_536
"""About 20 MB. At 60,000 ticks/s it reaches back one second, many times what a signal takes."""


class LoggedQuote(Quote, frozen=True, gc=False):
    """A quote with its tick's place in the log.

    Attributes:
        partition: of `market.ticks`.
        offset: in that partition.
        event_id: of the tick.
        last_price: of the last trade, rupees.
    """

    partition: int
    offset: int
    event_id: str
    last_price: float

    @classmethod
    def of(cls, event: Event) -> LoggedQuote:
        """Return the quote in a MARKET_TICK; raises InvariantError for one without a place in the log."""
        at, tick = event.at, event.envelope.data
        if at is None:
            raise InvariantError(f"Tick {event.envelope.id} has no place in the log.")
        last, bids, asks = tick.last_price, tick.bids, tick.asks
        return cls(
            tick.exchange_ts,
            bids[0].price if bids else last,
            asks[0].price if asks else last,
            at.partition,
            at.offset,
            event.envelope.id,
            last,
        )

    @property
    def ref(self) -> TickRef:
        """Its tick, for a fill."""
        return TickRef(self.event_id, self.partition, self.offset, self.exchange_ts, self.last_price)


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one partition of `market.ticks` from which one instrument's ticks are wanted.

    Attributes:
        instrument: the instrument.
        instrument_token: the feed's number for it, which is the key of its records.
        partition: of `market.ticks`.
        first_offset: first to be read.
        last_offset: last to be read.
    """

    instrument: InstrumentId
    instrument_token: int
    partition: int
    first_offset: int
    last_offset: int

    def up_to(self, last_offset: int) -> HistoryRequest:
        """Return the front of it, for a log that is read piece by piece."""
        return msgspec.structs.replace(self, last_offset=min(last_offset, self.last_offset))


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
        self.quotes: deque[LoggedQuote] = deque()
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

    def add(self, event: Event) -> LoggedQuote | None:
        """Take a MARKET_TICK and return its quote; None when its place was read before."""
        quote = LoggedQuote.of(event)
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

    def after(self, instrument: InstrumentId, partition: int, offset: int) -> list[LoggedQuote]:
        """Return what is kept of the instrument past `offset`, oldest first."""
        track = self._tracks.get(instrument)
        if track is None or track.partition != partition:
            return []
        found: list[LoggedQuote] = []
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
