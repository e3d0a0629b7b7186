"""The shipped strategies on a quarter of an hour of real ticks, out of order rows and all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from alphapanda.ids import BrokerId
from alphapanda.market.csv_rows import BadRow
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.recording import RecordingFile
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.envelope import Event
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.tick import Tick
from alphapanda.serialization.codec import encode
from alphapanda.strategies.config import StrategyConfig
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage

NAME = "nse-futures-ticks-2025-11-17.csv"
FOLDER = Path(os.environ.get("ALPHAPANDA_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data")

pytestmark = pytest.mark.skipif(
    not (FOLDER / NAME).is_file(), reason=f"{NAME} is not in {FOLDER} (set ALPHAPANDA_TEST_DATA)"
)


@pytest.fixture(scope="module")
def recorded() -> list[Tick]:
    bad: list[BadRow] = []
    lines = (FOLDER / NAME).read_text().splitlines()
    ticks = list(RecordingFile(NAME, lines, InstrumentTable(SIMULATED_INSTRUMENTS), bad.append).ticks())
    assert len(bad) == 1
    assert len(ticks) > 4_000
    return ticks


def test_each_of_them_finds_something_to_do_and_none_fails(
    configs: Sequence[StrategyConfig],
    paper: Mapping[BrokerId, TradingMode],
    recorded: list[Tick],
    feed: Any,
    run: Any,
) -> None:
    stage = StrategiesStage(bind_strategies(configs, None), paper)
    outputs: list[Event] = run(stage, feed(recorded))
    assert {event.type for event in outputs} == {EventType.SIGNAL_RAW}
    assert stage.fenced == {}
    found = Counter(event.data.strategy_id for event in outputs)
    assert found.keys() == {config.id for config in configs}
    assert min(found.values()) >= 4
    assert len({event.id for event in outputs}) == len(outputs)


def test_stopping_and_restoring_every_hundred_ticks_changes_not_one_byte(
    configs: Sequence[StrategyConfig],
    paper: Mapping[BrokerId, TradingMode],
    recorded: list[Tick],
    feed: Any,
    run: Any,
) -> None:
    strategies = bind_strategies(configs, None)
    events = feed(recorded)
    whole = [encode(event.envelope) for event in run(StrategiesStage(strategies, paper), events)]
    image, pieces = StrategiesStage(strategies, paper).snapshot(), []
    for start in range(0, len(events), 100):
        stage = StrategiesStage(strategies, paper)
        stage.restore(image)
        pieces += [encode(event.envelope) for event in run(stage, events[start : start + 100])]
        image = stage.snapshot()
    assert pieces == whole
