"""The starter's strategies trade within seconds on the simulated feed, and go on without a failure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from alphapanda.ids import BrokerId
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.settings.starters import starter_text
from alphapanda.strategies.config import parse_strategies
from alphapanda.strategies.loader import bind_strategies
from alphapanda.strategies.stage import StrategiesStage


@pytest.mark.parametrize("seed", [42, 1, 7])
def test_the_first_signal_comes_within_five_seconds_and_every_strategy_has_its_turn(
    seed: int, paper: Mapping[BrokerId, TradingMode], feed: Any, run: Any
) -> None:
    strategies = bind_strategies(parse_strategies(tomllib.loads(starter_text("strategies.toml"))), None)
    stage = StrategiesStage(strategies, paper)
    events = feed(islice(MarketSimulation(SimulationConfig(seed=seed)).ticks(), 50_000))
    outputs = run(stage, events)
    assert {event.type for event in outputs} == {EventType.SIGNAL_RAW}
    assert outputs[0].envelope.ts - events[0].envelope.ts < timedelta(seconds=5)
    assert {event.data.strategy_id for event in outputs} == {bound.config.id for bound in strategies}
