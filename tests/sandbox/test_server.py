"""The server: on loopback only, clean when it stops, and light until it is wanted."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

import reconciler.sandbox
from reconciler.sandbox.fleet import Fleet, number
from reconciler.sandbox.server import RunningSandbox, serve
from tests.sandbox.support import ONE

ROOM = Path(reconciler.sandbox.__file__).parent
ALLOWED = {"reconciler.sandbox", "starlette", "uvicorn", "msgspec"}


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("file", sorted(ROOM.glob("*.py")), ids=lambda file: file.name)
def test_the_room_imports_nothing_of_the_product(file: Path) -> None:
    for module in imports(file):
        if module.split(".")[0] in sys.stdlib_module_names:
            continue
        allowed = any(module == one or module.startswith(f"{one}.") for one in ALLOWED)
        assert allowed, f"{file.name} imports {module}"


def test_importing_the_package_loads_no_server() -> None:
    script = "import sys, reconciler.sandbox; print({'starlette','uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_a_stopped_sandbox_leaves_no_thread_and_no_listener() -> None:
    before = set(threading.enumerate())
    with RunningSandbox(Fleet.of([number(ONE)])) as sandbox:
        headers = {"authorization": f"Bearer {sandbox.api_key}"}
        with httpx.Client(headers=headers) as client:
            assert client.get(f"{sandbox.base_url}/phone_numbers").status_code == 200
        port = int(sandbox.base_url.split(":")[2].split("/")[0])
    assert set(threading.enumerate()) == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_client_that_stays_connected_does_not_keep_the_sandbox_alive() -> None:
    with httpx.Client() as client:
        with RunningSandbox() as sandbox:
            client.get(f"{sandbox.base_url}/phone_numbers")
        with pytest.raises(httpx.ConnectError):
            client.get(f"{sandbox.base_url}/phone_numbers")


def test_two_sandboxes_run_side_by_side() -> None:
    with RunningSandbox(api_key="A") as first, RunningSandbox(api_key="B") as second:
        assert first.base_url != second.base_url
        headers = {"authorization": "Bearer A"}
        assert httpx.get(f"{first.base_url}/phone_numbers", headers=headers).status_code == 200
        assert httpx.get(f"{second.base_url}/phone_numbers", headers=headers).status_code == 401


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with RunningSandbox() as sandbox:
        port = int(sandbox.base_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"):
            serve(port, 1)


def test_serve_blocks_tells_its_address_and_prints_nothing() -> None:
    script = (
        "import sys\n"
        "from reconciler.sandbox.server import serve\n"
        "def ready(url):\n"
        "    sys.stderr.write(url + '\\n')\n"
        "    sys.stderr.flush()\n"
        "try:\n"
        "    serve(0, 50, 1, on_ready=ready)\n"
        "except KeyboardInterrupt:\n"
        "    sys.stderr.write('interrupted\\n')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as served:
        assert served.stderr is not None
        url = served.stderr.readline().strip()
        try:
            headers = {"authorization": "Bearer KEY_SANDBOX"}
            answer = httpx.get(f"{url}/phone_numbers", headers=headers)
        finally:
            served.send_signal(2)
        out, err = served.communicate(timeout=10)
    assert answer.json()["meta"]["total_results"] == 50
    assert (out, err) == ("", "interrupted\n")
