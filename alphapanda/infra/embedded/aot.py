"""Java's ahead-of-time cache: Kafka starts in 0.6 s instead of 1.5 s once one was trained.

A cache fits exactly one JVM build, class path and set of flags, so its name is a hash of them. It is trained by a
throw-away Kafka of its own at the lowest priority, once per machine, after everything is ready.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from alphapanda.clock import Clock
from alphapanda.errors import DeadlineError, DependencyError
from alphapanda.files import try_lock
from alphapanda.infra.base import ChildSpec
from alphapanda.infra.disk import require_room
from alphapanda.infra.embedded.kafka_config import MAIN_CLASS, KafkaNode, KafkaProgram
from alphapanda.infra.embedded.storage import FormatError, Storage
from alphapanda.infra.ports import LOOPBACK
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.startup import ServerFailedError, until_ready
from alphapanda.kafka.probe import kafka_is_up

ROOM = 512 * 1024 * 1024
"""The cache has 64 MiB, its making needs some times that, in bytes."""
RETRY_AFTER = timedelta(days=1)
"""Time until a failed training is tried again."""
START_LIMIT_S = 120
ASSEMBLY_LIMIT_S = 300
"""7 s on an idle machine; at the lowest priority on a busy one it may take minutes."""


class TrainingError(DependencyError):
    """No cache could be made; Kafka starts without, a second slower."""


class AotCache:
    """The cache that fits one program."""

    def __init__(self, program: KafkaProgram, folder: Path, clock: Clock) -> None:
        self._program = program
        self._folder = folder
        self._clock = clock
        self.path = folder / f"kafka-{program.version}-{_key(program)}.aot"
        self.failure = self.path.with_suffix(".failed")

    @property
    def wanted(self) -> bool:
        """Whether one should be trained: this Java can, none is there, and it did not fail lately."""
        return self._program.java.has_aot and not self.path.exists() and not self._failed_lately()

    def flags(self) -> tuple[str, ...]:
        """Return the flag that uses the cache; none when there is no cache."""
        return (f"-XX:AOTCache={self.path}",) if self.path.exists() else ()

    async def train(self, env: Mapping[str, str]) -> bool:
        """Make the cache if it is wanted and no other process is making it; return whether it was made.

        Raises:
            TrainingError: Kafka or Java failed; it is tried again after a day, or by `infra prepare`.
            DiskFullError: no room.
        """
        if not self.wanted:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        with try_lock(self._folder / "lock") as mine:
            if not mine or not self.wanted:
                return False
            require_room(self._folder, ROOM, "training Java's cache")
            for leftover in self._folder.glob("training-*"):
                shutil.rmtree(leftover)
            try:
                await self._train(env)
            except TrainingError as error:
                self.failure.write_text(f"{self._clock.now().isoformat()}\n{error}\n")
                raise
        return True

    def forget_failure(self) -> None:
        """Let it be tried again."""
        self.failure.unlink(missing_ok=True)

    def _failed_lately(self) -> bool:
        try:
            failed = datetime.fromisoformat(self.failure.read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return False
        return self._clock.now() - failed < RETRY_AFTER

    async def _train(self, env: Mapping[str, str]) -> None:
        with tempfile.TemporaryDirectory(prefix="training-", dir=self._folder) as name:
            folder = Path(name)
            made = folder / self.path.name
            spec = await self._throw_away(folder, made, env)
            kafka = ManagedProcess.spawn(spec, die_with_parent=signal.SIGKILL)
            try:
                await until_ready(kafka, START_LIMIT_S)
                # The JVM assembles the cache while it ends.
                kafka.send_signal(signal.SIGTERM)
                async with asyncio.timeout(ASSEMBLY_LIMIT_S):
                    await kafka.wait()
            except TimeoutError as error:
                raise TrainingError(f"Java made no cache within {ASSEMBLY_LIMIT_S} s.") from error
            except (ServerFailedError, DeadlineError) as error:
                tail = " ".join(kafka.log_tail(600).split())
                raise TrainingError(f"The Kafka for training did not start: {error.message} {tail}") from error
            finally:
                kafka.kill()
                await kafka.wait()
            if not made.exists():
                raise TrainingError(f"Java made no cache: {kafka.log_tail(600).strip()}")
            made.replace(self.path)

    async def _throw_away(self, folder: Path, made: Path, env: Mapping[str, str]) -> ChildSpec:
        """Return a Kafka of its own in `folder` that writes the cache when it ends."""
        program = msgspec.structs.replace(self._program, patient=True)
        client, controller = _two_free_ports()
        node = KafkaNode(
            node_id=1,
            client_port=client,
            controller_port=controller,
            voters=((1, controller),),
            data=folder / "data",
        )
        try:
            await Storage(folder / "cluster.json").prepare(node, program, env, flags=())
        except FormatError as error:
            raise TrainingError(f"The Kafka for training did not start: {error.message}") from error
        properties = folder / "server.properties"
        properties.write_text(node.properties())

        async def ready() -> None:
            await kafka_is_up(f"{LOOPBACK}:{client}", group="training")

        return ChildSpec(
            name="kafka-training",
            argv=program.command(MAIN_CLASS, str(properties), extra=(f"-XX:AOTCacheOutput={made}",)),
            env=env,
            cwd=folder,
            log_file=folder / "kafka.log",
            identity_file=folder / "identity.json",
            ready=ready,
        )


def _key(program: KafkaProgram) -> str:
    parts = [program.java.build, *program.flags()]
    for jar in program.class_path:
        state = jar.stat() if jar.exists() else None
        parts.append(f"{jar} {state.st_size} {state.st_mtime_ns}" if state else str(jar))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _two_free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind((LOOPBACK, 0))
        two.bind((LOOPBACK, 0))
        return one.getsockname()[1], two.getsockname()[1]
