"""Topics: how fast they grow, how far their readers are behind, and their newest records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from alphapanda.model.records import Partition, Record
from tui.render.ring import Ring
from tui.theme.formatter import from_ms, to_ms

TAIL = 500
TAIL_BYTES = 2 << 20
"""Of one topic."""
SHOWN_BYTES = 64 << 10
"""Of one record; what is longer is cut, and says so."""
MARKS = 512
RATE_OVER_S = 5.0


class TopicLag(msgspec.Struct, frozen=True):
    """How far one consumer group is behind in one topic.

    Attributes:
        group: its name.
        records: that it has not read; None where it never committed.
        seconds: age of the oldest of them; None where that is not known.
        at_most: whether it may have been less: of the past only what readers wrote is known.
    """

    group: str
    records: int | None
    seconds: float | None
    at_most: bool = False


class TopicRow(msgspec.Struct, frozen=True, kw_only=True):
    """One topic.

    Attributes:
        name: of the topic.
        partitions: how many.
        records: that it ever had, as far as its ends tell.
        held: that are there still; None before that is known.
        rate: records a second, lately.
        newest_ms: when its newest record was written, Unix milliseconds; None before one was seen.
        lags: of the groups that read it.
    """

    name: str
    partitions: int
    records: int
    held: int | None = None
    rate: float = 0.0
    newest_ms: int | None = None
    lags: tuple[TopicLag, ...] = ()

    @property
    def lag(self) -> int | None:
        """Of the group that is farthest behind."""
        known = [lag.records for lag in self.lags if lag.records is not None]
        return max(known) if known else None

    @property
    def lag_at_most(self) -> bool:
        """Whether the lag may have been less."""
        return any(lag.at_most and lag.records for lag in self.lags)

    @property
    def lag_s(self) -> float | None:
        """The same in seconds."""
        known = [lag.seconds for lag in self.lags if lag.seconds is not None]
        return max(known) if known else None


class _Meter:
    """Counts of one topic over the last seconds."""

    def __init__(self) -> None:
        self.samples: deque[tuple[float, int]] = deque(maxlen=16)

    def rate(self, now: float, records: int) -> float:
        samples = self.samples
        samples.append((now, records))
        while len(samples) > 2 and now - samples[0][0] > RATE_OVER_S:
            samples.popleft()
        passed = now - samples[0][0]
        return max(0.0, (records - samples[0][1]) / passed) if passed > 0 else 0.0


class Topics:
    """All topics.

    Attributes:
        rows: by name.
        tails: the newest records, by topic.
        changes: records seen.
        of_past: whether it is a past moment.
    """

    def __init__(self) -> None:
        self.of_past = False
        self.rows: dict[str, TopicRow] = {}
        self.tails: dict[str, Ring[Record]] = {}
        self.changes = 0
        self._meters: dict[str, _Meter] = {}
        self._newest: dict[str, int] = {}
        self._marks: dict[Partition, deque[tuple[int, int]]] = {}

    def fold(self, record: Record) -> Record:
        """See a record, and return it as it may be kept: a long one is cut."""
        topic = record.partition.topic
        tail = self.tails.get(topic)
        if tail is None:
            tail = self.tails[topic] = Ring(TAIL, TAIL_BYTES)
        value = record.value
        size = len(value) if value is not None else 0
        if value is not None and size > SHOWN_BYTES:
            note = (("(cut)", f"{size} bytes in the log, {SHOWN_BYTES} shown".encode()),)
            record = Record(
                record.partition,
                record.offset,
                record.timestamp_ms,
                record.key,
                value[:SHOWN_BYTES],
                (*record.headers, *note),
            )
            size = SHOWN_BYTES
        tail.add(record, size + 200)
        self.changes += 1
        self._newest[topic] = record.timestamp_ms
        return record

    def mark(self, partition: Partition, offset: int, written_ms: int) -> None:
        """Remember when an offset was written, to tell lag in seconds."""
        marks = self._marks.get(partition)
        if marks is None:
            marks = self._marks[partition] = deque(maxlen=MARKS)
        if not marks or offset > marks[-1][0]:
            marks.append((offset, written_ms))

    def lost(self, topic: str, count: int) -> None:
        """Say that records of a topic were passed over."""
        self.tails.setdefault(topic, Ring(TAIL, TAIL_BYTES)).lost(count, "skipped")

    def fold_ends(
        self,
        ends: Mapping[Partition, int],
        beginnings: Mapping[Partition, int],
        committed: Mapping[str, Mapping[Partition, int]],
        now: datetime,
    ) -> None:
        """Take the offsets of this moment: the partitions' ends and beginnings, and what groups committed."""
        self._fold(ends, beginnings, committed, now, self._measured)

    def fold_past(
        self,
        ends: Mapping[Partition, int],
        before: Mapping[Partition, int],
        seconds: float,
        beginnings: Mapping[Partition, int],
        seen: Mapping[str, Mapping[Partition, int]],
        moment: datetime,
    ) -> None:
        """Take the offsets of a past moment, and of some seconds before it, and what groups had seen at least."""

        def rate(topic: str, records: int, now: datetime) -> float:
            del records, now
            return sum(end - before.get(p, end) for p, end in ends.items() if p.topic == topic) / seconds

        self._fold(ends, beginnings, seen, moment, rate)

    def _measured(self, topic: str, records: int, now: datetime) -> float:
        return self._meters.setdefault(topic, _Meter()).rate(now.timestamp(), records)

    def _fold(
        self,
        ends: Mapping[Partition, int],
        beginnings: Mapping[Partition, int],
        committed: Mapping[str, Mapping[Partition, int]],
        now: datetime,
        rate: Callable[[str, int, datetime], float],
    ) -> None:
        by_topic: dict[str, list[Partition]] = {}
        for partition in ends:
            by_topic.setdefault(partition.topic, []).append(partition)
        for topic, partitions in by_topic.items():
            records = sum(ends[p] for p in partitions)
            known = [ends[p] - beginnings[p] for p in partitions if p in beginnings]
            row = TopicRow(
                name=topic,
                partitions=len(partitions),
                records=records,
                held=sum(known) if known else None,
                rate=rate(topic, records, now),
                newest_ms=self._newest.get(topic),
                lags=tuple(
                    self._lag(group, partitions, ends, offsets, now)
                    for group, offsets in committed.items()
                    if any(p in offsets for p in partitions)
                ),
            )
            if self.rows.get(topic) != row:
                self.rows[topic] = row
        for topic in [name for name in self.rows if name not in by_topic]:
            del self.rows[topic]

    def _lag(
        self,
        group: str,
        partitions: list[Partition],
        ends: Mapping[Partition, int],
        committed: Mapping[Partition, int],
        now: datetime,
    ) -> TopicLag:
        records, oldest = 0, None
        for partition in partitions:
            offset = committed.get(partition)
            if offset is None:
                continue
            behind = max(0, ends[partition] - offset)
            records += behind
            if behind:
                since = next((ms for at, ms in self._marks.get(partition, ()) if at >= offset), None)
                if since is not None:
                    oldest = since if oldest is None else min(oldest, since)
        seconds = 0.0 if not records else None if oldest is None else max(0.0, (to_ms(now) - oldest) / 1000)
        return TopicLag(group, records, seconds, self.of_past)

    @property
    def worst(self) -> tuple[TopicLag, str] | None:
        """The group that is farthest behind, and in which topic; None when nothing is known."""
        found = [
            (lag, row.name)
            for row in self.rows.values()
            for lag in row.lags
            if lag.records is not None and not row.name.endswith(".dlq")
        ]
        return max(found, key=lambda pair: (pair[0].seconds or 0.0, pair[0].records or 0)) if found else None


def record_fields(record: Record) -> dict[str, Any]:
    """Return a record as the filter language sees it: `topic`, `offset`, `headers`, `data`, ..."""
    fields: dict[str, Any] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "ts": record.timestamp_ms,
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "headers": {name: (value or b"").decode(errors="replace") for name, value in record.headers},
    }
    decoded = decoded_value(record)
    if isinstance(decoded, dict):
        fields |= {name: value for name, value in decoded.items() if name not in fields}
    fields["value"] = decoded
    return fields


def decoded_value(record: Record) -> Any:
    """Return a record's value as plain data, or as text where it is no JSON."""
    if record.value is None:
        return None
    try:
        return msgspec.json.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return record.value.decode(errors="replace")


def written(record: Record) -> datetime:
    """Return when a record was written."""
    return from_ms(record.timestamp_ms)
