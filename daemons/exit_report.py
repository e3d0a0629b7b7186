"""Reports how a daemon ended: one line for each problem, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator

from alphapanda.errors import AlphaPandaError
from alphapanda.exit_codes import ExitCode, exit_code_of


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Return the errors in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def known_errors(error: BaseException) -> list[AlphaPandaError]:
    """Return the errors of ours in `error`; none if there is any other among them."""
    found = list(leaves(error))
    ours = [leaf for leaf in found if isinstance(leaf, AlphaPandaError)]
    return ours if len(ours) == len(found) else []


def lines_of(error: AlphaPandaError) -> list[str]:
    """Return one line for each problem."""
    problems = getattr(error, "problems", ())
    return [str(problem) for problem in problems] or [str(error)]


def code_of(error: BaseException) -> ExitCode:
    """Return the exit code that `error` ends a daemon with."""
    ours = known_errors(error)
    return exit_code_of(ours[0]) if ours else ExitCode.FAILED
