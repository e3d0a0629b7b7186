"""Every verb shows an example of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from commands.completions.tree import command_tree

LEAVES = [" ".join(verb.path) for verb in command_tree().walk() if verb.path and not verb.children]


@pytest.mark.parametrize("path", LEAVES)
def test_every_verb_shows_an_example_of_itself(call: Callable[..., Any], path: str) -> None:
    ended = call(*path.split(), "--help")
    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert words.count(f"alphapanda {path}") >= 2, ended.out
