"""Servers that mean harm: each ends in its own kind of failure, in bounded time and memory."""

from __future__ import annotations

import gzip
import socket
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from engines.fetching import Client, FetchError, Limits
from engines.fetching import limits as limits_module
from tests.engines.fetching.servers import Server, answer, serving

AGENT = "AsClaimed-tests/1 (+https://example.org/bot)"
KIB = 1024
SMALL = Limits(
    header_bytes=8 * KIB, wire_bytes=256 * KIB, decoded_bytes=512 * KIB, ratio_from_bytes=16 * KIB
)
QUICK = replace(
    SMALL, connect_seconds=0.4, idle_seconds=0.3, total_seconds=0.6
)  # for tests that wait for a clock to run out
HEAD = b"HTTP/1.1 200 OK\r\n"
GZIP_HEAD = b"a\r\n" + gzip.compress(b"", mtime=0)[:10] + b"\r\n"


def fetch(server: Server, limits: Limits = SMALL, method: str = "GET") -> bytes:
    return (
        Client(AGENT, {"brand.test:9000": server.place}, limits)
        .request(method, "http://brand.test:9000/")
        .body
    )


def failing(server: Server, limits: Limits = SMALL) -> FetchError:
    began = time.monotonic()
    with pytest.raises(FetchError) as failed:
        fetch(server, limits)
    assert time.monotonic() - began < limits.total_seconds + 1
    assert failed.value.sentence.endswith(".")
    return failed.value


def repeated(
    first: bytes, again: bytes, pause: float = 0.0
) -> Callable[[socket.socket, bytes], None]:
    """Return a handler that never stops sending (until the other side hangs up)."""

    def handle(connection: socket.socket, request: bytes) -> None:
        connection.sendall(first)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            connection.sendall(again)
            if pause:
                time.sleep(pause)

    return handle


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b"H"),
        (HEAD + b"X-A: ", b"b"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_drip_is_ended_by_the_clock_of_the_whole(first: bytes, again: bytes) -> None:
    with serving(repeated(first, again, pause=0.05)) as server:
        failure = failing(server, QUICK)
    assert failure.kind == "timeout"
    assert "whole" in failure.sentence


def test_redirects_share_one_clock() -> None:
    def slow(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.2)
        connection.sendall(answer(status="302 Found", Location="/"))

    with serving(slow) as server:
        failure = failing(server, replace(QUICK, redirects=50))
    assert failure.kind == "timeout"
    assert len(failure.hops) >= 2


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\nhalf"])
def test_silence_is_ended_by_the_clock_between_bytes(sent: bytes) -> None:
    def silent(connection: socket.socket, request: bytes) -> None:
        connection.sendall(sent)
        server.stopping.wait(3)

    with serving(silent) as server:
        failure = failing(server, QUICK)
    assert failure.kind == "timeout"
    assert "silent" in failure.sentence


def test_one_that_never_accepts_is_given_up() -> None:
    """A full backlog: the kernel drops further attempts, as a firewall would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(3):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        client = Client(AGENT, {"brand.test:9000": f"127.0.0.1:{listener.getsockname()[1]}"}, QUICK)
        with pytest.raises(FetchError) as failed:
            client.get("http://brand.test:9000/")
        for each in waiting:
            each.close()
    assert failed.value.kind == "timeout"


def test_a_closed_port_is_a_failure_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError) as failed:
        Client(AGENT, {"brand.test:9000": f"127.0.0.1:{port}"}, SMALL).get(
            "http://brand.test:9000/"
        )
    assert failed.value.kind == "connect"


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\nhalf"])
def test_a_reset_is_a_lost_connection(sent: bytes) -> None:
    def reset(connection: socket.socket, request: bytes) -> None:
        connection.sendall(sent)
        time.sleep(0.05)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with serving(reset) as server:
        assert failing(server).kind == "connect"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (HEAD + b"\r\n", b"x" * 16 * KIB),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"4000\r\n" + b"x" * 16 * KIB + b"\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + GZIP_HEAD,
        b"5\r\n\0\0\0\xff\xff\r\n" * 999),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 999),
    ],
)  # fmt: skip
def test_a_body_without_end_is_too_large(first: bytes, again: bytes) -> None:
    with serving(repeated(first, again)) as server:
        assert failing(server).kind == "too_large"


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_in_crumbs_costs_no_more_than_its_crumbs_may(extra: int) -> None:
    with serving(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (99 + extra) + b"0\r\n\r\n"
    ) as server:
        limits = replace(SMALL, pieces=100)
        if extra:
            assert "pieces" in failing(server, limits).sentence
        else:
            assert fetch(server, limits) == b"x" * 99


def test_a_body_too_large_by_its_own_word_is_not_read() -> None:
    def promising(connection: socket.socket, request: bytes) -> None:
        connection.sendall(HEAD + b"Content-Length: 99999999\r\n\r\n")
        server.stopping.wait(3)

    with serving(promising) as server:
        assert failing(server).kind == "too_large"


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_the_ceiling_is_exact(extra: int) -> None:
    size = 10_000
    body = bytes(size + extra)
    with serving(answer(body)) as server:
        limits = replace(SMALL, decoded_bytes=size)
        if extra > 0:
            assert failing(server, limits).kind == "too_large"
        else:
            assert fetch(server, limits) == body


def test_what_comes_after_the_length_given_is_no_part_of_the_body() -> None:
    with serving(HEAD + b"Content-Length: 4\r\n\r\nfourHTTP/1.1 200 OK\r\n\r\nsmuggled") as server:
        assert fetch(server) == b"four"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 10\r\n\r\nshort",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhellos",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 0x10\r\n\r\n" + b"x" * 16,
        HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"X A: b\r\n\r\n",
        HEAD + b"X-A: b\0c\r\n\r\n",
        HEAD + b": b\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD,
        b"",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"+PONG\r\n+OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"<html>no head at all</html>",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
def test_what_is_not_http_as_it_is_written_is_a_fault_of_protocol(sent: bytes) -> None:
    with serving(sent) as server:
        assert failing(server).kind == "protocol"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"X-A: " + b"a" * 20 * KIB + b"\r\n\r\n",
        HEAD + b"X-A: b\r\n" * 2_000 + b"\r\n",
        HEAD + b"X-A: " + b"a" * 200 * KIB,
        b"HTTP/1.1 200 " + b"O" * 20 * KIB,
        (b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"a" * 900 + b">\r\n\r\n") * 20 + answer(b"x"),
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000 + answer(b"x"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: " + b"a" * 100 * KIB + b"\r\n\r\n",
    ],
)
def test_giant_headers_are_too_large(sent: bytes) -> None:
    with serving(sent) as server:
        failure = failing(server)
    assert failure.kind == "too_large"


def test_headers_just_within_the_ceiling_pass() -> None:
    with serving(answer(b"ok", X_A="a" * 7 * KIB)) as server:
        assert fetch(server) == b"ok"


# Compressed bodies


def gzip_bomb(megabytes: int) -> Iterator[bytes]:
    """Yield a gzip stream of zeros, about a thousand times smaller than what it unpacks to."""
    packer = zlib.compressobj(9, wbits=31)
    yield packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    plain = zlib.compressobj(9, wbits=-15)
    block = plain.compress(bytes(1 << 20)) + plain.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes - 1):
        yield block


def bombing(encoding: str) -> Callable[[socket.socket, bytes], None]:
    def handle(connection: socket.socket, request: bytes) -> None:
        connection.sendall(HEAD + f"Content-Encoding: {encoding}\r\n\r\n".encode())
        for block in gzip_bomb(4_000):
            connection.sendall(block)

    return handle


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(total_seconds=30), "swells"),  # the usual ceilings
        (Limits(total_seconds=30, ratio=10**9, decoded_bytes=4 << 20), "unpacked"),
    ],
)
def test_a_bomb_of_four_gigabytes_ends_in_little_memory(limits: Limits, word: str) -> None:
    with serving(bombing("gzip")) as server:
        tracemalloc.start()
        try:
            failure = failing(server, limits)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert failure.kind == "too_large"
    assert word in failure.sentence
    assert peak < (12 << 20), peak


def test_without_the_ceilings_the_bomb_does_go_off() -> None:
    """The negative control: the ceilings, not something else, stop it."""
    with serving(answer(b"".join(gzip_bomb(12))[:-1], Content_Encoding="gzip")) as server:
        loose = replace(SMALL, ratio=10**9, decoded_bytes=1 << 30, total_seconds=5)
        failure = failing(server, loose)
    assert failure.kind == "encoding"  # it was unpacked to its (missing) end


@pytest.mark.parametrize("size", [15 * KIB, 64 * KIB])
def test_a_ratio_counts_only_for_bodies_of_some_size(size: int) -> None:
    with serving(answer(gzip.compress(b" " * size), Content_Encoding="gzip")) as server:
        limits = replace(SMALL, ratio=10)
        if size > SMALL.ratio_from_bytes:
            assert failing(server, limits).kind == "too_large"
        else:
            assert fetch(server, limits) == b" " * size


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("zstd", b"x"),
        ("compress", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)),
        ("gzip, br", gzip.compress(b"x", mtime=0)),
        ("deflate, gzip", b"x"),
        ("chunked", b"x"),
        ("言".encode().decode("latin-1"), b"x"),
        ("gzip", b"plain text"),
        ("gzip", b"x"),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-1]),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-9]),
        (
            "gzip",
            gzip.compress(b"hello", mtime=0)[:-8]
            + b"\1\2\3\4"
            + gzip.compress(b"hello", mtime=0)[-4:],
        ),
        ("gzip", gzip.compress(b"hello", mtime=0) + b"trailing"),
        ("gzip", gzip.compress(b"hello", mtime=0) + b"\x1f\x8b"),
        ("gzip", gzip.compress(b"hello", mtime=0) + b"t"),
        ("gzip", gzip.compress(b"", mtime=0) * 101),
        ("deflate", zlib.compress(b"hello")[:-1]),
        ("deflate", zlib.compress(b"hello") + zlib.compress(b"again")),
        ("deflate", b"\xff\xff\xff"),
        ("deflate", b"\x78"),
    ],
)
def test_a_body_packed_otherwise_or_damaged_is_a_fault_of_encoding(
    encoding: str, body: bytes
) -> None:
    with serving(answer(body, Content_Encoding=encoding)) as server:
        assert failing(server).kind == "encoding"


def test_unpacking_is_under_the_clock_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10_000))
    monkeypatch.setattr(limits_module.time, "monotonic", lambda: next(ticks) / 10)
    slow = replace(SMALL, ratio=10**6, total_seconds=1)
    with (
        serving(answer(zlib.compress(bytes(400 * KIB)), Content_Encoding="deflate")) as server,
        pytest.raises(FetchError) as failed,
    ):
        fetch(server, slow)
    assert failed.value.kind == "timeout"


def test_the_clock_cannot_be_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with serving(repeated(HEAD + b"\r\n", b"x", pause=0.05)) as server:
        assert failing(server, QUICK).kind == "timeout"
