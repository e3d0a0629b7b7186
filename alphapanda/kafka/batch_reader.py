"""Reads partitions a fetch at a time, without a group: for looking through many records fast.

aiokafka's consumer makes an object of every record three times over, 7 µs each. This reader takes the fetched
batches as they are: 2 µs a record when all are wanted, next to nothing for batches that are searched and passed.
While one fetch is worked on, the next is on its way. Memory is some two fetches for each partition.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    NodeNotReadyError,
    NoError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from alphapanda.kafka.batches import next_offset, records_of, slices
from alphapanda.kafka.client import KafkaOptions
from alphapanda.kafka.errors import kafka_errors
from alphapanda.model.records import Offsets, Partition, Record

FETCH_BYTES = 1 << 20
"""Of one partition at once."""
SLICE_BYTES = 128 << 10
"""What is given at once of it: few records at a time stay in the processor's cache."""
_RESPONSE_BYTES = 16 << 20
_READ_UNCOMMITTED = 0
_NO_LEADER = -1
_ATTEMPTS = 20
_PAUSE_S = 0.1
_MOVING = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError)

Beginnings: TypeAlias = Callable[[Collection[Partition]], Awaitable[Offsets]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Some batches of one partition.

    Attributes:
        partition: which.
        start: the next offset to read; batches may begin before it.
        stop: the offset after the last of them.
        data: whole batches.
    """

    partition: Partition
    start: int
    stop: int
    data: bytes


class BatchReader:
    """A `LogReader` over whole batches. Made by `open_batch_reader`; one task at a time may use it."""

    def __init__(self, client: AIOKafkaClient, beginnings: Beginnings, fetch_bytes: int) -> None:
        self._client = client
        self._beginnings = beginnings
        self._usual_bytes = self._fetch_bytes = fetch_bytes
        self._positions: Offsets = {}
        self._ends: Offsets = {}
        self._bytes: dict[Partition, int] = {}
        self._ready: defaultdict[Partition, deque[Fetched]] = defaultdict(deque)
        self._ahead: asyncio.Task[None] | None = None
        self._turn = 0

    def seek(self, offsets: Mapping[Partition, int], *, fetch_bytes: int | None = None) -> None:
        """Go to these offsets; the partitions named are those read from now on, `fetch_bytes` of each at once."""
        self._drop_ahead()
        self._bytes.clear()
        self._fetch_bytes = self._usual_bytes if fetch_bytes is None else fetch_bytes
        self._positions = dict(offsets)
        self._ready.clear()
        self._ends.clear()

    async def poll(self, timeout_s: float, only: Collection[Partition] | None = None) -> list[Record]:
        """Return records of some batches of one partition; nothing after `timeout_s`."""
        fetched = await self.fetch(timeout_s, only)
        return [] if fetched is None else records_of(fetched.partition, fetched.data, fetched.start)

    async def fetch(self, timeout_s: float, only: Collection[Partition] | None = None) -> Fetched | None:
        """Return some batches of one partition as they are, and go on behind them; None after `timeout_s`."""
        wanted = tuple(self._positions if only is None else only)
        found = self._take(wanted)
        if found is None and self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            await ahead
            found = self._take(wanted)
        if found is None and wanted:
            await self._fill(wanted, timeout_s)
            found = self._take(wanted)
        if found is not None:
            self._read_ahead(wanted)
            await asyncio.sleep(0)  # a caller that works long on these records must not hold up the next fetch
        return found

    async def position(self, partition: Partition) -> int:
        """Return the next offset that `poll` gives or waits for."""
        ready = self._ready[partition]
        return ready[0].start if ready else self._positions[partition]

    def known_end(self, partition: Partition) -> int | None:
        """Return the end of a partition as the last fetch saw it; None before the first."""
        return self._ends.get(partition)

    async def aclose(self) -> None:
        """Stop reading."""
        ahead = self._drop_ahead()
        if ahead is not None:
            await asyncio.gather(ahead, return_exceptions=True)
        await self._client.close()

    def _take(self, wanted: Sequence[Partition]) -> Fetched | None:
        """Return the batches ready of one of `wanted`, in turns."""
        count = len(wanted)
        for step in range(count):
            ready = self._ready[wanted[(self._turn + step) % count]]
            if ready:
                self._turn = (self._turn + step + 1) % count
                return ready.popleft()
        return None

    def _read_ahead(self, wanted: Sequence[Partition]) -> None:
        """Have the next fetch on its way, unless enough is there."""
        if self._ahead is not None and self._ahead.done() and not self._ahead.cancelled():
            self._ahead.result()
            self._ahead = None
        if self._ahead is None and self._fetch_bytes >= SLICE_BYTES:
            behind = [one for one in wanted if self._has_room(one) and self._has_more(one)]
            if behind:
                self._ahead = asyncio.create_task(self._fill(behind, 0.0), name="fetch ahead")

    def _has_more(self, partition: Partition) -> bool:
        return self._positions[partition] < self._ends.get(partition, 0)

    def _has_room(self, partition: Partition) -> bool:
        return sum(len(one.data) for one in self._ready[partition]) < self._fetch_bytes

    def _drop_ahead(self) -> asyncio.Task[None] | None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and not ahead.cancel():
            ahead.exception()  # it ended already: whatever went wrong is met again where it matters
        return ahead

    async def _finish_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            await ahead

    async def _fill(self, wanted: Sequence[Partition], timeout_s: float) -> None:
        """Fetch the partitions of `wanted` that have nothing ready, until one has or `timeout_s` has passed."""
        with kafka_errors(f"reading {wanted[0]}"):
            for attempt in range(_ATTEMPTS):
                try:
                    if not await self._ask_all(wanted, timeout_s):
                        return
                except _MOVING:
                    if attempt == _ATTEMPTS - 1:
                        raise
                await asyncio.sleep(_PAUSE_S)
                await self._client.force_metadata_update()
            raise KafkaConnectionError(f"{wanted[0]} has no leader")

    async def _ask_all(self, wanted: Sequence[Partition], timeout_s: float) -> bool:
        """Ask every leader once; return whether some have to be asked again."""
        by_node: defaultdict[int, list[Partition]] = defaultdict(list)
        for partition in wanted:
            if self._has_room(partition):
                leader = self._client.cluster.leader_for_partition(
                    TopicPartition(partition.topic, partition.number)
                )
                by_node[_NO_LEADER if leader is None else leader].append(partition)
        again = bool(by_node.pop(_NO_LEADER, ()))
        answers = await asyncio.gather(
            *(self._ask(node, partitions, timeout_s) for node, partitions in by_node.items())
        )
        return (again or any(answers)) and not any(self._ready[partition] for partition in wanted)

    async def _ask(self, node: int, partitions: Sequence[Partition], timeout_s: float) -> bool:
        by_topic: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for one in partitions:
            size = self._bytes.get(one, self._fetch_bytes)
            by_topic[one.topic].append((one.number, self._positions[one], size))
        request = FetchRequest(
            int(timeout_s * 1000), 1, _RESPONSE_BYTES, _READ_UNCOMMITTED, list(by_topic.items())
        )
        response = await self._client.send(node, request)
        again = False
        for topic, answers in response.topics:
            for number, code, end, *rest in answers:
                partition = Partition(topic, number)
                error = for_code(code)
                if error is OffsetOutOfRangeError:
                    self._positions |= await self._beginnings([partition])
                    again = True
                elif error is not NoError:
                    if not error.retriable:
                        raise error(str(partition))
                    again = True
                else:
                    self._keep(partition, end, rest)
        return again

    def _keep(self, partition: Partition, end: int, rest: Sequence[Any]) -> None:
        self._ends[partition] = end
        data = bytes(rest[-1] or b"")
        start = self._positions[partition]
        for part in slices(data, SLICE_BYTES):
            after = next_offset(part)
            if after is not None and after > start:
                self._ready[partition].append(Fetched(partition, start, after, part))
                start = after
        if start > self._positions[partition]:
            self._positions[partition] = start
            self._bytes.pop(partition, None)
        elif data:
            # Not even one batch fits: ask for more of it next time.
            self._bytes[partition] = 2 * self._bytes.get(partition, self._fetch_bytes)


@asynccontextmanager
async def open_batch_reader(
    options: KafkaOptions, topics: Collection[str], beginnings: Beginnings, *, fetch_bytes: int = FETCH_BYTES
) -> AsyncIterator[BatchReader]:
    """Open a reader of `topics`.

    Args:
        options: how to reach Kafka.
        topics: all that will be read; they exist.
        beginnings: asks for the oldest offsets, for places that retention has taken meanwhile.
        fetch_bytes: of one partition at once.

    Raises:
        DependencyError: Kafka is not there.
    """
    client = AIOKafkaClient(
        bootstrap_servers=options.bootstrap_servers,
        client_id=options.client_id,
        request_timeout_ms=options.request_timeout_ms,
    )
    reader = BatchReader(client, beginnings, fetch_bytes)
    try:
        with kafka_errors(f"connecting to {options.bootstrap_servers}", connecting=True):
            await client.bootstrap()
            await client.set_topics(list(topics))
        yield reader
    finally:
        await reader.aclose()
