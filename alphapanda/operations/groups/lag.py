"""The lag of consumer groups.

Definitions, of one partition: `lag = max(0, end - max(committed, start))`, where commits are read before the ends,
so that it is never too small. Without a commit there is no lag, and it is never summed. A
commit before the start is a retention breach: records were lost to the group. `seconds` is the age of the first
record that was not consumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alphapanda.kafka.group_admin import Member
from alphapanda.model.records import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """One partition of one group.

    Attributes:
        partition: which.
        committed: the next offset that the group will read; None without a commit.
        start: the oldest offset there is; None when the topic is gone.
        end: the offset of the next record.
        seconds: age of the first record not consumed; 0 when there is none, None when it is not known.
        estimated: whether `seconds` follows from rates instead of the record's own time.
        consumed_per_s: records read per second; None before a second measurement.
        written_per_s: records written per second.
    """

    partition: Partition
    committed: int | None
    start: int | None
    end: int | None
    seconds: float | None = None
    estimated: bool = False
    consumed_per_s: float | None = None
    written_per_s: float | None = None

    @property
    def lag(self) -> int | None:
        """Number of unread records."""
        if self.committed is None or self.start is None or self.end is None:
            return None
        return max(0, self.end - max(self.committed, self.start))

    @property
    def next_offset(self) -> int | None:
        """The first record not consumed that is still there; None when there is none."""
        if not self.lag or self.committed is None or self.start is None:
            return None
        return max(self.committed, self.start)

    @property
    def breach(self) -> bool:
        """Whether retention deleted records before the group read them."""
        return self.committed is not None and self.start is not None and self.committed < self.start

    @property
    def lost(self) -> int:
        """Number of records that retention deleted before the group read them."""
        return (self.start or 0) - (self.committed or 0) if self.breach else 0

    @property
    def gone(self) -> bool:
        """Whether the topic was deleted; its commits are orphans and not counted."""
        return self.end is None

    @property
    def drain_s(self) -> float | None:
        """Seconds to catch up at the measured rates; None if the lag grows or a rate is unknown."""
        if self.lag == 0:
            return 0.0
        if self.lag is None or self.consumed_per_s is None or self.written_per_s is None:
            return None
        gain = self.consumed_per_s - self.written_per_s
        return self.lag / gain if gain > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLagReport:
    """One group.

    Attributes:
        name: the group id.
        state: the coordinator's word for its state.
        members: the group's members.
        partitions: the committed partitions, sorted.
    """

    name: str
    state: str
    members: tuple[Member, ...]
    partitions: tuple[PartitionLag, ...]

    @property
    def lag(self) -> int | None:
        """Records not consumed, of all partitions that have a lag; None when none has."""
        lags = [one.lag for one in self.partitions if one.lag is not None]
        return sum(lags) if lags else None

    @property
    def seconds(self) -> float | None:
        """The age of the oldest record not consumed; None when it is not known."""
        return max((one.seconds for one in self.partitions if one.seconds is not None), default=None)

    @property
    def breach(self) -> bool:
        """Whether retention deleted records before the group read them."""
        return any(one.breach for one in self.partitions)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics it has committed to."""
        return tuple(dict.fromkeys(one.partition.topic for one in self.partitions))

    @property
    def drain_s(self) -> float | None:
        """Seconds until every partition has caught up; None if one grows or is unknown."""
        waits = [one.drain_s for one in self.partitions if one.lag is not None]
        known = [wait for wait in waits if wait is not None]
        return max(known) if known and len(known) == len(waits) else None


@dataclass(frozen=True, slots=True)
class LagReport:
    """One measurement of all groups.

    Attributes:
        at: time of the measurement on the monotonic clock, seconds.
        groups: sorted by name.
    """

    at: float
    groups: tuple[GroupLagReport, ...]


def with_rates(now: LagReport, before: LagReport) -> LagReport:
    """Return `now` with the rates since `before`; an age that is not known is estimated from them."""
    elapsed = now.at - before.at
    if elapsed <= 0:
        return now
    earlier = {group.name: {one.partition: one for one in group.partitions} for group in before.groups}
    return LagReport(
        now.at,
        tuple(
            replace(
                group,
                partitions=tuple(_rated(one, earlier.get(group.name, {}), elapsed) for one in group.partitions),
            )
            for group in now.groups
        ),
    )


def _rated(now: PartitionLag, earlier: Mapping[Partition, PartitionLag], elapsed: float) -> PartitionLag:
    before = earlier.get(now.partition)
    if (
        before is None
        or now.committed is None
        or before.committed is None
        or now.end is None
        or before.end is None
    ):
        return now
    # A reset or a recreated topic goes back: no rate follows from it.
    consumed = max(0, now.committed - before.committed) / elapsed
    written = max(0, now.end - before.end) / elapsed
    rated = replace(now, consumed_per_s=consumed, written_per_s=written)
    if now.seconds is None and now.lag and written > 0:
        return replace(rated, seconds=now.lag / written, estimated=True)
    return rated
