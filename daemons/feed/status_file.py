"""What the feed says of itself, in a small file that `alphapanda status` can read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from alphapanda.files import write_atomically

FILE_NAME: Final = "feed.json"


class FeedState(StrEnum):
    """What the feed is doing."""

    RECOVERING = "recovering"
    """Looks how far its source has come in the log."""
    FEEDING = "feeding"
    FINISHED = "finished"
    """The recording is in the log, whole; the daemon is ready and idle."""
    STOPPED = "stopped"


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the feed stands.

    Attributes:
        state: what it is doing.
        source: the source's name: what decides its ticks.
        ticks: acknowledged by the log in this run.
        resumed_after: the number of the source's latest tick in the log when this run began; -1 for none.
        dropped: ticks refused by the full queue in this run.
        rows: of the recording, read in this run, the bad among them; 0 for other sources.
        bad_rows: of those; they are listed in `logs/feed-bad-rows.csv`.
        event_time: of the latest tick that was handed to the log.
        instruments_version: of the registry.
        updated_at: when this was written.
        schema_version: of this form.
    """

    state: FeedState
    source: str
    ticks: int = 0
    resumed_after: int = -1
    dropped: int = 0
    rows: int = 0
    bad_rows: int = 0
    event_time: datetime | None = None
    instruments_version: int = 1
    updated_at: datetime
    schema_version: int = 1


def write_status(run_folder: Path, status: FeedStatus) -> None:
    """Replace the status file as a whole."""
    run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = run_folder / FILE_NAME
    write_atomically(path, msgspec.json.encode(status), durable=False)


def read_status(run_folder: Path) -> FeedStatus | None:
    """Return what the feed last said; None when it never ran here, or the file is not one of ours."""
    try:
        return msgspec.json.decode((run_folder / FILE_NAME).read_bytes(), type=FeedStatus)
    except (OSError, msgspec.MsgspecError):
        return None
