"""Where the stages of a deployment look instruments up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alphapanda.errors import ConfigError
from alphapanda.ids import InstrumentId
from alphapanda.market.instruments import InstrumentTable, parse_instruments
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.instrument import Instrument, InstrumentLookup
from alphapanda.settings import Settings
from alphapanda.settings.sections import FeedSource


class EveryInstrument:
    """Knows every instrument: those of the table as they are, others with a grid of 0.05 and single units."""

    def __init__(self, table: InstrumentTable) -> None:
        self._describe: Callable[[InstrumentId], Instrument] = table.describe

    def get(self, key: InstrumentId, /) -> Instrument | None:
        """Return the instrument; never None."""
        return self._describe(key)


def lookup_of(settings: Settings) -> InstrumentLookup:
    """Return the instruments of the configured file, else the simulation's.

    A recording without an instrument file may hold any symbol, so there every instrument is known. Raises
    ConfigError for a file that cannot be read.
    """
    file = settings.feed.instruments_file
    table = InstrumentTable(SIMULATED_INSTRUMENTS if file is None else _read(file))
    if file is None and settings.feed.source is FeedSource.RECORDED:
        return EveryInstrument(table)
    return table


def _read(file: Path) -> tuple[Instrument, ...]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return parse_instruments(lines, file=str(file)).instruments
    except OSError as error:
        raise ConfigError(
            f"The instrument file {file} cannot be read: {error.strerror}.",
            hint="Set FEED__INSTRUMENTS_FILE to a CSV file with Kite Connect's columns.",
        ) from error
