"""Running an asynchronous verb: at whatever moment Ctrl-C comes, it ends the verb and nothing else is told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from alphapanda.errors import TransientError

T = TypeVar("T")


def run_to_its_end(act: Coroutine[Any, Any, T]) -> T:
    """Run a verb; raises what it raises, and KeyboardInterrupt where Ctrl-C ended it."""
    watched = _watched(act)
    try:
        return asyncio.run(watched)
    finally:
        watched.close()  # Ctrl-C may come before the loop has begun with it


async def _watched(act: Coroutine[Any, Any, T]) -> T:
    """Run the verb in a task of its own: nobody but Ctrl-C cancels this one.

    The verb's own task says less: a time-out or a group of tasks that ended in it may have left it marked.
    """
    try:
        return await asyncio.create_task(act, name="verb")
    except asyncio.CancelledError as error:
        if _is_interrupted():
            raise
        raise TransientError("A connection broke in the middle of a request.", hint="Try again.") from error
    except Exception as error:
        if _is_interrupted():  # what fails while it is being cut off is no fault
            raise asyncio.CancelledError from error
        raise


def _is_interrupted() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
