"""Names as they were found last: reading all settings takes longer than somebody waits for a completion.

They are kept in the user's cache, and good until a file or a variable that they come from changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from alphapanda import __version__
from alphapanda.deployment import Deployment, user_cache
from alphapanda.files import PRIVATE, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "completion"
_PLAIN = frozenset({"ACTIVE_BROKERS", "PROCESS_LAYOUT", "CREATE_DLQ_FOR_ALL"})
"""Variables of settings that are in no table; all others have two underscores."""


def recalled(deployment: Deployment, environ: Mapping[str, str], kind: str) -> Sequence[str] | None:
    """Return the names of a kind as they were remembered; None where something may have changed since."""
    try:
        found = json.loads(_file(deployment, environ).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("of") != _state(deployment, environ):
        return None
    names = found.get("names", {}).get(kind, [])
    return names if isinstance(names, list) else None


def remember(deployment: Deployment, environ: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> None:
    """Keep names for the next time; where that cannot be, nobody sees an error."""
    file = _file(deployment, environ)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {"of": _state(deployment, environ), "names": dict(names)}
        write_atomically(file, json.dumps(kept), mode=PRIVATE, durable=False)


def _file(deployment: Deployment, environ: Mapping[str, str]) -> Path:
    name = hashlib.sha256(str(deployment.root).encode()).hexdigest()[:24]
    return user_cache(environ) / FOLDER / f"{name}.json"


def _state(deployment: Deployment, environ: Mapping[str, str]) -> str:
    """Return a digest of everything that the names come from."""
    return hashlib.sha256("\n".join(_parts(deployment, environ)).encode()).hexdigest()


def _parts(deployment: Deployment, environ: Mapping[str, str]) -> Iterator[str]:
    yield __version__
    ports, started = deployment.run / "ports.json", deployment.kafka_data
    for file in (deployment.config_file, deployment.env_file, deployment.strategies_file, ports):
        try:
            found = file.stat()
            yield f"{file.name} {found.st_mtime_ns} {found.st_size}"
        except OSError:
            yield f"{file.name} is not there"
    yield str(started.exists())
    for name, value in sorted(environ.items()):
        if "__" in name or name in _PLAIN:
            yield f"{name}={value}"
