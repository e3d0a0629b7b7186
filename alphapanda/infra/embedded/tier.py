"""The embedded tier: Apache Kafka and Valkey as children of ours, in one deployment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment, user_cache
from alphapanda.errors import AlphaPandaError, DeadlineError, InvariantError
from alphapanda.files import write_atomically
from alphapanda.infra.base import ChildSpec, Endpoints
from alphapanda.infra.disk import writing
from alphapanda.infra.embedded.aot import AotCache
from alphapanda.infra.embedded.diagnosis import explain_kafka, explain_valkey
from alphapanda.infra.embedded.kafka_config import (
    MAIN_CLASS,
    KafkaNode,
    KafkaProgram,
    kafka_program,
    prepare_program,
)
from alphapanda.infra.embedded.storage import ForeignDataError, Storage
from alphapanda.infra.embedded.valkey import ValkeyFiles, find_valkey, valkey_url, write_config
from alphapanda.infra.ports import LOOPBACK, PortBook
from alphapanda.infra.progress import ProgressReporter
from alphapanda.infra.redis_probe import redis_is_up
from alphapanda.kafka.probe import kafka_is_up
from alphapanda.settings.sections import EmbeddedSettings, Fsync

READY_GROUP = "alphapanda.ready"
"""The consumer group asked for before READY: afterwards the group coordinator answers every client."""
PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
"""The variables passed on to a server: no secrets, and none that changes its behaviour."""


def server_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Kafka and Valkey."""
    kept = {name: environ[name] for name in PASSED_ON if name in environ}
    # Without it Java cannot open a path that has letters beyond ASCII.
    return {**kept, "LC_ALL": "C.UTF-8"}


class EmbeddedTier:
    """Kafka (one node, or three for drills) and Valkey in a deployment's folder.

    Attributes:
        options: the `[embedded]` settings.
        cache: the folder that all deployments of this user share.
        storage: Kafka's data and the cluster's id.
        valkey_files: Valkey's configuration, password and data.
        env: the servers' environment.

    Args:
        options: the `[embedded]` settings.
        deployment: where data, logs and ports are kept.
        clock: tells when training that failed may be tried again.
        environ: the process's environment; `os.environ` by default.
        nodes: how many Kafka nodes; topics can be replicated over as many.
    """

    def __init__(
        self,
        options: EmbeddedSettings,
        deployment: Deployment,
        clock: Clock,
        *,
        environ: Mapping[str, str] | None = None,
        nodes: int = 1,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.options = options
        self.cache = user_cache(environ)
        self._deployment = deployment
        self._clock = clock
        self.env = server_environment(environ)
        self._ports = PortBook(deployment)
        self._node_count = nodes
        self._program: KafkaProgram | None = None
        self.storage = Storage(deployment.state / "kafka.cluster.json")
        self.valkey_files = ValkeyFiles(
            config=deployment.run / "valkey.conf",
            password=deployment.state / "valkey.password",
            data=deployment.valkey_data,
        )

    async def prepare(self, progress: ProgressReporter) -> None:
        """Have the jars, formatted data directories and configuration files."""
        with writing(self._deployment.root, "preparing the deployment"):
            self._deployment.prepare()
        program = await prepare_program(self.options, self.cache, progress)
        find_valkey()
        self._program = program
        flags = self.aot().flags()
        for node in self.nodes():
            await self.storage.prepare(node, program, self.env, flags)
            with writing(self._deployment.run, "writing Kafka's configuration"):
                self._properties(node).write_text(node.properties())
        self._write_flags()
        with writing(self._deployment.run, "writing Valkey's configuration"):
            write_config(self.valkey_files, self.valkey_port)

    async def verify(self) -> None:
        """Read every jar again and compare its SHA-256; raises WrongChecksumError."""
        _, store = kafka_program(self.options, self.cache)
        if store is not None:
            await asyncio.to_thread(store.verify)

    def children(self) -> tuple[ChildSpec, ...]:
        """Return Kafka's nodes and Valkey; `prepare` comes first."""
        return (*(self._kafka(node) for node in self.nodes()), self._valkey())

    async def ready(self, deadline_s: float) -> Endpoints:
        """Return the addresses when both answer and Kafka is this deployment's."""
        endpoints = self.endpoints()
        try:
            async with asyncio.timeout(deadline_s):
                for node in self.nodes():
                    await self._kafka_ready(node)
                await redis_is_up(endpoints.redis_url)
        except TimeoutError as error:
            raise DeadlineError(
                f"Kafka at {endpoints.bootstrap_servers} and Valkey were not ready within {deadline_s:g} s.",
                hint=f"Their logs are in {self._deployment.infra_logs}.",
            ) from error
        return endpoints

    def endpoints(self) -> Endpoints:
        """Return the addresses; choosing ports and the password on first use."""
        return Endpoints(
            bootstrap_servers=",".join(f"{LOOPBACK}:{node.client_port}" for node in self.nodes()),
            redis_url=valkey_url(self.valkey_files, self.valkey_port),
        )

    async def idle_work(self) -> None:
        """Train Java's cache for the next start, once per machine."""
        if await self.aot().train(self.env):
            # A Kafka that is started again by the same supervisor has it at once.
            self._write_flags()

    def aot(self) -> AotCache:
        """Return the cache that fits this Kafka."""
        program = self._program or kafka_program(self.options, self.cache)[0]
        return AotCache(program, self.cache / "aot", self._clock)

    @property
    def valkey_port(self) -> int:
        """Where Valkey listens."""
        return self._ports.port("valkey")

    def identity_file(self, name: str) -> Path:
        """Return where the identity of a server's process is kept."""
        return self._deployment.run / "children" / f"{name}.json"

    def log_file(self, name: str) -> Path:
        """Return a server's own log."""
        return self._deployment.infra_logs / f"{name}.log"

    def nodes(self) -> tuple[KafkaNode, ...]:
        """Return Kafka's nodes."""
        names = ["kafka"] if self._node_count == 1 else [f"kafka-{n}" for n in range(1, self._node_count + 1)]
        voters = tuple((n, self._ports.port(f"{name}-controller")) for n, name in enumerate(names, 1))
        data = self._deployment.kafka_data
        return tuple(
            KafkaNode(
                node_id=n,
                client_port=self._ports.port(name),
                controller_port=voters[n - 1][1],
                voters=voters,
                data=data if self._node_count == 1 else data.with_name(name),
                fsync=self.options.fsync is Fsync.EACH,
            )
            for n, name in enumerate(names, 1)
        )

    def _prepared(self) -> KafkaProgram:
        if self._program is None:
            raise InvariantError("The embedded tier was used before `prepare`.")
        return self._program

    @property
    def _jvm_flags(self) -> Path:
        return self._deployment.run / "kafka.jvm"

    def _write_flags(self) -> None:
        crash_report = f"-XX:ErrorFile={self._deployment.infra_logs / 'kafka-crash-%p.log'}"
        text = self._prepared().argument_file((*self.aot().flags(), crash_report))
        with writing(self._deployment.run, "writing Kafka's configuration"):
            write_atomically(self._jvm_flags, text)

    def _properties(self, node: KafkaNode) -> Path:
        return self._deployment.run / f"{node.data.name}.properties"

    async def _kafka_ready(self, node: KafkaNode) -> None:
        facts = await kafka_is_up(f"{LOOPBACK}:{node.client_port}", group=READY_GROUP)
        known = self.storage.cluster()
        if known is not None and facts.cluster_id != known.cluster_id:
            raise ForeignDataError(
                f"The Kafka at port {node.client_port} is cluster {facts.cluster_id}, "
                f"this deployment is cluster {known.cluster_id}.",
                hint="Stop that Kafka; `alphapanda infra status` shows the port.",
            )

    def _kafka(self, node: KafkaNode) -> ChildSpec:
        program, name = self._prepared(), node.data.name
        properties = self._properties(node)
        log = self.log_file(name)

        async def ready() -> None:
            await self._kafka_ready(node)

        def explain(tail: str) -> AlphaPandaError:
            ports = {name: node.client_port, f"{name}-controller": node.controller_port}
            return explain_kafka(tail, self._ports, ports, node.data, log)

        return ChildSpec(
            name=name,
            argv=(str(program.java.command), f"@{self._jvm_flags}", MAIN_CLASS, str(properties)),
            env=self.env,
            cwd=node.data.parent,
            log_file=log,
            identity_file=self.identity_file(name),
            mark=str(properties),
            ports=(node.client_port, node.controller_port),
            grace_s=20.0,
            ready=ready,
            explain=explain,
        )

    def _valkey(self) -> ChildSpec:
        files, port = self.valkey_files, self.valkey_port
        url = valkey_url(files, port)
        log = self.log_file("valkey")

        async def ready() -> None:
            await redis_is_up(url)

        def explain(tail: str) -> AlphaPandaError:
            return explain_valkey(tail, self._ports, files.data, log)

        return ChildSpec(
            name="valkey",
            argv=(str(find_valkey()), str(files.config)),
            env=self.env,
            cwd=files.data,
            log_file=log,
            identity_file=self.identity_file("valkey"),
            mark=str(files.config),
            ports=(port,),
            ready=ready,
            explain=explain,
        )
