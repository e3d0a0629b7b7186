"""How a process of ours ends, and which error ends it so."""

from __future__ import annotations

from enum import IntEnum

from alphapanda.errors import (
    AlphaPandaError,
    CatalogueError,
    CheckFailedError,
    ConfigError,
    DeadlineError,
    DependencyError,
    RefusedError,
    UsageError,
)


class ExitCode(IntEnum):
    """The exit codes of every verb and every daemon."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FOUND = 3
    """A check found something: drift, incompatible, not running, over a limit."""
    UNREACHABLE = 4
    """A dependency cannot be reached."""
    REFUSED = 5
    """A safety rule forbids it."""
    BAD_CONFIG = 78
    TIMED_OUT = 124
    INTERRUPTED = 130


_BY_ERROR: tuple[tuple[type[AlphaPandaError], ExitCode], ...] = (
    (ConfigError, ExitCode.BAD_CONFIG),
    (CatalogueError, ExitCode.BAD_CONFIG),
    (UsageError, ExitCode.USAGE),
    (CheckFailedError, ExitCode.FOUND),
    (DependencyError, ExitCode.UNREACHABLE),
    (RefusedError, ExitCode.REFUSED),
    (DeadlineError, ExitCode.TIMED_OUT),
)


def exit_code_of(error: BaseException) -> ExitCode:
    """Return the exit code that `error` ends a process with."""
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ExitCode.FAILED)
