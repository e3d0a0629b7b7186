"""The paths of the supervisor's files in a deployment's run folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from alphapanda.deployment import Deployment
from alphapanda.files import lock_or_refuse

SUPERVISOR = "supervisor"
"""The supervisor's own name among processes and ports."""
SOCKET_PATH_LIMIT = 100
"""Bytes that a Unix socket's path may have: 108 on Linux, 104 on macOS, with the final zero."""


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one deployment's supervisor."""

    deployment: Deployment

    @property
    def lock(self) -> Path:
        """Locked for as long as a supervisor lives."""
        return self.deployment.run / "supervisor.lock"

    def hold(self) -> AbstractContextManager[None]:
        """Be the deployment's only supervisor while the block runs; raises RefusedError when there is another."""
        what = f"Another supervisor has this deployment ({self.lock.parent})"
        return lock_or_refuse(self.lock, what, hint="See it with `alphapanda status`.")

    @property
    def identity(self) -> Path:
        """Which process the supervisor is."""
        return self.deployment.run / "supervisor.json"

    @property
    def heartbeat(self) -> Path:
        """Rewritten every few seconds: when, and how all stand."""
        return self.deployment.run / "heartbeat.json"

    @property
    def desired_state(self) -> Path:
        """What `up` was told, for the running system; removed by `down`."""
        return self.deployment.run / "wish.json"

    @property
    def run_records(self) -> Path:
        """Which processes run, in order: for whoever comes after a killed supervisor."""
        return self.deployment.run / "ledger.json"

    @property
    def outbox(self) -> Path:
        """Audit records and alerts that wait for Kafka, one file each."""
        return self.deployment.run / "outbox"

    @property
    def supervisor_output(self) -> Path:
        """The supervisor's own stdout and stderr, when it is detached."""
        return self.output_of(SUPERVISOR)

    @property
    def control_socket(self) -> Path:
        """Where the supervisor takes commands; 0600."""
        return self._socket("control.sock")

    @property
    def notify_socket(self) -> Path:
        """Where daemons tell how they are; 0600."""
        return self._socket("notify.sock")

    def identity_of(self, name: str) -> Path:
        """Return where the identity of a process is kept."""
        return self.deployment.run / "children" / f"{name}.json"

    def output_of(self, name: str) -> Path:
        """Return where stdout and stderr of a process go."""
        return self.deployment.run / "output" / f"{name}.txt"

    def prepare(self) -> None:
        """Make the folders, readable by their owner alone."""
        self.deployment.prepare()
        for folder in (self.identity_of("x").parent, self.supervisor_output.parent, self.control_socket.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _socket(self, name: str) -> Path:
        path = self.deployment.run / name
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        # A deep folder: the socket lies in a short one, named after the deployment and its user.
        digest = hashlib.blake2b(os.fsencode(self.deployment.root), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir()) / f"alphapanda-{os.getuid()}-{digest}" / name
