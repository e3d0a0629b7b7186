"""The exit codes of every verb, with their meaning for `--help` and `docs/exit-codes.md`."""

from __future__ import annotations

from collections.abc import Mapping

from alphapanda.exit_codes import ExitCode, exit_code_of

__all__ = ["MEANINGS", "ExitCode", "exit_code_of", "page", "summary"]

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


def summary() -> str:
    """Return all codes on one line."""
    return "Exit codes: " + ", ".join(f"{code.value} {word}" for code, (word, _) in MEANINGS.items()) + "."


def page() -> str:
    """Return `docs/exit-codes.md`."""
    lines = ["# Exit codes", "", "The same for every verb and every daemon.", "", "| code | is | when |"]
    lines += ["| ---: | --- | --- |"]
    lines += [f"| {code.value} | {word} | {sentence} |" for code, (word, sentence) in MEANINGS.items()]
    return "\n".join(lines) + "\n"
