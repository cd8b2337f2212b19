"""No slow connection holds a thread of the web server: bodies and answers wait in the buffering
proxy, and what does not come on ends."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.system.processes import ROOT, eventually

THREADS = 2
LARGE = 8 << 20
# An application like ours to its server: it reads the whole body, gives large answers, and says how
# much it is asked at once.
APPLICATION = f"""
import time

def application(environ, start):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/large":
        said = b"x" * {LARGE}
    elif path == "/slow":
        time.sleep(1)
        said = b"slow"
    else:
        import json
        kept = {{name: value for name, value in environ.items() if isinstance(value, str)}}
        said = json.dumps({{"length": len(body), "environ": kept}}).encode()
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(said)))])
    return [said]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(folder)}, stdout=log, stderr=log
        )
    try:
        assert eventually(lambda: listens(port), 20), (folder / f"{port}.log").read_text()
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def web_server(folder: Path) -> Iterator[int]:
    """granian as in production, with two threads."""
    (folder / "slow_application.py").write_text(APPLICATION)
    port = free_port()
    options = (
        f"--interface wsgi --host 127.0.0.1 --port {port} --workers 1 --blocking-threads "
        f"{THREADS} --no-ws --no-log"
    )
    with running(
        [sys.executable, "-m", "granian", *options.split(), "slow_application:application"],
        port,
        folder,
    ):
        yield port


@contextmanager
def proxied(folder: Path, *options: str, pause: float = 2) -> Iterator[int]:
    """The port of the buffering proxy before such a server."""
    with web_server(folder) as web:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "config.buffering",
            "--port",
            str(port),
            "--to",
            f"127.0.0.1:{web}",
            "--pause",
            str(pause),
        ]
        with running([*command, *options], port, folder):
            yield port


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with proxied(tmp_path_factory.mktemp("proxied")) as port:
        yield port


def ask(
    port: int,
    path: str = "/",
    *,
    timeout: float = 10,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with closing(connection):
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, (answer.status, said)
        return said


def raw(port: int, sent: bytes, *, timeout: float = 10) -> bytes:
    """All that comes back until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(sent)
        said = b""
        while part := connection.recv(65536):
            said += part
        return said


# --- slow connections -----------------------------------------------------------------------------


def send_slowly(port: int, stack: ExitStack) -> Callable[[], bool]:
    """A body of which a byte comes now and then. Returns whether the other side has ended it."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
    connection.sendall(
        b"POST /account/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: "
        b"text/plain\r\nContent-Length: 100000\r\n\r\n"
    )
    enough = threading.Event()
    stack.callback(enough.set)
    ended = threading.Event()

    def drip() -> None:
        while not enough.wait(0.2):
            try:
                connection.sendall(b"x")
            except OSError:
                ended.set()
                return

    threading.Thread(target=drip, daemon=True).start()
    return ended.is_set


def read_never(port: int, stack: ExitStack) -> Callable[[], bool]:
    """A reader of a large answer who never reads. Returns whether the other side has given up."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")

    def ended() -> bool:
        # What had come is still there to be read, and then the end of it.
        try:
            return (
                connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
                or connection.send(b"") != 0
            )
        except OSError:
            return True

    return ended


def neighbour(port: int) -> float:
    """How long somebody else waits for an answer."""
    began = time.monotonic()
    ask(port, timeout=30)
    return time.monotonic() - began


@pytest.mark.parametrize("attack", [send_slowly, read_never])
def test_slow_connections_hold_no_thread(
    proxy: int, attack: Callable[[int, ExitStack], Callable[[], bool]]
) -> None:
    with ExitStack() as stack:
        for _ in range(10 * THREADS):
            attack(proxy, stack)
        time.sleep(1)
        assert max(neighbour(proxy) for _ in range(5)) < 3


def test_without_the_proxy_as_many_slow_connections_as_threads_hold_the_site(
    tmp_path: Path,
) -> None:
    """The control, and why it is there."""
    with web_server(tmp_path) as web, ExitStack() as stack:
        assert neighbour(web) < 5
        for _ in range(THREADS):
            send_slowly(web, stack)
        time.sleep(1)
        with pytest.raises(TimeoutError):
            ask(web, timeout=3)


def test_a_body_that_does_not_come_on_ends_with_a_sentence(proxy: int) -> None:
    with ExitStack() as stack:
        ended = send_slowly(proxy, stack)
        assert eventually(ended, 15)
    with socket.create_connection(("127.0.0.1", proxy), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nxx")
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 408 ")
    assert "没有保存任何内容".encode() in said
    assert b"Nothing was saved. Please send it again." in said


def test_a_reader_who_never_reads_is_given_up(proxy: int) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", proxy))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4)
        connection.settimeout(5)
        got = 0
        try:
            while part := connection.recv(1 << 20):
                got += len(part)
        except ConnectionResetError:
            pass
        assert got < LARGE


def test_a_head_that_does_not_come_on_ends(proxy: int) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", proxy), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 20


# --- what goes through ----------------------------------------------------------------------------


def test_what_is_sent_arrives_and_what_is_answered_comes_back(proxy: int) -> None:
    body = os.urandom(3 << 20)
    assert json.loads(ask(proxy, "/", method="POST", body=body))["length"] == len(body)
    assert json.loads(ask(proxy, "/", method="POST", body=b""))["length"] == 0
    assert len(ask(proxy, "/large")) == LARGE
    chunked = (
        b"POST /x?y=%20z HTTP/1.1\r\nHost: a.example:1\r\nTransfer-Encoding: "
        b"chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    said = json.loads(raw(proxy, chunked).partition(b"\r\n\r\n")[2])
    assert said["length"] == 3
    assert (said["environ"]["QUERY_STRING"], said["environ"]["HTTP_HOST"]) == (
        "y=%20z",
        "a.example:1",
    )


def test_one_connection_carries_many_requests(proxy: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy, timeout=10)
    with closing(connection):
        for method in ("GET", "HEAD", "POST", "GET"):
            connection.request(method, "/", b"x" if method == "POST" else None)
            answer = connection.getresponse()
            assert answer.status == 200
            assert bool(answer.read()) is (method != "HEAD")
    two = raw(
        proxy,
        b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: "
        b"close\r\n\r\n",
    )
    assert two.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no http at all\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\nX : y\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (
            (
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: "
                b"multipart/form-data\r\nContent-Length: 99999999999\r\n\r\n"
            ),
            413,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_malformed_or_too_large_never_reaches_the_web_server(
    proxy: int, sent: bytes, status: int
) -> None:
    said = raw(proxy, sent)
    assert said.startswith(b"HTTP/1.1 %d " % status), said[:300]
    assert said.count(b"HTTP/1.1") == 1
    assert b"environ" not in said


def test_a_request_inside_a_body_stays_inside(proxy: int) -> None:
    """Two lengths in one request: the web server is told one of them, and hears one request."""
    inner = b"0\r\n\r\nGET /large HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
        b"chunked\r\nContent-Length: %d\r\n\r\n"
    ) % len(inner)
    said = raw(proxy, head + inner)
    assert said.count(b"HTTP/1.1 200") == 1
    assert len(said) < 100_000


def test_nobody_says_who_they_are_by_a_header(tmp_path: Path, proxy: int) -> None:
    sent = {
        "X_Forwarded_For": "1.1.1.1",
        "Forwarded": "for=1.1.1.1",
        "X_Forwarded_Proto": "https",
        "X_Real_IP": "1.1.1.1",
    }
    said = json.loads(ask(proxy, **sent))["environ"]
    assert not [name for name in said if "FORWARDED" in name or "REAL_IP" in name]
    under = raw(
        proxy, b"GET / HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1.1.1.1\r\nConnection: close\r\n\r\n"
    )
    assert b"1.1.1.1" not in under  # to WSGI an underscore and a hyphen are one
    with proxied(tmp_path, "--behind-proxy") as port:
        said = json.loads(ask(port, **sent))["environ"]
        assert said["HTTP_X_FORWARDED_FOR"] == "1.1.1.1, 127.0.0.1"
        assert said["HTTP_X_FORWARDED_PROTO"] == "https"


def test_without_a_web_server_the_answer_is_a_503_that_says_so(tmp_path: Path) -> None:
    port = free_port()
    with running(
        [
            sys.executable,
            "-m",
            "config.buffering",
            "--port",
            str(port),
            "--to",
            f"127.0.0.1:{free_port()}",
        ],
        port,
        tmp_path,
    ):
        said = raw(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After" in said
    assert "请稍后再试".encode() in said


# --- limits ---------------------------------------------------------------------------------------


def test_when_there_are_too_many_connections_the_slowest_goes(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from dataclasses import replace; from config import buffering as "
        "b\nlimits = replace(b.DEFAULTS, connections=20, disk=1 << 20, memory=1 << "
        "16)\nasyncio.run(b.serve(b.Proxy('127.0.0.1', int(sys.argv[2]), limits), '127.0.0.1', "
        "int(sys.argv[1])))"
    )
    with web_server(tmp_path) as web, ExitStack() as stack:
        port = free_port()
        stack.enter_context(
            running([sys.executable, "-c", code, str(port), str(web)], port, tmp_path)
        )
        for _ in range(40):
            send_slowly(port, stack)
        time.sleep(1.5)
        assert max(neighbour(port) for _ in range(5)) < 2
        # On the disk: of two bodies that wait there together there is room for one, and the one
        # that comes on stays.
        waiting = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        head = (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        )
        waiting.sendall(head % 900_000 + b"x" * 600_000)
        time.sleep(1.5)
        assert json.loads(ask(port, "/", method="POST", body=b"y" * 900_000))["length"] == 900_000


def test_the_demonstration_stands_behind_its_proxy() -> None:
    from demo import __main__ as demo

    assert demo.proxy(8000, 8123).command[1:] == [
        "-m", "config.buffering", "--host", "127.0.0.1", "--port", "8000", "--to", "127.0.0.1:8123"
    ]  # fmt: skip
    assert "8123" in demo.web(8123).command


# --- what the guide says --------------------------------------------------------------------------


def configuration(language: str) -> str:
    """The block of this language in the operations guide."""
    guide = (ROOT / "docs" / "operations.md").read_text()
    return guide.partition(f"```{language}\n")[2].partition("```")[0]


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "record.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "cert.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "cert.key"


def over_tls(connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)


@pytest.mark.skipif(
    shutil.which("nginx") is None,
    reason=(
        "nginx is not installed, so the guide's configuration is not tried (Debian: nginx-light)"
    ),
)
def test_the_guides_nginx_waits_for_slow_connections_itself(tmp_path: Path) -> None:
    with web_server(tmp_path) as web, ExitStack() as stack:
        port, (pem, key) = free_port(), certificate(tmp_path)
        ours = configuration("nginx")
        for said, meant in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("/etc/ssl/record.pem", str(pem)),
            ("/etc/ssl/record.key", str(key)),
            ("127.0.0.1:8000", f"127.0.0.1:{web}"),
            ("client_body_timeout 15s", "client_body_timeout 2s"),
            ("send_timeout 15s", "send_timeout 2s"),
        ):  # fmt: skip
            assert said in ours
            ours = ours.replace(said, meant)
        places = "".join(
            f"{name}_temp_path {tmp_path}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""
        (tmp_path / "nginx.conf").write_text(
            f"{user} worker_processes 1; daemon off; pid {tmp_path}/pid; error_log "
            f"{tmp_path}/error; events {{ worker_connections 512; }}http {{ {places} {ours} }}"
        )
        stack.enter_context(
            running(
                ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], port, tmp_path
            )
        )

        def connect() -> ssl.SSLSocket:
            return stack.enter_context(
                over_tls(socket.create_connection(("127.0.0.1", port), timeout=20))
            )

        def answered() -> tuple[float, bytes]:
            began, connection = time.monotonic(), connect()
            connection.sendall(
                b"GET / HTTP/1.1\r\nHost: record.example:444\r\nX-Forwarded-For: "
                b"1.1.1.1\r\nConnection: close\r\n\r\n"
            )
            said = b""
            while part := connection.recv(65536):
                said += part
            return time.monotonic() - began, said

        paused = []
        for _ in range(5 * THREADS):
            paused.append(connect())
            paused[-1].sendall(
                b"POST / HTTP/1.1\r\nHost: record.example\r\nContent-Length: 10000\r\n\r\nx"
            )
            reader = connect()
            reader.sendall(b"GET /large HTTP/1.1\r\nHost: record.example\r\n\r\n")
        time.sleep(0.5)
        took, said = answered()
        assert took < 3
        told = json.loads(said.partition(b"\r\n\r\n")[2])["environ"]
        assert (told["HTTP_HOST"], told["HTTP_X_FORWARDED_PROTO"]) == (
            "record.example:444",
            "https",
        )
        assert told["HTTP_X_FORWARDED_FOR"] == "1.1.1.1, 127.0.0.1"
        paused[0].settimeout(10)
        with suppress(ConnectionResetError, ssl.SSLError):
            assert b"200 OK" not in paused[0].recv(1000)  # given up


@pytest.mark.skipif(
    shutil.which("caddy") is None,
    reason="caddy is not installed, so the guide's configuration is not tried (Debian: caddy)",
)
def test_the_guides_caddy_leads_through_our_proxy(tmp_path: Path) -> None:
    with proxied(tmp_path, "--behind-proxy") as inner, ExitStack() as stack:
        port = free_port()
        ours = configuration("caddy").replace("127.0.0.1:8002", f"127.0.0.1:{inner}")
        ours = ours.replace(
            "record.example, content.record-files.example {",
            f"http://record.example:{port} {{\n    bind 127.0.0.1",
        )
        (tmp_path / "Caddyfile").write_text(
            ours.replace("{\n    servers", "{\n    admin off\n    auto_https off\n    servers", 1)
        )
        command = [
            "caddy",
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            str(tmp_path / "Caddyfile"),
        ]
        stack.enter_context(running(command, port, tmp_path))
        for _ in range(5 * THREADS):
            send_slowly(port, stack)
        said = json.loads(ask(port, Host="record.example"))["environ"]
        assert said["HTTP_X_FORWARDED_FOR"] == "127.0.0.1, 127.0.0.1"
        assert said["HTTP_X_FORWARDED_PROTO"] == "http"
