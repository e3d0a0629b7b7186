"""Keeps libraries from talking over a verb's own words: what matters of theirs comes back as an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

LIBRARIES = ("aiokafka", "asyncio")


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Let only critical lines of the libraries through while the block runs."""
    import logging

    quiet_retries()
    before = {name: logging.getLogger(name).level for name in LIBRARIES}
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def quiet_retries() -> None:
    """Keep retries from being told on stdout, which is for data: in daemons they go to the log."""
    import stamina

    stamina.instrumentation.set_on_retry_hooks([])
