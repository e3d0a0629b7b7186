from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest

from alphapanda.infra.embedded.java import Java, NoJavaError
from alphapanda.infra.embedded.kafka_config import KafkaNode, KafkaProgram
from alphapanda.infra.embedded.storage import (
    ClusterRecord,
    ForeignDataError,
    FormatError,
    Storage,
    cluster_id_of,
    new_cluster_id,
)

MINE = "AAAAAAAAAAAAAAAAAAAAAA"
OTHER = "BBBBBBBBBBBBBBBBBBBBBB"


def node(folder: Path) -> KafkaNode:
    return KafkaNode(
        node_id=1, client_port=21_000, controller_port=21_001, voters=((1, 21_001),), data=folder / "kafka"
    )


def program(command: Path = Path("/nowhere/java")) -> KafkaProgram:
    return KafkaProgram(java=Java(command=command, major=25, build=""), class_path=(), version="4.3.1")


def tool(folder: Path, script: str) -> KafkaProgram:
    """A Java that runs a shell script instead of Kafka's tool."""
    command = folder / "java"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return program(command)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def formatted(data: Path, cluster_id: str) -> None:
    data.mkdir()
    (data / "meta.properties").write_text(f"#\nversion=1\ncluster.id={cluster_id}\nnode.id=1\n")


def test_cluster_ids_are_as_kafka_writes_them() -> None:
    ids = {new_cluster_id() for _ in range(2_000)}
    assert len(ids) == 2_000
    assert all(len(text) == 22 and not text.startswith("-") for text in ids)
    assert all(len(base64.urlsafe_b64decode(text + "==")) == 16 for text in ids)


def test_a_directory_tells_its_cluster(tmp_path: Path) -> None:
    assert cluster_id_of(tmp_path / "kafka") is None
    formatted(tmp_path / "kafka", MINE)
    assert cluster_id_of(tmp_path / "kafka") == MINE


async def test_data_of_another_cluster_is_refused_with_both_ids(tmp_path: Path) -> None:
    formatted(tmp_path / "kafka", OTHER)
    record = tmp_path / "kafka.cluster.json"
    record.write_bytes(msgspec.json.encode(ClusterRecord(cluster_id=MINE, kafka="4.3.1")))
    with pytest.raises(
        ForeignDataError, match=f"belongs to cluster {OTHER}, this deployment is cluster {MINE}"
    ) as told:
        await Storage(record).prepare(node(tmp_path), program(), {}, ())
    assert "alphapanda infra reset" in told.value.hint
    assert str(record) in told.value.hint


async def test_without_a_record_the_data_decides(tmp_path: Path) -> None:
    formatted(tmp_path / "kafka", OTHER)
    storage = Storage(tmp_path / "kafka.cluster.json")
    await storage.prepare(node(tmp_path), program(), {}, ())
    assert storage.cluster() == ClusterRecord(cluster_id=OTHER, kafka="4.3.1")


async def test_a_spoilt_record_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "kafka.cluster.json"
    record.write_text("{}")
    with pytest.raises(ForeignDataError, match="cannot be read"):
        await Storage(record).prepare(node(tmp_path), program(), {}, ())


async def test_files_of_something_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "thesis.txt").write_text("mine")
    with pytest.raises(ForeignDataError, match=r"holds files but no meta\.properties"):
        await Storage(tmp_path / "kafka.cluster.json").prepare(node(tmp_path), program(), {}, ())
    assert (tmp_path / "kafka" / "thesis.txt").read_text() == "mine"


async def test_a_new_directory_is_formatted_beside_and_renamed(tmp_path: Path) -> None:
    made = tool(tmp_path, "echo cluster.id=made > kafka.part/meta.properties")
    storage = Storage(tmp_path / "kafka.cluster.json")
    (tmp_path / "kafka.part").mkdir()
    (tmp_path / "kafka.part" / "left by a killed format").touch()
    await storage.prepare(node(tmp_path), made, {"PATH": "/bin:/usr/bin"}, ())
    assert names(tmp_path) == ["java", "kafka", "kafka.cluster.json"]
    assert names(tmp_path / "kafka") == ["meta.properties"]


async def test_a_format_that_failed_leaves_nothing_and_is_one_line(tmp_path: Path) -> None:
    broken = tool(
        tmp_path, "echo 'Exception in thread \"main\" java.lang.Oops: no good'; echo '  at a.b.C'; exit 1"
    )
    with pytest.raises(FormatError, match=r"could not be formatted: .*java\.lang\.Oops: no good\."):
        await Storage(tmp_path / "kafka.cluster.json").prepare(node(tmp_path), broken, {}, ())
    assert not (tmp_path / "kafka").exists()
    assert not (tmp_path / "kafka.part").exists()


async def test_a_java_that_cannot_be_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NoJavaError, match=r"/nowhere/java does not run on this platform"):
        await Storage(tmp_path / "kafka.cluster.json").prepare(node(tmp_path), program(), {}, ())
