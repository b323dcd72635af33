import asyncio
import base64
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.store.store import Store
from tests.conftest import heed_signals
from tests.test_review_screen import fill

aiohttp = pytest.importorskip("aiohttp")
pytest.importorskip("textual_serve")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def page(tmp_path: Path, home: Path) -> Iterator[int]:
    """The port at which the screen is served."""
    with Store(tmp_path / "s.db") as store:
        fill(store)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words = ["review", "day", "--coder", "anna", "--web", "--port", str(port), "--store", str(tmp_path / "s.db")]
    server = subprocess.Popen([sys.executable, "-m", "crosswalk", *words], preexec_fn=heed_signals)
    try:
        for _ in range(600):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def answer(port: int, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, dict(response.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


async def press_in_browser(port: int, profile: Path, done: Path, shot: Path) -> list[str]:
    """Open the page in Chromium, press 1, wait until it is decided; gives the addresses that the page asked for."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    browser = subprocess.Popen([*command, "about:blank"], stderr=subprocess.DEVNULL)
    try:
        while not (profile / "DevToolsActivePort").is_file():
            await asyncio.sleep(0.2)
        debug = (profile / "DevToolsActivePort").read_text().split()[0]
        async with aiohttp.ClientSession() as session:
            tabs = await (await session.get(f"http://127.0.0.1:{debug}/json")).json()
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as tab:
                for number, (method, values) in enumerate(
                    [("Network.enable", {}), ("Page.enable", {}), ("Page.navigate", {"url": f"http://127.0.0.1:{port}/"})]
                ):
                    await tab.send_json({"id": number, "method": method, "params": values})
                asked, pressed, end = [], 0.0, time.time() + 150
                while time.time() < end and not decided(done):
                    if time.time() > pressed + 8:
                        pressed = time.time()
                        for kind in ("mousePressed", "mouseReleased"):  # the terminal in the page has to have the focus
                            click = {"type": kind, "x": 300, "y": 350, "button": "left", "clickCount": 1}
                            await tab.send_json({"id": 80, "method": "Input.dispatchMouseEvent", "params": click})
                        key = {"key": "1", "code": "Digit1", "text": "1", "windowsVirtualKeyCode": 49}
                        for kind in ("keyDown", "keyUp"):
                            await tab.send_json({"id": 90, "method": "Input.dispatchKeyEvent", "params": {"type": kind, **key}})
                    try:
                        message = json.loads((await tab.receive(timeout=1)).data)
                    except (TimeoutError, TypeError):
                        continue
                    if message.get("method") in ("Network.requestWillBeSent", "Network.responseReceived"):
                        asked.append(message["params"].get("response", {}).get("url", ""))
                await tab.send_json({"id": 99, "method": "Page.captureScreenshot", "params": {}})
                while (message := json.loads((await tab.receive(timeout=60)).data)).get("id") != 99:
                    continue
                shot.write_bytes(base64.b64decode(message["result"]["data"]))
        return [address for address in asked if address]
    finally:
        browser.terminate()
        browser.wait(30)


def decided(store: Path) -> bool:
    with Store(store) as opened:
        return bool(opened.decisions.settled("day"))


def test_other_pages_are_refused_and_nothing_is_fetched_from_elsewhere(page: int) -> None:
    status, headers = answer(page, "/", {})
    assert status == 200
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert answer(page, "/", {"Host": "evil.example"})[0] == 403
    assert answer(page, "/ws", {"Origin": "http://evil.example"})[0] == 403


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_screen_is_driven_in_a_browser(page: int, tmp_path: Path) -> None:
    asked = asyncio.run(press_in_browser(page, tmp_path / "profile", tmp_path / "s.db", tmp_path / "shot.png"))
    with Store(tmp_path / "s.db") as store:
        kept = store.decisions.settled("day")["k0"]
        assert (kept.action, kept.code, kept.coder) == ("accept", "5120", "anna")
    assert asked
    assert all(address.startswith((f"http://127.0.0.1:{page}/", "data:")) for address in asked), asked
    assert (tmp_path / "shot.png").stat().st_size > 5000
