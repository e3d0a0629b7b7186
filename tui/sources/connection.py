"""What the dashboard reads, as protocols: a deployment implements them, and the seeded market of the tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alphapanda.kafka.log import LogReader
from alphapanda.model.kinds import TradingMode
from alphapanda.model.records import Offsets, Partition, Record
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.telemetry.record import LogRecord
from tui.sources.control import Control
from tui.sources.handle import SourceHandle


class DataSource(Protocol):
    """One thing that is asked again and again."""

    @property
    def name(self) -> str:
        """What it is called in banners: `Kafka`, `Redis`."""
        ...

    async def run(self, handle: SourceHandle) -> None:
        """Bring news to the port until something fails; raises AlphaPandaError, whose hint says what to do."""
        ...


class RecordReader(LogReader, Protocol):
    """Reads partitions of the log from chosen offsets; joins no group, commits nothing."""

    async def poll(
        self, timeout_s: float, only: Collection[Partition] | None = None, limit: int = 2_000
    ) -> Sequence[Record]:
        """Return up to `limit` new records; none after `timeout_s`."""
        ...


class OpenLog(Protocol):
    """The log, connected."""

    async def partitions(self) -> tuple[Partition, ...]:
        """Return the partitions of all our topics that exist."""
        ...

    async def beginnings(self, partitions: Collection[Partition]) -> Offsets:
        """Return the first offset that each still holds."""
        ...

    async def ends(self, partitions: Collection[Partition]) -> Offsets:
        """Return the offset that each gives to its next record."""
        ...

    async def offsets_at(self, moment: datetime, partitions: Collection[Partition]) -> Offsets:
        """Return the offset of the first record written at or after a moment; the end where there is none."""
        ...

    async def committed(self) -> Mapping[str, Offsets]:
        """Return what the trading groups committed, by group."""
        ...

    def to_read_again(self) -> Offsets:
        """Return from where on events can be read that could not before; they are told once."""
        ...

    async def reader(self, *, patient: bool = False) -> RecordReader:
        """Open a reader; a patient one lets records gather, so that many small frames cost one answer."""
        ...


class LogAccess(Protocol):
    """The log as the dashboard reads it."""

    def open(self) -> AbstractAsyncContextManager[OpenLog]:
        """Connect; raises AlphaPandaError."""
        ...


class LogHistory(Protocol):
    """Lines of the daemons' and the servers' logs."""

    async def before(self, moment: datetime, count: int, service: str = "") -> Sequence[LogRecord]:
        """Return the last lines up to a moment, oldest first: everybody's, or one service's."""
        ...

    async def after(self, moment: datetime, until: datetime, count: int) -> Sequence[LogRecord]:
        """Return the first lines after a moment and up to another, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A deployment, ready to be looked at.

    Attributes:
        name: of the deployment.
        folder: where it is, for people.
        brokers: the active ones, and how near to real money each is.
        routes: which topic carries what.
        log_access: the log.
        history: the log files of the past; None where there are none.
        sources: what is asked beside the log.
        control: None for looking only.
    """

    name: str
    folder: str
    brokers: tuple[tuple[str, TradingMode], ...]
    routes: Routes
    log_access: LogAccess
    history: LogHistory | None = None
    sources: tuple[DataSource, ...] = ()
    control: Control | None = None
    notes: tuple[str, ...] = field(default=())


class Connect(Protocol):
    """Reads the deployment's settings and prepares the sources; called after the first paint."""

    async def __call__(self) -> Connection:
        """Return the connection; raises AlphaPandaError for settings that cannot be used."""
        ...
