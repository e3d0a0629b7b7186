"""Show values without giving secrets away."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import SecretStr

from alphapanda.settings.inventory import Path
from alphapanda.settings.model import Settings

MASK = "********"
_PASSWORD = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^:@/]*):[^@]*@(?P<after>.*)", re.IGNORECASE)


def displayed(settings: Settings, path: Path) -> object:
    """Return the value at `path` as it may be shown: a secret masked, a URL without its password."""
    value: object = settings
    for key in path:
        value = value[key] if isinstance(value, Mapping) else getattr(value, key)
    if isinstance(value, SecretStr):
        return masked(value.get_secret_value())
    return value


def masked(secret: str) -> str:
    """Return `secret` as it may be shown."""
    url = _PASSWORD.fullmatch(secret)
    if url is not None:
        return f"{url['before']}:{MASK}@{url['after']}"
    is_plain_url = "://" in secret and "@" not in secret and "?" not in secret
    return secret if is_plain_url else MASK if secret else ""
