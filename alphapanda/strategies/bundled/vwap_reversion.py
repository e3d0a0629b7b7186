"""VWAP reversion: fade a price that strays from the day's volume-weighted average, leave when it is back."""

from __future__ import annotations

from typing import Annotated

import msgspec

from alphapanda.model.tick import Tick
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy
from alphapanda.strategies.indicators import SessionVwap

Deviations = Annotated[float, msgspec.Meta(gt=0, le=20)]


class VwapReversionParams(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes.

    Attributes:
        band: how far from the average is too far, standard deviations.
        min_band_bps: and at least this far, basis points of the average; keeps out of a market that stands still.
        stop: how far is lost, standard deviations; left out for never. Afterwards nothing is entered until the
            price has been inside the band again.
        warm_up_ticks: how many ticks pass first.
    """

    band: Deviations = 2.0
    min_band_bps: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 5.0
    stop: Deviations | None = None
    warm_up_ticks: Annotated[int, msgspec.Meta(ge=2, le=100_000)] = 200

    def __post_init__(self) -> None:
        if self.stop is not None and self.stop <= self.band:
            raise ValueError(f"stop ({self.stop:g}) must be more than band ({self.band:g})")


class VwapReversionState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The average, and whether an entry is allowed: after a stop only once the price is back in the band."""

    vwap: SessionVwap = SessionVwap()
    armed: bool = True


class VwapReversion(Strategy[VwapReversionParams, VwapReversionState]):
    """Runs on ticks: it needs each trade's volume."""

    @property
    def warm_up(self) -> int:
        """As configured."""
        return self.params.warm_up_ticks

    def initial(self) -> VwapReversionState:
        """Nothing seen."""
        return VwapReversionState()

    def on_tick(
        self, state: VwapReversionState, tick: Tick, holding: Holding, /
    ) -> tuple[VwapReversionState, Decision | None]:
        """Decide on the price's distance from the average of what came before and this tick."""
        vwap = state.vwap.update(tick)
        if not vwap.is_ready:
            return VwapReversionState(vwap, state.armed), None
        distance = tick.last_price - vwap.value
        band = max(self.params.band * vwap.deviation, vwap.value * self.params.min_band_bps / 10_000)
        stopped = self._is_lost(distance, vwap.deviation, holding.quantity)
        armed = (state.armed or abs(distance) < band) and not stopped
        return VwapReversionState(vwap, armed), self._decide(distance, band, holding.quantity, armed, stopped)

    def _is_lost(self, distance: float, deviation: float, held: int) -> bool:
        stop = self.params.stop
        return stop is not None and held * distance < 0 and abs(distance) >= stop * deviation

    @staticmethod
    def _decide(distance: float, band: float, held: int, armed: bool, stopped: bool) -> Decision | None:
        if stopped:
            return Decision(Stance.FLAT, f"stop: {distance:+.2f} from VWAP")
        if held * distance > 0:
            return Decision(Stance.FLAT, f"back at VWAP ({distance:+.2f})")
        if held or not armed or abs(distance) < band:
            return None
        stance = Stance.SHORT if distance > 0 else Stance.LONG
        return Decision(stance, f"{distance:+.2f} from VWAP, band {band:.2f}")
