from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.errors import DependencyError, KafkaUnreachableError
from alphapanda.ids import InstrumentId, SequenceIds
from alphapanda.kafka.tick_batch import Compression
from alphapanda.kafka.tick_writer import Acknowledged, Mark, TickWriterOptions, open_tick_writer
from alphapanda.model.tick import Tick, TickFrame

pytestmark = pytest.mark.kafka

IDS = SequenceIds("writer")


def frame(first: int, count: int) -> TickFrame:
    at = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
    return TickFrame(first, tuple(Tick(InstrumentId("NSE:INFY"), 408065, at, 1.0 + n) for n in range(count)))


@pytest.mark.parametrize("compression", list(Compression))
async def test_frames_arrive_in_order_and_are_told_when_they_are_in_the_log(
    bench: Any, compression: Compression
) -> None:
    told: list[Acknowledged] = []
    options = TickWriterOptions(bench.endpoints.bootstrap_servers, compression=compression)
    async with open_tick_writer(options, IDS, SystemClock(), on_acknowledged=told.append) as writer:
        for first in range(0, 10_000, 500):
            assert await writer.write(frame(first, 500)) == 500
        await writer.drain()
        assert writer.oldest_age() == 0.0
        assert list(writer.marks.values()) == [Mark(9_999, 10_000)]
    assert [one.ticks for one in told] == [500] * 20
    log = await bench.log()
    (found,) = [envelopes for envelopes in log.values() if envelopes]
    assert [int(envelope.id[24:], 16) for envelope in found] == list(range(10_000))


async def test_a_frame_that_is_in_the_log_already_costs_nothing(bench: Any) -> None:
    options = TickWriterOptions(bench.endpoints.bootstrap_servers)
    async with open_tick_writer(options, IDS, SystemClock(), written={0: 99, 1: 99, 2: 99}) as writer:
        assert await writer.write(frame(0, 100)) == 0
        assert await writer.write(frame(50, 60)) == 10
        await writer.drain()
    assert sum(map(len, (await bench.log()).values())) == 10


async def test_a_topic_that_is_not_there_is_said_with_the_next_command(bench: Any) -> None:
    options = TickWriterOptions(bench.endpoints.bootstrap_servers, topic="market.none", request_timeout_ms=1_000)
    with pytest.raises(DependencyError, match=r"market\.none.*topics bootstrap"):
        async with open_tick_writer(options, IDS, SystemClock()):
            pytest.fail("there is nothing to write to")


async def test_no_kafka_is_said(unused_port: int) -> None:
    options = TickWriterOptions(f"127.0.0.1:{unused_port}", request_timeout_ms=1_000)
    with pytest.raises(KafkaUnreachableError, match="connecting"):
        async with open_tick_writer(options, IDS, SystemClock()):
            pytest.fail("there is nobody to write to")
