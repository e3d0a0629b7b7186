"""Ends a child with its supervisor; called in its first lines, before anything heavy is imported.

The kernel sends the signal when the *thread* that forked us ends, so the supervisor spawns from its main
thread only. The setting is lost on fork, so our own children need their own.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""Linux, `prctl(2)`."""


def die_with(supervisor_pid: int, signal_number: int = signal.SIGTERM) -> None:
    """Have the kernel send `signal_number` when the supervisor dies; exit at once if it is dead already.

    Without `prctl` (macOS) nothing is sent: the next supervisor finds us by our identity and stops us.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only supervised children on Linux need it

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"prctl(PR_SET_PDEATHSIG): {os.strerror(number)}")
    if os.getppid() != supervisor_pid:
        # It died between our fork and the line above: the kernel will never signal us.
        sys.exit(0)
