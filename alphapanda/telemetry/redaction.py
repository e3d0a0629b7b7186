"""Secrets do not reach a log: hidden by a value's name, by what it looks like, and by what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
SHORTEST_SECRET = 6
"""Shorter secrets are not looked for inside texts: they would match by chance everywhere."""

_SECRET_KEY = re.compile(
    r"(?:^|[_.-])(?:password|passwd|passphrase|secret|api_?key|private_?key|authorization|cookie|totp|token|enctoken)$",
    re.IGNORECASE,
)
_PUBLIC_KEYS = frozenset({"instrument_token", "exchange_token"})
"""A broker calls an instrument's number a token: these say what is traded."""

_SUSPECT = re.compile(r"://|key|token|secret|passw|bearer|authorization|checksum", re.IGNORECASE)
"""Most texts hold none of these words, and are done."""

_PATTERNS = (
    # redis://user:password@host. People forget to escape / and @ in passwords, so the last @ counts; what looks
    # like a port and a path is none.
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?!\d{2,5}/)\S+(?=@)", re.IGNORECASE),
    # ?api_key=…&access_token=…, and the same in JSON or in a printed dictionary.
    re.compile(
        r"(?P<keep>\b(?:api_?key|api_?secret|(?:access|request|refresh|public)_token|enctoken"
        r"|password|passwd|secret|checksum)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;)}\]]+",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<keep>\bauthorization[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic|token)\s+)?)[^\s\"',;)}\]]+",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<keep>\bbearer\s+)[\w.~+/-]{8,}=*", re.IGNORECASE),
    # Kite's own form: token key:secret.
    re.compile(r"(?P<keep>\btoken\s+)\w+:\w+", re.IGNORECASE),
)


@lru_cache(maxsize=1024)
def is_secret_key(key: str) -> bool:
    """Return whether a value of this name is a secret whatever it looks like."""
    return key.lower() not in _PUBLIC_KEYS and _SECRET_KEY.search(key) is not None


class Redactor:
    """Hides secrets in what is to be logged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Remember the process's own secrets, to hide them wherever they stand in a text."""
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known:
            text = self._known.sub(HIDDEN, text)
        if _SUSPECT.search(text):
            for pattern in _PATTERNS:
                text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
        return text

    def value(self, value: Any) -> Any:
        """Return plain data (what JSON has) without secrets."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return self.mapping(value)
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value

    def mapping(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return a mapping without the values whose names or looks say that they are secret."""
        return {
            key: HIDDEN if item is not None and item != "" and is_secret_key(str(key)) else self.value(item)
            for key, item in values.items()
        }
