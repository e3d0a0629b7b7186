"""The one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator

import typer

from alphapanda.errors import AlphaPandaError
from alphapanda.exit_codes import ExitCode, exit_code_of
from alphapanda.query.errors import QuerySyntaxError
from commands.shell.output import Output


def report(error: BaseException, output: Output, *, debug: bool) -> ExitCode:
    """Report `error`, one line for each problem, and return the exit code.

    An error that is none of ours is a defect; its traceback is shown under `--debug`.
    """
    if debug:
        traceback.print_exception(error, file=output.stderr)
    leaves = list(_leaves(error))
    known = [leaf for leaf in leaves if isinstance(leaf, AlphaPandaError)]
    for leaf in dict.fromkeys(known):
        problems = getattr(leaf, "problems", ())
        for problem in problems:
            output.error(str(problem))
        if not problems:
            output.error(leaf.message, leaf.hint)
        if isinstance(leaf, QuerySyntaxError) and leaf.text.isprintable():
            output.say(leaf.pointed)
    if known:
        return exit_code_of(known[0])
    first = leaves[0]
    if isinstance(first, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    if isinstance(first, OSError) and first.strerror:
        output.error(": ".join(filter(None, (first.filename and str(first.filename), first.strerror))) + ".")
        return ExitCode.FAILED
    what = f"{type(first).__name__}: {first}".rstrip(": ")
    output.error(
        f"Unexpected {what}.", "" if debug else "This is a defect; run again with --debug for the traceback."
    )
    return ExitCode.FAILED


def report_usage(error: typer.TyperException, output: Output) -> ExitCode:
    """Report a wrong command line in one line; for an empty one show the help."""
    text = error.format_message()
    if "\n" in text:  # a group without a verb: the text is its help
        output.say(text)
        return ExitCode.USAGE
    call: typer.Context | None = getattr(error, "ctx", None)
    verb = call.command_path if call is not None else "alphapanda"
    stop = "" if text.endswith((".", "?")) else "."
    # The prefix is that of the library which checks values; it says nothing to people.
    output.error(f"{text.replace('Value error, ', '')}{stop}", f"See: {verb} --help")
    return ExitCode.USAGE


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def silence_closed_pipe() -> None:
    """Let the interpreter's last flush not complain about a reader that has gone (`… | head`)."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
