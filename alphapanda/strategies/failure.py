"""A strategy's exception in one line."""

from __future__ import annotations

import traceback

LIMIT = 300


def describe(error: Exception) -> str:
    """Return what was raised and where, e.g. `ZeroDivisionError('…') at mine.py:12`; never raises itself."""
    try:
        what = repr(error)
    except Exception:  # noqa: BLE001 - it is the author's own class: its repr may raise anything
        what = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return what[:LIMIT]
    file = frames[-1].filename.rsplit("/", 1)[-1]
    return f"{what[:LIMIT]} at {file}:{frames[-1].lineno}"
