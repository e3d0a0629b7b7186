"""Events as bytes: the same for ever, and back without loss."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import DecodeError
from alphapanda.ids import MARKET, EventId, InstrumentId, StrategyId
from alphapanda.model.control import Command, ControlCommand, Done, Scope
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.fill import Charges
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.model.tick import DepthLevel, Ohlc, Tick
from alphapanda.serialization.codec import decode, encode

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
IN_LOG = sorted(PAYLOADS)


def test_every_kind_in_the_log_has_a_payload() -> None:
    assert set(PAYLOADS) == set(EventType) - {EventType.TIMER}


@pytest.mark.parametrize("kind", IN_LOG)
def test_bytes_are_those_that_are_kept(examples: dict[EventType, Any], kind: EventType) -> None:
    """What is written today can be read for ever: a change here is a new version of the payload."""
    kept = (GOLDEN / f"{kind}.json").read_bytes().rstrip(b"\n")
    assert encode(examples[kind]) == kept
    assert decode(kind, kept) == examples[kind]


@pytest.mark.parametrize("kept", sorted((GOLDEN / "older").iterdir()), ids=lambda path: path.stem)
def test_what_older_versions_wrote_is_read(examples: dict[EventType, Any], kept: Path) -> None:
    """Fields that came later have defaults, which are those of the examples."""
    kind = EventType(kept.stem)
    assert decode(kind, kept.read_bytes().rstrip(b"\n")) == examples[kind]


def test_orders_to_cancel_and_to_flatten_and_what_was_done(examples: dict[EventType, Any]) -> None:
    told = examples[EventType.CONTROL_COMMAND]
    scope = Scope(strategy_id=StrategyId("ema-fast"), instrument=InstrumentId("NSE:INFY"))
    order = ControlCommand(command=Command.CANCEL, broker=told.broker, actor="a", reason="r", scope=scope)
    event = msgspec.structs.replace(told, data=order)
    value = encode(event)
    assert b'"scope":{"strategy_id":"ema-fast","instrument":"NSE:INFY"}' in value
    assert decode(EventType.CONTROL_COMMAND, value) == event
    obeyed = msgspec.structs.replace(
        examples[EventType.CONTROL_EVENT],
        data=msgspec.structs.replace(
            examples[EventType.CONTROL_EVENT].data,
            command=Command.CANCEL,
            done=Done(cancelled=2, too_late=1),
        ),
    )
    assert encode(obeyed).endswith(b'"command":"cancel","done":{"cancelled":2,"too_late":1}}}')
    assert decode(EventType.CONTROL_EVENT, encode(obeyed)) == obeyed


@pytest.mark.parametrize("kind", IN_LOG)
def test_a_field_of_a_later_version_is_passed_over(examples: dict[EventType, Any], kind: EventType) -> None:
    later = json.loads(encode(examples[kind]))
    later["unheard_of"] = 1
    later["data"]["unheard_of"] = {"a": 1}
    assert decode(kind, json.dumps(later).encode()) == examples[kind]


@pytest.mark.parametrize("kind", IN_LOG)
def test_money_is_never_a_number(examples: dict[EventType, Any], kind: EventType) -> None:
    """Outside of ticks no float is in an event: decimals are strings."""
    floats = list(_floats(json.loads(encode(examples[kind]))["data"]))
    assert all("tick" in path or kind is EventType.MARKET_TICK for path in floats), floats


def _floats(value: object, path: str = "") -> Any:
    if isinstance(value, float):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _floats(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _floats(inner, path)


def test_the_wrong_kind_is_refused(examples: dict[EventType, Any]) -> None:
    accepted = encode(examples[EventType.ORDER_ACCEPTED])
    with pytest.raises(DecodeError, match="not a signal_raw"):
        decode(EventType.SIGNAL_RAW, accepted)
    renamed = accepted.replace(b'"order_accepted"', b'"order_filled"')
    with pytest.raises(DecodeError, match="says it is a order_filled"):
        decode(EventType.ORDER_ACCEPTED, renamed)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(value: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(EventType.MARKET_TICK, value)


prices = st.floats(0.05, 1e6).map(lambda p: round(p, 2))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda m: m.replace(tzinfo=UTC))  # noqa: DTZ001
levels = st.lists(st.builds(DepthLevel, prices, st.integers(0, 10**9), st.integers(0, 10**4)), max_size=5).map(
    tuple
)
ticks = st.builds(
    Tick,
    instrument=st.text(min_size=1, max_size=20).map(InstrumentId),
    instrument_token=st.integers(0, 2**32 - 1),
    exchange_ts=moments,
    last_price=prices,
    volume=st.integers(0, 2**53),
    ohlc=st.none() | st.builds(Ohlc, prices, prices, prices, prices),
    bids=levels,
    asks=levels,
)


@given(ticks)
def test_ticks_survive_the_round_trip(tick: Tick) -> None:
    envelope = EventEnvelope(
        id=EventId("i"),
        type=EventType.MARKET_TICK,
        ts=tick.exchange_ts,
        key=str(tick.instrument_token),
        source="feed",
        broker=MARKET,
        correlation_id=EventId("i"),
        trace_id="0" * 32,
        data=tick,
    )
    value = encode(envelope)
    assert decode(EventType.MARKET_TICK, value) == envelope
    assert encode(decode(EventType.MARKET_TICK, value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_decimals_survive_the_round_trip(amount: Decimal) -> None:
    charges = Charges(brokerage=amount)
    assert msgspec.json.decode(encode(charges), type=Charges) == charges


@given(moments, st.integers(-720, 840))
def test_times_are_written_in_utc(moment: datetime, minutes: int) -> None:
    from datetime import timezone

    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert msgspec.json.decode(encode(elsewhere), type=datetime) == moment
