"""How many files of the product a replay passes through, from its verb to the write to Kafka."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from alphapanda.testing.call_path import ROOT, CallPath

pytestmark = pytest.mark.kafka

MOST_ON_THE_STACK = 12
MOST_EXECUTED = 18
"""Of the verbs and the operations of dead letters, connecting and classification included."""
VERB = "commands/dlq/replay.py"
ROOMS = ("commands/dlq/", "alphapanda/operations/dead_letters/")
FRESH = ("--valid-for", "1d")


class ExecutedFiles:
    """Collects the product's files of which a function is called, from the verb's first call on, in this thread.

    Attributes:
        files: their paths from the project's root, in the order of their first call.
    """

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self._began = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event != "call" or not path.is_relative_to(ROOT):
            return
        name = str(path.relative_to(ROOT))
        self._began = self._began or (name == VERB and frame.f_code.co_name == "replay")
        if self._began and frame.f_code.co_name != "<module>" and name.startswith(ROOMS):
            self.files[name] = None


@contextmanager
def profiled(collect: ExecutedFiles) -> Iterator[None]:
    assert threading.current_thread() is threading.main_thread()
    sys.setprofile(collect)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_a_replay_reaches_kafka_through_few_files(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path, executed = CallPath(), ExecutedFiles()
    send_batch = AIOKafkaProducer.send_batch

    def watched(producer: AIOKafkaProducer, batch: Any, topic: str, *, partition: int) -> Any:
        if topic == world.signals:  # not the ledger's
            path.add()
            sys.setprofile(None)
        return send_batch(producer, batch, topic, partition=partition)

    with world.group_at_work():
        world.failing(2)
        monkeypatch.setattr(AIOKafkaProducer, "send_batch", watched)
        with profiled(executed):
            result = world.run("replay", world.signals, *FRESH)
    assert result.code == 0, result.err
    on_the_stack = [each for each in path.files if not each.startswith("alphapanda/testing/")]
    assert VERB in on_the_stack
    assert on_the_stack[-1] == "alphapanda/kafka/client.py"
    assert len(on_the_stack) <= MOST_ON_THE_STACK, on_the_stack
    assert len(executed.files) <= MOST_EXECUTED, list(executed.files)
