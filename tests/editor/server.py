"""yaml-language-server (of npm) over stdio, as an editor drives it."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
"""Seconds; the program is started by node, on a machine that may be busy."""
_SETTINGS: dict[str, Any] = {
    "yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True}
}


class Server:
    """One server and its messages."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._count = 0
        self._inbox: queue.Queue[dict[str, Any]] = queue.Queue()
        self._told: list[dict[str, Any]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, method: str, params: Any) -> Any:
        """The result of a request."""
        self._count += 1
        number = self._count
        self._send({"id": number, "method": method, "params": params})
        answer = self._wait(lambda m: m.get("id") == number and "method" not in m)
        assert "error" not in answer, answer
        return answer["result"]

    def tell(self, method: str, params: Any) -> None:
        """A notification."""
        self._send({"method": method, "params": params})

    def hear(self, method: str) -> Any:
        """The params of the next notification of this kind."""
        return self._wait(lambda m: m.get("method") == method)["params"]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _wait(self, is_meant: Any) -> dict[str, Any]:
        for at, message in enumerate(self._told):
            if is_meant(message):
                return self._told.pop(at)
        while True:
            message = self._inbox.get(timeout=_PATIENCE)
            if is_meant(message):
                return message
            self._told.append(message)

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream
        while line := stream.readline():
            size = int(line.partition(b":")[2])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(size))
            if "id" in message and "method" in message:
                self._answer(message)
            else:
                self._inbox.put(message)

    def _answer(self, request: dict[str, Any]) -> None:
        """What the server asks of an editor: its settings, and leave to do things."""
        items = request.get("params", {}).get("items", ()) if request.get("params") else ()
        found = [_SETTINGS.get(each.get("section", ""), {}) for each in items]
        self._send({"id": request["id"], "result": found if items else None})


@contextmanager
def serving(command: str, root: Path) -> Iterator[Server]:
    """A server for the project in `root`, ready to be asked."""
    words = [command, "--stdio"]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        server = Server(process)
        abilities = {"textDocument": {"hover": {"contentFormat": ["markdown"]}}}
        server.ask(
            "initialize",
            {"processId": None, "rootUri": root.as_uri(), "capabilities": abilities},
        )
        server.tell("initialized", {})
        server.tell("workspace/didChangeConfiguration", {"settings": _SETTINGS})
        yield server
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
