"""What is to run: specs of processes in dependency order, and the difference between two plans."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import msgspec

from alphapanda.errors import InvariantError, UnknownNameError
from alphapanda.infra.base import ChildSpec
from daemons.supervisor.restarts import RestartPolicy


class UnitKind(StrEnum):
    """What sort of process it is."""

    INFRA = "infra"
    JOB = "job"
    """Runs once and ends; exit code 0 lets what needs it go on."""
    DAEMON = "daemon"


class OrphanPolicy(StrEnum):
    """What becomes of a process whose supervisor was killed."""

    STOP = "stop"
    """It drains and ends: no order flow without supervision."""
    SURVIVE = "survive"
    """It works on, and the next supervisor adopts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How one process is run.

    Attributes:
        child: its command, environment, files, and how it is stopped.
        kind: what sort of process it is.
        needs: the names that must be up before it may go on.
        announces: whether it tells its readiness itself; else `child.ready` is awaited.
        ready_deadline_s: how long that may take before the process is ended, where it is awaited.
        orphan: what becomes of it without a supervisor.
        settings_digest: stands for its share of settings and files, however they were set.
        restart: when it is started again.
        url: where it serves HTTP; empty for what does not.
    """

    child: ChildSpec
    kind: UnitKind
    needs: tuple[str, ...] = ()
    announces: bool = True
    ready_deadline_s: float = 60.0
    orphan: OrphanPolicy = OrphanPolicy.STOP
    settings_digest: str = ""
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    url: str = ""

    @property
    def name(self) -> str:
        """Return its name, unique in the deployment."""
        return self.child.name

    @property
    def digest(self) -> str:
        """Return what changes when the process must be restarted to be as planned.

        The environment is no part of it: what it sets is in the settings, and another shell's PATH is no reason.
        """
        parts = (self.child.argv, str(self.child.cwd), self.orphan, self.settings_digest)
        return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


@dataclass(frozen=True)
class StartPlan:
    """Specs in an order in which each comes after what it needs.

    Attributes:
        specs: as given; checked for unknown needs and cycles.
    """

    specs: tuple[ProcessSpec, ...] = ()

    def __post_init__(self) -> None:
        names = [spec.name for spec in self.specs]
        if len(set(names)) != len(names):
            raise InvariantError(f"A plan names a process twice: {', '.join(sorted(names))}.")
        for spec in self.specs:
            for need in spec.needs:
                if need not in names:
                    raise InvariantError(f"{spec.name} needs {need!r}, which is not in the plan.")
        # Computed now, so that a plan that cannot be ordered is refused when it is made.
        _ = self.order

    def __iter__(self) -> Iterator[ProcessSpec]:
        return (self.by_name[name] for name in self.order)

    def __len__(self) -> int:
        return len(self.specs)

    @cached_property
    def by_name(self) -> Mapping[str, ProcessSpec]:
        """Return the specs by their names."""
        return {spec.name: spec for spec in self.specs}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Return the names, each after what it needs, else as given."""
        return tuple(name for level in self.levels for name in level)

    @cached_property
    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Return the names in groups that may start side by side, each group after those before it."""
        sorter = TopologicalSorter({spec.name: spec.needs for spec in self.specs})
        try:
            sorter.prepare()
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise InvariantError(f"The plan's processes need each other in a circle: {circle}.") from None
        place = {spec.name: index for index, spec in enumerate(self.specs)}
        levels: list[tuple[str, ...]] = []
        while sorter.is_active():
            group = sorted(sorter.get_ready(), key=place.__getitem__)
            levels.append(tuple(group))
            sorter.done(*group)
        return tuple(levels)

    def select(self, names: Iterable[str], *, with_needs: bool = True) -> StartPlan:
        """Return the plan of `names` and, by default, of all they need; without needs those links are cut."""
        wanted = set(names)
        for name in wanted:
            if name not in self.by_name:
                raise UnknownNameError("process", name, self.by_name)
        if with_needs:
            wanted = self._closure(wanted)
        kept = [spec for spec in self.specs if spec.name in wanted]
        return StartPlan(
            tuple(replace(spec, needs=tuple(need for need in spec.needs if need in wanted)) for spec in kept)
        )

    def dependents(self, name: str) -> tuple[str, ...]:
        """Return the names that need `name`, directly or not, in order."""
        found = {name}
        for spec in self:
            if found.intersection(spec.needs):
                found.add(spec.name)
        return tuple(each for each in self.order if each in found and each != name)

    def _closure(self, names: set[str]) -> set[str]:
        found = set(names)
        for spec in reversed(tuple(self)):
            if spec.name in found:
                found.update(spec.needs)
        return found


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """What must be done to what runs so that it is as planned."""

    start: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.start or self.restart or self.stop)


def difference(running: StartPlan, wanted: StartPlan) -> PlanDifference:
    """Return what turns `running` into `wanted`: starts in order, stops in reverse order."""
    common = [name for name in wanted.order if name in running.by_name]
    changed = {name for name in common if running.by_name[name].digest != wanted.by_name[name].digest}
    return PlanDifference(
        start=tuple(name for name in wanted.order if name not in running.by_name),
        restart=tuple(name for name in common if name in changed),
        stop=tuple(name for name in reversed(running.order) if name not in wanted.by_name),
        keep=tuple(name for name in common if name not in changed),
    )
