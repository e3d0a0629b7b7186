import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alphapanda.clock import ManualClock
from alphapanda.errors import ConfigError
from alphapanda.market.csv_rows import BadRow
from alphapanda.market.instruments import InstrumentTable
from daemons.feed.recorded import RecordedSource, Recording
from daemons.feed.sources import ReplaySpeed
from daemons.feed.status_file import FeedState, FeedStatus, read_status, write_status

TICKS = "Symbol,exchange_timestamp,last_price\nTCS,2025-11-17 12:00:00,10\n5\nINFY,2025-11-17 12:00:01,11\n"
BARS = "timestamp,open,high,low,close,volume,oi\n2020-10-01 00:00:00+05:30,10,12,9,11,100,0\n"
NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return folder


async def test_a_recording_is_fed_once_and_its_bad_row_told(tmp_path: Path) -> None:
    bad: list[BadRow] = []
    path = put(tmp_path, ticks=TICKS) / "ticks.csv"
    source = await RecordedSource.open(
        path, InstrumentTable(()), bad.append, ReplaySpeed(None, 0.0), ManualClock(NOW)
    )
    frames = [frame async for frame in source.frames(-1)]
    assert [tick.last_price for frame in frames for tick in frame.ticks] == [10, 11]
    assert source.rows == 3
    assert [(row.file, row.line) for row in bad] == [("ticks.csv", 3)]
    assert source.loses_nothing_by_waiting


async def test_a_folder_of_bars_is_merged(tmp_path: Path) -> None:
    folder = put(tmp_path / "bars", INFY=BARS, TCS=BARS.replace("10-01", "09-30"))
    speed = ReplaySpeed(None, 0.0)
    source = await RecordedSource.open(folder, InstrumentTable(()), pytest.fail, speed, ManualClock(NOW))  # type: ignore[arg-type]
    frames = [frame async for frame in source.frames(-1)]
    assert [tick.instrument for frame in frames for tick in frame.ticks] == ["NSE:TCS"] * 4 + ["NSE:INFY"] * 4
    assert source.rows == 2


def test_the_name_says_what_the_content_is_not_where_it_lies(tmp_path: Path) -> None:
    one = put(tmp_path / "one", a=TICKS)
    two = put(tmp_path / "two", b=TICKS)
    assert Recording.find(one / "a.csv").name == Recording.find(two / "b.csv").name
    assert Recording.find(one).name == Recording.find(one / "a.csv").name
    assert Recording.find(put(tmp_path / "three", a=TICKS + " ")).name != Recording.find(one).name


def test_bars_of_another_symbol_are_another_recording(tmp_path: Path) -> None:
    folder = put(tmp_path, INFY=BARS, TCS=BARS)
    assert Recording.find(folder / "INFY.csv").name != Recording.find(folder / "TCS.csv").name


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.csv", "There is no recording"), ("empty", "holds no CSV"), ("bad.csv", "no recording")],
)
async def test_what_is_no_recording_is_said_before_anything_is_fed(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match=message):
        await asyncio.to_thread(Recording.find, tmp_path / name)


def test_the_status_file_is_read_back_and_a_foreign_one_is_not(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    status = FeedStatus(state=FeedState.FINISHED, source="s", ticks=5, bad_rows=1, updated_at=NOW)
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    (tmp_path / "feed.json").write_text("{")
    assert read_status(tmp_path) is None
