from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.errors import ConfigError
from alphapanda.ids import SequenceIds
from alphapanda.kafka.partitioner import partition_of
from alphapanda.kafka.tick_encoder import tick_envelope
from alphapanda.kafka.tick_writer import TickWriterOptions, open_tick_writer
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.tick import TickFrame
from alphapanda.serialization.codec import encode

pytestmark = pytest.mark.kafka

DATA = Path(__file__).parents[2] / "data"
RECORDED = {"FEED__SOURCE": "recorded", "FEED__FILE": str(DATA / "nse-ticks.csv"), "FEED__SPEED": "max"}
SIMULATED = {"FEED__SOURCE": "simulated", "FEED__SPEED": "1000"}
GOOD_ROWS, ROWS = 299, 300


def numbers(found: Mapping[int, list[bytes]]) -> list[int]:
    """The numbers of all ticks in the log, by their ids."""
    return [int(value[len('{"id":"') + 24 :][:12], 16) for value in chain.from_iterable(found.values())]


async def test_every_good_row_becomes_one_tick_and_the_feed_is_ready_and_idle(bench: Any) -> None:
    async with bench.feed(RECORDED) as feed:
        status = await feed.finished()
        assert (status.rows, status.ticks, status.bad_rows) == (ROWS, GOOD_ROWS, 1)
        assert feed.health.is_ready
        assert feed.health.report().status == "the recording is in the log: 300 rows, 1 bad"
        assert not feed.task.done()
        assert feed.acknowledged == GOOD_ROWS
    report = (feed.deployment.logs / "feed-bad-rows.csv").read_text().splitlines()
    assert report[1:] == ["nse-ticks.csv,184,1 cells instead of 29,5"]
    log = await bench.log()
    envelopes = [envelope for found in log.values() for envelope in found]
    assert len(envelopes) == len({envelope.id for envelope in envelopes}) == GOOD_ROWS
    assert {envelope.source for envelope in envelopes} == {"feed"}
    assert all(envelope.ts == envelope.data.exchange_ts for envelope in envelopes)
    for number, found in log.items():
        assert all(partition_of(envelope.key.encode(), 3) == number for envelope in found)


async def test_fed_flat_out_and_paced_the_log_is_the_same_byte_for_byte(
    bench: Any, fresh_topic: Callable[[], Awaitable[None]]
) -> None:
    async with bench.feed(RECORDED) as feed:
        await feed.finished()
    once = await bench.values()
    await fresh_topic()
    paced = RECORDED | {"FEED__SPEED": "60", "KAFKA__TICK_COMPRESSION": "zstd"}
    async with bench.feed(paced, home="other") as feed:
        await feed.finished()
    assert await bench.values() == once


async def test_a_finished_recording_is_not_fed_again(bench: Any) -> None:
    for expected in (GOOD_ROWS, 0, 0):
        async with bench.feed(RECORDED) as feed:
            status = await feed.finished()
            assert (status.ticks, status.bad_rows) == (expected, 1)
    assert sorted(numbers(await bench.values())) == list(range(GOOD_ROWS))


async def test_after_each_kill_only_what_is_missing_is_written(bench: Any) -> None:
    """The process dies again and again, in the middle of frames."""
    paced = RECORDED | {"FEED__SPEED": "40", "FEED__FRAME_MS": "1"}
    reached = -1
    for _ in range(4):
        async with bench.feed(paced) as feed:
            assert feed.status.resumed_after >= reached
            reached = feed.status.resumed_after
            await feed.acknowledges(30)
            await feed.kill()
    assert 90 <= reached < GOOD_ROWS
    async with bench.feed(RECORDED) as feed:
        await feed.finished()
    assert sorted(numbers(await bench.values())) == list(range(GOOD_ROWS))


async def test_partitions_that_are_unevenly_far_are_each_completed(bench: Any) -> None:
    """Another writer of the same source put some ticks into some partitions, as a dying feed does."""
    simulation = MarketSimulation(SimulationConfig())
    ids = SequenceIds(simulation.config.source)
    ticks = tuple(islice(simulation.ticks(), 200))
    async with bench.feed(SIMULATED | {"FEED__SPEED": "0.001"}) as feed:
        await feed.kill()  # the source is known now; a handful of its first ticks may be in the log
    held = {number: max(found, default=-1) for number, found in _by_partition(await bench.values()).items()}
    uneven = {0: 150, 1: held[1], 2: 90}
    options = TickWriterOptions(bench.endpoints.bootstrap_servers)
    async with open_tick_writer(options, ids, SystemClock(), written=held) as writer:
        for end, partition in ((151, 0), (91, 2)):
            only = frozenset(
                tick.instrument
                for tick in ticks
                if partition_of(str(tick.instrument_token).encode(), 3) == partition
            )
            await writer.write(TickFrame(0, ticks[:end]), wanted=only)
        await writer.drain()
    async with bench.feed(SIMULATED) as feed:
        assert feed.status.resumed_after <= max(uneven.values())
        await feed.until(lambda status: status.ticks > 200)
    found = sorted(numbers(await bench.values()))
    assert found == list(range(found[-1] + 1))


def _by_partition(values: Mapping[int, list[bytes]]) -> dict[int, list[int]]:
    return {number: numbers({number: found}) for number, found in values.items()}


async def test_the_simulation_goes_on_where_it_was(bench: Any) -> None:
    for _ in range(3):
        async with bench.feed(SIMULATED | {"FEED__SPEED": "20"}) as feed:
            await feed.acknowledges(300)
    log = await bench.log()
    found = sorted(numbers(await bench.values()))
    assert found == list(range(len(found)))
    config = SimulationConfig()
    simulated = islice(MarketSimulation(config).ticks(), len(found))
    expected = {encode(tick_envelope(SequenceIds(config.source), n, tick)) for n, tick in enumerate(simulated)}
    assert {encode(envelope) for each in log.values() for envelope in each} == expected
    for each in log.values():
        assert all(before.ts <= after.ts for before, after in pairwise(each))


async def test_each_source_keeps_its_own_place_in_a_shared_log(bench: Any) -> None:
    async with bench.feed(SIMULATED) as feed:
        first = await feed.until(lambda status: status.ticks > 100)
    async with bench.feed(RECORDED) as feed:
        assert feed.status.resumed_after == -1
        await feed.finished()
    async with bench.feed(SIMULATED) as feed:
        assert feed.status.resumed_after >= first.ticks - 1
    async with bench.feed(RECORDED) as feed:
        assert (await feed.finished()).ticks == 0
    everything = numbers(await bench.values())
    assert len(everything) == len(set(await _ids(bench)))


async def _ids(bench: Any) -> list[str]:
    return [envelope.id for found in (await bench.log()).values() for envelope in found]


async def test_a_log_that_was_made_anew_is_filled_anew(
    bench: Any, fresh_topic: Callable[[], Awaitable[None]]
) -> None:
    async with bench.feed(RECORDED) as feed:
        await feed.finished()
    await fresh_topic()
    async with bench.feed(RECORDED) as feed:
        assert (await feed.finished()).ticks == GOOD_ROWS


async def test_a_subscription_changes_without_a_restart(bench: Any) -> None:
    both = {"NSE:INFY", "NSE:TCS"}
    async with bench.feed(SIMULATED) as feed:
        await feed.acknowledges(100)
        feed.deployment.config_file.write_text('[feed]\ninstruments = ["NSE:INFY", "NSE:TCS"]\n')
        async with asyncio.timeout(90):
            while not _only(both, await bench.log()):  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(0.2)
        assert feed.health.is_ready


def _only(wanted: set[str], log: Mapping[int, list[Any]]) -> bool:
    """Whether the latest 300 ticks are all of these instruments."""
    latest = sorted(chain.from_iterable(log.values()), key=lambda envelope: envelope.id)[-300:]
    return {envelope.data.instrument for envelope in latest} == wanted


async def test_an_instrument_file_is_reloaded_while_it_works(bench: Any, tmp_path: Path) -> None:
    file = tmp_path / "instruments.csv"
    shutil.copy(DATA / "kite-instruments.csv", file)
    async with bench.feed(SIMULATED | {"FEED__INSTRUMENTS_FILE": str(file)}) as feed:
        assert feed.status.instruments_version == 1
        file.write_text("\n".join(file.read_text().splitlines()[:3]) + "\n")
        await feed.until(lambda status: status.instruments_version == 2)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"FEED__SOURCE": "recorded", "FEED__FILE": "/none.csv"}, "There is no recording at /none.csv"),
        ({"FEED__INSTRUMENTS_FILE": "/none.csv"}, "cannot be read"),
    ],
)
async def test_what_cannot_be_fed_is_said_in_one_line(bench: Any, variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        async with bench.feed(variables):
            pytest.fail("it must not start")
