"""structlog without rich and Twisted, which it imports whenever they are installed.

Half of its 180 ms and 10 MiB are theirs, in every daemon, and nothing here uses them: lines for people are made by
`alphapanda.telemetry.pretty`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

_UNWANTED = ("rich", "twisted")


def import_structlog() -> ModuleType:
    """Import structlog, telling it that the packages it could do without are not there."""
    with _absent(name for name in _UNWANTED if name not in sys.modules):
        return importlib.import_module("structlog")


@contextmanager
def _absent(names: Iterator[str]) -> Iterator[None]:
    hidden = list(names)
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    for name in hidden:
        modules[name] = None  # the documented way to make an import fail
    try:
        yield
    finally:
        for name in hidden:
            modules.pop(name, None)
