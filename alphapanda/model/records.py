"""Records as the log holds them, and the headers we put on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.model.envelope import EventEnvelope, LogPosition

Headers = tuple[tuple[str, bytes | None], ...]


class Header(StrEnum):
    """The names of our headers. The first four repeat the envelope, to filter without decoding."""

    TYPE = "type"
    BROKER = "broker"
    CORRELATION_ID = "correlation_id"
    TRACEPARENT = "traceparent"
    SEEN = "ap-seen"
    """The next offset to consume on every input partition, when the decision was taken."""
    BASE = "ap-base"
    """The same at the start of its batch: every decision on what came before is whole in the log."""
    CAUSE = "ap-cause"
    """The input it follows from, as topic:partition:offset; `timer` for a timer's."""
    INDEX = "ap-n"
    """Which of the outputs of that input it is, from 0."""
    REPLAY_GROUP = "ap-replay-group"
    """On a replayed dead letter: the only consumer group that acts on it."""
    REPLAY_COUNT = "ap-replay-count"
    """On a replayed dead letter: how often it was sent again."""
    REPLAY_OF = "ap-replay-of"
    """On a replayed dead letter: where that dead letter stands, as topic:partition:offset."""
    GROUP = "ap-group"
    """The consumer group that decided or refused it."""


TIMER_CAUSE = b"timer"


class Partition(msgspec.Struct, frozen=True, order=True, gc=False):
    """One partition of one topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.number}"

    @classmethod
    def parse(cls, text: str) -> Partition:
        """Return the partition that `topic:number` names."""
        topic, _, number = text.rpartition(":")
        return cls(topic, int(number))


Offsets = dict[Partition, int]
"""The next offset of each partition."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """What was read: bytes and where they stand.

    Attributes:
        partition: where.
        offset: in it.
        timestamp_ms: when it was written, Unix milliseconds.
        key: of the record.
        value: the event's bytes.
        headers: in order; names may repeat.
    """

    partition: Partition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def position(self) -> LogPosition:
        """Where it stands."""
        return LogPosition(self.partition.topic, self.partition.number, self.offset)

    def header(self, name: str) -> bytes | None:
        """Return the last value of that header, None without one."""
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return None


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """What is to be written. `partition` None means: by the key's hash."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


def envelope_headers(envelope: EventEnvelope[Any]) -> Headers:
    """Return the headers that repeat the envelope."""
    return (
        (Header.TYPE.value, envelope.type.encode()),
        (Header.BROKER.value, envelope.broker.encode()),
        (Header.CORRELATION_ID.value, envelope.correlation_id.encode()),
        (Header.TRACEPARENT.value, f"00-{envelope.trace_id}-{envelope.id.replace('-', '')[-16:]}-01".encode()),
    )


_SEEN = msgspec.json.Decoder(dict[str, int])


def encode_offsets(offsets: Mapping[Partition, int]) -> bytes:
    """Return offsets as a header carries them: `{"market.ticks:0":42}`."""
    return msgspec.json.encode({str(partition): offset for partition, offset in sorted(offsets.items())})


def decode_offsets(value: bytes) -> Offsets:
    """Return the offsets that a header carries; raises DecodeError."""
    try:
        return {Partition.parse(name): offset for name, offset in _SEEN.decode(value).items()}
    except (msgspec.MsgspecError, ValueError) as error:
        raise DecodeError(f"{value!r} does not name offsets: {error}.") from error


def highest(offsets: Iterable[Mapping[Partition, int]]) -> Offsets:
    """Return, for each partition, the highest offset that any of them names."""
    result: Offsets = {}
    for one in offsets:
        for partition, offset in one.items():
            if offset > result.get(partition, -1):
                result[partition] = offset
    return result
