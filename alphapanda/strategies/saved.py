"""The strategies' state in a snapshot. Floats, times and counts come back exactly as they were."""

from __future__ import annotations

import traceback

import msgspec

from alphapanda.errors import InvariantError
from alphapanda.ids import EventId, InstrumentId, StrategyId
from alphapanda.market.bars import BarState
from alphapanda.strategies.base import Holding

FORMAT = 1
_ERROR_LIMIT = 300


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a strategy is fenced off.

    Attributes:
        tick_id: the tick on which it raised.
        instrument: of that tick.
        error: what it raised and where.
    """

    tick_id: EventId
    instrument: InstrumentId
    error: str


def describe_error(error: Exception) -> str:
    """Return the exception and its place, e.g. `ZeroDivisionError('…') at mine.py:12`; never raises itself."""
    try:
        what = repr(error)
    except Exception:  # noqa: BLE001 - it is the author's own class: its repr may raise anything
        what = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return what[:_ERROR_LIMIT]
    file = frames[-1].filename.rsplit("/", 1)[-1]
    return f"{what[:_ERROR_LIMIT]} at {file}:{frames[-1].lineno}"


class SavedStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy.

    Attributes:
        fingerprint: of its class, parameters and bars: the state of another is not taken.
        code: of its source: a fence is lifted when it has changed.
        fence: why it is fenced off, if it is.
        failing: that it raised on a tick whose alert is not folded yet.
        failures: how often it was fenced off.
    """

    fingerprint: str
    code: str
    fence: Fence | None = None
    failing: Fence | None = None
    failures: int = 0


class SavedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy on one instrument; `state` is None where it could not be written."""

    state: bytes | None
    warm: int
    holding: Holding
    decided_on: EventId
    decided: tuple[EventId, ...]


class SavedInstrumentGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument: bars in progress by their seconds, and its strategies."""

    has_begun: bool
    bars: dict[int, BarState | None]
    instances: dict[StrategyId, SavedInstance]


class SavedStage(msgspec.Struct, frozen=True, kw_only=True):
    """The stage in a snapshot."""

    format: int
    strategies: dict[StrategyId, SavedStrategy]
    groups: dict[InstrumentId, SavedInstrumentGroup] = msgspec.field(name="lanes")


encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(SavedStage)


def decode(data: bytes) -> SavedStage:
    """Return what `encode` wrote; raises InvariantError for anything else."""
    try:
        saved = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise InvariantError(f"The strategies' snapshot cannot be read: {error}.") from error
    if saved.format != FORMAT:
        raise InvariantError(f"The strategies' snapshot is of format {saved.format}, not {FORMAT}.")
    return saved
