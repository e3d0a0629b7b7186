"""A simulated exchange: endless believable sessions, each a function of the seed.

Returns have one factor (the market) and a part of their own; both follow Brownian bridges along the
session's activity, so a session's close is known before its path is, and any tick can be reached
without making those of the days before it.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final

from alphapanda.errors import UsageError
from alphapanda.market.calendar import (
    CLOSING_FROM,
    OPENING_AUCTION,
    SESSION_SECONDS,
    TradingCalendar,
    TradingSession,
)
from alphapanda.market.simulated_book import NORMAL, SimulatedBook
from alphapanda.market.universe import PERSONALITIES, Personality
from alphapanda.model.tick import Tick

VERSION: Final = 1
"""Of the arithmetic: a change of it is another source, with other ids."""

_MARKET_VOL: Final = 0.0075
_OVERNIGHT_VOL: Final = 0.004
_REVERSION: Final = 0.02  # a day's pull back to the first price: prices stay believable for ever
_PICKS: Final = 1024
_OPENING_S: Final = 900.0
_CLOSING_S: Final = 1_500.0


@dataclass(frozen=True, slots=True)
class IntradayCurve:
    """The U-shaped activity of one session, the same every day.

    Attributes:
        counts: how many ticks each second of the session has.
        elapsed: how much of the session's activity is over at the start of each second, 0 to 1; variance
            runs along it, so prices move most when most is traded.
    """

    counts: tuple[int, ...]
    elapsed: tuple[float, ...]

    @classmethod
    def of(cls, ticks_per_second: float) -> IntradayCurve:
        """Return the curve with that many ticks a second on average."""
        weights = [_activity(second) for second in range(SESSION_SECONDS)]
        running = list(accumulate(weights, initial=0.0))
        total = running[-1]
        ticks = round(ticks_per_second * SESSION_SECONDS)
        reached = [math.floor(ticks * (part / total)) for part in running]
        counts = tuple(after - before for before, after in pairwise(reached))
        return cls(counts, tuple(part / total for part in running[:-1]))

    @property
    def ticks(self) -> int:
        """How many ticks the session has."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """What decides every tick of a simulation.

    Attributes:
        seed: the same seed gives the same ticks.
        start: the first session's date, or the first session after it.
        ticks_per_second: on average over a session, all instruments together.
        auctions: whether each session begins with the opening auction's trade of each instrument and
            ends with the closing session's.
        who: the instruments.
    """

    seed: int = 42
    start: date = date(2026, 1, 5)
    ticks_per_second: float = 12.0
    auctions: bool = False
    who: tuple[Personality, ...] = field(default=PERSONALITIES, repr=False)

    def __post_init__(self) -> None:
        if not 1.0 <= self.ticks_per_second <= 1_000_000.0 or not self.who:
            raise UsageError("A simulation needs instruments and between 1 and 1,000,000 ticks a second.")

    @property
    def source(self) -> str:
        """The source's name, from which its ticks' ids come: it names all that decides them."""
        names = hashlib.blake2b(repr(self.who).encode(), digest_size=6).hexdigest()
        auctions = "/auctions" if self.auctions else ""
        return f"simulated/v{VERSION}/{self.seed}/{self.start}/{self.ticks_per_second:g}/{names}{auctions}"


class MarketSimulation:
    """The exchange: ticks by number, for ever."""

    def __init__(self, config: SimulationConfig, calendar: TradingCalendar | None = None) -> None:
        self.config = config
        self._calendar = calendar or TradingCalendar()
        self._curve = IntradayCurve.of(config.ticks_per_second)
        self._picks = _picks(config.who)
        self._days = _Days(config)
        self._sessions = [self._calendar.first_from(config.start)]

    @property
    def ticks_per_session(self) -> int:
        """How many ticks each session has."""
        auctions = 2 * len(self.config.who) if self.config.auctions else 0
        return self._curve.ticks + auctions

    def session(self, index: int) -> TradingSession:
        """Return the `index`-th session, from 0."""
        while len(self._sessions) <= index:
            self._sessions.append(self._calendar.after(self._sessions[-1]))
        return self._sessions[index]

    def ticks(self, first: int = 0) -> Iterator[Tick]:
        """Return the ticks from number `first` on, without end, in order of time."""
        index, skip = divmod(first, self.ticks_per_session)
        while True:
            yield from self._session_ticks(index, skip)
            index, skip = index + 1, 0

    def _session_ticks(self, index: int, skip: int) -> Iterator[Tick]:
        """Return one session's ticks but the first `skip`, whose trades still take place."""
        rng = _rng(self.config, f"session/{index}")
        day = self._days.at(index)
        session = self.session(index)
        books = day.books(self.config.who)
        number = 0
        if self.config.auctions:
            for book, opening in zip(books, day.openings, strict=True):
                bits = rng.getrandbits(64)
                book.auction(opening, bits)
                if number >= skip:
                    yield book.tick(session.at(OPENING_AUCTION), bits)
                number += 1
        for at, elapsed, market, bits, picked in self._moments(rng, session.opens, day.market):
            book = books[picked]
            book.trade(elapsed, market, bits)
            if number >= skip:
                yield book.tick(at, bits)
            number += 1
        if self.config.auctions:
            for book, closing in zip(books, day.closes, strict=True):
                bits = rng.getrandbits(64)
                book.auction(closing, bits)
                if number >= skip:
                    yield book.tick(session.at(CLOSING_FROM), bits)
                number += 1

    def _moments(
        self, rng: random.Random, opens: datetime, market_return: float
    ) -> Iterator[tuple[datetime, float, float, int, int]]:
        """Return each trade's time, the session elapsed, the market's return, random bits, and whose it is."""
        draw = rng.getrandbits
        picks = self._picks
        unpicked = list(range(len(self.config.who)))  # the first ticks of a session show every instrument once
        market = 0.0
        before = 0.0
        for second, (count, elapsed) in enumerate(zip(self._curve.counts, self._curve.elapsed, strict=True)):
            passed = elapsed - before
            pull = passed / (1.0 - before)
            market += (market_return - market) * pull + _MARKET_VOL * math.sqrt(passed) * NORMAL[draw(10)]
            before = elapsed
            if not count:
                continue
            start = opens + timedelta(seconds=second)
            step = 1_000_000 // count
            for nth in range(count):
                bits = draw(64)
                picked = unpicked.pop(0) if unpicked else picks[bits & 1023]
                # Within its share of the second, so that times never go back.
                micros = nth * step + (bits >> 10 & 1023) * step // 1024
                yield start + timedelta(microseconds=micros), elapsed, market, bits, picked


@dataclass(frozen=True, slots=True)
class _Day:
    """What a session leads from and to."""

    market: float
    previous_closes: tuple[float, ...]
    openings: tuple[float, ...]
    drifts: tuple[float, ...]
    closes: tuple[float, ...]

    def books(self, who: Sequence[Personality]) -> tuple[SimulatedBook, ...]:
        facts = zip(who, self.previous_closes, self.openings, self.drifts, strict=True)
        return tuple(SimulatedBook(*each) for each in facts)


class _Days:
    """The chain of sessions' closes; cheap, so that it can be run to any session."""

    def __init__(self, config: SimulationConfig) -> None:
        self._config = config
        self._rewind()

    def _rewind(self) -> None:
        self._next = 0
        self._closes = tuple(_on_grid(each, each.price) for each in self._config.who)

    def at(self, index: int) -> _Day:
        if index < self._next:
            self._rewind()
        while True:
            day = self._follow(self._next, self._closes)
            self._next += 1
            self._closes = day.closes
            if self._next > index:
                return day

    def _follow(self, index: int, closes: tuple[float, ...]) -> _Day:
        rng = _rng(self._config, f"day/{index}")
        gap = _OVERNIGHT_VOL * _normal(rng) if index else 0.0
        market = _MARKET_VOL * _normal(rng)
        openings, drifts, ends = [], [], []
        for who, close in zip(self._config.who, closes, strict=True):
            own_gap = 0.3 * who.daily_vol * _normal(rng) if index else 0.0
            opening = close * (1.0 + who.beta * gap + own_gap)
            drift = who.daily_vol * _normal(rng) - _REVERSION * math.log(opening / who.price)
            openings.append(_on_grid(who, opening))
            drifts.append(drift)
            ends.append(_on_grid(who, openings[-1] * (1.0 + who.beta * market + drift)))
        return _Day(market, closes, tuple(openings), tuple(drifts), tuple(ends))


def _on_grid(who: Personality, price: float) -> float:
    grid = float(who.instrument.tick_size)
    return round(max(1, round(price / grid)) * grid, 2)


def _normal(rng: random.Random) -> float:
    return NORMAL[rng.getrandbits(10)]


def _rng(config: SimulationConfig, name: str) -> random.Random:
    digest = hashlib.blake2b(f"{config.source}/{name}".encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - repeatable on purpose


def _picks(who: Sequence[Personality]) -> tuple[int, ...]:
    """Return a table in which each instrument's share is that of its activity: ten bits pick one."""
    total = sum(each.activity for each in who)
    bounds = [round(_PICKS * part / total) for part in accumulate(each.activity for each in who)]
    table: list[int] = []
    for index, bound in enumerate(bounds):
        table.extend([index] * (bound - len(table)))
    return tuple(table)


def _activity(second: int) -> float:
    opening = 2.0 * math.exp(-second / _OPENING_S)
    closing = 1.1 * math.exp(-(SESSION_SECONDS - second) / _CLOSING_S)
    return 0.7 + opening + closing
