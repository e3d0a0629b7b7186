from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.errors import ConfigError
from alphapanda.market.csv_rows import BadRow
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.recorded_rows import span_of
from alphapanda.market.recording import RecordingFile, RecordingKind, kind_of, merge
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.tick import DepthLevel, Ohlc, Tick

DATA = Path(__file__).parents[2] / "data"
SYMBOLS = InstrumentTable(SIMULATED_INSTRUMENTS)
TICK_HEADER = (
    "Symbol,exchange_timestamp,last_price,volume_traded,last_traded_quantity,bid_price_1,bid_qty_1,"
    "bid_price_2,bid_qty_2,ask_price_1,ask_qty_1"
)
GOOD = "TCS,2025-11-17 12:07:58.973634,3110.5,701400,175,3109.5,175,3109.0,350,3110.4,175"
BAR_HEADER = "timestamp,open,high,low,close,volume,oi"


def refuse(row: BadRow) -> None:
    pytest.fail(f"{row} is good")


def read(*lines: str, name: str = "INFY.csv") -> tuple[list[Tick], list[BadRow], RecordingFile]:
    bad: list[BadRow] = []
    file = RecordingFile(name, lines, SYMBOLS, bad.append)
    return list(file.ticks()), bad, file


def test_a_real_recording_gives_one_tick_a_good_row_and_names_the_bad_one() -> None:
    bad: list[BadRow] = []
    with (DATA / "nse-ticks.csv").open(encoding="utf-8") as lines:
        file = RecordingFile("nse-ticks.csv", lines, SYMBOLS, bad.append)
        ticks = list(file.ticks())
    assert (len(ticks), file.rows, file.bad) == (299, 300, 1)
    assert bad == [BadRow("nse-ticks.csv", 184, "1 cells instead of 29", "5")]
    assert {tick.instrument for tick in ticks} == {"NSE:MCX", "NSE:RELIND", "NSE:TCS", "NSE:TRENT"}
    assert any(after.exchange_ts < before.exchange_ts for before, after in pairwise(ticks)), (
        "rows keep their order"
    )


def test_the_best_ask_in_the_second_bid_s_columns_is_read_as_the_ask() -> None:
    with (DATA / "nse-ticks.csv").open(encoding="utf-8") as lines:
        first = next(RecordingFile("nse-ticks.csv", lines, SYMBOLS, refuse).ticks())
    assert first.bids == (DepthLevel(9760.5, 125),)
    assert first.asks == (DepthLevel(9768.0, 125),)


def test_every_column_finds_its_place() -> None:
    ticks, bad, _ = read(TICK_HEADER, GOOD)
    assert not bad
    assert ticks == [
        Tick(
            instrument=SYMBOLS.resolve("TCS", None).id,
            instrument_token=2953217,
            exchange_ts=datetime(2025, 11, 17, 6, 37, 58, 973634, tzinfo=UTC),
            last_price=3110.5,
            last_quantity=175,
            volume=701400,
            bids=(DepthLevel(3109.5, 175), DepthLevel(3109.0, 350)),
            asks=(DepthLevel(3110.4, 175),),
        )
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5", "1 cells instead of 11"),
        (GOOD + ",1", "12 cells instead of 11"),
        (TICK_HEADER, "is no time"),
        (GOOD.replace("TCS", ""), "is no symbol"),
        (GOOD.replace("TCS", "T\ufffdS"), "is no symbol"),
        (GOOD.replace("2025-11-17", "yesterday"), "is no time"),
        (GOOD.replace("2025", "1025"), "the year 1025"),
        (GOOD.replace("3110.5", "0.0"), "not above 0"),
        (GOOD.replace("3110.5", "-1"), "not above 0"),
        (GOOD.replace("3110.5", "nan"), "no number"),
        (GOOD.replace("3110.5", "1e999"), "not finite"),
        (GOOD.replace("3110.5", ""), "no number"),
        (GOOD.replace("701400", "-4"), "no whole number"),
        (GOOD.replace("701400", "1.5"), "no whole number"),
        (GOOD.replace("3109.5", "x"), "bid_price_1 'x' is no number"),
        (GOOD.replace("3109.5", "-2"), "below 0"),
    ],
)
def test_a_bad_row_is_named_and_the_next_is_read(row: str, reason: str) -> None:
    ticks, bad, file = read(TICK_HEADER, row, "", GOOD, name="t.csv")
    assert len(ticks) == 1
    assert (file.rows, file.bad) == (2, 1)
    assert (bad[0].file, bad[0].line) == ("t.csv", 2)
    assert reason in bad[0].reason


@pytest.mark.parametrize(
    "row",
    [
        "TCS,2025-11-17 12:07:58,3110.5,,,,,,,,",
        "TCS,2025-11-17 12:07:58,3110.5,0,0,0.0,0,0.0,0,0.0,0",
        "TCS,2025-11-17 12:07:58,3110.5,0,0,3110.0,0,0.0,5,0.0,0",
    ],
)
def test_missing_depth_is_no_fault(row: str) -> None:
    (tick,), bad, _ = read(TICK_HEADER, row)
    assert not bad
    assert (tick.bids, tick.asks, tick.bid, tick.ask) == ((), (), 3110.5, 3110.5)


def test_a_stray_quotation_mark_spoils_only_its_own_row() -> None:
    ticks, bad, _ = read(TICK_HEADER, '"' + GOOD.replace(",", '",', 1), GOOD.replace("TCS", 'T"CS'), GOOD)
    assert len(ticks) == 2
    assert [row.line for row in bad] == [3]


def test_a_recording_may_name_exchange_and_token() -> None:
    row = "BSE,TCS,77,2025-11-17T06:37:58Z,3110.5"
    (tick,), _, _ = read("exchange,symbol,instrument_token,exchange_timestamp,last_price", row)
    assert (tick.instrument, tick.instrument_token) == ("BSE:TCS", 77)
    assert tick.exchange_ts == datetime(2025, 11, 17, 6, 37, 58, tzinfo=UTC)


@settings(max_examples=200)
@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n"), max_size=60), max_size=20))
def test_no_text_is_fatal_and_every_row_is_accounted_for(rows: list[str]) -> None:
    ticks, bad, file = read(TICK_HEADER, *rows, GOOD)
    assert file.rows == len(ticks) + len(bad)
    assert ticks[-1].last_price == 3110.5


# ------------------------------------------------------------------------------------------------ bars
def test_a_daily_bar_becomes_its_four_prices_within_the_session() -> None:
    ticks, bad, file = read(
        BAR_HEADER,
        "2020-10-01 00:00:00+05:30,1020.6,1026.5,1011.75,1017.65,5563432,0",
        "2020-10-05 00:00:00+05:30,1018.05,1054.9,1018.05,1048.7,14212560,7",
    )
    assert not bad
    assert file.kind is RecordingKind.BARS
    assert [tick.last_price for tick in ticks] == [
        1020.6,
        1026.5,
        1011.75,
        1017.65,
        1018.05,
        1018.05,
        1054.9,
        1048.7,
    ]
    assert ticks[0].exchange_ts == datetime(2020, 10, 1, 3, 45, tzinfo=UTC)
    assert ticks[3].exchange_ts == datetime(2020, 10, 1, 9, 59, 59, tzinfo=UTC)
    assert [tick.volume for tick in ticks[3:5]] == [5563432, 14212560 // 4]
    assert ticks[7].ohlc == Ohlc(1018.05, 1054.9, 1018.05, 1017.65)
    assert (ticks[0].instrument, ticks[0].instrument_token) == ("NSE:INFY", 408065)
    assert ticks[7].open_interest == 7


def test_minute_bars_have_their_ticks_within_the_minute_and_one_session_s_volume() -> None:
    ticks, _, _ = read(
        BAR_HEADER,
        "2020-10-01 09:15:00+05:30,10,12,9,11,100,0",
        "2020-10-01 09:16:00+05:30,11,12,10,10,11,0",
    )
    seconds = [(tick.exchange_ts - ticks[0].exchange_ts).total_seconds() for tick in ticks]
    assert seconds[0::4] == [0.0, 60.0]
    assert seconds[3::4] == [59.0, 119.0]
    assert ticks[-1].volume == 111
    assert ticks[-1].ohlc == Ohlc(10, 12, 9, 10)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2020-10-01 09:15:00+05:30,10,9,8,10,1,0", "high 9.0 is below"),
        ("2020-10-01 09:15:00+05:30,10,12,11,10,1,0", "low 11.0 is above"),
        ("2020-10-01 09:15:00+05:30,0,12,9,10,1,0", "open 0 is not above 0"),
        ("2020-10-01 09:15:00+05:30,10,12,9,10,-1,0", "no whole number"),
        ("10,12,9,10", "4 cells instead of 7"),
    ],
)
def test_a_bad_bar_is_named(row: str, reason: str) -> None:
    ticks, bad, _ = read(BAR_HEADER, row, "2020-10-01 09:16:00+05:30,11,12,10,10,11,0")
    assert len(ticks) == 4
    assert bad[0].line == 2
    assert reason in bad[0].reason


def test_the_length_of_bars_is_the_shortest_step_between_them() -> None:
    at = datetime(2020, 10, 1, 3, 45, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert span_of([at, at + 15 * minute, at + 30 * minute, at + 1000 * minute]) == 15 * minute
    assert span_of([at]) == minute
    assert span_of([datetime(2020, 9, 30, 18, 30, tzinfo=UTC)]) is None


def test_files_are_merged_by_time_and_each_keeps_its_own_order() -> None:
    def rows(symbol: str, *minutes: int) -> RecordingFile:
        lines = [f"{symbol},2025-11-17 12:{minute:02}:00,10,,,,,,,," for minute in minutes]
        return RecordingFile(f"{symbol}.csv", [TICK_HEADER, *lines], SYMBOLS, refuse)

    merged = list(merge([rows("A", 1, 5, 3, 6), rows("B", 2, 4, 5)]))
    assert "".join(tick.instrument[-1] for tick in merged) == "ABBAABA"


@pytest.mark.parametrize(
    "header", ["", "a,b,c", "Symbol,last_price", "Symbol,symbol,exchange_timestamp,last_price"]
)
def test_a_file_that_is_no_recording_is_refused_with_what_would_be_one(header: str) -> None:
    with pytest.raises(ConfigError) as refused:
        kind_of(header, "x.csv")
    assert "x.csv" in refused.value.message
    assert "exchange_timestamp" in refused.value.hint


def test_bars_need_a_symbol_for_a_name() -> None:
    with pytest.raises(ConfigError, match="its name is no symbol"):
        read(BAR_HEADER, name="***.csv")
