"""Whether a file has changed since it was last looked at."""

from __future__ import annotations

from pathlib import Path


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
