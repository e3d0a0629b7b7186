"""What a strategy is: a pure function of its state and the market, that says what it wants to hold.

A strategy owns no mutable thing. It is given its state and returns the next one; the stage keeps it, one per
instrument, writes it into snapshots and gives it back. So looking ahead, recovering and replaying need
nothing from the strategy's author.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar, get_args, get_origin

import msgspec

from alphapanda.market.bars import Bar
from alphapanda.model.tick import Tick

P = TypeVar("P", bound=msgspec.Struct)
S = TypeVar("S", bound=msgspec.Struct)


class Stance(StrEnum):
    """What a strategy wants to hold of an instrument."""

    LONG = "long"
    FLAT = "flat"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1, 0 or -1."""
        return _SIGNS[self]


_SIGNS = {Stance.LONG: 1, Stance.FLAT: 0, Stance.SHORT: -1}


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What a strategy wants from now on. Wanting what is held already changes nothing.

    Attributes:
        stance: long, flat or short. From long to short is an exit and then an entry.
        reason: in words, e.g. `EMA 12 crossed above EMA 26`; it travels with the signal.
        limit_price: for the entry, rupees, put on the instrument's grid; None for a market order.
    """

    stance: Stance
    reason: str
    limit_price: float | None = None


class Holding(msgspec.Struct, frozen=True, gc=False):
    """What a strategy holds of one instrument by its own signals, taken as done at the price they were decided at.

    Attributes:
        quantity: units; negative when short.
        entry_price: last price at the entry, rupees; 0 when flat.
        entered_at: event time of the entry; None when flat.
    """

    quantity: int = 0
    entry_price: float = 0.0
    entered_at: datetime | None = None

    @property
    def stance(self) -> Stance:
        """Long, flat or short."""
        if self.quantity == 0:
            return Stance.FLAT
        return Stance.LONG if self.quantity > 0 else Stance.SHORT


NOTHING = Holding()


class Strategy(Generic[P, S]):
    """The base of every strategy: `class Mine(Strategy[MyParams, MyState])`.

    `MyParams` and `MyState` are frozen `msgspec.Struct`s. The parameters come from `strategies.toml`, checked
    against the struct. Override `initial` and `on_tick`, `on_bar` or both; keep nothing on `self` but what
    follows from the parameters; read no clock and no file.
    """

    bars_replace_ticks: ClassVar[bool] = False
    """Whether `on_tick` rests when `bar_seconds` is set: for what runs on ticks or on bars, as configured."""
    params_type: ClassVar[type[msgspec.Struct]]
    state_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, params: P) -> None:
        self.params = params

    def __init_subclass__(cls) -> None:
        """Remember the two structs that the class was declared with."""
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is not None and issubclass(get_origin(base), Strategy):
                params, state = get_args(base)
                if isinstance(params, type) and isinstance(state, type):
                    cls.params_type, cls.state_type = params, state

    @property
    def warm_up(self) -> int:
        """How many inputs (bars if it has `on_bar`, else ticks) pass before its decisions count."""
        return 0

    def initial(self) -> S:
        """Return the state before the first input."""
        raise NotImplementedError

    def on_tick(self, state: S, _tick: Tick, _holding: Holding, /) -> tuple[S, Decision | None]:
        """Return the state after a tick, and what is wanted now; None to leave things as they are."""
        return state, None

    def on_bar(self, state: S, _bar: Bar, _holding: Holding, /) -> tuple[S, Decision | None]:
        """Return the state after a closed bar, and what is wanted now; None to leave things as they are."""
        return state, None
