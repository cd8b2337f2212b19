"""A buffering proxy: no slow connection ever holds a thread of the web server.

    python -m config.buffering --port 8000 --to 127.0.0.1:8001 [--behind-proxy]

granian has a deadline for the head of a request and for nothing else: four bodies sent a byte at a
time, or four readers of a large answer who never read, would take all of its threads. So this
process stands before it and

1. reads the head, then the whole body, into a file without a name when it is large; only then does
   the web server hear of it;
2. takes the whole answer off the web server at once, and sends it at the reader's pace;
3. ends what does not come on: a head that takes too long, a pause, a pace below `Limits.rate`. When
   there are too many connections, or too much lies on the disk, the slowest goes first.

HTTP is read and written by h11. What is handed on has one framing (Content-Length, or no body), one
Host and no hop-by-hop header, so the two servers never see two different requests. It imports no
Django, asks no database and knows no secret.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from typing import IO, Final

import h11

_CHUNK: Final = 64 * 1024
_HOP: Final = frozenset(
    b"connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length "
    b"expect proxy-authorization".split()
)
_FORWARDED: Final = frozenset(
    b"forwarded x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port "
    b"x-real-ip".split()
)
_SENTENCES: Final = {
    400: (
        "请求不完整或格式有误，没有保存任何内容。",
        "This request is incomplete or malformed. Nothing was saved.",
    ),
    405: ("不支持这种请求方法。", "This method is not supported."),
    408: (
        "数据传输过慢，没有保存任何内容，请重新发送。",
        "This took too long to arrive. Nothing was saved. Please send it again.",
    ),
    413: ("内容过大，没有保存任何内容。", "This is too large. Nothing was saved."),
    503: (
        "暂时繁忙或没有响应，请稍后再试。",
        "This site is busy or does not respond. Please try again in a minute.",
    ),
    504: ("处理时间过长，请稍后再试。", "This took too long. Please try again in a minute."),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How slow and how large. Seconds, bytes, bytes a second."""

    head: float = 10.0  # a whole head
    idle: float = 15.0  # between two requests of one connection
    pause: float = 15.0  # without a byte of a body, or of an answer taken
    rate: int = 4096  # on average, once a body or an answer took longer than `pause`
    answer: float = 120.0  # until the web server has answered
    head_bytes: int = 32 * 1024
    form_bytes: int = 850 * 1000 * 1000  # a form with files: 20 photos of 40 MB and some text
    body_bytes: int = 4 * 1024 * 1024  # any other body
    memory: int = 256 * 1024  # of a body or an answer; what is longer goes to the disk
    disk: int = 4 * 1024 * 1024 * 1024  # of all of them
    connections: int = 1000
    at_once: int = 64  # requests that the web server is asked


DEFAULTS: Final = Limits()


class RequestRefusedError(Exception):
    """The connection ends with this status, or, when nobody can be told any more, without one
    (0)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(eq=False, slots=True)
class Visit:
    """One connection of a client, and how it is doing."""

    writer: asyncio.StreamWriter
    #: Since when it has been waited for, and the bytes that came or were taken since then; None
    #: while it waits for us.
    since: float | None = None
    moved: int = 0
    #: Its bytes on the disk.
    stored: int = 0
    ended: bool = False

    def begin(self) -> None:
        self.since, self.moved = time.monotonic(), 0

    def end(self) -> None:
        self.since = None

    def pace(self, now: float) -> float:
        """Bytes a second; infinite while it waits for us or has hardly begun."""
        if self.since is None or now - self.since < 1:
            return float("inf")
        return self.moved / (now - self.since)

    def drop(self) -> None:
        self.ended = True
        self.writer.transport.abort()


@dataclass(slots=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: Buffer


class Buffer:
    """Bytes that wait, in memory or in a file without a name."""

    def __init__(self, proxy: Proxy, visit: Visit) -> None:
        self.length = 0
        self._proxy, self._visit, self._stored = proxy, visit, 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=proxy.limits.memory)  # noqa: SIM115  closed by `close`

    def write(self, data: bytes) -> None:
        """Raises RequestRefusedError when there is no room for it even without the slowest."""
        self.length += len(data)
        if self.length > self._proxy.limits.memory:
            grown = self.length - self._stored
            self._stored += grown
            self._proxy.make_room(self._visit, grown)
        try:
            self._file.write(data)
        except OSError:
            raise RequestRefusedError(503) from None

    def rewind(self) -> None:
        self._file.seek(0)

    def read(self) -> bytes:
        return self._file.read(_CHUNK)

    def close(self) -> None:
        self._file.close()
        self._proxy.stored -= self._stored
        self._visit.stored -= self._stored
        self._stored = 0


@dataclass(eq=False)
class Proxy:
    """Stands before the web server at `host`:`port`."""

    host: str
    port: int
    limits: Limits = field(default_factory=Limits)
    # forwarded headers are another proxy's; otherwise they are whoever's, and go
    behind_proxy: bool = False
    visits: set[Visit] = field(default_factory=set)
    stored: int = 0

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.limits.at_once)

    # ── connections ───────────────────────────────────────────────────────────────────────────────

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end."""
        if len(self.visits) >= self.limits.connections and not self._drop_slowest():
            writer.transport.abort()
            return
        visit = Visit(writer)
        self.visits.add(visit)
        try:
            _set_up(writer, self.limits)
            await self._serve(visit, reader)
        except (OSError, h11.LocalProtocolError):
            visit.drop()
        finally:
            self.visits.discard(visit)
            with contextlib.suppress(OSError):
                writer.close()

    async def _serve(self, visit: Visit, reader: asyncio.StreamReader) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.head_bytes)
        patience = self.limits.head
        while True:
            with contextlib.ExitStack() as opened:
                try:
                    request = await self._head(visit, reader, connection, patience)
                    if request is None:
                        return
                    body = Buffer(self, visit)
                    opened.callback(body.close)
                    await self._body(visit, reader, connection, request, body)
                    answer = await self._ask(visit, request, body)
                    opened.callback(answer.body.close)
                    body.close()
                except RequestRefusedError as refused:
                    await self._refuse(visit, reader, connection, refused.status)
                    return
                await self._send(visit, connection, request, answer)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()
            patience = self.limits.idle

    def _drop_slowest(self) -> bool:
        """End the connection that moved least for its time, of those that are waited for. False if
        there is none."""
        now = time.monotonic()
        slow = min(
            (visit for visit in self.visits if not visit.ended),
            key=lambda visit: visit.pace(now),
            default=None,
        )
        if slow is None or slow.pace(now) == float("inf"):
            return False
        slow.drop()
        self.visits.discard(slow)
        return True

    def make_room(self, visit: Visit, grown: int) -> None:
        """Count `grown` more bytes of `visit` on the disk. Over the limit those go that are slowest
        for what they take."""
        self.stored += grown
        visit.stored += grown
        now = time.monotonic()
        while (
            self.stored - sum(other.stored for other in self.visits if other.ended)
            > self.limits.disk
        ):
            holding = [
                other
                for other in self.visits
                if other.stored and not other.ended and other.since is not None
            ]
            slowest = min(holding, key=lambda other: other.pace(now), default=visit)
            if slowest is visit:
                raise RequestRefusedError(503)
            slowest.drop()

    # ── reading ───────────────────────────────────────────────────────────────────────────────────

    async def _head(
        self,
        visit: Visit,
        reader: asyncio.StreamReader,
        connection: h11.Connection,
        patience: float,
    ) -> h11.Request | None:
        """The next request, or None when there is none. Raises RequestRefusedError."""
        visit.begin()
        began = False
        deadline = time.monotonic() + patience
        while True:
            event = _next(connection)
            if event is h11.NEED_DATA:
                if not began and connection.trailing_data[0]:
                    began, deadline = True, min(deadline, time.monotonic() + self.limits.head)
                try:
                    async with asyncio.timeout(deadline - time.monotonic()):
                        data = await reader.read(_CHUNK)
                except TimeoutError:
                    raise RequestRefusedError(408 if began else 0) from None
                if not data and not began:
                    return None
                visit.moved += len(data)
                connection.receive_data(data)
                if data and not began:
                    began, deadline = True, time.monotonic() + self.limits.head
            elif isinstance(event, h11.Request):
                visit.end()
                if event.method == b"CONNECT":
                    raise RequestRefusedError(405)
                return event
            else:
                return None

    async def _body(
        self,
        visit: Visit,
        reader: asyncio.StreamReader,
        connection: h11.Connection,
        request: h11.Request,
        body: Buffer,
    ) -> None:
        """All of the body. Raises RequestRefusedError."""
        headers = dict(request.headers)
        limit = (
            self.limits.form_bytes
            if headers.get(b"content-type", b"").startswith(b"multipart/")
            else self.limits.body_bytes
        )
        if int(headers.get(b"content-length", b"0")) > limit:
            raise RequestRefusedError(413)
        if connection.they_are_waiting_for_100_continue:
            visit.writer.write(
                connection.send(h11.InformationalResponse(status_code=100, headers=[]))
            )
        visit.begin()
        while True:
            event = _next(connection)
            if event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout(self.limits.pause):
                        data = await reader.read(_CHUNK)
                except TimeoutError:
                    raise RequestRefusedError(408) from None
                visit.moved += len(data)
                self._check_pace(visit)
                connection.receive_data(data)
            elif isinstance(event, h11.Data):
                if body.length + len(event.data) > limit:
                    raise RequestRefusedError(413)
                body.write(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                visit.end()
                return
            else:
                raise RequestRefusedError(0)

    def _check_pace(self, visit: Visit) -> None:
        assert visit.since is not None
        took = time.monotonic() - visit.since
        if took > self.limits.pause and visit.moved < self.limits.rate * (took - self.limits.pause):
            raise RequestRefusedError(408)

    # ── asking ────────────────────────────────────────────────────────────────────────────────────

    def _handed_on(self, visit: Visit, request: h11.Request, length: int) -> h11.Request:
        """The request for the web server: one framing, no header that only concerns the connection
        or that WSGI would take for another."""
        gone = _HOP if self.behind_proxy else _HOP | _FORWARDED
        came = {name for name, _value in request.headers}
        headers = [
            (name, value)
            for name, value in request.headers
            if name not in gone and b"_" not in name
        ]
        if self.behind_proxy:
            before = [value for name, value in request.headers if name == b"x-forwarded-for"]
            headers = [pair for pair in headers if pair[0] != b"x-forwarded-for"]
            peer = str((visit.writer.get_extra_info("peername") or ("",))[0]).encode()
            headers.append((b"x-forwarded-for", b", ".join([*before, peer])))
        if length or b"content-length" in came or b"transfer-encoding" in came:
            headers.append((b"content-length", str(length).encode()))
        if not any(name == b"host" for name, _value in headers):
            # HTTP/1.0 has none; the web server refuses it in its own words
            headers.append((b"host", b""))
        return h11.Request(
            method=request.method,
            target=request.target,
            headers=[*headers, (b"connection", b"close")],
        )

    async def _ask(self, visit: Visit, request: h11.Request, body: Buffer) -> Answer:
        """The web server's whole answer. Raises RequestRefusedError."""
        body.rewind()
        answered = Buffer(self, visit)
        try:
            async with asyncio.timeout(self.limits.answer), self._places:
                reader, writer = await self._connect()
                try:
                    return await self._exchange(
                        reader, writer, self._handed_on(visit, request, body.length), body, answered
                    )
                finally:
                    writer.close()
        except TimeoutError:
            answered.close()
            raise RequestRefusedError(504) from None
        except (OSError, h11.ProtocolError):
            answered.close()
            raise RequestRefusedError(503) from None
        except BaseException:
            answered.close()
            raise

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the web server. One that is just started again gets three seconds; nothing was sent
        yet, so nothing is done twice."""
        for _attempt in range(30):
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection(self.host, self.port, limit=4 * _CHUNK)
            await asyncio.sleep(0.1)
        raise RequestRefusedError(503)

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: h11.Request,
        body: Buffer,
        answered: Buffer,
    ) -> Answer:
        connection = h11.Connection(h11.CLIENT)
        # it may answer, and hang up, before it has read everything
        with contextlib.suppress(ConnectionError):
            writer.write(connection.send(request))
            while data := body.read():
                writer.write(connection.send(h11.Data(data=data)))
                await writer.drain()
            writer.write(connection.send(h11.EndOfMessage()))
            await writer.drain()
        head: h11.Response | None = None
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(4 * _CHUNK))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                answered.write(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                answered.rewind()
                return Answer(head.status_code, list(head.headers), answered)
            elif not isinstance(event, h11.InformationalResponse):
                raise RequestRefusedError(503)

    # ── answering ─────────────────────────────────────────────────────────────────────────────────

    async def _send(
        self, visit: Visit, connection: h11.Connection, request: h11.Request, answer: Answer
    ) -> None:
        """The answer, at the reader's pace. Raises OSError when there is none."""
        bare = request.method == b"HEAD" or answer.status in {204, 304}
        keep = _HOP - {b"content-length"} if bare else _HOP
        headers = [pair for pair in answer.headers if pair[0] not in keep]
        if not bare:
            headers.append((b"content-length", str(answer.body.length).encode()))
        visit.begin()
        await self._write(
            visit, connection.send(h11.Response(status_code=answer.status, headers=headers))
        )
        while not bare and (data := answer.body.read()):
            await self._write(visit, connection.send(h11.Data(data=data)))
        visit.writer.write(connection.send(h11.EndOfMessage()) or b"")
        visit.end()

    async def _write(self, visit: Visit, data: bytes | None) -> None:
        visit.writer.write(data or b"")
        try:
            async with asyncio.timeout(self.limits.pause):
                await visit.writer.drain()
            visit.moved += len(data or b"")
            self._check_pace(visit)
        except (TimeoutError, RequestRefusedError):
            raise ConnectionAbortedError from None

    async def _refuse(
        self, visit: Visit, reader: asyncio.StreamReader, connection: h11.Connection, status: int
    ) -> None:
        """Say why, if it can be said, and hang up without cutting off the answer: what is still
        coming is read for a moment."""
        if status == 0 or connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            visit.drop()
            return
        sentence = "\n".join(_SENTENCES.get(status, _SENTENCES[400])).encode() + b"\n"
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(sentence))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"), ("Connection", "close"),
            *([("Retry-After", "30")] if status == 503 else []),
        ]  # fmt: skip
        writer = visit.writer
        writer.write(connection.send(h11.Response(status_code=status, headers=headers)) or b"")
        writer.write(connection.send(h11.Data(data=sentence)) or b"")
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(2):
                await writer.drain()
                writer.write_eof()
                left = 16 * _CHUNK
                while left > 0 and (data := await reader.read(_CHUNK)):
                    left -= len(data)


def _next(connection: h11.Connection) -> object:
    """The next event. Raises RequestRefusedError for what is no HTTP."""
    try:
        return connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RequestRefusedError(error.error_status_hint) from None


def _set_up(writer: asyncio.StreamWriter, limits: Limits) -> None:
    """Keep little of an answer here beyond what the kernel takes, and have the kernel give up on
    who acknowledges nothing."""
    writer.transport.set_write_buffer_limits(high=_CHUNK)
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None and connected.family in {socket.AF_INET, socket.AF_INET6}:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(2 * limits.pause * 1000)
        )


async def serve(proxy: Proxy, host: str, port: int, *, patience: float = 8.0) -> None:
    """Until SIGTERM or SIGINT; then nothing new, and what is under way gets `patience` seconds."""
    asked = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, asked.set)
    server = await asyncio.start_server(proxy.connected, host, port, limit=_CHUNK, backlog=1024)
    await asked.wait()
    server.close()
    until = time.monotonic() + patience
    while time.monotonic() < until and any(visit.since is None for visit in proxy.visits):
        await asyncio.sleep(0.05)
    for visit in list(proxy.visits):
        visit.drop()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m config.buffering", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=8000, help="the port to listen on (default 8000)"
    )
    parser.add_argument(
        "--to",
        default="127.0.0.1:8001",
        metavar="HOST:PORT",
        help="the web server (default 127.0.0.1:8001)",
    )
    parser.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy of ours stands before: keep what it says of who asks",
    )
    parser.add_argument(
        "--pause",
        type=float,
        default=DEFAULTS.pause,
        metavar="SECONDS",
        help="the longest pause (default 15)",
    )
    arguments = parser.parse_args()
    host, _colon, port = arguments.to.rpartition(":")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # three files a connection
    limits = replace(
        DEFAULTS,
        head=min(DEFAULTS.head, 2 * arguments.pause),
        pause=arguments.pause,
        connections=max(16, min(DEFAULTS.connections, most // 4)),
    )
    try:
        asyncio.run(
            serve(
                Proxy(host, int(port), limits, arguments.behind_proxy),
                arguments.host,
                arguments.port,
            )
        )
    except OSError as error:
        sys.exit(
            f"The buffering proxy cannot listen on {arguments.host}:{arguments.port}: "
            f"{error.strerror or error}"
        )


if __name__ == "__main__":
    main()
