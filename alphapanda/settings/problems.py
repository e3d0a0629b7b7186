"""Problems of settings: each is one line with its place, the problem and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alphapanda.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        where: `alphapanda.toml:12`, or a variable's name.
        what: the problem, a sentence.
        hint: the remedy, a sentence.
    """

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.hint}".rstrip()


class InvalidSettingsError(ConfigError):
    """Settings that cannot be used; knows every problem, and shows the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, *others = problems
        more = f"({len(others)} more: alphapanda config check)" if others else ""
        super().__init__(f"{first.where}: {first.what}", hint=f"{first.hint} {more}".strip())
        self.problems = tuple(problems)
