"""Small servers on loopback for the tests of fetching: canaries, good ones and hostile ones."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[[socket.socket, bytes], None]


class Canary:
    """Listens on one port of 127.0.0.1 and ::1 and says how many connections came. Nobody answers
    them."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        while not self._sockets:
            first = socket.create_server(("127.0.0.1", 0))
            self.port: int = first.getsockname()[1]
            try:
                second = socket.create_server(("::1", self.port), family=socket.AF_INET6)
            except OSError:  # the port is taken on the other side: try another
                first.close()
                continue
            self._sockets = [first, second]

    def connections(self) -> int:
        count = 0
        for listener in self._sockets:
            listener.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    count += 1
        return count

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()


class Server:
    """Serves each connection by `handle(connection, request bytes)` in a thread, and keeps what was
    asked."""

    def __init__(
        self, handle: Handler, tls: ssl.SSLContext | None = None, greedy: bool = True
    ) -> None:
        self._handle = handle
        self._tls = tls
        self._greedy = greedy  # read the request before handling
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(connection)
            if self._tls is not None:
                connection = stack.enter_context(
                    self._tls.wrap_socket(connection, server_side=True)
                )
            request = b""
            while self._greedy and b"\r\n\r\n" not in request:
                more = connection.recv(65536)
                if not more:
                    return
                request += more
            self.requests.append(request)
            self._handle(connection, request)
            if isinstance(connection, ssl.SSLSocket) and connection.version():  # None once cut off
                connection.unwrap()

    def close(self) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def serving(
    handle: Handler | bytes, tls: ssl.SSLContext | None = None, greedy: bool = True
) -> Iterator[Server]:
    """Run a server that answers every request by `handle`, or with fixed bytes."""

    def fixed(connection: socket.socket, request: bytes) -> None:
        assert isinstance(handle, bytes)
        connection.sendall(handle)

    server = Server(fixed if isinstance(handle, bytes) else handle, tls, greedy)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole HTTP/1.1 answer; underscores in header names become hyphens."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def certificate(folder: Path, name: str, *, days: int = 1) -> tuple[ssl.SSLContext, str]:
    """Return a server context with a self-signed certificate for `name`, and the certificate as PEM
    text."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}-{days}.pem"
    path.write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, pem.decode("ascii")
