"""Who there is and who waits for whom, by settings alone: what a plan is made of, and what `--dry-run` shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alphapanda.settings import InfraTier, Settings
from daemons.catalogue import DaemonSpec, services
from daemons.supervisor.plan import UnitKind

TOPICS_JOB = "topics"


@dataclass(frozen=True, slots=True)
class UnitSummary:
    """One process of an outline.

    Attributes:
        name: of the process.
        kind: what sort of process it is.
        needs: the names that are up before it goes on.
        daemon: its spec, for a daemon.
    """

    name: str
    kind: UnitKind
    needs: tuple[str, ...]
    daemon: DaemonSpec | None = None


def topology(settings: Settings, servers: Iterable[str]) -> tuple[UnitSummary, ...]:
    """Return all processes, each after what it needs: the servers, the topics job, the daemons."""
    infra = tuple(servers)
    lines = [UnitSummary(name, UnitKind.INFRA, ()) for name in infra]
    lines.append(UnitSummary(TOPICS_JOB, UnitKind.JOB, infra))
    lines += [
        UnitSummary(daemon.name, UnitKind.DAEMON, (*infra, TOPICS_JOB, *daemon.needs), daemon)
        for daemon in services(settings)
    ]
    return tuple(lines)


def outline(settings: Settings, names: Iterable[str], *, only: bool) -> tuple[UnitSummary, ...]:
    """Return what `up` of `names` would start in a system that is not running."""
    servers = ("kafka", "valkey") if settings.infra.tier is InfraTier.EMBEDDED else ()
    lines = topology(settings, servers)
    wanted = set(names)
    if not wanted:
        return lines
    if not only:
        for line in reversed(lines):
            if line.name in wanted:
                wanted.update(line.needs)
    return tuple(line for line in lines if line.name in wanted or line.kind is not UnitKind.DAEMON)
