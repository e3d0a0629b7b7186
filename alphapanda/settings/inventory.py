"""Every setting there is, read off the model: the list behind checks, `config show` and the generated pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path as FilePath
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from alphapanda.settings.brokers import BROKER_SECTIONS, BrokerKind
from alphapanda.settings.model import Settings
from alphapanda.telemetry.log import Channel

Path = tuple[str, ...]
"""A value's place: ("kafka", "request_timeout_ms")."""

ANY = "NAME"
"""Stands for a name that the user chooses: a broker's, a log channel's."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set.

    Attributes:
        path: its keys in the file; ANY where the user chooses the name.
        default: as it is without being set; None where there is none.
        required: whether it must be set when its table is there.
        description: one or two sentences.
        kind: its type for a reader: `a whole number`, `one of drop, block-then-drop`.
        is_secret: whether it is masked wherever it is shown.
        is_path: whether it names a file or a folder.
        broker_kind: the only kind of broker that has it; None for every other setting.
        names: the names allowed in place of ANY; empty where the user invents them.
    """

    path: Path
    default: object
    required: bool
    description: str
    kind: str
    is_secret: bool
    is_path: bool
    broker_kind: BrokerKind | None = None
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable's name."""
        return variable_of(self.path)

    @property
    def spellings(self) -> tuple[Path, ...]:
        """Every path that it can have; the path with ANY where the user invents the name."""
        return tuple(tuple(name if part == ANY else part for part in self.path) for name in self.names or (ANY,))

    def matches(self, path: Path) -> bool:
        """Whether `path` is this setting's."""
        return any(
            len(path) == len(spelling)
            and all(own in {ANY, other} for own, other in zip(spelling, path, strict=True))
            for spelling in self.spellings
        )


def variable_of(path: Path) -> str:
    """Return the environment variable of the value at `path`: the one rule that names them all."""
    return "__".join(path).upper()


def known_settings() -> tuple[Setting, ...]:
    """Return every setting, in the order of the model."""
    return tuple(_walk(Settings, ()))


def _walk(model: type[BaseModel], prefix: Path) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        if path == ("brokers",):
            yield from _broker_settings((*path, ANY))
        elif (section := _section(field.annotation)) is not None:
            yield from _walk(section, path)
        elif get_origin(field.annotation) is dict:
            setting = _setting((*path, ANY), field, get_args(field.annotation)[1], default=None)
            yield replace(setting, names=tuple(Channel)) if path == ("logging", "channels") else setting
        else:
            default = None if field.is_required() else field.default
            yield _setting(path, field, field.annotation, default=default)


def _broker_settings(prefix: Path) -> Iterator[Setting]:
    """Return the settings of a broker's table: `kind`, then those of each kind."""
    for section in BROKER_SECTIONS:
        kind = next(iter(get_args(section.model_fields["kind"].annotation)))
        for setting in _walk(section, prefix):
            if setting.path[-1] != "kind":
                yield replace(setting, broker_kind=kind)
            elif section is BROKER_SECTIONS[0]:
                yield replace(setting, kind=_kind(BrokerKind))


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _setting(path: Path, field: FieldInfo, annotation: Any, *, default: object) -> Setting:
    kinds = tuple(_atoms(annotation))
    return Setting(
        path=path,
        default=default,
        required=field.is_required(),
        description=" ".join((field.description or "").split()),
        kind=" or ".join(_kind(kind) for kind in kinds),
        is_secret=SecretStr in kinds,
        is_path=FilePath in kinds,
    )


def _atoms(annotation: Any) -> Iterator[Any]:
    """Return the types and literals that an annotation allows, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _atoms(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for part in get_args(annotation):
            yield from _atoms(part)
    elif origin is Literal:
        yield from get_args(annotation)
    elif annotation is not type(None):
        yield annotation


_KINDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    SecretStr: "a secret",
    FilePath: "a path",
    date: "a date (YYYY-MM-DD)",
}


def _kind(atom: Any) -> str:
    if isinstance(atom, type) and issubclass(atom, StrEnum):
        return "one of " + ", ".join(member.value for member in atom)
    if get_origin(atom) is tuple:
        return "a list"
    return str(atom) if isinstance(atom, str) else _KINDS[atom]
