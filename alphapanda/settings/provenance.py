"""Where a value came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from alphapanda.settings.model import Settings


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
    """Settings, and how they came to be.

    Attributes:
        settings: validated.
        provenance: of every value, by its dotted name (`kafka.request_timeout_ms`).
        warnings: what works but should be put right, one line each.
    """

    settings: Settings
    provenance: Mapping[str, SettingSource]
    warnings: tuple[str, ...] = ()
