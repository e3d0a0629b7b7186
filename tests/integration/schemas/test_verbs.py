"""`alphapanda schemas` against a registry, as an operator uses it.

Each test runs against recorded answers of a real registry, and in `nox -s conformance` against that one itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import pytest

from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.registry import RejectedSchemaError, SchemaRegistry
from alphapanda.serialization.schema_files import schema_text

T = TypeVar("T")


class Registry(Protocol):
    url: str


class Result(Protocol):
    code: int
    out: str
    err: str

    @property
    def items(self) -> list[dict[str, Any]]: ...


Run = Callable[..., Result]


def ask(registry: Registry, act: Callable[[SchemaRegistry], Awaitable[T]]) -> T:
    async def asking() -> T:
        async with SchemaRegistry.connect(registry.url) as client:
            return await act(client)

    return asyncio.run(asking())


def edited(kind: EventType, edit: Callable[[list[dict[str, Any]]], Any]) -> str:
    """The schema of a kind with its payload's fields changed."""
    schema = json.loads(schema_text(kind))
    edit(next(field for field in schema["fields"] if field["name"] == "data")["type"]["fields"])
    return json.dumps(schema)


def without(*names: str) -> Callable[[list[dict[str, Any]]], None]:
    def edit(fields: list[dict[str, Any]]) -> None:
        fields[:] = [field for field in fields if field["name"] not in names]

    return edit


@pytest.fixture(autouse=True)
def use_registry(registry: Registry, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("SCHEMA_REGISTRY_URL", registry.url)


def test_all_are_registered_once(run: Run, broker: str) -> None:
    before = run("list", "--json").items
    assert {row["registry"] for row in before} == {"not registered"}
    assert len(before) == len(PAYLOADS)
    assert run("check", "--all").code == 0

    ahead = run("register", "--all", "--dry-run", "--json").items
    assert {row["state"] for row in ahead} == {"to register"}
    assert {row["registry"] for row in run("list", "--json").items} == {"not registered"}

    first = run("register", "--all", "--json", "--reason", "first release")
    assert first.code == 0
    assert {(row["state"], row["version"], row["compatibility"]) for row in first.items} == {
        ("registered", 1, "BACKWARD")
    }
    assert f"{broker}.orders.filled-value" in {row["subject"] for row in first.items}

    again = run("register", "--all", "--json").items
    assert {row["state"] for row in again} == {"unchanged"}
    assert [row["id"] for row in again] == [row["id"] for row in first.items]

    now = run("list", "--json").items
    assert {(row["registry"], row["compatibility"], row["in_step"]) for row in now} == {
        ("registered", "BACKWARD", True)
    }
    checked = run("check", "--all", "--json")
    assert checked.code == 0
    assert {row["verdict"] for row in checked.items} == {"unchanged"}
    assert run("diff", "order_filled").code == 0


def test_an_incompatible_schema_is_refused_with_its_reasons(run: Run, broker: str, registry: Registry) -> None:
    topic = f"{broker}.orders.rejected"

    def other(fields: list[dict[str, Any]]) -> None:
        without("quantity")(fields)
        for field in fields:
            if field["name"] == "reason":
                field["type"] = "long"
            if field["name"] == "side":
                field["type"]["symbols"].append("BOTH")

    ask(registry, lambda client: client.register(f"{topic}-value", edited(EventType.ORDER_REJECTED, other)))
    reasons = {
        "data.side": "no longer knows BOTH",
        "data.quantity": "is new and has no default: earlier values lack it",
        "data.reason": "was long, is string",
    }

    checked = run("check", "order_rejected", "order_filled", "--json")
    assert checked.code == 3
    verdicts = {row["topic"]: row for row in checked.items}
    assert verdicts[topic]["verdict"] == "incompatible"
    assert {why["path"]: why["message"] for why in verdicts[topic]["registry_reasons"]} == reasons
    assert verdicts[topic]["reasons"] == []
    assert verdicts[f"{broker}.orders.filled"]["verdict"] == "unchanged"
    assert run("check", "order_rejected", "--offline").code == 0

    refused = run("register", "order_filled", "order_rejected")
    assert refused.code == 3
    assert "Nothing was registered" in refused.err
    for path, message in reasons.items():
        assert f"{topic}: {path}: {message}" in refused.err
    subjects = ask(registry, lambda client: client.subjects())
    assert f"{topic}-value" in subjects
    assert f"{broker}.orders.filled-value" not in subjects, "all or none"

    differing = run("diff", topic, "--json")
    assert differing.code == 3
    assert {(row["path"], row["change"]) for row in differing.items} == {
        ("data.side", "symbols"),
        ("data.quantity", "added"),
        ("data.reason", "changed"),
    }


def test_the_registry_itself_refuses_and_gives_no_reason(run: Run, broker: str, registry: Registry) -> None:
    topic = f"{broker}.orders.accepted"
    subject, schema = f"{topic}-value", schema_text(EventType.ORDER_ACCEPTED)
    older = edited(EventType.ORDER_ACCEPTED, without("venue_order_id"))

    async def prepare(client: SchemaRegistry) -> None:
        await client.register(subject, older)
        await client.set_level(subject, "BACKWARD")
        assert await client.level(subject) == "BACKWARD"
        assert not (await client.check(subject, schema)).is_compatible
        with pytest.raises(RejectedSchemaError):
            await client.register(subject, schema)
        assert await client.versions(subject) == (1,)

    ask(registry, prepare)
    checked = run("check", topic)
    assert checked.code == 3
    assert "data.venue_order_id: is new and has no default" in checked.err


def test_a_compatible_schema_becomes_the_next_version(run: Run, broker: str, registry: Registry) -> None:
    topic = f"{broker}.pnl.snapshots"
    older = edited(EventType.PNL_SNAPSHOT, without("positions"))
    ask(registry, lambda client: client.register(f"{topic}-value", older))

    (row,) = run("check", topic, "--json").items
    assert (row["verdict"], row["registry"], row["version"]) == ("compatible", "differs", 1)
    assert run("diff", topic).code == 3

    (done,) = run("register", topic, "--json").items
    assert (done["state"], done["version"], done["compatibility"]) == ("registered", 2, "BACKWARD")
    assert run("diff", topic).code == 0
    assert run("diff", topic, "--version", "1").code == 3
    absent = run("diff", topic, "--version", "9")
    assert absent.code == 2
    assert "no version 9" in absent.err


def test_every_earlier_version_counts_when_asked(run: Run, broker: str, registry: Registry) -> None:
    """The first version has a field as text, the second has none: only the first stands in the way."""
    topic = f"{broker}.signals.raw"

    def as_text(fields: list[dict[str, Any]]) -> None:
        next(field for field in fields if field["name"] == "limit_price").update(type="long", default=0)

    async def prepare(client: SchemaRegistry) -> None:
        await client.register(f"{topic}-value", edited(EventType.SIGNAL_RAW, as_text))
        await client.register(f"{topic}-value", edited(EventType.SIGNAL_RAW, without("limit_price")))

    ask(registry, prepare)
    assert run("check", topic).code == 0
    strict = run("check", topic, "--compatibility", "backward_transitive")
    assert strict.code == 3
    assert "data.limit_price: was long" in strict.err
    assert run("register", topic, "--compatibility", "FULL_TRANSITIVE").code == 3
    wrong = run("check", topic, "--compatibility", "BACKWARDS")
    assert wrong.code == 2
    assert "'BACKWARD'" in wrong.err


def test_words_alone_make_no_new_version(run: Run, broker: str, registry: Registry) -> None:
    topic = f"{broker}.orders.expired"
    schema = json.loads(schema_text(EventType.ORDER_EXPIRED)) | {"doc": "in other words"}
    ask(registry, lambda client: client.register(f"{topic}-value", json.dumps(schema)))
    (row,) = run("register", topic, "--json").items
    assert (row["state"], row["version"]) == ("unchanged", 1)
