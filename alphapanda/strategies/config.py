"""What `strategies.toml` says of one strategy: which class, on what, how large, for whom.

::

    [strategies.ema-fast]
    class = "alphapanda.strategies.ema_crossover:EmaCrossover"
    instruments = ["NSE:INFY", "NSE:TCS"]     # names, or patterns such as "NSE:*"
    quantity = 10
    params = { fast = 12, slow = 26 }
    bar_seconds = 60                          # left out: every tick
    brokers = ["paper"]                       # left out: every active broker
    product = "MIS"
    direction = "both"                        # long, short
    square_off = "15:20"                      # IST; left out: never
    enabled = true
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec

from alphapanda.errors import ConfigError, nearest
from alphapanda.ids import BrokerId, StrategyId
from alphapanda.market.bars import MAX_BAR_SECONDS
from alphapanda.model.kinds import Product

FILE = "strategies.toml"
_ID = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_AT = re.compile(r"(?P<what>.*?) - at `\$\.?(?P<key>.*)`", re.DOTALL)

T = TypeVar("T")
Positive = Annotated[int, msgspec.Meta(ge=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class Direction(StrEnum):
    """Which sides a strategy may hold."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class StrategyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy as it is configured.

    Attributes:
        id: its name; the key of its signals.
        class_path: `module:Class`, from the deployment's `strategies/` folder or from the installation.
        instruments: `exchange:symbol` each, or a shell pattern such as `NSE:*`.
        quantity: units an entry asks for.
        params: what the class takes, not yet checked (`alphapanda.strategies.loader` does).
        brokers: who gets its signals; None for every active broker.
        product: how positions are carried.
        direction: which sides it may hold.
        bar_seconds: length of the bars given to `on_bar`; None for a strategy that lives on ticks.
        square_off: time of day (IST) at which it is made flat and after which it opens nothing; None for never.
        enabled: whether it runs.
    """

    id: StrategyId
    class_path: str = msgspec.field(name="class")
    instruments: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    quantity: Positive
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    brokers: tuple[BrokerId, ...] | None = None
    product: Product = Product.MIS
    direction: Direction = Direction.BOTH
    bar_seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_BAR_SECONDS)] | None = None
    square_off: time | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError("a strategy's name is lower-case letters, digits, - and _, starting with a letter")
        if not _CLASS.fullmatch(self.class_path):
            raise ValueError(f"class: {self.class_path!r} is not module:Class")
        if self.product is Product.CNC and self.direction is not Direction.LONG:
            raise ValueError('product: CNC cannot be sold short; set direction = "long", or product = "MIS"')


KEYS = tuple(field.encode_name for field in msgspec.structs.fields(StrategyConfig) if field.name != "id")


def parse_strategies(document: Mapping[str, object], where: str = FILE) -> tuple[StrategyConfig, ...]:
    """Return the strategies of a decoded `strategies.toml`, in its order; raises ConfigError.

    Args:
        document: the decoded file.
        where: what to call the file in errors.
    """
    for key in document:
        if key != "strategies":
            raise ConfigError(f"{where}: unknown table {key!r}.", hint="Strategies stand under [strategies.NAME].")
    tables = document.get("strategies", {})
    if not isinstance(tables, Mapping):
        raise ConfigError(f"{where}: strategies is not a table.", hint="Write [strategies.NAME].")
    return tuple(_parse_one(str(name), table, where) for name, table in tables.items())


def _parse_one(name: str, table: object, where: str) -> StrategyConfig:
    place = f"{where}: strategies.{name}"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{place}: is not a table.", hint=f"Write [strategies.{name}].")
    refuse_unknown(table, KEYS, place)
    values = {**table, "id": name}
    if isinstance(values.get("square_off"), str):
        values["square_off"] = _time_of_day(str(values["square_off"]), place)
    return convert(values, StrategyConfig, place)


def _time_of_day(text: str, place: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{place}.square_off: {text!r} is no time of day.", hint='Write "15:20" (IST).'
        ) from None


def refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], place: str) -> None:
    """Raise ConfigError for the first key of `table` that is not known, suggesting the nearest."""
    for key in table:
        if key not in known:
            near = nearest(key, known)
            hint = f"Did you mean {near!r}?" if near else f"Known: {', '.join(known) or 'none'}."
            raise ConfigError(f"{place}.{key}: unknown key.", hint=hint)


def convert(values: Mapping[str, object], into: type[T], place: str) -> T:
    """Return `values` as a struct; raises ConfigError that names the key at fault."""
    try:
        return msgspec.convert(values, into)
    except msgspec.ValidationError as error:
        parted = _AT.fullmatch(str(error))
        key, what = (parted["key"], parted["what"]) if parted else ("", str(error))
        where = f"{place}.{key}" if key and not key.startswith("[") else place + key
        raise ConfigError(f"{where}: {what}.", hint="Correct it, then: alphapanda config check.") from None
