"""The registry client against what may answer: registries, things that are none, and nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from alphapanda.serialization.registry import (
    CompatibilityVerdict,
    Registered,
    RegistryUnreachableError,
    RejectedSchemaError,
    SchemaRegistry,
    without_credentials,
)
from topics.errors import DependencyError, UsageError

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Answer], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve what a function answers, on a port of its own, and give the address."""
    async with AsyncExitStack() as stack:

        async def start(answer: Answer) -> str:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", answer)
            runner = web.AppRunner(app, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            return f"http://{host}:{port}"

        yield start


def always(body: str, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type="application/json")

    return answer


@asynccontextmanager
async def talking(serve: Serve, answer: Answer) -> AsyncIterator[SchemaRegistry]:
    async with SchemaRegistry.connect(f"{await serve(answer)}/base/", timeout_s=2.0) as registry:
        yield registry


async def test_requests_are_those_of_the_protocol(serve: Serve) -> None:
    asked: list[tuple[str, str, str, object]] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        asked.append((request.method, request.raw_path, request.headers["Content-Type"], body))
        answers: dict[tuple[str, str], object] = {
            ("GET", "/base/subjects"): ["b", "a"],
            ("GET", "/base/subjects/a%2Fb-value/versions"): [2, 1],
            ("GET", "/base/subjects/a%2Fb-value/versions/latest"): {
                "subject": "a/b-value",
                "version": 2,
                "id": 7,
                "schema": "{}",
                "guid": "what this client does not know",
            },
            ("GET", "/base/schemas/ids/7"): {"schema": "{}"},
            ("GET", "/base/schemas/ids/8"): {"schema": "syntax", "schemaType": "PROTOBUF"},
            ("GET", "/base/config/a%2Fb-value?defaultToGlobal=true"): {"compatibilityLevel": "FULL"},
            ("POST", "/base/compatibility/subjects/a%2Fb-value/versions/latest?verbose=true"): {
                "is_compatible": False,
                "messages": ["because"],
            },
            ("POST", "/base/subjects/a%2Fb-value/versions"): {"id": 9},
            ("PUT", "/base/config/a%2Fb-value"): {"compatibility": "FULL"},
        }
        return web.json_response(answers[request.method, request.raw_path])

    async with talking(serve, answer) as registry:
        assert await registry.subjects() == ("a", "b")
        assert await registry.versions("a/b-value") == (1, 2)
        assert await registry.version("a/b-value") == Registered("a/b-value", 2, 7, "{}")
        assert await registry.schema(7) == "{}"
        assert await registry.schema(8) is None
        assert await registry.level("a/b-value") == "FULL"
        assert await registry.check("a/b-value", "S") == CompatibilityVerdict(
            is_compatible=False, messages=("because",)
        )
        assert await registry.register("a/b-value", "S") == 9
        await registry.set_level("a/b-value", "FULL")
    assert {content for _, _, content, _ in asked} == {"application/vnd.schemaregistry.v1+json"}
    assert [body for *_, body in asked if body] == [{"schema": "S"}, {"schema": "S"}, {"compatibility": "FULL"}]


async def test_what_is_not_there(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/base/config":
            return web.json_response({"compatibilityLevel": "NONE"})
        code = 40403 if "schemas" in request.path else 40401
        return web.json_response({"error_code": code, "message": "not found"}, status=404)

    async with talking(serve, answer) as registry:
        assert await registry.versions("x") == ()
        assert await registry.version("x") is None
        assert await registry.version("x", 3) is None
        assert await registry.schema(1) is None
        assert await registry.look_up("x", "S") is None
        assert await registry.level("x") == "NONE"
        assert (await registry.check("x", "S")).is_compatible


@pytest.mark.parametrize(("status", "code"), [(409, 409), (422, 42201)])
async def test_a_schema_that_is_refused(serve: Serve, status: int, code: int) -> None:
    body = f'{{"error_code": {code}, "message": "Incompatible\\n  schema: y"}}'
    async with talking(serve, always(body, status)) as registry:
        with pytest.raises(RejectedSchemaError, match="Incompatible schema: y"):
            await registry.register("x", "S")


async def test_a_level_that_is_none(serve: Serve) -> None:
    async with talking(serve, always('{"error_code": 42203, "message": "Invalid level"}', 422)) as registry:
        with pytest.raises(UsageError, match="Invalid level"):
            await registry.set_level("x", "FOO")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("<html>It works!</html>", 200, "not a schema registry"),
        ('{"subjects": []}', 200, "not a schema registry"),
        ("[1, 2]", 200, "not a schema registry"),
        ("", 204, "not a schema registry"),
        ("404 page not found", 404, "does not know the paths"),
        ('{"error": "nope"}', 404, "does not know the paths"),
        ('{"error_code": 401, "message": "Unauthorized"}', 401, "refuses the credentials"),
        ("", 403, "refuses the credentials"),
        ('{"error_code": 50001, "message": "store is\\ndown"}', 500, "fails: 500 store is down"),
        ("", 503, "fails: 503"),
        ("slow down", 429, "fails: 429"),
    ],
)
async def test_what_cannot_be_worked_with(serve: Serve, body: str, status: int, words: str) -> None:
    async with talking(serve, always(body, status)) as registry:
        with pytest.raises(RegistryUnreachableError, match=words) as caught:
            await registry.subjects()
    assert isinstance(caught.value, DependencyError)
    assert registry.name in caught.value.message
    assert caught.value.hint


async def test_nobody_answers() -> None:
    async with SchemaRegistry.connect("http://127.0.0.1:1", timeout_s=2.0) as registry:
        with pytest.raises(RegistryUnreachableError, match=r"No schema registry answers.*Connection refused"):
            await registry.subjects()


async def test_an_answer_that_does_not_come_ends_in_time(serve: Serve) -> None:
    left = asyncio.Event()

    async def answer(_request: web.Request) -> web.Response:
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return web.Response()

    async with SchemaRegistry.connect(await serve(answer), timeout_s=0.2) as registry:
        with pytest.raises(RegistryUnreachableError, match="does not answer in time"):
            await registry.subjects()


async def test_a_connection_that_breaks_off(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with talking(serve, answer) as registry:
        with pytest.raises(RegistryUnreachableError, match="No schema registry answers"):
            await registry.subjects()


async def test_credentials_are_sent_and_never_shown(serve: Serve) -> None:
    said: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        said.append(request.headers.get("Authorization", ""))
        return web.Response(status=401)

    url = (await serve(answer)).replace("http://", "http://me:pass%40word@")
    async with SchemaRegistry.connect(url, timeout_s=2.0) as registry:
        with pytest.raises(RegistryUnreachableError) as caught:
            await registry.subjects()
    assert said[0].startswith("Basic ")
    assert "word" not in str(caught.value).replace("password", "")
    assert "me" not in registry.name.split("//")[1]


def test_an_address_as_it_may_be_shown() -> None:
    assert without_credentials("https://u:p@host:8081/x?y=1") == "https://host:8081/x?y=1"
    assert without_credentials("http://host:8081") == "http://host:8081"
