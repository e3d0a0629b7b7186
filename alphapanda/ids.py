"""Identifiers as types, and the two ways an event gets its id.

An event from outside gets a new UUIDv7. A decision gets an id derived from its cause, so that taking it
again gives the same id.
"""

from __future__ import annotations

import hashlib
from typing import NewType

import uuid_utils

EventId = NewType("EventId", str)
ClientOrderId = NewType("ClientOrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
TradeId = NewType("TradeId", str)
StrategyId = NewType("StrategyId", str)
InstrumentId = NewType("InstrumentId", str)
"""`{exchange}:{tradingsymbol}`, e.g. `NSE:INFY`: tokens are reused after expiry, this pair is not."""
BrokerId = NewType("BrokerId", str)
"""The configured name of a broker, e.g. `paper`; also `market` and `system` for shared topics."""

MARKET = BrokerId("market")
SYSTEM = BrokerId("system")


def generate_event_id() -> EventId:
    """Return a new UUIDv7 (RFC 9562), for an event that enters from outside."""
    return EventId(str(uuid_utils.uuid7()))


def derive_event_id(parent: str, name: str, n: int = 0) -> EventId:
    """Return the id of the `n`-th `name` that follows from `parent`: same input, same id.

    The form is a UUIDv8 (RFC 9562 §5.8) over BLAKE2b-128 of the three parts.
    """
    digest = hashlib.blake2b(f"{parent}\x1f{name}\x1f{n}".encode(), digest_size=16).hexdigest()
    return EventId(_as_uuid8(digest))


def _as_uuid8(hex32: str) -> str:
    variant = "89ab"[int(hex32[16], 16) & 3]
    return f"{hex32[:8]}-{hex32[8:12]}-8{hex32[13:16]}-{variant}{hex32[17:20]}-{hex32[20:]}"


class SequenceIds:
    """Ids for the items of one repeatable source (a recording, a seeded simulation), by number.

    The last 48 bits are the number, the others a hash of the source's name: two runs over the same
    source give the same ids, at 0.2 µs each.
    """

    __slots__ = ("_prefix",)

    def __init__(self, source: str) -> None:
        self._prefix = derive_event_id(source, "sequence")[:24]

    def at(self, number: int) -> EventId:
        """Return the id of item `number` (0 to 2^48 - 1)."""
        return EventId(f"{self._prefix}{number:012x}")
