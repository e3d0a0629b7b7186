from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from alphapanda.infra.embedded.java import Java
from alphapanda.infra.embedded.kafka_config import KafkaNode, KafkaProgram

NODE = KafkaNode(
    node_id=1, client_port=21_000, controller_port=21_001, voters=((1, 21_001),), data=Path("/a,b/ü/kafka")
)


def parsed(node: KafkaNode) -> dict[str, str]:
    return dict(line.split("=", 1) for line in node.properties().splitlines())


def test_everything_listens_on_the_loopback_address_alone() -> None:
    values = parsed(NODE)
    assert values["listeners"] == "PLAINTEXT://127.0.0.1:21000,CONTROLLER://127.0.0.1:21001"
    assert values["advertised.listeners"] == "PLAINTEXT://127.0.0.1:21000"
    assert values["controller.quorum.voters"] == "1@127.0.0.1:21001"


def test_topics_are_declared_and_groups_start_at_once() -> None:
    values = parsed(NODE)
    assert values["auto.create.topics.enable"] == "false"
    assert values["group.initial.rebalance.delay.ms"] == "0"


def test_a_killed_broker_is_admitted_again_within_its_short_session() -> None:
    assert int(parsed(NODE)["broker.session.timeout.ms"]) == 1_000


def test_the_data_directory_is_named_so_that_no_letter_of_its_path_matters() -> None:
    assert parsed(NODE)["log.dirs"] == "kafka"
    assert NODE.properties().isascii()


def test_one_node_replicates_nothing_three_do() -> None:
    three = msgspec.structs.replace(NODE, voters=((1, 21_001), (2, 21_003), (3, 21_005)))
    for name in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert parsed(NODE)[f"{name}.replication.factor"] == "1"
        assert parsed(three)[f"{name}.replication.factor"] == "3"
    assert parsed(NODE)["min.insync.replicas"] == "1"
    assert parsed(three)["min.insync.replicas"] == "2"
    assert parsed(three)["controller.quorum.voters"] == "1@127.0.0.1:21001,2@127.0.0.1:21003,3@127.0.0.1:21005"


def test_each_record_is_forced_to_the_disk_only_when_asked() -> None:
    assert "log.flush.interval.messages" not in parsed(NODE)
    assert parsed(msgspec.structs.replace(NODE, fsync=True))["log.flush.interval.messages"] == "1"


def test_the_command_has_heap_class_path_and_priority() -> None:
    program = KafkaProgram(
        java=Java(command=Path("/j/bin/java"), major=25, build="b"),
        class_path=(Path("/a.jar"), Path("/b.jar")),
        version="4.3.1",
        heap_mb=512,
    )
    command = program.command("kafka.Kafka", "server.properties", extra=("-XX:X",))
    assert command[0] == "/j/bin/java"
    assert "-Xmx512m" in command
    assert command[-5:] == ("-XX:X", "-cp", "/a.jar:/b.jar", "kafka.Kafka", "server.properties")
    patient = msgspec.structs.replace(program, patient=True).command("kafka.Kafka")
    assert patient[:4] == ("nice", "-n", "19", "/j/bin/java")


def test_a_java_before_22_is_not_given_a_flag_it_does_not_know() -> None:
    def flags(major: int) -> tuple[str, ...]:
        return KafkaProgram(Java(command=Path("java"), major=major, build=""), (), "4.3.1").flags()

    assert "--enable-native-access=ALL-UNNAMED" in flags(25)
    assert "--enable-native-access=ALL-UNNAMED" not in flags(17)


def test_an_argument_file_says_the_same_as_the_command() -> None:
    program = KafkaProgram(
        java=Java(command=Path("java"), major=25, build="b"),
        class_path=(Path('/with space/"a".jar'), Path("/b.jar")),
        version="4.3.1",
    )
    words = program.command("kafka.Kafka", extra=("-XX:X",))[1:-1]
    # Java's argument files quote as the POSIX shell does between double quotes.
    assert tuple(shlex.split(program.argument_file(("-XX:X",)))) == words
