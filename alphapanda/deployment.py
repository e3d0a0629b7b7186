"""A deployment is a folder: files for people in its root, files of the program in `.alphapanda`.

Two folders are two systems that do not touch: other ports, other data, another lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "ALPHAPANDA_HOME"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where everything of one system lies.

    Attributes:
        root: the folder; absolute.
    """

    root: Path

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> Deployment:
        """Return the deployment in `ALPHAPANDA_HOME`, else in the current directory."""
        return cls(Path(environ.get(HOME_VARIABLE) or Path.cwd()).expanduser().resolve())

    @property
    def config_file(self) -> Path:
        """Settings of the whole system."""
        return self.root / "alphapanda.toml"

    @property
    def strategies_file(self) -> Path:
        """Which strategies run, on what, how large."""
        return self.root / "strategies.toml"

    @property
    def risk_file(self) -> Path:
        """Limits, for all brokers and per broker."""
        return self.root / "risk.toml"

    @property
    def calendar_file(self) -> Path:
        """Trading holidays and special sessions beyond those that the release knows."""
        return self.root / "calendar.toml"

    @property
    def env_file(self) -> Path:
        """Secrets and machine-local settings; 0600."""
        return self.root / ".env"

    @property
    def logs(self) -> Path:
        """One JSON-lines file a daemon, rotated."""
        return self.root / "logs"

    @property
    def infra_logs(self) -> Path:
        """Kafka's and Valkey's own logs."""
        return self.logs / "infra"

    @property
    def state(self) -> Path:
        """Files of the program; 0700."""
        return self.root / ".alphapanda"

    @property
    def run(self) -> Path:
        """Locks, identities, the control socket, ports."""
        return self.state / "run"

    @property
    def kafka_data(self) -> Path:
        """The embedded Kafka's log directory."""
        return self.state / "kafka"

    @property
    def valkey_data(self) -> Path:
        """The embedded Valkey's append-only file."""
        return self.state / "valkey"

    @property
    def journals(self) -> Path:
        """Journals of operators' tools: undo files, replay runs."""
        return self.state / "journals"

    def prepare(self) -> None:
        """Make the program's folders, readable by their owner alone."""
        for folder in (self.state, self.run, self.journals):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.infra_logs.mkdir(parents=True, exist_ok=True)


def user_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder that all deployments share: Kafka's jars, AOT caches, instrument files."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "alphapanda"
