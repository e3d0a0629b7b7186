"""Events to bytes and back: JSON by msgspec, one typed decoder per kind of event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS

encode = msgspec.json.Encoder(decimal_format="string").encode
"""EventEnvelope → bytes. Decimals are strings; times RFC 3339 in UTC."""

_DECODERS = {
    kind: msgspec.json.Decoder(EventEnvelope[payload])  # type: ignore[valid-type]
    for kind, payload in PAYLOADS.items()
}


def decode(kind: EventType, value: bytes) -> EventEnvelope[Any]:
    """Return the envelope in `value`, whose payload is that of `kind`; raises DecodeError.

    The payload's own type is checked with it: a value that decodes is the event it says it is.
    """
    try:
        envelope = _DECODERS[kind].decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if value[:1] == b"\x00":
            raise DecodeError(
                f"The value is not a {kind} in JSON: it begins as Avro does.",
                hint="Set SCHEMA_REGISTRY_URL, where its schema is.",
            ) from error
        raise DecodeError(f"The value is not a {kind}: {error}.") from error
    if envelope.type is not kind:
        raise DecodeError(f"The value says it is a {envelope.type}, its topic carries {kind}.")
    return envelope


class Codec(Protocol):
    """How events become the values of records, and back."""

    def encoder(self, topic: str) -> Callable[[EventEnvelope[Any]], bytes]:
        """Return what makes the values of `topic`; ask once."""
        ...

    @property
    def decode(self) -> Callable[[EventType, bytes], EventEnvelope[Any]]:
        """What reads a value of a topic of that kind; it raises DecodeError."""
        ...


class JsonCodec:
    """JSON, at no cost over the functions above."""

    decode = staticmethod(decode)

    def encoder(self, topic: str) -> Callable[[EventEnvelope[Any]], bytes]:
        """Return `encode`, for any topic."""
        del topic
        return encode


def to_jsonable(value: object) -> Any:
    """Return `value` as plain lists, dicts, strings and numbers, as its JSON would have it."""
    return msgspec.to_builtins(value, str_keys=True)
