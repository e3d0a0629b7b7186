"""The instruments that the feed knows, reloaded when their file changes, and the subscribed ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alphapanda.errors import ConfigError, nearest
from alphapanda.ids import InstrumentId
from alphapanda.market.instruments import InstrumentTable, Listing, parse_instruments
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.instrument import Instrument
from alphapanda.telemetry.log import Logger


class WatchedFile:
    """Remembers a file's size and time of change. A file that is not there can be watched too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._look()

    def has_changed(self) -> bool:
        """Return whether it differs from the last look, and take this as the last."""
        now = self._look()
        changed = now != self._seen
        self._seen = now
        return changed

    def _look(self) -> tuple[int, int, int] | None:
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


@dataclass(frozen=True, slots=True)
class RegistryVersion:
    """One load of the instrument file.

    Attributes:
        number: from 1, one more for each load that differs.
        digest: SHA-256 of the file; empty for the built-in instruments.
        table: what it says.
    """

    number: int
    digest: str
    table: InstrumentTable


class InstrumentRegistry:
    """Instruments by id and by symbol, from a file or, without one, those of the simulated exchange.

    A file that can no longer be read, or is no instrument file any more, leaves the last good version in force.

    Args:
        file: CSV with Kite Connect's columns; None for the built-in instruments.
        log: told of each load and of bad rows.
    """

    def __init__(self, file: Path | None, log: Logger) -> None:
        self._log = log
        self._file = None if file is None else WatchedFile(file)
        self._version = RegistryVersion(1, "", InstrumentTable(SIMULATED_INSTRUMENTS))
        if self._file is not None:
            digest, table = self._read(self._file.path)
            self._version = RegistryVersion(1, digest, table)
            self._log.info("instruments loaded", version=1, instruments=len(table), file=str(self._file.path))

    @property
    def version(self) -> RegistryVersion:
        """What is in force."""
        return self._version

    def reload(self) -> bool:
        """Load the file if it has changed, and return whether another version is in force."""
        if self._file is None or not self._file.has_changed():
            return False
        try:
            digest, table = self._read(self._file.path)
        except ConfigError as error:
            self._log.warning("instrument file not loaded, the last version stays", reason=str(error))
            return False
        before = self._version
        if digest == before.digest:
            return False
        self._version = RegistryVersion(before.number + 1, digest, table)
        old, new = {each.id for each in before.table}, {each.id for each in table}
        self._log.info(
            "instruments reloaded",
            version=self._version.number,
            instruments=len(table),
            added=len(new - old),
            removed=len(old - new),
        )
        return True

    def get(self, key: InstrumentId, /) -> Instrument | None:
        """Return a known instrument, None for another."""
        return self._version.table.get(key)

    def resolve(self, symbol: str, exchange: str | None) -> Listing:
        """Return the instrument of a recording's symbol; one that is not known gets a token of ours."""
        return self._version.table.resolve(symbol, exchange)

    def _read(self, file: Path) -> tuple[str, InstrumentTable]:
        try:
            content = file.read_bytes()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The instrument file {file} cannot be read: {error}.",
                hint="Set FEED__INSTRUMENTS_FILE to a CSV file with Kite Connect's columns.",
            ) from error
        parsed = parse_instruments(text.splitlines(keepends=True), file=file.name)
        for row in parsed.bad[:20]:
            self._log.warning("bad instrument skipped", file=row.file, line=row.line, reason=row.reason)
        if len(parsed.bad) > 20:
            self._log.warning("more bad instruments skipped", count=len(parsed.bad) - 20)
        return hashlib.sha256(content).hexdigest(), InstrumentTable(parsed.instruments)


class InstrumentSubscription:
    """Which instruments are fed; all of them when none is named.

    Args:
        log: told of each change, and of names that the source does not have.
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self.wanted: frozenset[InstrumentId] | None = None
        """The instruments; None for all."""

    def choose(self, names: Sequence[str], known: frozenset[InstrumentId] | None) -> bool:
        """Feed these from now on, and return whether that is a change.

        Args:
            names: as configured, `EXCHANGE:SYMBOL` each; empty for all.
            known: what the source has; None when that is not known.
        """
        wanted = frozenset(map(InstrumentId, names)) or None
        if wanted == self.wanted:
            return False
        for name in sorted(wanted - known) if wanted and known else ():
            self._log.warning(
                "the source has no such instrument", instrument=name, nearest=nearest(name, known or ())
            )
        before, self.wanted = self.wanted, wanted
        self._log.info(
            "subscription changed" if before else "subscription",
            instruments=sorted(wanted) if wanted else "all",
        )
        return True
