"""Which Kafka runs, its command line and its `server.properties`: small, quick to start and to come back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError
from alphapanda.infra.embedded.jars import JarStore
from alphapanda.infra.embedded.java import Java, find_java
from alphapanda.infra.embedded.lock import load_lock
from alphapanda.infra.ports import LOOPBACK
from alphapanda.infra.progress import ProgressReporter
from alphapanda.settings.sections import EmbeddedSettings

OLDEST_MAJOR = 4
"""Older ones need ZooKeeper or other settings."""

MAIN_CLASS = "kafka.Kafka"
STORAGE_CLASS = "kafka.tools.StorageTool"

SINGLE_CORE = {
    # One node on one machine: few threads, small buffers. The latencies are the defaults', the memory is not.
    "num.network.threads": "1",
    "num.io.threads": "2",
    "background.threads": "1",
    "log.cleaner.threads": "1",
    "log.cleaner.dedupe.buffer.size": "8388608",
}
QUICK_RETURN = {
    # With the default session of 9 s a killed broker is not admitted again until its old session has run out.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.timeout.ms": "200",
}

BOUNDED_RECOVERY = {
    # A killed broker reads every segment again that it may not have flushed: the active one of each partition, and
    # all since the last checkpoint. With the defaults (1 GiB, a minute) 4 GB of ticks cost 1.7 s more of a start.
    "log.segment.bytes": "67108864",
    "log.index.size.max.bytes": "1048576",
    "log.flush.offset.checkpoint.interval.ms": "10000",
}


class KafkaNode(msgspec.Struct, frozen=True, kw_only=True):
    """One node of an embedded cluster.

    Attributes:
        node_id: from 1.
        client_port: for clients and other brokers.
        controller_port: for the quorum.
        voters: every node's id and controller port.
        data: its log directory. Kafka runs in the folder above it and is told the last part alone: a path may hold
            commas, backslashes or letters that its format of properties gives another meaning.
        fsync: whether each record is on the disk before its acknowledgement.
    """

    node_id: int
    client_port: int
    controller_port: int
    voters: tuple[tuple[int, int], ...]
    data: Path
    fsync: bool = False

    def properties(self) -> str:
        """Return the text of `server.properties`."""
        replicas = str(len(self.voters))
        in_sync = str(max(1, len(self.voters) - 1))
        values = {
            "process.roles": "broker,controller",
            "node.id": str(self.node_id),
            "controller.quorum.voters": ",".join(f"{node}@{LOOPBACK}:{port}" for node, port in self.voters),
            "listeners": (
                f"PLAINTEXT://{LOOPBACK}:{self.client_port},CONTROLLER://{LOOPBACK}:{self.controller_port}"
            ),
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.client_port}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": self.data.name,
            # Topics are declared (topics/catalogue.toml); a misspelt one must not come into being.
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": "0",
            **SINGLE_CORE,
            **QUICK_RETURN,
            **BOUNDED_RECOVERY,
        }
        if self.fsync:
            values["log.flush.interval.messages"] = "1"
        return "".join(f"{name}={value}\n" for name, value in values.items())


class KafkaProgram(msgspec.Struct, frozen=True):
    """A Kafka that can be run: a Java runtime, a class path, flags.

    Attributes:
        java: the runtime.
        class_path: jars.
        version: of Kafka.
        heap_mb: the largest heap, MiB.
        patient: whether it runs at the lowest priority, behind everything else.
    """

    java: Java
    class_path: tuple[Path, ...]
    version: str
    heap_mb: int = 256
    patient: bool = False

    def flags(self) -> tuple[str, ...]:
        """Return the JVM's flags; with class path and JVM build they decide whether an AOT cache fits."""
        # G1, ZGC and C2 gave the same latencies on two cores, and cost 50-200 MiB more.
        flags = (
            f"-Xms{min(64, self.heap_mb)}m",
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:ReservedCodeCacheSize=64m",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            # A distribution of the user's own brings log4j instead of slf4j-simple.
            "-Dorg.apache.logging.log4j.level=WARN",
        )
        # Kafka's compression and hashing call native code; from Java 24 on that is said on stderr unless allowed.
        return (*flags, "--enable-native-access=ALL-UNNAMED") if self.java.major >= 22 else flags

    def command(self, main: str, *arguments: str, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the command line of one of Kafka's programs."""
        prefix = ("nice", "-n", "19") if self.patient else ()
        return (*prefix, str(self.java.command), *self._jvm(extra), main, *arguments)

    def argument_file(self, extra: tuple[str, ...]) -> str:
        """Return flags and class path as the text of a file for `java @file`.

        So the command line stays the same when a cache was trained, and a running Kafka counts as it was planned.
        """
        quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in self._jvm(extra))
        return "".join(f'"{word}"\n' for word in quoted)

    def _jvm(self, extra: tuple[str, ...]) -> tuple[str, ...]:
        return (*self.flags(), *extra, "-cp", ":".join(str(jar) for jar in self.class_path))


class NoKafkaError(DependencyError):
    """`EMBEDDED__KAFKA_HOME` does not hold a Kafka that can be run."""


def kafka_program(options: EmbeddedSettings, cache: Path) -> tuple[KafkaProgram, JarStore | None]:
    """Return the Kafka to run and, unless it is the user's own, the store its jars come from.

    Raises:
        NoJavaError: no Java runtime.
        NoKafkaError: `kafka_home` holds none, or one that is too old.
    """
    java = find_java(options.java_home)
    if options.kafka_home is not None:
        jars, version = _own_distribution(options.kafka_home)
        return KafkaProgram(java, jars, version, options.heap_mb), None
    lock = load_lock()
    store = JarStore(lock, cache / f"kafka-{lock.kafka}", options.maven_mirror)
    return KafkaProgram(java, store.class_path(), lock.kafka, options.heap_mb), store


async def prepare_program(options: EmbeddedSettings, cache: Path, progress: ProgressReporter) -> KafkaProgram:
    """Return the Kafka to run, with all its jars there and checked; raises what `JarStore.prepare` raises."""
    program, store = kafka_program(options, cache)
    if store is not None:
        try:
            # Downloads and checksums are threads' work; the loop goes on.
            await asyncio.to_thread(store.prepare, progress)
        except asyncio.CancelledError:
            store.cancel()
            raise
    return program


def _own_distribution(home: Path) -> tuple[tuple[Path, ...], str]:
    jars = tuple(sorted((home / "libs").glob("*.jar")))
    version = next(
        (found[1] for jar in jars if (found := re.fullmatch(r"kafka_[\d.]+-(\d[\w.]*)\.jar", jar.name))), None
    )
    if version is None:
        raise NoKafkaError(
            f"{home} is not a Kafka distribution: it has no libs/kafka_*.jar.",
            hint="Set EMBEDDED__KAFKA_HOME to the folder that an unpacked kafka_*.tgz makes, or leave it out.",
        )
    if int(version.split(".")[0]) < OLDEST_MAJOR:
        raise NoKafkaError(
            f"{home} is Kafka {version}; the embedded tier needs {OLDEST_MAJOR}.0 or newer.",
            hint="Set EMBEDDED__KAFKA_HOME to a newer distribution, or leave it out.",
        )
    return jars, version
