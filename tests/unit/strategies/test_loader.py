"""Classes are found where they may lie, and whatever is wrong with them is said before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alphapanda.errors import ConfigError
from alphapanda.strategies.bundled.ema_crossover import EmaCrossover, EmaCrossoverParams
from alphapanda.strategies.config import parse_strategies
from alphapanda.strategies.loader import BoundStrategy, bind_strategies, load_strategy_class

EMA = "alphapanda.strategies.ema_crossover:EmaCrossover"

MINE = """
import msgspec
from alphapanda.strategies.base import Decision, Holding, Stance, Strategy
from .helper import threshold

class Params(msgspec.Struct, frozen=True):
    level: float = threshold()

class State(msgspec.Struct, frozen=True):
    seen: int = 0

class Mine(Strategy[Params, State]):
    def initial(self):
        return State()

    def on_tick(self, state, tick, holding):
        return State(state.seen + 1), None

class Child(Mine):
    pass

class Silent(Strategy[Params, State]):
    def initial(self):
        return State()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "strategies"
    (own / "deep").mkdir(parents=True)
    (own / "mine.py").write_text(MINE)
    (own / "helper.py").write_text("def threshold():\n    return 2.5\n")
    (own / "deep" / "er.py").write_text(MINE.replace("from .helper", "from ..helper"))
    return own


def bind(folder: Path | None, class_path: str = EMA, **keys: Any) -> BoundStrategy:
    table = {"class": class_path, "instruments": ["*"], "quantity": 1, **keys}
    (bound,) = bind_strategies(parse_strategies({"strategies": {"a": table}}), folder)
    return bound


def test_an_installed_class_gets_its_checked_parameters() -> None:
    bound = bind(None, params={"fast": 3, "slow": 9, "min_gap_bps": 1})
    assert isinstance(bound.strategy, EmaCrossover)
    assert bound.strategy.params == EmaCrossoverParams(fast=3, slow=9, min_gap_bps=1.0)


def test_disabled_strategies_are_left_out() -> None:
    table = {"class": "nowhere:Nothing", "instruments": ["*"], "quantity": 1, "enabled": False}
    assert bind_strategies(parse_strategies({"strategies": {"a": table}}), None) == ()


@pytest.mark.parametrize("class_path", ["mine:Mine", "mine:Child", "deep.er:Mine"])
def test_a_class_of_the_deployments_folder_can_import_its_neighbours(folder: Path, class_path: str) -> None:
    bound = bind(folder, class_path)
    assert getattr(bound.strategy.params, "level") == 2.5  # noqa: B009
    assert bound.code


def test_the_folder_goes_first_but_never_before_the_installations_own(folder: Path) -> None:
    (folder / "wave.py").write_text(MINE)
    (folder / "alphapanda").mkdir()
    (folder / "alphapanda" / "strategies").mkdir()
    (folder / "alphapanda" / "strategies" / "ema_crossover.py").write_text("raise RuntimeError")
    assert load_strategy_class("wave:Mine", folder).__module__.endswith(".wave")
    assert load_strategy_class(EMA, folder) is EmaCrossover


def test_two_folders_do_not_touch(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.py").write_text(MINE)
    (other / "helper.py").write_text("def threshold():\n    return 7.0\n")
    assert getattr(bind(folder, "mine:Mine").strategy.params, "level") == 2.5  # noqa: B009
    assert getattr(bind(other, "mine:Mine").strategy.params, "level") == 7.0  # noqa: B009


def test_the_fingerprint_follows_what_the_state_depends_on() -> None:
    same = bind(None, params={"fast": 12})
    assert bind(None).fingerprint == same.fingerprint
    assert bind(None, quantity=5, brokers=["paper"]).fingerprint == same.fingerprint
    others = [bind(None, params={"fast": 11}), bind(None, bar_seconds=60), bind(None, bar_seconds=61)]
    assert len({same.fingerprint, *(bound.fingerprint for bound in others)}) == 4


@pytest.mark.parametrize(
    ("class_path", "keys", "said"),
    [
        ("nowhere:X", {}, "there is no module 'nowhere': no "),
        ("alphapanda.strategies.nowhere:X", {}, "there is no module 'alphapanda.strategies.nowhere'"),
        ("mine:Mein", {}, "mine has no class 'Mein'. Did you mean mine:Mine?"),
        ("mine:threshold", {}, "mine has no class 'threshold'."),
        ("mine:Params", {}, "mine:Params is not a strategy."),
        ("mine:Silent", {}, "mine:Silent has neither on_tick nor on_bar."),
        ("mine:Mine", {"bar_seconds": 60}, "strategies.a.bar_seconds: Mine lives on ticks."),
        ("mine:Mine", {"params": {"levle": 1}}, "strategies.a.params.levle: unknown key. Did you mean 'level'?"),
        ("mine:Mine", {"params": {"level": "x"}}, "strategies.a.params.level: Expected `float`, got `str`."),
        (EMA, {"params": {"fast": 0}}, "strategies.a.params.fast: Expected `int` >= 1."),
        (EMA, {"params": {"fast": 30}}, "strategies.a.params: fast (30) must be less than slow (26)."),
    ],
)
def test_a_mistake_is_said_in_one_line_with_its_place(
    folder: Path, class_path: str, keys: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        bind(folder, class_path, **keys)
    assert str(caught.value).startswith("strategies.toml: strategies.a")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "bad.py:1: SyntaxError"),
        ("x = 1\ny = x / 0\n", "bad.py:2: ZeroDivisionError"),
        ("import no_such_module_here\n", "bad.py:1: ModuleNotFoundError"),
        (MINE.replace("frozen=True):\n    seen", "frozen=False):\n    seen"), "can be changed in place"),
        (MINE.replace("Strategy[Params, State]", "Strategy"), "does not declare its params"),
        (
            MINE.replace("class State(msgspec.Struct, frozen=True)", "class State"),
            "does not declare its state",
        ),
        (MINE.replace("return State()", "return 1 / 0", 1), "Mine cannot begin: ZeroDivisionError"),
        (MINE.replace("return State()", "return None", 1), "cannot begin"),
        (MINE.replace("return State()", "return State(object())", 1), "cannot begin"),
        (MINE.replace("    def on_tick", "    warm_up = -1\n\n    def on_tick", 1), "Mine.warm_up is -1"),
    ],
)
def test_a_broken_file_is_named_with_its_line(folder: Path, text: str, said: str) -> None:
    (folder / "bad.py").write_text(text)
    with pytest.raises(ConfigError) as caught:
        bind(folder, "bad:Mine")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bars_are_needed_by_what_lives_on_them(folder: Path) -> None:
    (folder / "bars.py").write_text(MINE.replace("on_tick", "on_bar"))
    with pytest.raises(ConfigError, match=r"lives on bars\. Set bar_seconds"):
        bind(folder, "bars:Mine")
    assert bind(folder, "bars:Mine", bar_seconds=60).config.bar_seconds == 60
