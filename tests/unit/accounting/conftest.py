"""Fills, made short."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alphapanda.ids import ClientOrderId, InstrumentId, StrategyId, TradeId
from alphapanda.model.fill import Charges, Fill
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import Product, Side

INFY = InstrumentId("NSE:INFY")


@dataclass
class Make:
    """Makes fills; `instruments` are what a portfolio knows."""

    instruments: dict[InstrumentId, Instrument] = field(
        default_factory=lambda: {
            InstrumentId(f"NSE:{symbol}"): Instrument(exchange="NSE", tradingsymbol=symbol, instrument_token=n)
            for n, symbol in enumerate(("INFY", "TCS", "SBIN"), start=1)
        }
    )
    start: datetime = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)  # 09:30 IST, a Monday

    def fill(
        self,
        n: int,
        side: Side,
        quantity: int,
        price: str,
        *,
        instrument: InstrumentId = INFY,
        strategy: str = "ema",
        charges: Charges | None = None,
    ) -> Fill:
        return Fill(
            trade_id=TradeId(f"T{n}"),
            client_order_id=ClientOrderId(f"O{n}"),
            strategy_id=StrategyId(strategy),
            instrument=instrument,
            instrument_token=self.instruments[instrument].instrument_token,
            side=side,
            quantity=quantity,
            price=Decimal(price),
            product=Product.MIS,
            charges=charges or Charges(),
            ts=self.start + timedelta(milliseconds=n),
        )


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
