"""Which sources answer, in words: for empty panes, frames and the Overview."""

from __future__ import annotations

from collections.abc import Sequence

from tui.panes.status_bar import DashboardStatus
from tui.sources.handle import LinkState
from tui.theme.formatter import Formatter, span


class SourceHealth:
    """Reads the status of the sources.

    Args:
        status: of the dashboard.
    """

    def __init__(self, status: DashboardStatus) -> None:
        self._status = status

    def state(self, needs: Sequence[str], fmt: Formatter, *, loading: bool) -> tuple[tuple[str, ...], str]:
        """Return what an empty pane says, and what a frame says of stale data; nothing when all is well.

        Args:
            needs: names of the sources of the pane.
            fmt: of the moment.
            loading: whether the past is being read.
        """
        status = self._status
        if status.trouble:
            return (status.trouble, status.hint), "the settings cannot be read"
        if not status.handles:
            return ("Reading the settings …",), ""
        if status.rewound_to is not None:
            return ((f"Reading the log up to {fmt.clock(status.rewound_to)} …",) if loading else ()), ""
        mine = [handle for handle in status.handles if handle.name in needs]
        for handle in mine:
            fault = handle.fault
            if handle.link is LinkState.DOWN and fault is not None:
                since = span((fmt.now - fault.since).total_seconds())
                received = handle.received_at
                last = "no data yet" if received is None else f"last data {fmt.clock(received)}"
                text = (f"{handle.name} does not answer: {fault.message}", fault.hint) if handle.is_new else ()
                return text, f"{handle.name} down for {since}, {last}"
        waiting = [handle.name for handle in mine if handle.link is LinkState.CONNECTING and handle.is_new]
        if waiting:
            return (f"Loading: waiting for {' and '.join(waiting)} …",), ""
        return (), ""

    def troubles(self, fmt: Formatter) -> list[tuple[str, str]]:
        """Return which sources do not answer, and what to do."""
        if self._status.trouble:
            return [(self._status.trouble, self._status.hint)]
        return [
            (
                f"{handle.name} does not answer for {span((fmt.now - handle.fault.since).total_seconds())}",
                handle.fault.hint,
            )
            for handle in self._status.handles
            if handle.fault is not None
        ]

    def waiting(self) -> list[str]:
        """Return the names of the sources without any data yet."""
        if not self._status.handles:
            return ["the settings"]
        return [handle.name for handle in self._status.handles if handle.is_new and handle.fault is None]
