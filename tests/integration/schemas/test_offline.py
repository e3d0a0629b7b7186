"""`alphapanda schemas` without a registry, and with one that is not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.schema_files import schema_text

Run = Callable[..., Any]


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    """A folder of schemas that are in step."""
    made = tmp_path / "schemas"
    ended = run("generate", "--out", made, "--json")
    assert ended.code == 0
    assert {row["state"] for row in ended.items} == {"written"}
    assert len(list(made.glob("*.avsc"))) == len(PAYLOADS)
    return made


def edit(folder: Path, kind: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    file = folder / f"{kind}.avsc"
    schema = json.loads(file.read_text())
    change(next(field for field in schema["fields"] if field["name"] == "data")["type"]["fields"])
    file.write_text(json.dumps(schema))


def test_what_is_in_step_is_left_alone(run: Run, folder: Path) -> None:
    again = run("generate", "--out", folder, "--json")
    assert again.code == 0
    assert {row["state"] for row in again.items} == {"in step"}
    assert run("generate", "--out", folder, "--check").code == 0
    assert run("check", "--all", "--offline", "--against", folder).code == 0


def test_a_compatible_change_is_written(run: Run, folder: Path) -> None:
    edit(folder, "pnl_snapshot", lambda fields: fields.pop())  # an earlier version had no positions
    behind = run("generate", "--out", folder, "--check")
    assert behind.code == 3
    assert "Out of date: pnl_snapshot." in behind.err
    (row,) = run("check", "pnl_snapshot", "--against", folder, "--json").items
    assert row["verdict"] == "compatible"
    assert run("diff", "pnl_snapshot", "--against", folder).code == 3
    assert run("generate", "--out", folder).code == 0
    assert (folder / "pnl_snapshot.avsc").read_text() == schema_text(EventType.PNL_SNAPSHOT)


def test_an_incompatible_change_is_refused_and_nothing_is_written(run: Run, folder: Path) -> None:
    edit(folder, "order_rejected", lambda fields: fields.pop())
    (folder / "alert_raised.avsc").unlink()
    refused = run("generate", "--out", folder)
    assert refused.code == 3
    assert "order_rejected: data.reason: is new and has no default" in refused.err
    assert not (folder / "alert_raised.avsc").exists()

    checked = run("check", "--all", "--against", folder)
    assert checked.code == 3
    assert "paper.orders.rejected: data.reason: is new and has no default" in checked.err
    assert run("generate", "--out", folder, "--allow-incompatible").code == 0
    assert run("check", "--all", "--against", folder).code == 0


def test_a_schema_whose_struct_is_gone(run: Run, folder: Path) -> None:
    (folder / "order_invented.avsc").write_text(schema_text(EventType.ORDER_REJECTED))
    gone = run("check", "--all", "--against", folder)
    assert gone.code == 3
    assert "order_invented" in gone.err
    assert run("check", "order_rejected", "--against", folder).code == 0


def test_wrong_words(run: Run, tmp_path: Path) -> None:
    near = run("check", "paper.orders.filed")
    assert near.code == 2
    assert "Did you mean 'paper.orders.filled'?" in near.err
    assert run("check", "paper.orders.filled.dlq").code == 0, "its dead letters are of the same schema"
    nothing = run("check")
    assert nothing.code == 2
    assert "--all" in nothing.err
    assert run("check", "--all", "--against", tmp_path / "nowhere").code == 2
    assert run("diff", "order_filled", "--version", "1").code == 2
    unnamed = run("register", "--all")
    assert unnamed.code == 78
    assert "SCHEMA_REGISTRY_URL" in unnamed.err


def test_a_folder_that_cannot_be_written_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("generate", "--out", tmp_path / "file" / "inside")
    assert ended.code == 1
    assert "Not a directory" in ended.err


@pytest.mark.parametrize("verb", [("list",), ("check", "--all"), ("diff", "order_filled"), ("register", "--all")])
def test_a_registry_that_is_not_there(run: Run, environ: pytest.MonkeyPatch, verb: tuple[str, ...]) -> None:
    environ.setenv("SCHEMA_REGISTRY_URL", "http://user:hidden@127.0.0.1:1")
    ended = run(*verb)
    assert ended.code == 4
    assert ended.err.count("error:") == 1
    assert "No schema registry answers at http://127.0.0.1:1: Connection refused." in ended.err
    assert "hidden" not in ended.err
    assert run("list", "--offline").code == 0


def test_without_the_libraries_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in {"avro", "fastavro"}]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "avro", None)
    monkeypatch.setitem(sys.modules, "fastavro", None)
    edit(folder, "pnl_snapshot", lambda fields: fields.pop())
    ended = run("check", "--all", "--against", folder)
    assert ended.code == 4
    assert "alphapanda[avro]" in ended.err
    assert run("list", "--offline").code == 0
