from pathlib import Path
from typing import Any, Self

import pytest

from alphapanda.errors import ConfigError
from alphapanda.ids import InstrumentId
from alphapanda.market.csv_rows import BadRow
from alphapanda.market.instruments import COLUMNS
from alphapanda.telemetry.log import SilentLogger
from daemons.feed.bad_rows import BadRowReport
from daemons.feed.registry import InstrumentRegistry, InstrumentSubscription

HEADER = ",".join(COLUMNS)
INFY = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.1,1,EQ,NSE,NSE"
TCS = "2953217,11536,TCS,TCS,0.0,,0.0,0.1,1,EQ,NSE,NSE"


class Said(SilentLogger):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def bind(self, **_values: object) -> Self:
        return self

    def info(self, event: str, /, **values: object) -> None:
        self.lines.append((event, values))

    def warning(self, event: str, /, **values: object) -> None:
        self.lines.append((event, values))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [values for said, values in self.lines if said == event]


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "instruments.csv"
    path.write_text(f"{HEADER}\n{INFY}\n")
    return path


def test_without_a_file_the_simulated_instruments_are_known(said: Said) -> None:
    registry = InstrumentRegistry(None, said)
    assert registry.resolve("RELIANCE", None).token == 738561
    assert not registry.reload()


def test_a_changed_file_is_another_version(file: Path, said: Said) -> None:
    registry = InstrumentRegistry(file, said)
    before = registry.version
    assert not registry.reload()
    file.write_text(f"{HEADER}\n{TCS}\n{INFY.replace('0.1', '0.05')}\n")
    assert registry.reload()
    assert registry.version.number == before.number + 1
    assert registry.version.digest != before.digest
    assert registry.get(InstrumentId("NSE:TCS")) is not None
    assert said.of("instruments reloaded") == [{"version": 2, "instruments": 2, "added": 1, "removed": 0}]
    assert not registry.reload()


def test_the_same_content_written_again_is_no_new_version(file: Path, said: Said) -> None:
    registry = InstrumentRegistry(file, said)
    content = file.read_text()
    file.unlink()
    assert not registry.reload()
    file.write_text(content)
    assert not registry.reload()
    assert registry.version.number == 1


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\xff"])
def test_a_broken_file_leaves_the_last_good_version(file: Path, said: Said, content: str) -> None:
    registry = InstrumentRegistry(file, said)
    file.write_text(content, encoding="latin-1")
    assert not registry.reload()
    assert registry.get(InstrumentId("NSE:INFY")) is not None
    assert said.of("instrument file not loaded, the last version stays")


def test_a_file_that_is_broken_at_the_start_stops_it(tmp_path: Path, said: Said) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        InstrumentRegistry(tmp_path / "none.csv", said)


def test_a_bad_instrument_is_told_with_its_line(file: Path, said: Said) -> None:
    file.write_text(f"{HEADER}\n{INFY}\nx{TCS}\n")
    InstrumentRegistry(file, said)
    (bad,) = said.of("bad instrument skipped")
    assert (bad["file"], bad["line"]) == ("instruments.csv", 3)


def test_a_subscription_changes_and_says_so_once(said: Said) -> None:
    subscription = InstrumentSubscription(said)
    infy = frozenset({InstrumentId("NSE:INFY")})
    assert not subscription.choose((), None), "all, as from the first"
    assert subscription.choose(("NSE:INFY",), None)
    assert subscription.wanted == infy
    assert not subscription.choose(("NSE:INFY",), None)
    assert subscription.choose((), None)
    assert said.of("subscription changed") == [{"instruments": "all"}]


def test_a_name_that_the_source_does_not_have_is_told_with_the_nearest(said: Said) -> None:
    known = frozenset({InstrumentId("NSE:INFY"), InstrumentId("NSE:TCS")})
    InstrumentSubscription(said).choose(("NSE:INFI", "NSE:TCS"), known)
    assert said.of("the source has no such instrument") == [{"instrument": "NSE:INFI", "nearest": "NSE:INFY"}]


def test_bad_rows_are_all_in_the_report_and_the_first_hundred_in_the_log(tmp_path: Path, said: Said) -> None:
    path = tmp_path / "logs" / "bad.csv"
    with BadRowReport(path, said) as report:
        for line in range(2, 152):
            report.add(BadRow("t.csv", line, "no, number", "a,b" * 200))
        assert len(path.read_text().splitlines()) == 151, "it is on disk at once"
    assert report.count == 150
    assert len(said.of("bad row skipped")) == 100
    assert len(said.lines) == 101
    first = path.read_text().splitlines()[1]
    assert first.startswith('t.csv,2,"no, number","a,ba,b')
    with BadRowReport(path, said):
        pass
    assert path.read_text().splitlines() == ["file,line,reason,text"]
