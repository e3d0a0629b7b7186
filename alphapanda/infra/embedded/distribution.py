"""Which Kafka: the locked jars, or a distribution that the user has on disk."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from alphapanda.errors import DependencyError
from alphapanda.infra.embedded.jars import JarStore
from alphapanda.infra.embedded.java import find_java
from alphapanda.infra.embedded.kafka_config import KafkaProgram
from alphapanda.infra.embedded.lock import load_lock
from alphapanda.infra.progress import ProgressReporter
from alphapanda.settings.sections import EmbeddedSettings

OLDEST_MAJOR = 4
"""Older ones need ZooKeeper or other settings."""


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
