from __future__ import annotations

import json
import logging
import os
import pty
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from alphapanda.clock import ManualClock
from alphapanda.deployment import Deployment
from alphapanda.telemetry.log import Channel, Logger, SilentLogger
from alphapanda.telemetry.logs import LogSystem, configure_logging, get_logger
from alphapanda.telemetry.stdlib_bridge import BridgeHandler, StdlibLogger


def lines(deployment: Deployment, service: str = "risk.paper") -> list[dict[str, Any]]:
    text = (deployment.logs / f"{service}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def said(logs: LogSystem, deployment: Deployment) -> list[dict[str, Any]]:
    assert logs.flush(20.0)
    return [line for line in lines(deployment) if "marker" not in line]


class Stubborn:
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_line_is_one_json_object_with_its_fixed_fields_first(logs: LogSystem, deployment: Deployment) -> None:
    logs.channel(Channel.TRADING).info(
        "order filled", price=Decimal("1500.05"), at=datetime(2025, 11, 17, tzinfo=UTC), symbols=("INFY", "TCS")
    )
    (line,) = said(logs, deployment)
    assert list(line.items()) == [
        ("ts", "2025-11-17T04:00:00.000000Z"),
        ("level", "info"),
        ("channel", "trading"),
        ("service", "risk.paper"),
        ("event", "order filled"),
        ("price", "1500.05"),
        ("at", "2025-11-17T00:00:00Z"),
        ("symbols", ["INFY", "TCS"]),
    ]


def test_start_and_end_are_marked(deployment: Deployment, log_config: Any, clock: ManualClock) -> None:
    with configure_logging(log_config(), deployment, "feed", console=False, clock=clock, started={"run": 3}):
        pass
    first, last = lines(deployment, "feed")
    assert (first["marker"], first["run"], first["pid"]) == ("started", 3, os.getpid())
    assert last["marker"] == "stopped"


def test_each_channel_has_its_level(logs: LogSystem, deployment: Deployment) -> None:
    api = logs.channel(Channel.API)
    api.info("not shown")
    api.warning("shown")
    logs.log.debug("shown too")
    logs.log.info("hidden by its own channel", channel=Channel.API)
    assert [line["event"] for line in said(logs, deployment)] == ["shown", "shown too"]


def test_values_are_bound_without_touching_the_logger_they_were_bound_to(
    logs: LogSystem, deployment: Deployment
) -> None:
    bound = logs.log.bind(broker="paper")
    bound.info("one", n=1)
    logs.log.info("two")
    one, two = said(logs, deployment)
    assert (one["broker"], one["n"]) == ("paper", 1)
    assert "broker" not in two


def test_a_value_cannot_take_the_place_of_a_fixed_field(logs: LogSystem, deployment: Deployment) -> None:
    logs.log.info("odd", ts="never", level="none", service="someone", event="other", self="me")
    (line,) = said(logs, deployment)
    assert (line["level"], line["service"], line["event"]) == ("info", "risk.paper", "odd")
    assert (line["ts_"], line["level_"], line["service_"], line["self"]) == ("never", "none", "someone", "me")


def test_an_exception_stands_in_its_line(logs: LogSystem, deployment: Deployment) -> None:
    try:
        int("bad price")
    except ValueError as problem:
        caught = problem
        logs.log.exception("first")
    logs.log.error("second", exc_info=caught)
    for line in said(logs, deployment):
        assert line["exception"].endswith("invalid literal for int() with base 10: 'bad price'")
        assert "test_logs.py" in line["exception"]


def test_no_value_makes_a_call_raise(logs: LogSystem, deployment: Deployment) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    for value in (Stubborn(), loop, {1: object()}, float("nan"), b"\xff", "\ud800"):
        logs.log.info("any value", value=value)
    written = said(logs, deployment)
    assert len(written) == 6
    assert {line["event"] for line in written} == {"any value"}
    assert logs.stats().failed == sum("log_error" in line for line in written) > 0


def test_secrets_are_hidden_by_name_by_look_and_by_value(
    deployment: Deployment, log_config: Any, clock: ManualClock
) -> None:
    with configure_logging(
        log_config(), deployment, "risk.paper", console=False, clock=clock, secrets=["hunter2hunter2"]
    ) as logs:
        logs.log.info("login with hunter2hunter2", api_key="abc", url="redis://:pw@h:1", token=Decimal(5))
        try:
            int("hunter2hunter2")
        except ValueError:
            logs.log.exception("failed")
        logging.getLogger("aiohttp.client").warning("GET /?access_token=zzzzzz")
    text = (deployment.logs / "risk.paper.jsonl").read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "abc" not in text
    assert ":pw@" not in text
    assert "zzzzzz" not in text


def test_libraries_loggers_lead_into_the_same_file(logs: LogSystem, deployment: Deployment) -> None:
    logging.getLogger("aiokafka.consumer").warning("no %s", "coordinator")
    structlog.get_logger("stamina").warning("retry scheduled", attempt=2)
    get_logger(Channel.MARKET_DATA).info("tick")
    kafka, stamina, market = said(logs, deployment)
    assert (kafka["event"], kafka["channel"], kafka["logger"]) == ("no coordinator", "bus", "aiokafka.consumer")
    assert (stamina["event"], stamina["attempt"]) == ("retry scheduled", 2)
    assert market["channel"] == "market_data"


@pytest.mark.parametrize(("channels", "shown"), [({}, ["warning"]), ({"bus": "debug"}, ["info", "warning"])])
def test_libraries_everyday_talk_is_only_for_finding_faults(
    deployment: Deployment, log_config: Any, channels: dict[str, str], shown: list[str]
) -> None:
    with configure_logging(log_config(channels=channels), deployment, "risk.paper", console=False) as logs:
        aiokafka = logging.getLogger("aiokafka.conn")
        aiokafka.debug("never")
        aiokafka.info("joined the group")
        aiokafka.warning("lost the broker")
        assert [line["level"] for line in said(logs, deployment)] == shown


def test_a_record_that_a_library_made_badly_is_written_as_it_is(logs: LogSystem, deployment: Deployment) -> None:
    careless = logging.LogRecord("careless", logging.ERROR, __file__, 1, "%d %d", (1,), None)
    BridgeHandler(logs.log).handle(careless)
    (line,) = said(logs, deployment)
    assert (line["event"], line["level"], line["logger"]) == ("%d %d", "error", "careless")


def test_closing_gives_the_process_its_loggers_back(deployment: Deployment, log_config: Any) -> None:
    before = (logging.root.level, [*logging.root.handlers])
    with configure_logging(log_config(), deployment, "feed", console=False) as logs:
        assert structlog.is_configured()
    logs.close()
    assert not structlog.is_configured()
    assert (logging.root.level, logging.root.handlers) == before
    logs.log.info("after the end")  # counted as dropped, and raises nothing
    assert logs.stats().dropped == 1


def test_without_configuration_loggers_write_through_the_standard_library(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = get_logger(Channel.BUS).bind(broker="paper")
    with caplog.at_level(logging.INFO):
        log.info("hello", n=1)
        log.debug("not this")
    assert caplog.messages == ["hello broker=paper n=1"]
    assert caplog.records[0].name == "alphapanda.bus"


@pytest.mark.parametrize("log", [SilentLogger(), StdlibLogger(Channel.APP)])
def test_every_logger_is_a_log(log: Logger, logs: LogSystem) -> None:
    assert isinstance(log, Logger)
    assert isinstance(logs.log, Logger)


def test_stats_tell_lines_by_level_channel_and_sink(logs: LogSystem, deployment: Deployment) -> None:
    logs.channel(Channel.TRADING).warning("one")
    logs.channel(Channel.API).info("under its level")
    assert logs.flush(20.0)
    stats = logs.stats()
    assert stats.by_level == {"debug": 0, "info": 1, "warning": 1, "error": 0, "critical": 0}
    assert stats.by_channel == {"app": 1, "trading": 1}
    assert (stats.lines, stats.dropped, stats.failed) == (2, 0, 0)
    (sink,) = stats.sinks
    file = deployment.logs / "risk.paper.jsonl"
    assert (sink.name, sink.target, sink.lines) == ("file", str(file), 2)
    assert sink.bytes == sink.size_bytes == file.stat().st_size


def test_files_are_rotated_while_lines_go_on(deployment: Deployment, log_config: Any) -> None:
    config = log_config(max_bytes=500, backups=1000)
    with configure_logging(config, deployment, "feed", console=False) as logs:
        for n in range(100):
            logs.log.info("line", n=n)
        assert logs.flush(20.0)
        assert logs.stats().sinks[0].rotations > 10
    files = sorted(deployment.logs.glob("feed.0*.jsonl"))
    text = "".join(path.read_text(encoding="utf-8") for path in [*files, deployment.logs / "feed.jsonl"])
    numbers = [line["n"] for line in map(json.loads, text.splitlines()) if "n" in line]
    assert numbers == list(range(100))


def console_text(deployment: Deployment, config: Any, environ: dict[str, str], clock: ManualClock) -> str:
    """What a terminal shows of one line."""
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        with configure_logging(
            config, deployment, "feed", console=True, clock=clock, stream=stream, environ=environ
        ) as logs:
            logs.log.warning("queue full", drops=3, note="two words")
            assert logs.flush(20.0)
        shown = os.read(ours, 65536).decode()
    os.close(ours)
    return shown.replace("\r\n", "\n")


def test_a_terminal_gets_lines_for_people(deployment: Deployment, log_config: Any, clock: ManualClock) -> None:
    shown = console_text(deployment, log_config(), {"TERM": "xterm"}, clock)
    assert "\x1b[33mWARN \x1b[0m" in shown
    plain = console_text(deployment, log_config(), {"TERM": "xterm", "NO_COLOR": "1"}, clock)
    assert '17 Nov 09:30:00.000 WARN  queue full  drops=3 note="two words"\n' in plain


def test_a_pipe_gets_json(deployment: Deployment, log_config: Any, clock: ManualClock, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w", encoding="utf-8") as stream:  # noqa: SIM117 - the order of closing is the point
        with configure_logging(log_config(), deployment, "feed", console=True, clock=clock, stream=stream) as logs:
            logs.log.info("hello")
    assert (tmp_path / "stderr").read_bytes() == (deployment.logs / "feed.jsonl").read_bytes()


def test_a_console_that_nobody_reads_stops_neither_the_caller_nor_the_file(
    deployment: Deployment, log_config: Any
) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        logs = configure_logging(log_config(), deployment, "feed", console=True, stream=stream)
        for n in range(3000):  # more than a pipe holds
            logs.log.info("line", n=n, filling="x" * 100)
        assert not logs.flush(0.2)
        file, console = logs.stats().sinks
        assert console.queued > 0
        while file.queued:
            file = logs.stats().sinks[0]
        assert file.lines == 3001
        os.close(reading)  # the stuck write fails, and the writer can end
        logs.close(timeout_s=20.0)
