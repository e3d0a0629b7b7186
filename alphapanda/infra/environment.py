"""What a server of ours gets of our environment: no secrets, and nothing that changes how it behaves."""

from __future__ import annotations

from collections.abc import Mapping

PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH")


def server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Kafka and Valkey."""
    kept = {name: environ[name] for name in PASSED_ON if name in environ}
    # Without it Java cannot open a path that has letters beyond ASCII.
    return {**kept, "LC_ALL": "C.UTF-8"}
