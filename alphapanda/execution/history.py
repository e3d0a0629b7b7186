"""What the paper trader asks of the log when its memory of the market does not reach back far enough.

It happens when a signal comes long after its tick: after a restart (quotes are not in snapshots), or
when the feed is far ahead. The order then waits; nothing is matched against a later tick than the first
that would do. Whoever runs the stage:

1. calls `PaperTraderStage.missing_history()` before a batch (it is cheap and almost always empty);
2. for each request reads partition `partition` of `market.ticks` from `first_offset` to `last_offset`,
   both included, keeps the ticks of `instrument` (by key: `instrument_token`), and calls
   `supply_history(request, ticks)`. A part will do, from the front, as a request with a smaller
   `last_offset` (`up_to`): the rest is asked for again;
3. calls `abandon_history(request, reason)` when the log no longer has `first_offset`: the orders that wait are
   cancelled, with that reason.

What follows is decided on the next tick of the instrument or the next Timer, whichever comes first;
its ids, times and prices are those it would have had if the signal had come in time.
"""

from __future__ import annotations

import msgspec

from alphapanda.ids import InstrumentId


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one partition of `market.ticks`, of which one instrument's ticks are wanted.

    Attributes:
        instrument: whose ticks.
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
