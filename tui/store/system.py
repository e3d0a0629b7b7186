"""The states of all processes, now or at a past moment."""

from __future__ import annotations

from datetime import datetime

import msgspec

from alphapanda.model.process_status import ProcessStatus


class SystemView(msgspec.Struct, frozen=True, kw_only=True):
    """All processes at one moment.

    Attributes:
        at: when.
        daemons: in dependency order, the supervisor last.
    """

    at: datetime
    daemons: tuple[ProcessStatus, ...]


class System:
    """How the processes stand.

    Attributes:
        daemons: by name.
        at: when that was true; None before anybody said.
        of_past: whether it is a past moment, of which nobody knows what the processes cost.
    """

    def __init__(self) -> None:
        self.of_past = False
        self.daemons: dict[str, ProcessStatus] = {}
        self.at: datetime | None = None

    def fold(self, view: SystemView) -> None:
        """Take how all stand."""
        self.at = view.at
        for daemon in view.daemons:
            if self.daemons.get(daemon.name) != daemon:
                self.daemons[daemon.name] = daemon
        names = {daemon.name for daemon in view.daemons}
        for name in [name for name in self.daemons if name not in names]:
            del self.daemons[name]

    def clear(self) -> None:
        """Nothing runs any more, or nobody says so."""
        self.daemons.clear()

    @property
    def well(self) -> int:
        """How many do their work."""
        return sum(daemon.state.is_well for daemon in self.daemons.values())

    @property
    def bad(self) -> list[ProcessStatus]:
        """Those that somebody should look at."""
        return [daemon for daemon in self.daemons.values() if daemon.state.is_bad]
