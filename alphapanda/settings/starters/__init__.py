"""Commented files to begin with, as `alphapanda init` writes them."""

from __future__ import annotations

from importlib.resources import files


def starter_text(name: str) -> str:
    """Return the text of the starter file `name`: `strategies.toml`, `risk.toml`, `dlq-policy.toml`."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
