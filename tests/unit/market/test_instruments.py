from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import ConfigError
from alphapanda.ids import InstrumentId
from alphapanda.market.instruments import COLUMNS, InstrumentTable, Listing, assigned_token, parse_instruments
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.instrument import InstrumentType

HEADER = ",".join(COLUMNS)
INFY = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.1,1,EQ,NSE,NSE"
NIFTY = "13568258,53001,NIFTY26DECFUT,NIFTY,0.0,2026-12-29,0.0,0.1,65,FUT,NFO-FUT,NFO"
OPTION = '12073986,47164,BANKNIFTY18JAN23500CE,"BANK, NIFTY",2528.4,2018-01-25,23500.0,0.05,40,CE,NFO-OPT,NFO'


def test_the_twelve_columns_become_instruments() -> None:
    parsed = parse_instruments([HEADER, INFY, NIFTY, OPTION], file="i.csv")
    assert not parsed.bad
    infy, nifty, option = parsed.instruments
    assert (infy.id, infy.instrument_token, infy.tick_size) == ("NSE:INFY", 408065, Decimal("0.1"))
    assert (nifty.instrument_type, nifty.expiry, nifty.lot_size) == (InstrumentType.FUTURE, date(2026, 12, 29), 65)
    assert (option.name, option.strike) == ("BANK, NIFTY", Decimal("23500.0"))


def test_columns_may_come_in_any_order_and_most_may_be_missing() -> None:
    parsed = parse_instruments(["exchange,tradingsymbol,instrument_token", "BSE,INFY,128053508"], file="i.csv")
    assert [each.id for each in parsed.instruments] == ["BSE:INFY"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,1,INFY,,0,,0,0.1,1,EQ,NSE,NSE", "cannot be read"),
        (",1,INFY,,0,,0,0.1,1,EQ,NSE,NSE", "instrument_token is empty"),
        ("1,1,,,0,,0,0.1,1,EQ,NSE,NSE", "tradingsymbol is empty"),
        ("1,1,INFY,,0,,0,0,1,EQ,NSE,NSE", "above 0"),
        ("1,1,INFY,,0,,0,0.1,1,XX,NSE,NSE", "none of EQ"),
        ("1,1,INFY,,0,not-a-day,0,0.1,1,EQ,NSE,NSE", "cannot be read"),
        ("408065,1,OTHER,,0,,0,0.1,1,EQ,NSE,NSE", "408065 is in an earlier row"),
        ("9,1,INFY,,0,,0,0.1,1,EQ,NSE,NSE", "NSE:INFY is in an earlier row"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_skipped(row: str, reason: str) -> None:
    parsed = parse_instruments([HEADER, INFY, row, NIFTY], file="i.csv")
    assert [each.tradingsymbol for each in parsed.instruments] == ["INFY", "NIFTY26DECFUT"]
    (bad,) = parsed.bad
    assert (bad.file, bad.line) == ("i.csv", 3)
    assert reason in bad.reason


def test_another_file_is_refused_by_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match="no column exchange, instrument_token"):
        parse_instruments(["tradingsymbol,price", "INFY,1"], file="i.csv")


def test_a_known_symbol_keeps_its_token_and_an_unknown_one_gets_one_for_ever() -> None:
    table = InstrumentTable(SIMULATED_INSTRUMENTS)
    assert table.resolve("TCS", None) == Listing(InstrumentId("NSE:TCS"), 2953217)
    assert table.resolve("MCX", None) == Listing(InstrumentId("NSE:MCX"), 1650853892)
    assert table.resolve("TCS", "BSE").id == "BSE:TCS"
    assert table.get(InstrumentId("NSE:MCX")) is None
    assert table.describe(InstrumentId("NSE:MCX")).instrument_token == 1650853892
    assert table.describe(InstrumentId("NSE:TCS")) is table.get(InstrumentId("NSE:TCS"))


def test_the_venue_s_own_sample_is_read_whole() -> None:
    sample = Path(__file__).parents[2] / "data" / "kite-instruments.csv"
    with sample.open(encoding="utf-8", newline="") as lines:
        parsed = parse_instruments(lines, file=sample.name)
    assert not parsed.bad
    assert len(parsed.instruments) == 8


@given(st.text(min_size=1))
def test_assigned_tokens_lie_above_the_venue_s_and_fit_31_bits(name: str) -> None:
    token = assigned_token(InstrumentId(name))
    assert 2**30 <= token < 2**31
    assert token == assigned_token(InstrumentId(name))
