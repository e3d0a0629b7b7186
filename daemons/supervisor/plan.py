"""The processes to run: their specs in dependency order, the difference between two plans, and the desired state.

The desired state outlives a killed supervisor, and `down` clears it. It holds names and the overrides of a command
line only: the operator's environment may hold secrets and is never written to disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import msgspec

from alphapanda.errors import InvariantError, UnknownNameError
from alphapanda.files import PRIVATE, write_atomically
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.control.protocol import Applied, Apply
from alphapanda.model.process_status import OrphanPolicy, UnitKind
from daemons.supervisor.lifecycle import RestartPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How to run one process.

    Attributes:
        child: its command, environment, files, and how it is stopped.
        kind: infrastructure, job or daemon.
        needs: the processes that must be up before its gate opens.
        announces: whether it reports its readiness itself; otherwise `child.ready` is awaited.
        ready_deadline_s: how long `child.ready` may take before the process is killed.
        orphan: what happens to it without a supervisor.
        settings_digest: of the settings and files that it reads.
        restart: when it is restarted.
        url: where it serves HTTP; empty where it does not.
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
        """Return a digest that differs when the process must be restarted to match the plan.

        The environment is not part of it: its settings are in the settings digest, and another shell's PATH is no
        reason to restart.
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

    def _closure(self, names: set[str]) -> set[str]:
        found = set(names)
        for spec in reversed(tuple(self)):
            if spec.name in found:
                found.update(spec.needs)
        return found


def difference(running: StartPlan, wanted: StartPlan) -> Applied:
    """Return the changes from `running` to `wanted`: starts in order, stops in reverse order."""
    common = [name for name in wanted.order if name in running.by_name]
    changed = {name for name in common if running.by_name[name].digest != wanted.by_name[name].digest}
    return Applied(
        start=tuple(name for name in wanted.order if name not in running.by_name),
        restart=tuple(name for name in common if name in changed),
        stop=tuple(name for name in reversed(running.order) if name not in wanted.by_name),
        keep=tuple(name for name in common if name not in changed),
    )


class DesiredState(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's wishes for the running system.

    Attributes:
        overrides: settings from `up`'s command line, as variables.
        selection: the processes to run; None for all in the plan.
    """

    overrides: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    selection: tuple[str, ...] | None = None

    def save(self, path: Path) -> None:
        """Write the file atomically, readable by its owner only."""
        write_atomically(path, msgspec.json.encode(self), mode=PRIVATE)


def remembered_state(path: Path) -> DesiredState:
    """Return the saved state; an empty one when there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=DesiredState)
    except (FileNotFoundError, msgspec.DecodeError):
        return DesiredState()


def with_selection(desired: DesiredState, request: Apply, full: StartPlan, running: StartPlan) -> DesiredState:
    """Return `desired` after `request`: its names are added to the running ones; no names means all.

    Infrastructure and jobs are always included: no daemon works without them.
    """
    if not request.names:
        return DesiredState(overrides=desired.overrides)
    base = [spec.name for spec in full if spec.kind is not UnitKind.DAEMON]
    chosen = full.select([*request.names, *base], with_needs=not request.only)
    before = [name for name in running.by_name if name in full.by_name]
    names = {*chosen.by_name, *before}
    return DesiredState(overrides=desired.overrides, selection=tuple(name for name in full.order if name in names))
