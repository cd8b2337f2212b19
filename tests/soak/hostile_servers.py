"""Servers that mean harm, or a good one, in a process of their own.

    python -m tests.soak.hostile_servers hostile | good

Prints `{"places": {name: "127.0.0.1:port"}, "tls": [names]}` and serves until its input closes.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

from tests.engines.fetching.servers import Handler, Server, answer, certificate
from tests.engines.fetching.test_hostile import GZIP_HEAD, HEAD, gzip_bomb

HTML = HEAD + b"Content-Type: text/html\r\n"
FOREVER = 90  # seconds; longer than any fetch may last
MIB = 1 << 20


def endless(first: bytes, again: bytes, pause: float = 0.0) -> Handler:
    """Send `first` and then `again` for as long as anyone listens."""

    def handle(connection: socket.socket, request: bytes) -> None:
        connection.settimeout(FOREVER)
        connection.sendall(first)
        end = time.monotonic() + FOREVER
        while time.monotonic() < end:
            connection.sendall(again)
            if pause:
                time.sleep(pause)

    return handle


def silent(first: bytes) -> Handler:
    def handle(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        connection.settimeout(FOREVER)
        connection.recv(1)

    return handle


def reset(first: bytes) -> Handler:
    def handle(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return handle


def fixed(sent: bytes) -> Handler:
    def handle(connection: socket.socket, request: bytes) -> None:
        connection.settimeout(FOREVER)
        connection.sendall(sent)

    return handle


def slow_redirect(connection: socket.socket, request: bytes) -> None:
    time.sleep(9)
    connection.sendall(answer(status="302 Found", Location="/"))


def bomb(encoding: str, megabytes: int) -> Handler:
    def handle(connection: socket.socket, request: bytes) -> None:
        connection.settimeout(FOREVER)
        connection.sendall(HTML + f"Content-Encoding: {encoding}\r\n\r\n".encode())
        for block in gzip_bomb(megabytes):
            connection.sendall(block)

    return handle


def just_within(text: bytes, kind: bytes = b"text/html; charset=utf-8") -> Handler:
    """The largest answer that the ceilings let through: as much as may come on the wire, unpacking
    to as much as it may."""
    packed = gzip.compress(text[: 50 * MIB], 1)
    head = HEAD + b"Content-Type: " + kind + b"\r\n"
    if len(packed) * 90 > 50 * MIB and len(packed) < 24 * MIB:
        return fixed(
            head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
        )
    plain = text[: 24 * MIB]
    return fixed(head + b"Content-Length: %d\r\n\r\n" % len(plain) + plain)


def kinds() -> dict[str, Handler]:
    noise = zlib.compress(bytes(range(256)) * 64)
    words = b"".join(b"word%d " % (number * 7919 % 100_003) for number in range(6_000_000))
    return {
        "drips its status line": endless(b"", b"H", 0.5),
        "drips a header": endless(HEAD + b"X-A: ", b"b", 0.5),
        "drips a body": endless(HTML + b"Content-Length: 100000\r\n\r\n", b"x", 0.5),
        "drips chunks of one byte": endless(
            HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.5
        ),
        "drips a chunk's length": endless(
            HTML + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x", 0.5
        ),
        "drips packed bytes": endless(
            HTML + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0)[:10],
            b"\0\0\0\xff\xff",
            0.5,
        ),
        "goes on preliminarily": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.5),
        "redirects to itself, slowly": slow_redirect,
        "never ends its body": endless(HTML + b"\r\n", b"x" * 65536),
        "never ends its chunks": endless(
            HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 16384 + b"\r\n"
        ),
        "never ends in chunks of one byte": endless(
            HTML + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 999
        ),
        "never ends in empty packed blocks": endless(
            HTML + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + GZIP_HEAD,
            b"5\r\n\0\0\0\xff\xff\r\n" * 999
        ),
        "never ends a header": endless(HEAD + b"X-A: ", b"b" * 4096),
        "never ends its headers": endless(HEAD, b"X-A: b\r\n" * 512),
        "sends headers of 10 MiB": fixed(HEAD + b"X-A: " + b"a" * 10 * MIB + b"\r\n\r\n"),
        "promises more than it sends": fixed(HTML + b"Content-Length: 1000\r\n\r\nshort"),
        "promises 99 GB": silent(HTML + b"Content-Length: 99000000000\r\n\r\n"),
        "promises two lengths": fixed(
            HTML + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
        ),
        "promises less than it sends": fixed(
            HTML + b"Content-Length: 4\r\n\r\n" + b"<p>x" + b"y" * MIB
        ),
        "is a gzip bomb of 4 GB": bomb("gzip", 4_000),
        "is a gzip bomb of 400 MB": bomb("gzip", 400),
        "is a bomb under another name": bomb("x-gzip", 4_000),
        "is a brotli bomb": fixed(HTML + b"Content-Encoding: br\r\n\r\n" + noise * 1000),
        "is a zstd bomb": fixed(HTML + b"Content-Encoding: zstd\r\n\r\n" + noise * 1000),
        "is packed twice": fixed(
            HTML
            + b"Content-Encoding: gzip, gzip\r\n\r\n"
            + gzip.compress(gzip.compress(bytes(100 * MIB), 1))
        ),
        "is a page as large as may be": just_within(words),
        "is a plain text as large as may be": just_within(words, b"text/plain"),
        "is a file as large as may be": just_within(words, b"application/pdf"),
        "is 8 MiB of tags": fixed(
            answer(b"<p><b>a&amp;" * (8 * MIB // 12), Content_Type="text/html")
        ),
        "is 8 MiB of nothing but signs": fixed(answer(b"<" * 8 * MIB, Content_Type="text/html")),
        "resets at once": reset(b""),
        "resets in the body": reset(HTML + b"Content-Length: 100\r\n\r\nhalf"),
        "is silent": silent(b""),
        "is silent in the body": silent(HTML + b"Content-Length: 100\r\n\r\nhalf"),
    }  # fmt: skip


def secured(folder: Path) -> dict[str, Server]:
    """What goes wrong in TLS: a handshake that never ends, a certificate for another, one out of
    date, one that nobody vouches for."""

    def never(connection: socket.socket, request: bytes) -> None:
        connection.settimeout(FOREVER)
        while connection.recv(65536):
            pass

    page = fixed(answer(b"<p>secret"))
    return {
        "never shakes hands": Server(never, None, greedy=False),
        "shows a certificate for another": Server(page, certificate(folder, "other.test")[0]),
        "shows a certificate out of date": Server(
            page, certificate(folder, "brand.test", days=-1)[0]
        ),
        "shows a certificate of its own making": Server(page, certificate(folder, "brand.test")[0]),
        "speaks no TLS": Server(fixed(answer(b"<p>plain"))),
    }


def main(which: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if which == "good":
            text = "采用双风道设计，直接为刹车散热。" * 50
            page = answer(f"<html><p>{text}".encode(), Content_Type="text/html; charset=utf-8")
            tls: dict[str, Server] = {}
            servers = {"good": Server(fixed(page))}
        else:
            tls = secured(Path(folder))
            servers = {**{name: Server(handle) for name, handle in kinds().items()}, **tls}
        said = {
            "places": {name: server.place for name, server in servers.items()},
            "tls": list(tls),
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
