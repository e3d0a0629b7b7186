"""`strategies.toml`: what is read, and how each mistake is said."""

from __future__ import annotations

import tomllib
from datetime import time

import pytest

from alphapanda.errors import ConfigError
from alphapanda.model.kinds import Product
from alphapanda.strategies.config import Direction, parse_strategies

FULL = """
[strategies.ema-fast]
class = "alphapanda.strategies.ema_crossover:EmaCrossover"
instruments = ["NSE:INFY", "NSE:T*"]
quantity = 10
params = { fast = 5, slow = 20 }
bar_seconds = 60
brokers = ["paper"]
product = "NRML"
direction = "long"
square_off = "15:20"
enabled = false

[strategies.second]
class = "mine:Mine"
instruments = ["*"]
quantity = 1
square_off = 15:20:30
"""


def test_every_key_is_read_and_the_rest_has_defaults() -> None:
    first, second = parse_strategies(tomllib.loads(FULL))
    assert (first.id, first.class_path) == ("ema-fast", "alphapanda.strategies.ema_crossover:EmaCrossover")
    assert first.instruments == ("NSE:INFY", "NSE:T*")
    assert (first.quantity, first.params, first.bar_seconds) == (10, {"fast": 5, "slow": 20}, 60)
    assert (first.brokers, first.product, first.direction) == (("paper",), Product.NRML, Direction.LONG)
    assert (first.square_off, first.enabled) == (time(15, 20), False)
    assert (second.brokers, second.product, second.direction) == (None, Product.MIS, Direction.BOTH)
    assert (second.square_off, second.bar_seconds, second.enabled, second.params) == (
        time(15, 20, 30),
        None,
        True,
        {},
    )


def test_no_strategies_are_no_mistake() -> None:
    assert parse_strategies({}) == ()


GOOD = {"class": "a:B", "instruments": ["NSE:X"], "quantity": 1}


def fails(document: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_strategies(document)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"strategy": {}}, "strategies.toml: unknown table 'strategy'. Strategies stand under [strategies.NAME]."),
        ({"strategies": 3}, "strategies.toml: strategies is not a table."),
        ({"strategies": {"a": 3}}, "strategies.toml: strategies.a: is not a table."),
        ({"strategies": {"a": {"class": "a:B"}}}, "strategies.a: Object missing required field `instruments`."),
        ({"strategies": {"A b": GOOD}}, "strategies.A b: a strategy's name is lower-case letters"),
    ],
)
def test_a_file_of_another_shape_is_said_in_one_line(document: dict[str, object], said: str) -> None:
    fails(document, said)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("quantitty", 1, "strategies.a.quantitty: unknown key. Did you mean 'quantity'?"),
        ("quantity", 0, "strategies.a.quantity: Expected `int` >= 1."),
        ("quantity", "1", "strategies.a.quantity: Expected `int`, got `str`."),
        ("instruments", [], "strategies.a.instruments: Expected `array` of length >= 1."),
        ("instruments", ["x", 1], "strategies.a.instruments[1]: Expected `str`, got `int`."),
        ("class", "a.B", "strategies.a: class: 'a.B' is not module:Class."),
        ("product", "CNC", "strategies.a: product: CNC cannot be sold short"),
        ("product", "XYZ", "strategies.a.product: Invalid enum value 'XYZ'."),
        ("bar_seconds", 100_000, "strategies.a.bar_seconds: Expected `int` <= 21600."),
        ("square_off", "soon", "strategies.a.square_off: 'soon' is no time of day."),
        ("square_off", 15, "strategies.a.square_off: Expected `time | null`, got `int`."),
    ],
)
def test_a_mistake_is_said_in_one_line_with_its_key(key: str, value: object, said: str) -> None:
    fails({"strategies": {"a": {**GOOD, key: value}}}, said)
