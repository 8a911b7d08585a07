"""What goes wrong between here and the service: names, certificates, proxies, slow bodies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.api.clock import SystemClock
from reconciler.api.read import open_reader
from reconciler.api.settings import Limits
from reconciler.errors import FatalNetworkError
from reconciler.sandbox.faults import Respond
from reconciler.sandbox.server import RunningSandbox
from tests.api.support import Call, free_port, reply, run, serving
from tests.api.test_transport import company
from tests.apply.account import ONE
from tests.cli.support import Said, Shell, child

__all__ = ["company"]

KEY = "KEY0123456789_made_up_for_these_tests"
MEGABYTE = 1024 * 1024

Serve = Callable[[socket.socket], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One declared number."""
    (tmp_path / "a.yaml").write_text(
        f'version: 1\nnumbers: {{"{ONE}": {{customer_reference: desk-1}}}}\n'
    )
    return tmp_path


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A server on loopback that does as it is told with each connection; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                serve(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def plan(project: Path, base_url: str, **env: str) -> Said:
    """`plan` as a process, without a proxy unless one is given."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"), "")
    given = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, **proxies, **env}
    given |= {name.lower(): given[name] for name in proxies}
    said = child("plan", cwd=project, env=given)
    assert not said.has_traceback
    assert KEY not in said.out + said.err
    return said


# ---- TLS, names, slow bodies --------------------------------------------------------------------


def test_tls_failure_dns_failure_a_body_that_drips_tls_failure(
    project: Path, company: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(company / "cert.pem", company / "key.pem")
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            seen.append(secure.recv(1000))

    with listening(serve) as port:
        said = plan(project, f"https://localhost:{port}/v2")
    assert (said.code, seen) == (1, [])
    assert "the TLS check of localhost failed" in said.err


def test_tls_failure_dns_failure_a_body_that_drips_dns_failure(project: Path) -> None:
    started = time.monotonic()
    said = plan(project, "https://api.invalid/v2")
    assert (said.code, "the name api.invalid was not found" in said.err) == (1, True)
    assert time.monotonic() - started < 20


def test_tls_failure_dns_failure_a_body_that_drips_ends_at_one_total_deadline() -> None:
    async def drip(_call: Call, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", length=10_000))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    async def go() -> int:
        async with serving(drip) as server:
            limits = Limits(call_timeout_seconds=0.3)
            async with open_reader(server.endpoint, limits, SystemClock()) as reader:
                with pytest.raises(FatalNetworkError, match=r"the answer of 127\.0\.0\.1 drips"):
                    await reader.get("/phone_numbers")
            return len(server.calls)

    assert run(go()) == 1


# ---- connections and bodies ---------------------------------------------------------------------


class NoWaiting(SystemClock):
    """The clocks of this machine, but nothing is slept for."""

    def __init__(self) -> None:
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += max(seconds, 0.0)
        await asyncio.sleep(0)


def test_connection_refused_before_a_byte_was_sent_names_the_host(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "reconciler.yaml").write_text("limits: {rate_per_second: 1000}\n")
    clock = NoWaiting()
    monkeypatch.setattr("reconciler.workflow.planning.SystemClock", lambda: clock)
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    monkeypatch.setenv("TELNYX_BASE_URL", f"http://127.0.0.1:{free_port()}/v2")
    monkeypatch.chdir(project)
    said = Shell(monkeypatch, capsys)("plan")
    assert (said.code, "no connection to 127.0.0.1" in said.err) == (1, True)
    assert KEY not in said.out + said.err
    assert clock.slept > 0


def test_a_body_of_gigabytes_capped(served: RunningSandbox, project: Path) -> None:
    page = " " * MEGABYTE
    served.control.fault(Respond(status=200, body=page, repeat=4096), method="GET", times=None)
    script = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({1024 * MEGABYTE}, {1024 * MEGABYTE}))\n"
        "sys.argv = ['reconciler', 'plan']\n"
        "from reconciler.cli import main\n"
        "main()\n"
    )
    env = {"TELNYX_API_KEY": served.api_key, "TELNYX_BASE_URL": served.base_url}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project,
        env=os.environ | env,
        capture_output=True,
        timeout=60,
    )
    # The body is four times what the process may hold.
    assert (done.returncode, b"over 65536 KiB" in done.stderr) == (1, True)


# ---- proxies and company certificates -----------------------------------------------------------


def proxy(requests: list[bytes]) -> Serve:
    """A proxy that refuses."""

    def serve(connection: socket.socket) -> None:
        requests.append(connection.recv(10_000))
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    return serve


def test_the_usual_proxy_variable_is_used_and_its_password_is_shown_nowhere(project: Path) -> None:
    requests: list[bytes] = []
    with listening(proxy(requests)) as port:
        way = f"http://somebody:hunter2@127.0.0.1:{port}"
        said = plan(project, "https://api.invalid/v2", HTTPS_PROXY=way)
    assert (said.code, "by way of the proxy 127.0.0.1" in said.err) == (1, True)
    assert "hunter2" not in said.err + said.out
    assert requests[0].startswith(b"CONNECT api.invalid:443 ")
    assert KEY.encode() not in b"".join(requests)


@pytest.mark.parametrize("names", ["api.invalid", ".invalid", "*"])
def test_no_proxy_is_heeded(project: Path, names: str) -> None:
    requests: list[bytes] = []
    with listening(proxy(requests)) as port:
        way = f"http://127.0.0.1:{port}"
        said = plan(project, "https://api.invalid/v2", HTTPS_PROXY=way, NO_PROXY=names)
    assert (said.code, requests) == (1, [])
    assert "the name api.invalid was not found" in said.err


def test_loopback_is_never_reached_by_way_of_a_proxy(served: RunningSandbox, project: Path) -> None:
    requests: list[bytes] = []
    with listening(proxy(requests)) as port:
        way = f"http://127.0.0.1:{port}"
        env = {"HTTP_PROXY": way, "http_proxy": way, "ALL_PROXY": way, "NO_PROXY": ""}
        env |= {"TELNYX_API_KEY": served.api_key, "TELNYX_BASE_URL": served.base_url}
        assert child("plan", cwd=project, env=env).code == 0
    assert requests == []


def test_a_company_ca_comes_from_the_usual_variable(project: Path, company: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(company / "cert.pem", company / "key.pem")
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            seen.append(secure.recv(10_000))
            secure.sendall(reply(b'{"errors": []}', status="401 Unauthorized"))

    with listening(serve) as port:
        said = plan(
            project, f"https://localhost:{port}/v2", SSL_CERT_FILE=str(company / "cert.pem")
        )
    assert said.code == 7
    assert b"user-agent: telnyx-reconciler/" in seen[0].lower()
