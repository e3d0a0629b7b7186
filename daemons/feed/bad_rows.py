"""Bad rows of a recording, for the operator: counted, logged, and listed in a file."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from alphapanda.market.csv_rows import BadRow
from alphapanda.telemetry.log import Logger

FILE_NAME: Final = "feed-bad-rows.csv"
_LOGGED: Final = 100
_COLUMNS: Final = ("file", "line", "reason", "text")


class BadRowReport:
    """Collects the bad rows of one run; the file is written anew by each.

    Attributes:
        count: how many so far.

    Args:
        path: the report, CSV.
        log: told of the first hundred.
    """

    def __init__(self, path: Path, log: Logger) -> None:
        self.path = path
        self.count = 0
        self._log = log
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Open the report; a report of a former run goes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8", newline="")
        csv.writer(self._file).writerow(_COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()

    def add(self, row: BadRow) -> None:
        """Take one; the report on disk has it at once."""
        self.count += 1
        self._write(row)
        if self.count <= _LOGGED:
            self._log.warning("bad row skipped", file=row.file, line=row.line, reason=row.reason, row=row.text)
        elif self.count == _LOGGED + 1:
            self._log.warning("more bad rows: they are in the report only", report=str(self.path))

    def _write(self, row: BadRow) -> None:
        if self._file is None:
            return
        try:
            csv.writer(self._file).writerow((row.file, row.line, row.reason, row.text))
            self._file.flush()
        except OSError as error:  # a full disk: the rows are still counted and logged
            self._log.warning("report of bad rows not written", report=str(self.path), reason=str(error))
            self._file = None
