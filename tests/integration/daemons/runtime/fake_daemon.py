"""A daemon whose service does as it is told, in the real runtime: `fake_daemon.py BEHAVIOUR [--gated]`."""

from __future__ import annotations

import asyncio
import os
import sys

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, RefusedError
from alphapanda.infra.tiers import tier_for
from alphapanda.settings import load
from daemons.catalogue import DaemonSpec
from daemons.runtime import DaemonContext, RunOptions, run_service


class FakeService:
    name = "fake"

    def __init__(self, behaviour: str) -> None:
        self._behaviour = behaviour

    async def run(self, context: DaemonContext) -> None:
        match self._behaviour:
            case "misconfigured":
                raise ConfigError("strategies.toml:3: what is this?", hint="Correct it.")
            case "refused":
                raise RefusedError("The log is shorter.", hint="--accept-log-reset")
            case "broken":
                raise ZeroDivisionError("by nothing")
            case "grouped":
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._fail())
            case "gone":
                return
        context.health.ready()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await context.stop.wait()
        if self._behaviour == "deaf":
            await asyncio.Event().wait()
        sys.stdout.write(f"drained, reset accepted: {context.accept_log_reset}\n")

    async def _fail(self) -> None:
        raise RefusedError("From within a group.")


environ = dict(os.environ)
deployment = Deployment.find(environ)
settings = load(deployment, environ).settings
spec = DaemonSpec(name="fake", description="For tests.", factory=lambda: FakeService(sys.argv[1]))
endpoints = tier_for(settings, deployment, SystemClock(), environ=environ).endpoints()
options = RunOptions(gated="--gated" in sys.argv, console=False, accept_log_reset="--accept-log-reset" in sys.argv)
sys.exit(run_service(spec, deployment, settings, endpoints, environ, options))
