"""The HTTP client that may be sent to addresses that are untrusted.

One way for every request, and again for every redirect: read the address strictly; resolve its name
once; check every answer; connect to one of the answers checked, by number; check who is at the
other end; speak TLS by the original name; read with ceilings on bytes and time. Nothing of the
environment (proxies, credentials, cookies) takes part.

There is no pool and no reuse: a connection serves one request, so nothing of one site can reach
another.
"""

from __future__ import annotations

import functools
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Final, TypeVar

import certifi
import h11

from engines.fetching.addresses import AddressRefusedError, check_address
from engines.fetching.bodies import Body, content_encoding
from engines.fetching.failures import FetchError, Hop
from engines.fetching.limits import KIB, Deadline, Limits
from engines.fetching.urls import Target, UrlRefusedError, parse_url, resolve_reference

Resolver = Callable[[str, int], Iterable[str]]
_T = TypeVar("_T")

METHODS: Final = frozenset({"GET", "HEAD", "POST"})
FOLLOWING_METHODS: Final = frozenset(
    {"GET", "HEAD"}
)  # a body is for the one it was addressed to: POST never follows
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})
USUAL_LIMITS: Final = Limits()

_READ_BYTES = 64 * KIB
# The client alone speaks about framing and about who asks; a caller has no business setting these.
_FRAMING = {
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "proxy-connection",
}
_IDENTITY = {
    "host",
    "user-agent",
    "accept-encoding",
    "authorization",
    "proxy-authorization",
    "cookie",
}
_OWN_HEADERS = frozenset(_FRAMING | _IDENTITY)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. `body` is unpacked, `wire_body` as it was sent (without chunk framing);
    header names are lower case."""

    url: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    wire_body: bytes
    elapsed: float
    hops: list[Hop]
    peer: str

    def header(self, name: str, default: str = "") -> str:
        """Return the first header of this name (in lower case), or the default."""
        return next((value for key, value in self.headers if key == name), default)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    location: (
        str | None
    )  # set only on a redirect that is to be followed; its body is then left unread
    wire_body: bytes
    body: bytes
    peer: str


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for every address of a name.

    The name goes as bytes, because for text Python applies the older IDNA 2003 once more; and with
    the root's dot, so that no search list turns it into a name of our own network.
    """
    entries = socket.getaddrinfo(
        host.encode("ascii") + b".", port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return [str(entry[4][0]) for entry in entries]


def open_connection(address: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to a numeric address. Nothing is resolved here."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


@functools.cache
def _public_trust() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the system's own settings allow
    return context


class Client:
    """Fetches public addresses, and nothing else.

    `user_agent` says honestly who asks. `local` maps `host:port` to `ip:port` on loopback, for the
    hosts that settings of demo and tests name; nothing else ever reaches loopback or a private
    address. `tls` replaces the public trust store. A client holds no state between requests and may
    be shared by threads.
    """

    def __init__(
        self,
        user_agent: str,
        local: Mapping[str, str] = NOWHERE,
        limits: Limits = USUAL_LIMITS,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if not user_agent.strip() or not _HEADER_VALUE.fullmatch(user_agent):
            raise ValueError("user_agent must be one line that says who asks")
        if tls is not None and not (tls.check_hostname and tls.verify_mode is ssl.CERT_REQUIRED):
            raise ValueError("tls must check certificates and host names")
        self._user_agent = user_agent
        self._local = dict(_read_local(name, place) for name, place in local.items())
        self._limits = limits
        self._resolver = resolver
        self._tls = tls

    def get(self, url: str, headers: Mapping[str, str] = NOWHERE) -> Response:
        """Fetch `url` and follow up to five redirects. A 304 (to If-None-Match or
        If-Modified-Since) is returned as such.

        Raises FetchError, whatever the other side does; ValueError only for headers a caller may
        not set.
        """
        return self.request("GET", url, headers=headers)

    def head(self, url: str, headers: Mapping[str, str] = NOWHERE) -> Response:
        """Like get, without the body."""
        return self.request("HEAD", url, headers=headers)

    def request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = NOWHERE
    ) -> Response:
        """Make one request, as `get` does. A redirect that answers a POST is returned, never
        followed."""
        if method not in METHODS:
            raise ValueError(f"method must be one of {sorted(METHODS)}")
        if body and method in FOLLOWING_METHODS:
            raise ValueError(f"{method} carries no body")
        carried = _checked_headers(headers)
        began = time.monotonic()
        deadline = Deadline(self._limits.total_seconds)
        hops: list[Hop] = []
        here = ""
        try:
            target = parse_url(url, local=self._local)
            while True:
                here = target.url
                answer = self._exchange(method, target, carried, body, deadline)
                if answer.location is None:
                    elapsed = time.monotonic() - began
                    return Response(
                        here,
                        answer.status,
                        answer.headers,
                        answer.body,
                        answer.wire_body,
                        elapsed,
                        hops,
                        answer.peer,
                    )
                hops.append(Hop(here, answer.status, answer.location))
                target = self._follow(target, answer.location, len(hops))
                carried = []  # what the caller said was meant for the first address alone
        except (UrlRefusedError, AddressRefusedError) as refused:
            failure = FetchError("refused", refused.sentence, code=refused.code)
            failure.url, failure.hops = here, tuple(hops)
            raise failure from refused
        except FetchError as failure:
            failure.url, failure.hops = here, tuple(hops)
            raise

    def _follow(self, here: Target, location: str, count: int) -> Target:
        if count > self._limits.redirects:
            raise FetchError(
                "too_many_redirects",
                f"The address was redirected more than {self._limits.redirects} times.",
            )
        there = resolve_reference(here, location, local=self._local)
        if here.scheme == "https" and there.scheme == "http":
            raise FetchError(
                "refused",
                "The redirect leads from an encrypted address to an open one.",
                code="downgrade",
            )
        if there.key in self._local and here.key not in self._local:
            raise FetchError(
                "refused",
                "The redirect leads from outside to a host of the demonstration.",
                code="local",
            )
        return there

    # The steps of one request.

    def _exchange(
        self,
        method: str,
        target: Target,
        headers: list[tuple[str, str]],
        body: bytes,
        deadline: Deadline,
    ) -> _Answer:
        connection, peer = self._connect(target, deadline)
        with connection:
            secured = (
                self._secure(connection, target.host, deadline)
                if target.scheme == "https"
                else connection
            )
            with secured:
                return self._converse(secured, peer, method, target, headers, body, deadline)

    def _addresses(self, target: Target, deadline: Deadline) -> list[tuple[str, int]]:
        """Return where the target may be reached, every one of them checked. One bad answer spoils
        the name: an honest site has no reason to mix, and an attacker would only have to wait for
        his turn."""
        if target.key in self._local:
            return [self._local[target.key]]
        answers = [target.host] if target.is_ip else self._ask(target.host, target.port, deadline)
        checked = list(dict.fromkeys(str(check_address(answer)) for answer in answers))
        if not checked:
            raise FetchError("dns", "The host's name has no address.")
        return [(address, target.port) for address in checked]

    def _ask(self, host: str, port: int, deadline: Deadline) -> list[str]:
        """Resolve in a thread, because getaddrinfo knows no deadline. One that is given up ends by
        the system's own timeout, and what it then finds goes nowhere."""
        box: SimpleQueue[list[str] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                box.put(list(self._resolver(host, port)))
            except Exception as error:  # carried over to the thread that waits, which sorts it out
                box.put(error)

        threading.Thread(target=ask, name="resolve", daemon=True).start()
        try:
            answer = box.get(timeout=min(self._limits.connect_seconds, deadline.left()))
        except Empty:
            deadline.left()
            raise FetchError("dns", "The host's name did not resolve in time.") from None
        if isinstance(answer, OSError | UnicodeError):
            raise FetchError("dns", "The host's name does not resolve.") from answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _connect(self, target: Target, deadline: Deadline) -> tuple[socket.socket, str]:
        last: OSError | None = None
        for address, port in self._addresses(target, deadline):
            try:
                connection = open_connection(
                    address, port, min(self._limits.connect_seconds, deadline.left())
                )
            except OSError as error:
                last = error
                continue
            try:
                return connection, _check_peer(connection, address, port)
            except BaseException:
                connection.close()
                raise
        if isinstance(last, TimeoutError):
            deadline.left()
            raise FetchError(
                "timeout", "The server did not accept the connection in time."
            ) from last
        raise FetchError("connect", "The server does not accept connections.") from last

    def _secure(self, connection: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
        """Return the connection wrapped in TLS, its certificate checked against the name the caller
        wrote.

        An end without the closing alert counts as an error (suppress_ragged_eofs, and the option
        with which some builds of Python have OpenSSL 3 pass over it): where nothing else marks the
        end of the body, anyone on the way could otherwise shorten a page, and we would record it as
        an edit.
        """
        connection.settimeout(min(self._limits.idle_seconds, deadline.left()))
        context = self._tls or _public_trust()
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        secured: ssl.SSLSocket | None = None
        try:
            secured = context.wrap_socket(
                connection,
                server_hostname=host,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
            secured.do_handshake()
        except OSError as error:
            if secured is not None:
                secured.close()
            if isinstance(error, TimeoutError):
                deadline.left()
                raise FetchError(
                    "timeout", "The server did not finish the encrypted handshake in time."
                ) from error
            if isinstance(error, ssl.SSLCertVerificationError):
                raise FetchError(
                    "tls", f"The server's certificate was not accepted: {error.verify_message}."
                ) from error
            raise FetchError("tls", "No encrypted connection could be made.") from error
        return secured

    def _converse(
        self,
        connection: socket.socket,
        peer: str,
        method: str,
        target: Target,
        headers: list[tuple[str, str]],
        body: bytes,
        deadline: Deadline,
    ) -> _Answer:
        wire = _Wire(connection, self._limits, deadline)
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._limits.header_bytes)
        try:
            wire.send(self._request_bytes(http, method, target, headers, body))
            status, answered = self._read_head(http, wire)
            location = (
                _location(answered) if status in REDIRECTS and method in FOLLOWING_METHODS else None
            )
            if location is not None:
                return _Answer(status, answered, location, b"", b"", peer)
            if method != "HEAD" and status not in {204, 304}:
                self._check_promise(answered)
            wire_body, decoded = self._read_body(http, wire, answered, deadline)
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise FetchError(
                    "too_large",
                    f"The answer's headers are larger than {self._limits.header_bytes} bytes.",
                ) from error
            raise FetchError(
                "protocol", "The answer is not well-formed HTTP, or stops in the middle."
            ) from error
        return _Answer(status, answered, None, wire_body, decoded, peer)

    def _request_bytes(
        self,
        http: h11.Connection,
        method: str,
        target: Target,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> bytes:
        lines = [("Host", target.authority), ("User-Agent", self._user_agent)]
        if not any(name == "accept" for name, _ in headers):
            lines.append(("Accept", "*/*"))
        lines += [("Accept-Encoding", "gzip, deflate"), ("Connection", "close"), *headers]
        if method == "POST":
            lines.append(("Content-Length", str(len(body))))
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in lines]
        request = h11.Request(
            method=method.encode("ascii"),
            target=target.path_and_query.encode("ascii"),
            headers=encoded,
        )
        parts = [
            http.send(request),
            http.send(h11.Data(data=body)) if body else b"",
            http.send(h11.EndOfMessage()),
        ]
        return b"".join(part for part in parts if part)

    def _read_head(self, http: h11.Connection, wire: _Wire) -> tuple[int, list[tuple[str, str]]]:
        """Return status and headers. Preliminary answers (103 and the like) are passed over, but
        count towards the ceiling."""
        size = 0
        while True:
            event = wire.next_event(http)
            if not isinstance(event, h11.InformationalResponse | h11.Response):
                raise FetchError(
                    "protocol", "The server changed to another protocol without being asked."
                )
            size += sum(len(name) + len(value) + 4 for name, value in event.headers) + 16
            if size > self._limits.header_bytes:
                raise FetchError(
                    "too_large",
                    f"The answer's headers are larger than {self._limits.header_bytes} bytes.",
                )
            if event.http_version not in {b"1.0", b"1.1"}:
                raise FetchError(
                    "protocol", "The server speaks a version of HTTP that we did not ask for."
                )
            if isinstance(event, h11.Response):
                return event.status_code, [
                    (name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers
                ]

    def _check_promise(self, headers: list[tuple[str, str]]) -> None:
        """Refuse at once a body that is too large by its own word (h11 has made sure that the
        length is one plain number)."""
        if any(
            name == "content-length" and int(value) > self._limits.wire_bytes
            for name, value in headers
        ):
            raise FetchError(
                "too_large", f"The answer is larger than {self._limits.wire_bytes} bytes."
            )

    def _read_body(
        self, http: h11.Connection, wire: _Wire, headers: list[tuple[str, str]], deadline: Deadline
    ) -> tuple[bytes, bytes]:
        body: Body | None = None
        for _ in range(self._limits.pieces):
            event = wire.next_event(http)
            if isinstance(
                event, h11.EndOfMessage
            ):  # at once for HEAD and 304, whatever length and encoding they name
                return body.finish() if body else (b"", b"")
            if not isinstance(event, h11.Data):
                raise FetchError(
                    "protocol", "The answer is not well-formed HTTP, or stops in the middle."
                )
            if body is None:
                body = Body(
                    content_encoding(
                        value for name, value in headers if name == "content-encoding"
                    ),
                    self._limits,
                    deadline,
                )
            body.feed(bytes(event.data))
        raise FetchError(
            "too_large", f"The answer comes in more than {self._limits.pieces} pieces."
        )


class _Wire:
    """A connection that counts what it brings and never waits longer than it may."""

    def __init__(self, connection: socket.socket, limits: Limits, deadline: Deadline) -> None:
        self._connection = connection
        self._limits = limits
        self._deadline = deadline
        self._received = 0

    def send(self, data: bytes) -> None:
        self._wait(lambda: self._connection.sendall(data))

    def next_event(self, http: h11.Connection) -> object:
        """Return the next event that is not "more data needed". The deadline is asked for each
        event, not for each read: one read may hold ten thousand chunks of one byte."""
        while True:
            self._deadline.left()
            event = http.next_event()
            if event is not h11.NEED_DATA:
                return event
            http.receive_data(self._receive())

    def _receive(self) -> bytes:
        data = self._wait(lambda: self._connection.recv(_READ_BYTES))
        self._received += len(data)
        if self._received > self._limits.wire_bytes:
            raise FetchError(
                "too_large", f"The answer is larger than {self._limits.wire_bytes} bytes."
            )
        return data

    def _wait(self, call: Callable[[], _T]) -> _T:
        self._connection.settimeout(min(self._limits.idle_seconds, self._deadline.left()))
        try:
            return call()
        except TimeoutError as error:
            self._deadline.left()
            raise FetchError(
                "timeout", f"The server was silent for {self._limits.idle_seconds:g} seconds."
            ) from error
        except ssl.SSLError as error:
            raise FetchError("tls", "The encrypted connection was damaged or cut off.") from error
        except OSError as error:
            raise FetchError(
                "connect", "The connection was lost before the answer was whole."
            ) from error


def _check_peer(connection: socket.socket, address: str, port: int) -> str:
    """Return `ip:port` of the other end, having made sure that it is the one that was checked."""
    try:
        host, found_port = connection.getpeername()[:2]
    except OSError as error:
        raise FetchError(
            "connect", "The connection was lost before the answer was whole."
        ) from error
    if ip_address(host) != ip_address(address) or found_port != port:
        raise FetchError(
            "refused",
            "The connection arrived at another address than the one that was checked.",
            code="peer",
        )
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _location(headers: list[tuple[str, str]]) -> str | None:
    """Return where a redirect leads, or None where it does not say. Raw UTF-8 is common there and
    read as such."""
    values = [value for name, value in headers if name == "location"]
    if not values:
        return None
    if len(values) > 1:
        raise FetchError("protocol", "The redirect names more than one place.")
    try:
        return values[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise FetchError("protocol", "The redirect's address is not text.") from error


def _checked_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    checked = [(name.lower(), value) for name, value in headers.items()]
    for name, value in checked:
        if (
            name in _OWN_HEADERS
            or not _HEADER_NAME.fullmatch(name)
            or not _HEADER_VALUE.fullmatch(value)
        ):
            raise ValueError(f"the header {name!r} is not for callers to set, or not well formed")
    return checked


def _read_local(name: str, place: str) -> tuple[str, tuple[str, int]]:
    """Return one entry of `local`, read as strictly as any address; ValueError if it would open
    more than loopback."""
    host, _, port = place.rpartition(":")
    address = ip_address(host.removeprefix("[").removesuffix("]"))
    if not address.is_loopback or not port.isdecimal():
        raise ValueError(f"local hosts may only stand on loopback, not {place!r}")
    try:
        target = parse_url(f"http://{name}/", local=[name])
    except UrlRefusedError as refused:
        raise ValueError(f"{name!r} cannot be a local host: {refused.sentence}") from refused
    if target.key != name:
        raise ValueError(f"{name!r} must be written as host:port, in lower case")
    return name, (str(address), int(port))
