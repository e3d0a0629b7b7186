"""Time bars from ticks, by the exchange's time.

Policy:

- A bar covers `[start, end)`. Bars are counted from the session's open (09:15 IST), so hourly bars begin at
  09:15 as Kite's do; no bar crosses midnight IST.
- A bar closes with the first tick at or after its end: nothing is emitted by the wall clock, so a quiet
  instrument's bar closes when its next tick comes.
- An interval without ticks gives no bar. Who needs the gap sees it in `Bar.start`.
- Volume is the growth of the session's cumulative volume. What was traded before the first tick ever seen
  belongs to no bar; on a new day the count begins at zero. Volume that shrinks within a day is ignored.
- A late tick (before the current bar's start) never reopens a bar: its price is left out and it is counted in
  the bar in progress (`Bar.late`); what it says of volume counts there too. One that falls into the bar in
  progress is used as it comes: it can set high, low and, as the last seen, close.
- `REWIND_RUN` ticks in a row that are later than `REWIND_AFTER` mean that the source's time went back (a
  simulation begun again, a first tick with a wrong date): building begins anew there.

`BarState` is a frozen value and `step` a pure function: a stage can look ahead without changing anything.
"""

# ruff: noqa: FURB136 - on every tick: max() and min() cost three times the comparison
from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from alphapanda.ids import InstrumentId
from alphapanda.market.calendar import ist_day
from alphapanda.model.tick import Tick

MAX_BAR_SECONDS = 6 * 3600
REWIND_AFTER = timedelta(minutes=5)
REWIND_RUN = 10


class Bar(msgspec.Struct, frozen=True, gc=False):
    """What one instrument did in one interval.

    Attributes:
        instrument: exchange and trading symbol.
        start: first moment that belongs to it, aware UTC.
        end: first moment that does not.
        open: price of the first tick, rupees.
        high: highest price.
        low: lowest price.
        close: price of the last tick.
        volume: units traded in it.
        ticks: how many made it.
        late: how many came too late for the bar they belonged to, while this one was built.
    """

    instrument: InstrumentId
    start: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int
    ticks: int
    late: int = 0

    @property
    def last_price(self) -> float:
        """The close: what is written for ticks can be given bars."""
        return self.close


class BarState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A bar in progress.

    Attributes:
        start: of the bar.
        end: of the bar.
        open: price of its first tick.
        high: highest so far.
        low: lowest so far.
        close: last so far.
        ticks: how many so far.
        volume_before: cumulative volume of the session where the bar begins.
        volume_now: the highest cumulative volume seen in the session.
        late: late ticks so far.
        late_run: ticks in a row that came later than `REWIND_AFTER`.
    """

    start: datetime
    end: datetime
    open: float
    high: float
    low: float
    close: float
    ticks: int
    volume_before: int
    volume_now: int
    late: int = 0
    late_run: int = 0


def bar_bounds(moment: datetime, seconds: int) -> tuple[datetime, datetime]:
    """Return start and end of the bar of `seconds` that `moment` falls into."""
    day = ist_day(moment)
    length = timedelta(seconds=seconds)
    start = day.market_open + (moment - day.market_open) // length * length
    return max(start, day.start), min(start + length, day.end)


def step(state: BarState | None, tick: Tick, seconds: int) -> tuple[BarState, Bar | None]:
    """Return the state after `tick`, and the bar that it closes if it closes one.

    Args:
        state: the bar in progress; None before the first tick.
        tick: the next one of the same instrument.
        seconds: length of the bars, the same for every step; 1 to `MAX_BAR_SECONDS`.
    """
    if state is None:
        return _begin(tick, seconds, volume_before=tick.volume), None
    moment = tick.exchange_ts
    if moment < state.start:
        return _late(state, tick, seconds), None
    price, volume = tick.last_price, tick.volume
    if moment < state.end:
        return BarState(
            state.start,
            state.end,
            state.open,
            price if price > state.high else state.high,
            price if price < state.low else state.low,
            price,
            state.ticks + 1,
            state.volume_before,
            volume if volume > state.volume_now else state.volume_now,
            state.late,
        ), None
    same_day = moment < ist_day(state.start).end
    return _begin(tick, seconds, volume_before=state.volume_now if same_day else 0), close(state, tick.instrument)


def close(state: BarState, instrument: InstrumentId) -> Bar:
    """Return the bar in progress as it stands."""
    return Bar(
        instrument,
        state.start,
        state.end,
        state.open,
        state.high,
        state.low,
        state.close,
        state.volume_now - state.volume_before,
        state.ticks,
        state.late,
    )


def _begin(tick: Tick, seconds: int, *, volume_before: int) -> BarState:
    start, end = bar_bounds(tick.exchange_ts, seconds)
    price = tick.last_price
    return BarState(start, end, price, price, price, price, 1, volume_before, max(tick.volume, volume_before))


def _late(state: BarState, tick: Tick, seconds: int) -> BarState:
    far = state.start - tick.exchange_ts > REWIND_AFTER
    late_run = state.late_run + 1 if far else 0
    if late_run >= REWIND_RUN:
        return _begin(tick, seconds, volume_before=tick.volume)
    same_day = ist_day(state.start).start <= tick.exchange_ts
    return msgspec.structs.replace(
        state,
        volume_now=max(state.volume_now, tick.volume) if same_day and not far else state.volume_now,
        late=state.late + 1,
        late_run=late_run,
    )
