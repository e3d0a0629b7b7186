from __future__ import annotations

import fcntl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from alphapanda.clock import ManualClock
from alphapanda.infra.embedded.aot import AotCache, TrainingError
from alphapanda.infra.embedded.java import Java
from alphapanda.infra.embedded.kafka_config import KafkaProgram


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, 9, 15, tzinfo=UTC))


@pytest.fixture
def program(tmp_path: Path) -> KafkaProgram:
    """A Kafka whose Java makes nothing."""
    command = tmp_path / "java"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    jar = tmp_path / "a.jar"
    jar.write_bytes(b"jar")
    return KafkaProgram(Java(command=command, major=25, build="25+36"), (jar,), "4.3.1")


def test_its_name_follows_from_build_class_path_and_flags(
    program: KafkaProgram, tmp_path: Path, clock: ManualClock
) -> None:
    def name(changed: KafkaProgram) -> str:
        return AotCache(changed, tmp_path, clock).path.name

    replace = msgspec.structs.replace
    first = name(program)
    assert name(program) == first
    others = {
        name(replace(program, heap_mb=512)),
        name(replace(program, java=replace(program.java, build="25+37"))),
        name(replace(program, class_path=(*program.class_path, tmp_path / "b.jar"))),
    }
    program.class_path[0].write_bytes(b"another jar")
    others.add(name(program))
    assert len(others - {first}) == 4


def test_it_is_used_when_it_is_there(program: KafkaProgram, tmp_path: Path, clock: ManualClock) -> None:
    cache = AotCache(program, tmp_path, clock)
    before = cache.wanted
    assert cache.flags() == ()
    cache.path.touch()
    assert (before, cache.wanted) == (True, False)
    assert cache.flags() == (f"-XX:AOTCache={cache.path}",)


def test_an_older_java_gets_none(program: KafkaProgram, tmp_path: Path, clock: ManualClock) -> None:
    older = msgspec.structs.replace(program, java=msgspec.structs.replace(program.java, major=21))
    assert not AotCache(older, tmp_path, clock).wanted


async def test_training_that_failed_is_left_alone_for_a_day(
    program: KafkaProgram, tmp_path: Path, clock: ManualClock
) -> None:
    cache = AotCache(program, tmp_path / "aot", clock)
    with pytest.raises(TrainingError):
        await cache.train({"PATH": "/bin:/usr/bin"})
    assert sorted(path.name for path in (tmp_path / "aot").iterdir()) == [cache.failure.name, "lock"]
    assert not await cache.train({})
    clock.advance(timedelta(days=1).total_seconds())
    assert cache.wanted
    cache.forget_failure()
    assert not cache.failure.exists()


async def test_only_one_trains(program: KafkaProgram, tmp_path: Path, clock: ManualClock) -> None:
    cache = AotCache(program, tmp_path, clock)
    with (tmp_path / "lock").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not await cache.train({})
    assert not cache.failure.exists()
