"""A real Chromium without a window, driven through two pipes: its DevTools protocol, JSON and NUL.

No driver, no port, no package: the browser reads descriptor 3 and writes to 4. Every answer has a
deadline, and closing ends it whatever it does.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ANSWER_SECONDS = 20
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The descriptors get their places in the child; exec keeps its process id.
_LAUNCH = (
    "import os, sys\n"
    "os.dup2(int(sys.argv[1]), 3)\n"
    "os.dup2(int(sys.argv[2]), 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)

Answer = dict[str, Any]


def find_chrome() -> str:
    """Where a Chromium is. Without one the tests that need it are skipped, but for one that CHROME
    names, which has to be there."""
    given = os.environ.get("CHROME")
    if given:
        found = shutil.which(given)
        assert found, f"CHROME={given} is no program"
        return found
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    pytest.skip(f"no browser: none of {', '.join(_NAMES)} is installed, and CHROME is not set")


class Chrome:
    """A browser with one page; `close` ends it."""

    def __init__(self, program: str, profile: Path) -> None:
        reads, self._into = os.pipe()
        self._from, writes = os.pipe()
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (reads, writes)]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _LAUNCH, *map(str, high), program),
                *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
                *("--hide-scrollbars", f"--user-data-dir={profile}", "--remote-debugging-pipe"),
                "about:blank",
            ],
            pass_fds=high,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for each in (reads, writes, *high):
            os.close(each)
        self._buffer = b""
        self._arrived: deque[Answer] = deque()
        self._last = 0
        self._session: str | None = None
        self.events: list[Answer] = []
        self._attach()

    def _attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Answer:
        """One command and its answer; what else arrives meanwhile goes to `events`."""
        self._last += 1
        message: Answer = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._into, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: Answer = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self, deadline: float, waiting_for: str) -> Answer:
        while not self._arrived:
            left = deadline - time.monotonic()
            assert left > 0, f"the browser did not answer {waiting_for} in {ANSWER_SECONDS} s"
            self._read(left)
        return self._arrived.popleft()

    def _listen(self, seconds: float) -> None:
        """Take in what the browser says unasked."""
        self._read(seconds)
        self.events += self._arrived
        self._arrived.clear()

    def _read(self, seconds: float) -> None:
        ready, _, _ = select.select([self._from], [], [], seconds)
        if not ready:
            return
        chunk = os.read(self._from, 1 << 20)
        assert chunk, "the browser ended"
        *messages, self._buffer = (self._buffer + chunk).split(b"\0")
        self._arrived += map(json.loads, messages)

    def open(self, address: str) -> None:
        """Load a page, and wait until it has run its script."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        self.until(lambda: self.has_event("Page.loadEventFired"), f"{address} is loaded")

    def has_event(self, method: str) -> bool:
        """Whether the browser has said so since the page was opened."""
        return any(event.get("method") == method for event in self.events)

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Look again until it holds."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"it is still not so that {what}"
            self._listen(0.02)

    def run(self, script: str) -> Any:
        """What an expression of JavaScript gives, as data; a promise is waited for."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def type(self, text: str) -> None:
        """As a keyboard does, into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, text: str = "") -> None:
        """One key, down and up; `code` is its virtual key code."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def media(self, **features: str) -> None:
        """Set what a style sheet can ask for, such as prefers_color_scheme."""
        given = [{"name": name.replace("_", "-"), "value": features[name]} for name in features]
        self.call("Emulation.setEmulatedMedia", features=given)

    def window(self, width: int, height: int) -> None:
        """The size of the page, in pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self, *, whole: bool = False) -> bytes:
        """A PNG of what is seen, or of the whole page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def close(self) -> None:
        """End it: as it wants to, else by force."""
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(5)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        finally:
            os.close(self._into)
            os.close(self._from)
