"""Whether this machine's clock is synchronised, by its kernel: no request leaves the machine."""

from __future__ import annotations

import ctypes
import sys
from typing import ClassVar, NamedTuple

_UNSYNCHRONISED = 0x0040
"""STA_UNSYNC of `adjtimex(2)`."""


class TimeSync(NamedTuple):
    """The kernel's statement about its clock.

    Attributes:
        kept: whether something (NTP, PTP, a hypervisor) keeps it.
        error_s: how far off it is at most, by the kernel's own reckoning, in seconds; means nothing if not kept.
    """

    kept: bool
    error_s: float


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for the rest of it (208 bytes on 64-bit Linux)."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    ]


def time_sync() -> TimeSync | None:
    """Return the kernel's statement; None where there is none (not Linux, or not permitted)."""
    if sys.platform != "linux":
        return None
    asked = _Timex(modes=0)  # 0 changes nothing
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked)) < 0:
        return None
    return from_status(asked.status, asked.maxerror)


def from_status(status: int, max_error_us: int) -> TimeSync:
    """Return the meaning of two numbers of `adjtimex(2)`; the error is in microseconds."""
    return TimeSync(kept=not status & _UNSYNCHRONISED, error_s=max_error_us / 1e6)
