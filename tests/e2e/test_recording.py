"""The same recording gives the same ticks, signals, orders and fills, flat out or paced."""

from __future__ import annotations

import csv
import json
import os
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(400)]

DATA = Path(os.environ.get("ALPHAPANDA_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
REAL = DATA / "nse-futures-ticks-2025-11-17.csv"
STRATEGIES = """
[strategies.fast]
class = "alphapanda.strategies.ema_crossover:EmaCrossover"
instruments = ["NSE:*"]
quantity = 25
[strategies.fast.params]
fast = 5
slow = 20
"""
NO_LIMITS = """
[limits]
max_orders_per_second = 100000
max_open_positions = 1000
"""
TOPICS = ("market.ticks", "paper.signals.raw", "paper.orders.submitted", "paper.orders.filled")
HEADER = ["Symbol", "exchange_timestamp", "last_price", "volume_traded", "last_traded_quantity", "open_interest"]
HEADER += ["change_in_oi"]
HEADER += [f"{side}_{what}_{n}" for side in ("bid", "ask") for n in range(1, 6) for what in ("price", "qty")]
HEADER += ["total_buy_qty", "total_sell_qty"]


def write_recording(path: Path) -> tuple[int, int]:
    """Write a small market: three symbols for 50 s, rows out of order, missing depth, two rows of garbage."""
    rng = random.Random(7)
    start = datetime(2025, 11, 17, 12, 8)  # noqa: DTZ001 - recordings carry naive IST
    rows: list[list[object]] = []
    prices = {"ALPHA": 100.0, "BETA": 250.0, "GAMMA": 40.0}
    for number in range(1_500):
        symbol = rng.choice(sorted(prices))
        prices[symbol] = round(prices[symbol] + rng.choice([-0.1, -0.05, 0.05, 0.1]), 2)
        at = start + timedelta(milliseconds=33 * number + (-200 if number % 97 == 0 else 0))
        price = prices[symbol]
        depth = [0.0, 0] * 10
        if number % 5:
            depth[0:2] = [round(price - 0.05, 2), 100]
            depth[10:12] = [round(price + 0.05, 2), 100]
        rows.append([symbol, at.isoformat(sep=" "), price, 1000 + number, 5, 0, 0, *depth, 500, 500])
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number, row in enumerate(rows):
            if number in {300, 900}:
                writer.writerow(["garbage"])
            writer.writerow(row)
    return len(rows), 2


def run(system: DeploymentSystem, root: Path, recording: Path, speed: str, ticks: int) -> dict[str, list[str]]:
    """Feed a recording into a fresh system and return what every topic holds, as sorted values."""
    system.root = root
    root.mkdir()
    system.write("strategies.toml", STRATEGIES)
    system.write("risk.toml", NO_LIMITS)
    system("up", "--feed", "recorded", "--file", str(recording), "--speed", speed)
    system.until(lambda: len(system.records("market.ticks")) >= ticks)
    newest = max(json.loads(r.value or b"")["ts"] for r in system.records("market.ticks"))
    system.until(lambda: system.items("pnl")[0]["at"] >= newest)
    system.until(lambda: settled(system))
    system("state", "verify")
    found = {topic: sorted((r.value or b"").decode() for r in system.records(topic)) for topic in TOPICS}
    system("down")
    return found


def settled(system: DeploymentSystem) -> bool:
    """Whether every signal was judged and every order met all the ticks there are."""
    raw = len(system.records("paper.signals.raw"))
    judged = len(system.records("paper.signals.validated", "paper.signals.rejected"))
    done = system.committed("paper.trader").get("paper.signals.validated", 0)
    return raw == judged and done == len(system.records("paper.signals.validated"))


def test_twice_flat_out_and_once_paced(system: DeploymentSystem, tmp_path: Path) -> None:
    recording = tmp_path / "recording.csv"
    rows, bad = write_recording(recording)
    first = run(system, tmp_path / "one", recording, "max", rows)
    assert len(first["market.ticks"]) == rows
    report = (tmp_path / "one" / "logs" / "feed-bad-rows.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in report[1:]] == ["302", "903"]
    assert len(report) - 1 == bad
    assert len(first["paper.orders.filled"]) > 20

    second = run(system, tmp_path / "two", recording, "max", rows)
    assert second == first
    paced = run(system, tmp_path / "three", recording, "20", rows)
    assert paced == first


@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL} is not there; ALPHAPANDA_TEST_DATA names another folder")
@pytest.mark.conformance
def test_the_real_recording(system: DeploymentSystem, tmp_path: Path) -> None:
    ticks = 4_214
    first = run(system, tmp_path / "one", REAL, "max", ticks)
    assert len(first["market.ticks"]) == ticks
    assert run(system, tmp_path / "two", REAL, "max", ticks) == first
    assert run(system, tmp_path / "three", REAL, "60", ticks) == first
