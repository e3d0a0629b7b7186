"""The files that a call passes through: for tests that keep the way from a key or a verb to Kafka short."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = frozenset({"alphapanda", "commands", "daemons", "topics", "tui"})


class CallPath:
    """Collects the product's files that are on the call stack at chosen calls, each once, outermost first.

    A coroutine that awaits another one is on its stack; a task is not on the stack of the task that started it, so
    a call in each task on the way is watched.

    Attributes:
        files: their paths from the project's root.
    """

    def __init__(self) -> None:
        self.files: list[str] = []

    def watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` so that each call of it adds the files on its stack."""

        def watched(*args: Any, **options: Any) -> Any:
            self.add()
            return function(*args, **options)

        return watched

    def add(self) -> None:
        """Add the files on the stack of the caller."""
        found = list[str]()
        frame = inspect.currentframe()
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path != Path(__file__) and path.is_relative_to(ROOT):
                name = path.relative_to(ROOT)
                if name.parts[0] in PACKAGES:
                    found.append(str(name))
            frame = frame.f_back
        self.files += [each for each in dict.fromkeys(reversed(found)) if each not in self.files]
