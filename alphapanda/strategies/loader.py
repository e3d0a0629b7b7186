"""Where strategies' classes come from: the deployment's `strategies/` folder, or the installation.

The one module here that reads files. A class path `mean_rev:MeanRev` is looked for as `strategies/mean_rev.py`
in the deployment's folder first, then as an installed module; `alphapanda.…` is always the installation's.
Modules of the folder form a package of their own, so they can import one another (`from .helpers import x`)
and hide nothing that is installed.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from alphapanda.errors import ConfigError, nearest
from alphapanda.strategies.base import Strategy
from alphapanda.strategies.config import FILE, StrategyConfig, convert, refuse_unknown

FOLDER = "strategies"
"""Of the deployment: where its own strategies lie."""
_OURS = "alphapanda."
_PUBLIC = f"{__package__}."
_BUNDLED = f"{_PUBLIC}bundled"
"""Class paths leave this folder out: `alphapanda.strategies.ema_crossover:EmaCrossover`."""

AnyStrategy = Strategy[Any, Any]


class BoundStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """A configured strategy, its class found and its parameters checked.

    Attributes:
        config: as it stands in `strategies.toml`.
        strategy: of that class, with its parameters.
        fingerprint: of what its state depends on: class, parameters, bars.
        code: of the source it was loaded from; a fence is lifted when it changes.
    """

    config: StrategyConfig
    strategy: AnyStrategy
    fingerprint: str
    code: str


def bind_strategies(
    configs: Sequence[StrategyConfig], folder: Path | None, where: str = FILE
) -> tuple[BoundStrategy, ...]:
    """Return the enabled strategies, ready for the stage; raises ConfigError for the first that cannot be.

    Args:
        configs: from `parse_strategies`.
        folder: the deployment's `strategies/` folder; it need not exist.
        where: what to call the file in errors.
    """
    return tuple(bind_strategy(config, folder, where) for config in configs if config.enabled)


def bind_strategy(config: StrategyConfig, folder: Path | None, where: str = FILE) -> BoundStrategy:
    """Return one strategy with its class found and its parameters checked; raises ConfigError."""
    place = f"{where}: strategies.{config.id}"
    cls = load_strategy_class(config.class_path, folder, place)
    refuse_unknown(config.params, fields_of(cls.params_type), f"{place}.params")
    params = convert(config.params, cls.params_type, f"{place}.params")
    if _overrides(cls, "on_bar") and not _overrides(cls, "on_tick") and config.bar_seconds is None:
        raise ConfigError(
            f"{place}: {cls.__name__} lives on bars.", hint="Set bar_seconds, e.g. bar_seconds = 60."
        )
    if config.bar_seconds is not None and not _overrides(cls, "on_bar"):
        raise ConfigError(f"{place}.bar_seconds: {cls.__name__} lives on ticks.", hint="Leave bar_seconds out.")
    strategy = cls(params)
    _probe(strategy, place)
    canonical = [config.class_path, cls.state_type.__qualname__, config.bar_seconds, msgspec.to_builtins(params)]
    fingerprint = hashlib.sha256(msgspec.json.encode(canonical, order="deterministic")).hexdigest()
    return BoundStrategy(config=config, strategy=strategy, fingerprint=fingerprint, code=_code_of(cls))


def load_strategy_class(class_path: str, folder: Path | None, place: str = "class") -> type[AnyStrategy]:
    """Return the class that `module:Class` names; raises ConfigError.

    Args:
        class_path: `module:Class`.
        folder: the deployment's `strategies/` folder, looked into first; it need not exist.
        place: what to blame in errors.
    """
    module_name, _, class_name = class_path.partition(":")
    module = _load_module(module_name, folder, place)
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        near = nearest(class_name, (name for name, value in vars(module).items() if _is_strategy(value)))
        hint = (
            f"Did you mean {module_name}:{near}?" if near else f"Define class {class_name}(Strategy[…, …]) in it."
        )
        raise ConfigError(f"{place}: {module_name} has no class {class_name!r}.", hint=hint)
    if not _is_strategy(found):
        raise ConfigError(
            f"{place}: {class_path} is not a strategy.",
            hint=f"Write class {class_name}(Strategy[MyParams, MyState]) (alphapanda.strategies.base).",
        )
    for role in ("params_type", "state_type"):
        _check_struct(getattr(found, role, None), class_path, role.removesuffix("_type"), place)
    if not (_overrides(found, "on_tick") or _overrides(found, "on_bar")):
        raise ConfigError(f"{place}: {class_path} has neither on_tick nor on_bar.", hint="Override one of them.")
    return found


def _load_module(name: str, folder: Path | None, place: str) -> ModuleType:
    own = (
        None if folder is None or name.startswith(_OURS) else folder.joinpath(*name.split(".")).with_suffix(".py")
    )
    try:
        if folder is not None and own is not None and own.is_file():
            return importlib.import_module(f"{_package_of(folder)}.{name}")
        return importlib.import_module(_bundled(name) or name)
    except ModuleNotFoundError as error:
        if error.name is not None and (error.name == name or name.startswith(f"{error.name}.")):
            looked = f"no {own} and " if own else ""
            raise ConfigError(
                f"{place}: there is no module {name!r}: {looked}no installed module of that name.",
                hint=f"Put {name}.py into the deployment's {FOLDER}/ folder.",
            ) from error
        raise _broken(name, error, place) from error
    except Exception as error:
        raise _broken(name, error, place) from error


def _bundled(name: str) -> str | None:
    """Return the module of a bundled strategy that `name` stands for; None for any other name."""
    module = f"{_BUNDLED}.{name.removeprefix(_PUBLIC)}"
    is_bundled = name.startswith(_PUBLIC) and importlib.util.find_spec(module) is not None
    return module if is_bundled else None


def _broken(name: str, error: Exception, place: str) -> ConfigError:
    if isinstance(error, SyntaxError):
        spot = f"{error.filename}:{error.lineno}"
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
        spot = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else name
    return ConfigError(f"{place}: {name} cannot be imported: {spot}: {error!r}.", hint="Correct the file.")


def _package_of(folder: Path) -> str:
    """Make the folder a package, once a process, and return its name."""
    root = folder.resolve()
    name = f"deployment_strategies_{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.machinery.ModuleSpec(name, loader=None, is_package=True)
        spec.submodule_search_locations = [str(root)]
        sys.modules[name] = importlib.util.module_from_spec(spec)
    importlib.invalidate_caches()
    return name


def _is_strategy(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Strategy) and value is not Strategy


def _overrides(cls: type[AnyStrategy], method: str) -> bool:
    return getattr(cls, method) is not getattr(Strategy, method)


def _check_struct(struct: object, class_path: str, role: str, place: str) -> None:
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)):
        raise ConfigError(
            f"{place}: {class_path} does not declare its {role}.",
            hint="Declare it as class X(Strategy[YourParams, YourState]), both msgspec.Structs.",
        )
    if not struct.__struct_config__.frozen:
        raise ConfigError(
            f"{place}: {struct.__name__}, the {role} of {class_path}, can be changed in place.",
            hint=f"Declare it as class {struct.__name__}(msgspec.Struct, frozen=True).",
        )


def _probe(strategy: AnyStrategy, place: str) -> None:
    """Refuse a strategy whose first state cannot be written and read again, before it runs."""
    name = type(strategy).__name__
    try:
        state = strategy.initial()
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(strategy).state_type)
        warm_up: object = strategy.warm_up
    except Exception as error:
        raise ConfigError(
            f"{place}: {name} cannot begin: {error!r}.", hint="Correct initial() or warm_up."
        ) from error
    if type(state) is not type(again):
        raise ConfigError(
            f"{place}: {name}.initial() gives a {type(state).__name__}, not a {type(again).__name__}.",
            hint="Return the state that the class was declared with.",
        )
    if not isinstance(warm_up, int) or warm_up < 0:
        raise ConfigError(f"{place}: {name}.warm_up is {warm_up!r}.", hint="Give a number of inputs, 0 or more.")


def fields_of(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names of a struct's fields as a file spells them."""
    return tuple(field.encode_name for field in msgspec.structs.fields(struct))


def _code_of(cls: type[AnyStrategy]) -> str:
    source = Path(getattr(sys.modules[cls.__module__], "__file__", None) or "")
    return hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else ""
