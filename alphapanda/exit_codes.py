"""The exit codes of every verb and every daemon: which error ends with which, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
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


MEANINGS: Mapping[ExitCode, tuple[str, str]] = {
    ExitCode.OK: ("ok", "It is done."),
    ExitCode.FAILED: ("failed", "It could not be done; also a defect of the program (`--debug` shows where)."),
    ExitCode.USAGE: (
        "usage",
        "The words of the call are wrong: an unknown verb, option, broker, daemon or topic.",
    ),
    ExitCode.FOUND: ("found something", "A check ran and found something: drift, not running, over a limit."),
    ExitCode.UNREACHABLE: (
        "unreachable",
        "Something needed cannot be reached: Kafka, Redis, a download, the JRE.",
    ),
    ExitCode.REFUSED: ("refused", "A safety rule forbids it, or it was not confirmed."),
    ExitCode.BAD_CONFIG: (
        "bad configuration",
        "A settings file or variable; `alphapanda config check` lists all.",
    ),
    ExitCode.TIMED_OUT: ("timed out", "A bounded wait ran out (`--wait-timeout`)."),
    ExitCode.INTERRUPTED: ("interrupted", "Ctrl-C."),
}
"""In a word, and in a sentence."""

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


def summary() -> str:
    """Return all codes on one line."""
    return "Exit codes: " + ", ".join(f"{code.value} {word}" for code, (word, _) in MEANINGS.items()) + "."


def page() -> str:
    """Return `docs/exit-codes.md`."""
    lines = ["# Exit codes", "", "The same for every verb and every daemon.", "", "| code | is | when |"]
    lines += ["| ---: | --- | --- |"]
    lines += [f"| {code.value} | {word} | {sentence} |" for code, (word, sentence) in MEANINGS.items()]
    return "\n".join(lines) + "\n"
