from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from alphapanda.clock import ManualClock
from alphapanda.ids import InstrumentId
from alphapanda.model.tick import Tick, TickFrame
from daemons.feed.sources import ReplaySpeed, frames_of

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def ticks(*seconds: float) -> Iterator[Tick]:
    return (
        Tick(InstrumentId("NSE:INFY"), 408065, START + timedelta(seconds=second), 1500.0) for second in seconds
    )


async def play(
    source: Iterable[Tick], *, speed: float | None, frame_s: float = 0.0, paced_from: int = 0, max_ticks: int = 100
) -> list[tuple[float, list[int]]]:
    """Return when each frame came, by the clock, and the numbers of its ticks."""
    clock = ManualClock(START)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    frames: list[TickFrame] = []
    moments = []
    async for frame in frames_of(
        iter(source),
        first=0,
        paced_from=paced_from,
        clock=clock,
        pace=ReplaySpeed(speed, frame_s),
        max_ticks=max_ticks,
        sleep=sleep,
    ):
        frames.append(frame)
        moments.append(round(clock.monotonic(), 6))
    return [(moment, list(range(frame.first, frame.next))) for moment, frame in zip(moments, frames, strict=True)]


async def test_the_first_tick_comes_at_once_and_the_others_at_their_time() -> None:
    assert await play(ticks(0, 1, 1.5), speed=1.0) == [(0.0, [0]), (1.0, [1]), (1.5, [2])]


async def test_sixty_times_as_fast_is_a_minute_a_second() -> None:
    assert await play(ticks(0, 60, 90), speed=60.0) == [(0.0, [0]), (1.0, [1]), (1.5, [2])]


async def test_flat_out_fills_frames_and_waits_for_nothing() -> None:
    assert await play(ticks(0, 60, 90, 7000, 9000), speed=None, max_ticks=2) == [
        (0.0, [0, 1]),
        (0.0, [2, 3]),
        (0.0, [4]),
    ]


async def test_ticks_that_fall_due_within_a_frame_share_it() -> None:
    played = await play(ticks(0, 0.001, 0.004, 0.018, 0.030), speed=1.0, frame_s=0.020)
    assert played == [(0.0, [0]), (0.020, [1, 2, 3]), (0.040, [4])]


async def test_a_tick_that_is_late_in_its_file_comes_with_its_neighbour() -> None:
    assert await play(ticks(0, 2, 1, 3), speed=1.0) == [(0.0, [0]), (2.0, [1, 2]), (3.0, [3])]


async def test_a_night_is_not_waited_for() -> None:
    played = await play(ticks(0, 1, 86_400, 86_402), speed=1.0)
    assert played == [(0.0, [0]), (1.0, [1, 2]), (3.0, [3])]


async def test_what_a_former_life_paced_comes_at_once() -> None:
    played = await play(ticks(0, 10, 20, 21), speed=1.0, paced_from=2)
    assert played == [(0.0, [0, 1, 2]), (1.0, [3])]


async def test_a_backlog_is_cut_into_frames() -> None:
    assert await play(ticks(0, 0, 0, 0, 0), speed=1.0, max_ticks=2) == [(0.0, [0, 1]), (0.0, [2, 3]), (0.0, [4])]


async def test_an_empty_source_gives_no_frame() -> None:
    assert await play(ticks(), speed=1.0) == []
