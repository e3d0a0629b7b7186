"""What every group of settings has in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Section(BaseModel):
    """A group of settings: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _without_home_sign(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) and value else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
"""A list; one string with commas in a variable."""

LocalPath = Annotated[Path, BeforeValidator(_without_home_sign)]
"""A file or a folder; a relative one starts at the deployment's folder."""
