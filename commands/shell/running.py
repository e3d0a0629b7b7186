"""Running an asynchronous verb: Ctrl-C ends it at any moment without a traceback; libraries' logs stay quiet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import stamina

from alphapanda.errors import TransientError

T = TypeVar("T")

LIBRARIES = ("aiokafka", "asyncio")


def run_to_its_end(act: Coroutine[Any, Any, T]) -> T:
    """Run a verb; raises its errors, and KeyboardInterrupt where Ctrl-C ended it."""
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


@contextmanager
def silence_libraries() -> Iterator[None]:
    """Let only critical log lines of the libraries through while the block runs: their errors become ours."""
    silence_retries()
    before = {name: logging.getLogger(name).level for name in LIBRARIES}
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def silence_retries() -> None:
    """Keep reports of retries off stdout, which is for data; in daemons they go to the log."""
    stamina.instrumentation.set_on_retry_hooks([])
