"""The instruments of the simulated exchange: real names, tokens, grids and lots, believable behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from alphapanda.model.instrument import Instrument, InstrumentType


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """How one simulated instrument behaves.

    Attributes:
        instrument: what it is.
        price: its first previous close, rupees; prices revert to it over months.
        beta: its daily return for one of the market's.
        daily_vol: standard deviation of its own part of a day's return.
        activity: its share of the ticks, relative to the others'.
        typical_quantity: units of a usual trade.
        open_interest: of a derivative, units.
    """

    instrument: Instrument
    price: float
    beta: float
    daily_vol: float
    activity: float
    typical_quantity: int
    open_interest: int = 0


def _equity(symbol: str, token: int, name: str, tick_size: str) -> Instrument:
    return Instrument(
        exchange="NSE",
        tradingsymbol=symbol,
        instrument_token=token,
        name=name,
        tick_size=Decimal(tick_size),
    )


def _future(symbol: str, token: int, name: str, tick_size: str, lot: int) -> Instrument:
    return Instrument(
        exchange="NFO",
        tradingsymbol=symbol,
        instrument_token=token,
        name=name,
        tick_size=Decimal(tick_size),
        lot_size=lot,
        instrument_type=InstrumentType.FUTURE,
        segment="NFO-FUT",
        expiry=date(2026, 12, 29),
    )


PERSONALITIES: Final = (
    Personality(
        instrument=_equity("RELIANCE", 738561, "RELIANCE INDUSTRIES", "0.1"),
        price=1515.0, beta=1.05, daily_vol=0.009, activity=12, typical_quantity=180,
    ),
    Personality(
        instrument=_equity("TCS", 2953217, "TATA CONSULTANCY SERV LT", "0.1"),
        price=3110.0, beta=0.75, daily_vol=0.009, activity=8, typical_quantity=60,
    ),
    Personality(
        instrument=_equity("HDFCBANK", 341249, "HDFC BANK", "0.05"),
        price=992.0, beta=1.0, daily_vol=0.007, activity=12, typical_quantity=320,
    ),
    Personality(
        instrument=_equity("INFY", 408065, "INFOSYS", "0.1"),
        price=1505.0, beta=0.85, daily_vol=0.010, activity=10, typical_quantity=150,
    ),
    Personality(
        instrument=_equity("ICICIBANK", 1270529, "ICICI BANK", "0.1"),
        price=1372.0, beta=1.05, daily_vol=0.008, activity=10, typical_quantity=190,
    ),
    Personality(
        instrument=_equity("SBIN", 779521, "STATE BANK OF INDIA", "0.05"),
        price=968.0, beta=1.15, daily_vol=0.009, activity=9, typical_quantity=300,
    ),
    Personality(
        instrument=_equity("BHARTIARTL", 2714625, "BHARTI AIRTEL", "0.1"),
        price=2098.0, beta=0.8, daily_vol=0.009, activity=6, typical_quantity=90,
    ),
    Personality(
        instrument=_equity("ITC", 424961, "ITC", "0.05"),
        price=404.0, beta=0.6, daily_vol=0.007, activity=6, typical_quantity=420,
    ),
    Personality(
        instrument=_equity("LT", 2939649, "LARSEN & TOUBRO", "0.1"),
        price=4005.0, beta=1.1, daily_vol=0.009, activity=5, typical_quantity=40,
    ),
    Personality(
        instrument=_equity("AXISBANK", 1510401, "AXIS BANK", "0.1"),
        price=1242.0, beta=1.15, daily_vol=0.010, activity=6, typical_quantity=170,
    ),
    Personality(
        instrument=_equity("BAJFINANCE", 81153, "BAJAJ FINANCE", "0.1"),
        price=1014.0, beta=1.25, daily_vol=0.012, activity=5, typical_quantity=160,
    ),
    Personality(
        instrument=_equity("TATASTEEL", 895745, "TATA STEEL", "0.01"),
        price=174.5, beta=1.2, daily_vol=0.012, activity=7, typical_quantity=1100,
    ),
    Personality(
        instrument=_future("NIFTY26DECFUT", 13568258, "NIFTY", "0.1", 65),
        price=25985.0, beta=1.0, daily_vol=0.0006, activity=14, typical_quantity=130, open_interest=18_200_000,
    ),
    Personality(
        instrument=_future("BANKNIFTY26DECFUT", 13568514, "BANKNIFTY", "0.2", 30),
        price=58790.0, beta=1.08, daily_vol=0.0025, activity=10, typical_quantity=60, open_interest=2_100_000,
    ),
)  # fmt: skip
"""Who trades on the simulated exchange, and how."""

SIMULATED_INSTRUMENTS: Final[tuple[Instrument, ...]] = tuple(each.instrument for each in PERSONALITIES)
"""The instruments of the simulated feed; their contracts never expire there."""
