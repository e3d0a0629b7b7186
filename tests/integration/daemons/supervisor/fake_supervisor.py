"""The real supervisor over a plan that a test wrote: `$ALPHAPANDA_HOME/plan.json`, a list of what `made` reads."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError, ConfigError
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.model.process_status import OrphanPolicy, UnitKind
from daemons.exit_report import code_of
from daemons.supervisor.inspection import last_line
from daemons.supervisor.lifecycle import RestartPolicy
from daemons.supervisor.plan import ProcessSpec, StartPlan
from daemons.supervisor.process import SupervisorProcess
from daemons.supervisor.supervisor import Supervisor

CHILD = Path(__file__).with_name("fake_child.py")
FAST = RestartPolicy(base_s=0.02, cap_s=0.1, short_run_s=0.2)


class Drawn:
    def __init__(self, plan: StartPlan) -> None:
        self.plan = plan

    async def idle_work(self) -> None:
        await asyncio.Event().wait()


def made(entry: Mapping[str, Any], places: RunPaths) -> ProcessSpec:
    name, kind = entry["name"], UnitKind(entry.get("kind", "daemon"))
    root = places.deployment.root
    announces = kind is not UnitKind.INFRA
    words = (sys.executable, str(CHILD), name, entry.get("behaviour", "ready"), str(root / "journal.txt"))

    async def ready() -> None:
        while not (root / f"{name}.ready").exists():  # noqa: ASYNC110 - as a server is asked for a sign of life
            await asyncio.sleep(0.01)

    def explain(tail: str) -> AlphaPandaError | None:
        return AlphaPandaError(last_line(tail)) if last_line(tail) else None

    child = ChildSpec(
        name=name,
        argv=words if announces else ("sleep", "600"),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "NOTIFY_SOCKET": str(places.notify_socket),
        },
        cwd=root,
        log_file=places.output_of(name),
        identity_file=places.identity_of(name),
        ready=ready,
        grace_s=entry.get("grace_s", 5.0),
        explain=explain,
    )
    return ProcessSpec(
        child=child,
        kind=kind,
        needs=tuple(entry.get("needs", ())),
        announces=announces,
        orphan=OrphanPolicy(entry.get("orphan", "stop")),
        settings_digest=entry.get("digest", ""),
        restart=FAST,
        ready_deadline_s=entry.get("ready_deadline_s", 30.0),
    )


async def draw(deployment: Deployment, _environ: Mapping[str, str], _clock: Clock) -> Drawn:
    entries = msgspec.json.decode((deployment.root / "plan.json").read_bytes())
    if entries == "broken":
        raise ConfigError("the plan is broken")
    return Drawn(StartPlan(tuple(made(entry, RunPaths(deployment)) for entry in entries)))


async def listening(_supervisor: Supervisor) -> None:
    sys.stdout.write("listening\n")
    sys.stdout.flush()


if __name__ == "__main__":
    environ = dict(os.environ)
    try:
        asyncio.run(SupervisorProcess(Deployment.find(environ), environ, build=draw).run(ready=listening))
    except AlphaPandaError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(code_of(error))
