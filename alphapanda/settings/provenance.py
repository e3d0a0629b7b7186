"""Where a value came from, and how it may be shown: secrets are masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from alphapanda.settings.model import Settings

MASK = "********"
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^:@/]*):[^@]*@(?P<after>.*)", re.IGNORECASE)


class SourceKind(StrEnum):
    """The four places a value can come from, strongest first."""

    ENVIRONMENT = "environment"
    ENV_FILE = ".env"
    CONFIG_FILE = "alphapanda.toml"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SettingSource:
    """Where one value came from.

    Attributes:
        kind: which of the four places.
        place: the variable, or `file:line`; empty for a default.
    """

    kind: SourceKind
    place: str = ""

    def __str__(self) -> str:
        return (
            f"environment {self.place}" if self.kind is SourceKind.ENVIRONMENT else self.place or self.kind.value
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and the source of each.

    Attributes:
        settings: validated.
        provenance: of every value, by its dotted name (`kafka.request_timeout_ms`).
        warnings: what works but should be put right, one line each.
    """

    settings: Settings
    provenance: Mapping[str, SettingSource]
    warnings: tuple[str, ...] = ()


def value_at(settings: Settings, path: tuple[str, ...]) -> object:
    """Return the value at `path`."""
    value: object = settings
    for key in path:
        value = value[key] if isinstance(value, Mapping) else getattr(value, key)
    return value


def displayed(settings: Settings, path: tuple[str, ...]) -> object:
    """Return the value at `path` as it may be shown: a secret masked, a URL without its password."""
    value = value_at(settings, path)
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    return value


def masked(secret: str) -> str:
    """Return `secret` as it may be shown."""
    url = _PASSWORD.fullmatch(secret)
    if url is not None:
        return f"{url['before']}:{MASK}@{url['after']}"
    is_plain_url = "://" in secret and "@" not in secret and "?" not in secret
    return secret if is_plain_url else MASK if secret else ""
