"""The dashboard in a browser: a real one, which reads the page, its terminal, and every address that it asks."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from alphapanda.clock import SystemClock

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
PATIENCE_S = 60.0

KEEP_TERMINAL = """
Object.defineProperty(Object.prototype, "_core", {
  configurable: true,
  set(value) {
    if (value && value.buffers) window.xtermCore = value;
    Object.defineProperty(this, "_core", {value, writable: true, configurable: true, enumerable: true});
  },
});
"""
"""Keeps the page's terminal where a test can read it: it is drawn on a canvas, which has no text."""

READ_TERMINAL = """
(() => {
  const core = window.xtermCore;
  if (!core) return "";
  const buffer = core.buffers.active, lines = [];
  for (let y = 0; y < core.rows; y++) lines.push(buffer.lines.get(buffer.ydisp + y).translateToString(true));
  return lines.join("\\n");
})()
"""


class Page:
    """One tab, driven through the browser's own protocol.

    Attributes:
        asked: every address that the page asked for.
        said: what the page's console says.
    """

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._session: str | None = None
        self.asked: list[str] = []
        self.said: list[str] = []

    async def listen(self) -> None:
        async for message in self._socket:
            received = json.loads(message.data)
            if "id" in received:
                self._answers.pop(received["id"]).set_result(received)
            elif received["method"] == "Network.requestWillBeSent":
                self.asked.append(received["params"]["request"]["url"])
            elif received["method"] == "Network.webSocketCreated":
                self.asked.append(received["params"]["url"])
            elif received["method"] == "Log.entryAdded":
                self.said.append(received["params"]["entry"]["text"])

    async def call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": params, **session})
        async with asyncio.timeout(PATIENCE_S):
            found = await answer
        assert "error" not in found, found
        return found["result"]

    async def open(self, url: str) -> None:
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=KEEP_TERMINAL)
        await self.call("Page.navigate", url=url)

    async def shows(self) -> str:
        """Return the text in the page's terminal."""
        found = await self.call("Runtime.evaluate", expression=READ_TERMINAL)
        return str(found["result"].get("value", found))

    async def until(self, what: Callable[[str], bool]) -> str:
        clock = SystemClock()
        end = clock.monotonic() + PATIENCE_S
        while not what(shown := await self.shows()):
            assert clock.monotonic() < end, f"{shown}\n{self.said}\n{self.asked}"
            await asyncio.sleep(0.1)
        return shown

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            code = ord(key.upper())
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    async def picture(self) -> bytes:
        found = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(found["data"])


@asynccontextmanager
async def a_page(folder: Path) -> AsyncIterator[Page]:
    """Open a browser with nothing in it."""
    words = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    more = ("--remote-debugging-port=0", f"--user-data-dir={folder}", "--window-size=1500,900", "about:blank")
    browser = await asyncio.create_subprocess_exec(
        *(BROWSER, *words, *more), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        told = folder / "DevToolsActivePort"
        async with asyncio.timeout(PATIENCE_S):
            while not told.exists() or "\n" not in (text := told.read_text()):
                assert browser.returncode is None, "the browser ended"
                await asyncio.sleep(0.1)
        port, path = text.split("\n")[:2]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0) as connection,
        ):
            page = Page(connection)
            listening = asyncio.create_task(page.listen())
            try:
                yield page
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    finally:
        for child in psutil.Process(browser.pid).children(recursive=True):
            child.kill()
        browser.kill()
        await browser.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
async def served(tmp_path: Path, own_environ: dict[str, str]) -> AsyncIterator[tuple[int, psutil.Process]]:
    """A served dashboard over the seeded market: its port, and the process."""
    home, port = tmp_path / "served", free_port()
    home.mkdir()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui.testing.served", str(port)),
        env=own_environ | {"ALPHAPANDA_HOME": str(home), "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert f"http://127.0.0.1:{port}" in (await child.stderr.readline()).decode()
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield port, psutil.Process(child.pid)
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


@pytest.mark.skipif(not BROWSER, reason="no Chromium is installed")
@pytest.mark.timeout(240)
async def test_a_browser_shows_the_dashboard_and_asks_nobody_else(
    served: tuple[int, psutil.Process], tmp_path: Path
) -> None:
    port, server = served
    (tmp_path / "browser").mkdir()
    async with a_page(tmp_path / "browser") as page:
        await page.open(f"http://127.0.0.1:{port}/")
        shown = await page.until(lambda text: "Overview" in text and "zerodha" in text)
        assert "Attention" in shown
        assert "CONTROL" not in shown
        await page.press("4")
        await page.until(lambda text: "─ Orders" in text and "NSE:" in text)
        await page.press("X")
        await page.until(lambda text: "Read-only" in text)
        picture = await page.picture()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 20_000, "an empty page is a fraction of that"
        if folder := os.environ.get("ALPHAPANDA_TEST_PICTURES"):
            (Path(folder) / "served.png").write_bytes(picture)
        ours = (f"http://127.0.0.1:{port}/", f"ws://127.0.0.1:{port}/", "data:", "blob:")
        assert len(page.asked) >= 4
        assert [url for url in page.asked if not url.startswith(ours)] == []
        assert [text for text in page.said if "Content Security Policy" in text] == []
        boards = server.children(recursive=True)
        assert boards
    psutil.wait_procs(boards, timeout=PATIENCE_S)
    assert not [one for one in boards if one.is_running()], "a tab that is closed takes its dashboard with it"


async def test_pages_from_elsewhere_are_refused(served: tuple[int, psutil.Process]) -> None:
    port, server = served
    here = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        async with session.get(here) as page:
            assert page.status == 200
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert "googleapis" not in await page.text()
        async with session.get(here, headers={"Host": "alphapanda.example"}) as page:
            assert page.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{here}/ws", headers={"Origin": "http://elsewhere.example"})
        assert refused.value.status == 403
    assert not server.children()
    assert {one.laddr.ip for one in server.net_connections() if one.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


async def test_the_dashboards_end_with_a_server_that_is_killed(served: tuple[int, psutil.Process]) -> None:
    port, server = served
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/ws?width=120&height=40") as connection,
    ):
        assert (await connection.receive(PATIENCE_S)).type is aiohttp.WSMsgType.BINARY
        (board,) = server.children(recursive=True)
        os.kill(server.pid, signal.SIGKILL)
        psutil.wait_procs([board], timeout=PATIENCE_S)
        assert not board.is_running()


async def test_only_looking_is_served(own_environ: dict[str, str], tmp_path: Path) -> None:
    async def ended(*words: str, **environ: str) -> tuple[int | None, str]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "commands.main", "tui", *words),
            env=own_environ | {"ALPHAPANDA_HOME": str(tmp_path)} | environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await child.communicate()
        return child.returncode, err.decode()

    code, said = await ended("--serve", "--control")
    assert code == 2
    assert "read-only" in said
    driven = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    code, said = await ended("--control", **driven)
    assert code == 2
    assert "read-only" in said
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = await ended("--serve", "--port", str(taken.getsockname()[1]))
    assert code == 4
    assert "--port" in said
