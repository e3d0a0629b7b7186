"""The context of a verb: the deployment, its settings, the clock and the output."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from alphapanda.clock import Clock, SystemClock
from alphapanda.deployment import Deployment
from commands.shell.output import Output

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from alphapanda.kafka.log import Log
    from alphapanda.model.kinds import TradingMode
    from alphapanda.operations.audit import Audit
    from alphapanda.settings import Loaded, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """One call of the command line.

    Attributes:
        deployment: the folder it works in.
        environ: the environment's variables.
        clock: the time.
        output: for results and messages.
        debug: whether errors show their traceback.
    """

    deployment: Deployment
    environ: Mapping[str, str]
    clock: Clock
    output: Output
    debug: bool = False
    _loaded: list[Loaded] = field(default_factory=list, repr=False)

    @classmethod
    def of_process(cls, *, debug: bool = False) -> Context:
        """Return the context of this process."""
        environ = dict(os.environ)
        return cls(
            deployment=Deployment.find(environ),
            environ=environ,
            clock=SystemClock(),
            output=Output(no_color=bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"),
            debug=debug,
        )

    @classmethod
    def of(cls, call: typer.Context, *, json: bool = False) -> Context:
        """Return the context of a verb's call; with `json` its output is documents for programs."""
        found = call.find_object(cls)
        context = found if found is not None else cls.of_process()
        return replace(context, output=context.output.in_json(json))

    def loaded(self) -> Loaded:
        """Return the deployment's settings and their origin, read on first use; raises ConfigError."""
        if not self._loaded:
            from alphapanda.settings import load

            loaded = load(self.deployment, self.environ)
            for warning in loaded.warnings:
                self.output.warn(warning)
            self._loaded.append(loaded)
        return self._loaded[0]

    def settings(self) -> Settings:
        """Return the deployment's settings, read on first use; raises ConfigError."""
        return self.loaded().settings

    def broker_modes(self) -> dict[str, TradingMode]:
        """Return the active brokers and how near to real money each is; raises ConfigError."""
        settings = self.settings()
        return {name: settings.brokers[name].kind.mode for name in settings.active_brokers}

    def audit(self, log: Log | None = None) -> Audit:
        """Return what records the acts of the command line, in `log` where one is open already."""
        from contextlib import nullcontext

        from alphapanda.kafka.client import open_log
        from alphapanda.operations.audit import Audit, AuditSource
        from alphapanda.operations.servers import kafka_options

        def opened() -> AbstractAsyncContextManager[Log]:
            if log is not None:
                return nullcontext(log)
            return open_log(kafka_options(self.deployment, self.settings(), self.clock, "audit"))

        return Audit(opened, self.clock, source=AuditSource.CLI, on_unwritten=self.warn_unaudited)

    def warn_unaudited(self, why: str) -> None:
        """Warn that an act was done and could not be recorded."""
        self.output.warn(f"The audit could not be written: {why}")

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """Run an asynchronous verb to its end, with libraries quiet unless under --debug; Ctrl-C cancels it."""
        try:
            from contextlib import nullcontext

            from commands.shell.running import run_to_its_end, silence_libraries

            with nullcontext() if self.debug else silence_libraries():
                return run_to_its_end(act)
        finally:
            act.close()  # Ctrl-C may come before it began
