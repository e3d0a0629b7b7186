from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alphapanda.errors import ConfigError, RedisUnreachableError
from alphapanda.infra.redis_probe import RedisRefusedError, RedisStartingError, probe_redis


@asynccontextmanager
async def answering(line: bytes) -> AsyncIterator[str]:
    """A server that gives the same answer to everything; gives its URL with a password."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(10_000):
            writer.write(line)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"redis://:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"-WRONGPASS invalid username-password pair\r\n", RedisRefusedError),
        (b"-NOAUTH Authentication required.\r\n", RedisRefusedError),
        (b"-NOPERM this user has no permissions\r\n", RedisRefusedError),
        (b"-LOADING Redis is loading the dataset in memory\r\n", RedisStartingError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", RedisUnreachableError),
    ],
)
async def test_each_refusal_is_one_line_without_the_password(line: bytes, error: type[Exception]) -> None:
    async with answering(line) as url:
        with pytest.raises(error) as told:
            await probe_redis(url, timeout_s=2)
    assert "secret" not in str(told.value)
    assert ":***@127.0.0.1" in str(told.value)


async def test_where_nobody_listens_it_says_so() -> None:
    with pytest.raises(
        RedisUnreachableError, match=r"No Redis answers at redis://127\.0\.0\.1:1/0: nobody listens there"
    ):
        await probe_redis("redis://127.0.0.1:1/0")


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://127.0.0.1", "redis://127.0.0.1:port/0"])
async def test_what_is_not_a_url_of_redis_is_an_error(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a URL of Redis"):
        await probe_redis(url)
