"""The way out: TLS is verified, company CAs and proxies come from the usual variables."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from reconciler.api.limiter import Limiter
from reconciler.api.settings import Endpoint, Limits
from reconciler.api.transport import open_transport, tls_context
from reconciler.api.write import NotSent, open_writer
from reconciler.errors import FatalNetworkError, UnavailableError, UsageError
from tests.api.support import KEY, Call, FakeClock, http_to, reply, run, saying, serving

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, as a company's CA might: cert.pem, key.pem."""
    if shutil.which("openssl") is None:
        pytest.skip("makes a certificate with openssl")
    folder = tmp_path_factory.mktemp("ca")
    made = subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    return folder


@asynccontextmanager
async def https(folder: Path) -> AsyncIterator[tuple[Endpoint, list[bytes]]]:
    """A TLS server on loopback that answers {} to anything, and what it was sent; it would rather
    speak HTTP/2, and hangs up where nobody says what they speak."""
    seen: list[bytes] = []

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "http/1.1":
            writer.close()
            return
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply())
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Endpoint(f"https://localhost:{port}/v2", KEY), seen
    finally:
        server.close()
        await server.wait_closed()


def test_a_connection_is_used_again_and_as_few_are_opened_as_calls_overlap() -> None:
    async def go() -> tuple[int, int]:
        async with (
            serving(saying(reply()), keep_alive=True) as server,
            http_to(server.endpoint, Limits(rate_per_second=1000)) as http,
        ):
            for _ in range(5):
                await http.send("GET", "/phone_numbers")
            alone = server.connections
            await asyncio.gather(*(http.send("GET", "/phone_numbers") for _ in range(50)))
            return alone, server.connections

    alone, together = run(go())
    assert alone == 1
    assert together <= 8


def test_a_call_that_was_cut_does_not_spoil_the_next() -> None:
    async def go() -> int:
        count = 0

        async def behave(_call: Call, writer: asyncio.StreamWriter) -> None:
            nonlocal count
            count += 1
            if count == 1:
                await asyncio.sleep(5)
            elif count == 2:
                writer.write(reply(b" " * 100_000))
            elif count == 3:
                writer.write(reply(b"{", length=100))
                await writer.drain()
                await asyncio.sleep(5)
            else:
                writer.write(reply())

        limits = Limits(call_timeout_seconds=0.06, max_body_bytes=1000, concurrency=1)
        async with (
            serving(behave, keep_alive=True) as server,
            http_to(server.endpoint, limits) as http,
        ):
            for _ in range(3):
                with pytest.raises(UnavailableError):
                    await http.send("GET", "/phone_numbers")
            return (await http.send("GET", "/phone_numbers")).status

    assert run(go()) == 200


def test_tls_failure_is_fatal_with_the_host_named_and_nothing_is_sent(company: Path) -> None:
    async def go() -> list[bytes]:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with https(company) as (endpoint, seen):
            async with http_to(endpoint) as http:
                with pytest.raises(FatalNetworkError, match="the TLS check of localhost failed"):
                    await http.send("GET", "/phone_numbers")
            limits, clock = Limits(), FakeClock()
            limiter = Limiter(limits, clock)
            async with open_writer(endpoint, limits, clock, limiter=limiter) as client:
                assert isinstance(await client.send_once("DELETE", "/x/1", None), NotSent)
            return seen

    assert run(go()) == []


def test_a_company_ca_comes_from_ssl_cert_file(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company / "cert.pem"))

    async def go() -> int:
        async with https(company) as (endpoint, _), http_to(endpoint) as http:
            return (await http.send("GET", "/phone_numbers")).status

    assert run(go()) == 200


def test_a_certificate_for_another_host_is_refused(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company / "cert.pem"))

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with https(company) as (endpoint, _):
            other = Endpoint(endpoint.base_url.replace("localhost", "127.0.0.1"), KEY)
            async with http_to(other) as http:
                await http.send("GET", "/phone_numbers")

    with pytest.raises(FatalNetworkError, match=r"TLS check of 127\.0\.0\.1 failed"):
        run(go())


def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    async def go() -> None:
        async def connection(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(connection, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, http_to(Endpoint(f"https://localhost:{port}/v2", KEY)) as http:
            await http.send("GET", "/phone_numbers")

    with pytest.raises(FatalNetworkError, match="the TLS check of localhost failed"):
        run(go())


def test_the_context_verifies_and_trusts_public_cas_when_no_variable_is_set() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) > 10


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_with_a_ca_variable_only_its_certificates_count(
    name: str, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(company / "cert.pem" if name == "SSL_CERT_FILE" else company))
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) <= 1


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_cannot_be_read_is_a_usage_error(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        open_transport(Endpoint("https://api.telnyx.com/v2", KEY))


def through_a_proxy(url: str, answer: bytes) -> list[tuple[str, str]]:
    """The calls that a proxy on loopback saw when `url` was asked for; all of it must fail."""

    async def go() -> list[tuple[str, str]]:
        async with serving(saying(answer)) as proxy:
            port = proxy.endpoint.base_url.split(":")[2].removesuffix("/v2")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{port}")
                async with http_to(Endpoint(url, KEY)) as http:
                    with pytest.raises(FatalNetworkError) as caught:
                        await http.send("GET", "/phone_numbers")
            assert "hunter2" not in str(caught.value)
            assert all(KEY not in str(call.headers) for call in proxy.calls)
            assert ("proxy" in str(caught.value)) == bool(proxy.calls)
            return [(call.method, call.target) for call in proxy.calls]

    return run(go())


def test_a_proxy_from_the_environment_is_used_and_never_sees_the_key() -> None:
    refused = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    calls = through_a_proxy("https://api.invalid/v2", refused)
    assert calls == [("CONNECT", "api.invalid:443")]


@asynccontextmanager
async def tunnels() -> AsyncIterator[tuple[str, list[bytes]]]:
    """The URL of a proxy that makes every connection it is asked for, and what it was asked."""
    asked: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        port = int(asked[-1].split()[1].rpartition(b":")[2])
        there, to = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        for way in ((reader, to), (there, writer)):
            tasks.add(asyncio.ensure_future(carry(*way)))

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://user:hunter2@127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0)  # the sockets are closed by the loop's next step


def test_calls_by_way_of_a_proxy_are_answered_and_their_connection_is_checked_end_to_end(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(company / "cert.pem"))
    # What is on this machine never goes through a proxy, and nothing else is here to be called.
    monkeypatch.setattr(Endpoint, "is_loopback", False)

    async def go() -> tuple[list[int], list[bytes], list[bytes]]:
        async with https(company) as (endpoint, seen), tunnels() as (proxy, asked):
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            statuses = []
            for method, body in (("GET", None), ("POST", {"phone_numbers": ["1"]})):
                async with http_to(endpoint) as http:
                    statuses.append((await http.send(method, "/phone_numbers", body=body)).status)
            return statuses, seen, asked

    statuses, seen, asked = run(go())
    assert statuses == [200, 200]
    assert [each.partition(b" ")[0] for each in seen] == [b"GET", b"POST"]
    assert all(f"Bearer {KEY}".encode() in each for each in seen)
    assert len(asked) == 2
    assert all(
        each.startswith(b"CONNECT localhost:") and KEY.encode() not in each for each in asked
    )


def test_a_proxy_that_is_not_there_is_named() -> None:
    async def go() -> None:
        async with http_to(Endpoint("https://api.invalid/v2", KEY)) as http:
            await http.send("GET", "/phone_numbers")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", "proxy.invalid:3128")
        with pytest.raises(FatalNetworkError, match=r"by way of the proxy proxy\.invalid:3128"):
            run(go())


def test_no_proxy_keeps_a_host_away_from_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "api.invalid")
    assert through_a_proxy("https://api.invalid/v2", b"") == []


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:3128")

    async def go() -> int:
        async with serving(saying(reply())) as server, http_to(server.endpoint) as http:
            return (await http.send("GET", "/phone_numbers")).status

    assert run(go()) == 200


@pytest.mark.parametrize("proxy", ["ftp://proxy:1", "socks5://proxy:1"])
def test_a_proxy_that_cannot_be_used_is_a_usage_error(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError, match="proxy"):
        open_transport(Endpoint("https://api.telnyx.com/v2", KEY))
