"""The example of docs/strategies.md works as it stands there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alphapanda.ids import BrokerId
from alphapanda.model.kinds import TradingMode
from alphapanda.strategies.bundled.donchian_breakout import DonchianBreakout
from alphapanda.strategies.bundled.ema_crossover import EmaCrossover
from alphapanda.strategies.bundled.rsi_reversion import RsiReversion
from alphapanda.strategies.bundled.vwap_reversion import VwapReversion
from alphapanda.strategies.config import KEYS, parse_strategies
from alphapanda.strategies.loader import FOLDER, bind_strategies, fields_of
from alphapanda.strategies.stage import StrategiesStage

PAGE = (Path(__file__).parents[3] / "docs" / "strategies.md").read_text()
FILE = re.compile(r"<!-- (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)


def test_the_example_trades(
    tmp_path: Path, paper: Mapping[BrokerId, TradingMode], make_tick: Any, feed: Any, run: Any
) -> None:
    for match in FILE.finditer(PAGE):
        file = tmp_path / match["path"]
        file.parent.mkdir(exist_ok=True)
        file.write_text(match["text"])
    configs = parse_strategies(tomllib.loads((tmp_path / "strategies.toml").read_text()))
    stage = StrategiesStage(bind_strategies(configs, tmp_path / FOLDER), paper)
    closes = [100, 101, 102, 103, 102, 101]
    outputs = run(stage, feed(make_tick(60 * n, close) for n, close in enumerate(closes)))
    assert [(e.data.tick.offset, e.data.intent, e.data.quantity, e.data.reason) for e in outputs] == [
        (3, "ENTRY", 5, "2 rising bars"),
        (5, "EXIT", 5, "fell to 102"),
    ]


def test_every_key_and_every_parameter_is_on_the_page() -> None:
    for key in KEYS:
        assert f"| `{key}` |" in PAGE
    for kind in (EmaCrossover, RsiReversion, DonchianBreakout, VwapReversion):
        (row,) = [line for line in PAGE.splitlines() if f":{kind.__name__}`" in line]
        assert [name for name in fields_of(kind.params_type) if f"`{name}`" not in row] == []
