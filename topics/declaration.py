"""`catalogue.toml` as typed values, and the rules it must keep."""

from __future__ import annotations

import re
from importlib import resources
from typing import Annotated

import msgspec

from topics.errors import CatalogueError, TopicNameError
from topics.names import SHARED_SCOPES, TopicName
from topics.spec import CatalogueEnvironment, CleanupPolicy

BROKER_PLACE = "{b}"
"""Stands for a broker's name in the catalogue."""

FOREVER_MS = -1
DAY_MS = 24 * 3_600_000

BROKER_STAND_IN = "b"
"""A broker's name that is only used to look at a declared name's form."""

_SUPPORTED_VERSION = 1

_DURATION = re.compile(r"([1-9]\d{0,6})([dh])")

_PerEnvironment = dict[CatalogueEnvironment, str]
_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Bytes = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class DeadLetterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How dead-letter topics differ from their source.

    Attributes:
        retention: the least time they are kept.
        extra_message_bytes: how much larger their records may be.
    """

    retention: str
    extra_message_bytes: _Bytes


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[topics]]` entry; `catalogue.toml` explains the fields."""

    name: str
    event_type: str
    description: str
    partitions: _Count | dict[CatalogueEnvironment, _Count]
    retention: str | _PerEnvironment
    cleanup_policy: CleanupPolicy
    key: str
    payload: str
    volume: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether the topic belongs to no broker."""
        return BROKER_PLACE not in self.name

    def topic(self, broker: str) -> TopicName:
        """Return the topic's name for `broker`; a shared one ignores it."""
        return TopicName.parse(self.name.replace(BROKER_PLACE, broker))

    def partitions_in(self, environment: CatalogueEnvironment) -> int:
        """Return the number of partitions declared for `environment`."""
        return self.partitions if isinstance(self.partitions, int) else self.partitions[environment]

    def retention_in(self, environment: CatalogueEnvironment) -> int:
        """Return the retention declared for `environment`, in milliseconds; -1 for ever."""
        declared = self.retention if isinstance(self.retention, str) else self.retention[environment]
        return duration_ms(declared)


class CatalogueFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of `catalogue.toml`."""

    version: int
    replication: _Count
    max_message_bytes: _Bytes
    dead_letters: DeadLetterRule
    topics: tuple[Declaration, ...]


def duration_ms(text: str) -> int:
    """Return `14d`, `36h` or `forever` in milliseconds (-1 for ever); raises CatalogueError."""
    if text == "forever":
        return FOREVER_MS
    match = _DURATION.fullmatch(text)
    if match is None:
        raise CatalogueError(f"{text!r} is not a retention.", hint="Write 14d, 36h or forever.")
    return int(match[1]) * (DAY_MS if match[2] == "d" else 3_600_000)


def longer_retention(first: int, second: int) -> int:
    """Return the longer of two retentions in milliseconds, of which -1 is the longest."""
    return FOREVER_MS if FOREVER_MS in (first, second) else max(first, second)


def read_catalogue(text: str | None = None) -> CatalogueFile:
    """Return the catalogue in `text`, or the one that ships; raises CatalogueError."""
    if text is None:
        text = resources.files("topics").joinpath("catalogue.toml").read_text(encoding="utf-8")
    try:
        catalogue = msgspec.toml.decode(text, type=CatalogueFile)
    except msgspec.MsgspecError as error:
        raise CatalogueError(f"catalogue.toml cannot be read: {error}.") from error
    if catalogue.version != _SUPPORTED_VERSION:
        raise CatalogueError(f"catalogue.toml has version {catalogue.version}, not {_SUPPORTED_VERSION}.")
    _check(catalogue)
    return catalogue


def _check(catalogue: CatalogueFile) -> None:
    names: set[str] = set()
    types: set[str] = set()
    duration_ms(catalogue.dead_letters.retention)
    for declared in catalogue.topics:
        where = f"catalogue.toml, {declared.name}"
        try:
            topic = declared.topic(BROKER_STAND_IN)
        except TopicNameError as error:
            raise CatalogueError(f"{where}: {error.message}", hint=error.hint) from error
        if declared.is_shared != (topic.scope in SHARED_SCOPES) or topic.dlq:
            raise CatalogueError(f"{where}: a broker is written {BROKER_PLACE}, and .dlq topics are derived.")
        if declared.name in names or declared.event_type in types:
            raise CatalogueError(f"{where}: its name or its event type {declared.event_type} is declared twice.")
        names.add(declared.name)
        types.add(declared.event_type)
        _check_every_environment(declared, where)


def _check_every_environment(declared: Declaration, where: str) -> None:
    for values, field in ((declared.partitions, "partitions"), (declared.retention, "retention")):
        if isinstance(values, dict) and (missing := set(CatalogueEnvironment) - set(values)):
            raise CatalogueError(f"{where}: {field} lacks {', '.join(sorted(missing))}.")
    for environment in CatalogueEnvironment:
        declared.retention_in(environment)
