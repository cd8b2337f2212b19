"""Whom the client connects to: nobody it should not, by whatever way it is sent there."""

from __future__ import annotations

import gc
import gzip
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.fetching import Client, FetchError, Hop, Limits
from engines.fetching import client as client_module
from engines.fetching import urls as urls_module
from tests.engines.fetching.servers import Canary, Server, answer, certificate, serving
from tests.engines.fetching.test_addresses import INNER, SPECIAL_CASES, carried
from tests.engines.fetching.test_urls import REFUSED, with_port

AGENT = "AsClaimed-tests/1 (+https://example.org/bot)"
USUAL = Limits()
QUICK = Limits(
    connect_seconds=0.5, idle_seconds=0.3, total_seconds=2
)  # for tests that wait for a clock to run out


class Watch:
    """What the client did: each connection it asked for, each name it asked about."""

    def __init__(self) -> None:
        self.connects: list[tuple[str, int]] = []
        self.asked: list[str] = []
        self.answers: list[list[str]] = [["1.1.1.1"]]

    def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Connections outside loopback are written down and refused; all others are written down and
    made."""
    seen = Watch()
    real = client_module.open_connection

    def opened(address: str, port: int, seconds: float) -> socket.socket:
        seen.connects.append((address, port))
        if not ipaddress.ip_address(address).is_loopback:
            raise ConnectionRefusedError
        return real(address, port, seconds)

    monkeypatch.setattr(client_module, "open_connection", opened)
    return seen


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Canary]:
    """A listener on 127.0.0.1 and ::1 whose port the client would be allowed to use, were the
    address public."""
    listener = Canary()
    monkeypatch.setattr(urls_module, "PORTS", urls_module.PORTS | {listener.port})
    yield listener
    listener.close()


def failing(client: Client, url: str) -> FetchError:
    with pytest.raises(FetchError) as failed:
        client.get(url)
    return failed.value


# Literal addresses and confusions


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_a_refused_address_is_neither_asked_for_nor_connected_to(
    url: str, code: str, watch: Watch, canary: Canary
) -> None:
    failure = failing(
        Client(AGENT, limits=USUAL, resolver=watch.resolve), with_port(url, canary.port)
    )
    assert (failure.kind, failure.code) == ("refused", code)
    assert (watch.asked, watch.connects, canary.connections()) == ([], [], 0)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "255.255.255.255",
    ],
)
def test_a_quad_that_is_not_public_is_not_connected_to(
    host: str, watch: Watch, canary: Canary
) -> None:
    failure = failing(
        Client(AGENT, limits=USUAL, resolver=watch.resolve), f"http://{host}:{canary.port}/"
    )
    assert failure.kind == "refused"
    assert (watch.asked, watch.connects, canary.connections()) == ([], [], 0)


# Names


@pytest.mark.parametrize(
    ("address", "code"), SPECIAL_CASES + [(carried(i)[c], c) for i in INNER for c in carried(i)]
)
def test_a_name_for_an_address_that_is_not_public_is_not_connected_to(
    address: str, code: str, watch: Watch, canary: Canary
) -> None:
    watch.answers = [[address]]
    failure = failing(
        Client(AGENT, limits=USUAL, resolver=watch.resolve), f"http://shop.example:{canary.port}/"
    )
    assert (failure.kind, failure.code) == ("refused", code)
    assert failure.url == f"http://shop.example:{canary.port}/"
    assert (watch.connects, canary.connections()) == ([], 0)


@pytest.mark.parametrize(
    "bad",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "fe80::1%lo",
        "::ffff:127.0.0.1",
        "fc00::1",
        "nonsense",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_answer_among_good_ones_spoils_the_name(
    bad: str, place: int, watch: Watch, canary: Canary
) -> None:
    answers = ["1.1.1.1", "2606:4700::1111"]
    answers.insert(place, bad)
    watch.answers = [answers]
    failure = failing(
        Client(AGENT, limits=USUAL, resolver=watch.resolve), f"http://shop.example:{canary.port}/"
    )
    assert failure.kind == "refused"
    assert (watch.connects, canary.connections()) == ([], 0)


@pytest.mark.parametrize("second", ["127.0.0.1", "::1", "10.0.0.1"])
def test_a_name_that_changes_its_mind_is_not_asked_again(
    second: str, watch: Watch, canary: Canary
) -> None:
    watch.answers = [["1.1.1.1", "8.8.8.8"], [second]]
    failure = failing(
        Client(AGENT, limits=USUAL, resolver=watch.resolve), f"http://shop.example:{canary.port}/"
    )
    assert failure.kind == "connect"
    assert watch.asked == ["shop.example"]
    assert watch.connects == [("1.1.1.1", canary.port), ("8.8.8.8", canary.port)]
    assert canary.connections() == 0


def test_a_connection_that_arrives_elsewhere_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"secret")) as server:
        elsewhere = client_module.open_connection
        monkeypatch.setattr(
            client_module,
            "open_connection",
            lambda address, port, seconds: elsewhere("127.0.0.1", server.port, seconds),
        )
        client = Client(AGENT, limits=USUAL, resolver=lambda host, port: ["1.1.1.1"])
        failure = failing(client, "http://shop.example/")
        assert (failure.kind, failure.code) == ("refused", "peer")
        assert server.requests == []
        monkeypatch.setattr(client_module, "_check_peer", lambda connection, address, port: address)
        assert client.get("http://shop.example/").body == b"secret", "the negative control"


def test_the_resolver_gets_ascii_only_and_no_search_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def getaddrinfo(host: object, port: int, **rest: object) -> list[object]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
            (socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    failure = failing(Client(AGENT, limits=USUAL), "http://straße.example/")
    assert (failure.kind, failure.code) == ("refused", "loopback")
    assert asked == [b"xn--strae-oqa.example."]


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "unknown"), OSError("down"), UnicodeError("odd")]
)
def test_a_name_that_does_not_resolve_is_a_failure_of_dns(error: Exception) -> None:
    def broken(host: str, port: int) -> list[str]:
        raise error

    assert (
        failing(Client(AGENT, limits=USUAL, resolver=broken), "http://shop.example/").kind == "dns"
    )


def test_a_name_without_addresses_is_a_failure_of_dns() -> None:
    assert (
        failing(
            Client(AGENT, limits=USUAL, resolver=lambda host, port: []), "http://shop.example/"
        ).kind
        == "dns"
    )


def test_a_fault_of_the_resolver_itself_is_not_hidden() -> None:
    def faulty(host: str, port: int) -> list[str]:
        raise KeyError(host)

    with pytest.raises(KeyError):
        Client(AGENT, limits=USUAL, resolver=faulty).get("http://shop.example/")


def test_a_resolver_that_hangs_is_given_up() -> None:
    release = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        release.wait(10)
        return ["1.1.1.1"]

    began = time.monotonic()
    failure = failing(Client(AGENT, limits=QUICK, resolver=hanging), "http://shop.example/")
    release.set()
    assert failure.kind == "dns"
    assert time.monotonic() - began < 1.5


def test_without_the_check_the_canary_does_get_a_connection(
    watch: Watch, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the tests above could fail."""
    monkeypatch.setattr(client_module, "check_address", ipaddress.ip_address)
    for address in ("127.0.0.1", "::1"):
        watch.answers = [[address]]
        failure = failing(
            Client(AGENT, limits=QUICK, resolver=lambda host, port, a=address: [a]),
            f"http://shop.example:{canary.port}/",
        )
        assert failure.kind == "timeout"
        assert canary.connections() == 1
    assert (
        failing(Client(AGENT, limits=QUICK), f"http://127.0.0.1:{canary.port}/").kind == "timeout"
    )
    assert canary.connections() == 1


# Redirects


@pytest.fixture
def pointing() -> Iterator[Server]:
    """A server that redirects to whatever stands in its `location`."""

    def handle(connection: socket.socket, request: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + server.location + b"\r\n\r\n"
        )  # type: ignore[attr-defined]  # set by the test

    with serving(handle) as server:
        yield server


# What a header can hold and what, found there, is an address
# of its own and no path on the same site.
CARRIED = [
    (url, code)
    for url, code in REFUSED
    if url.partition(":")[0] in {"http", "https"} and url.isprintable() and url == url.strip()
]
CARRIED += [(url, code) for url, code in REFUSED if code == "scheme"]


@pytest.mark.parametrize(("url", "code"), CARRIED)
def test_a_redirect_to_a_refused_address_is_not_followed(
    url: str, code: str, watch: Watch, canary: Canary, pointing: Server
) -> None:
    pointing.location = with_port(url, canary.port).encode()  # type: ignore[attr-defined]  # read by the handler
    client = Client(AGENT, {"brand.test:9000": pointing.place}, USUAL, watch.resolve)
    failure = failing(client, "http://brand.test:9000/")
    assert (failure.kind, failure.code) == ("refused", code)
    assert [hop.status for hop in failure.hops] == [302]
    assert (watch.asked, watch.connects, canary.connections()) == (
        [],
        [("127.0.0.1", pointing.port)],
        0,
    )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
    ],
)
@pytest.mark.parametrize("form", ["http://{h}:{p}/", "//{h}:{p}/", "https://{h}:{p}/"])
def test_a_redirect_to_a_quad_that_is_not_public_is_not_followed(
    host: str, form: str, watch: Watch, canary: Canary, pointing: Server
) -> None:
    pointing.location = form.format(h=host, p=canary.port).encode()  # type: ignore[attr-defined]  # read by the handler
    client = Client(AGENT, {"brand.test:9000": pointing.place}, USUAL, watch.resolve)
    assert failing(client, "http://brand.test:9000/").kind == "refused"
    assert (watch.asked, len(watch.connects), canary.connections()) == ([], 1, 0)


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["::1"],
        ["1.1.1.1", "127.0.0.1"],
        ["127.0.0.1", "1.1.1.1"],
        ["::ffff:127.0.0.1"],
    ],
)
def test_a_redirect_to_a_name_that_is_not_public_is_not_followed(
    answers: list[str], watch: Watch, canary: Canary, pointing: Server
) -> None:
    watch.answers = [answers]
    pointing.location = f"http://inside.example:{canary.port}/".encode()  # type: ignore[attr-defined]  # read by the handler
    client = Client(AGENT, {"brand.test:9000": pointing.place}, USUAL, watch.resolve)
    failure = failing(client, "http://brand.test:9000/")
    assert failure.kind == "refused"
    assert failure.url == f"http://inside.example:{canary.port}/"
    assert (watch.asked, len(watch.connects), canary.connections()) == (["inside.example"], 1, 0)


def test_a_local_host_reaches_no_other_port_of_loopback(
    watch: Watch, canary: Canary, pointing: Server
) -> None:
    client = Client(
        AGENT,
        {"brand.test:9000": pointing.place, "127.0.0.1:9000": pointing.place},
        USUAL,
        watch.resolve,
    )
    for location, code in [
        (f"http://127.0.0.1:{canary.port}/", "loopback"),
        (f"http://brand.test:{canary.port}/", "private_name"),
        (f"http://localhost:{canary.port}/", "private_name"),
        ("http://brand.test:9001/", "port"),
        ("http://127.0.0.1:9001/", "port"),
    ]:
        pointing.location = location.encode()  # type: ignore[attr-defined]  # read by the handler
        for start in ("http://brand.test:9000/", "http://127.0.0.1:9000/"):
            assert failing(client, start).code == code
    assert {port for _, port in watch.connects} == {pointing.port}
    assert canary.connections() == 0


def test_a_page_outside_cannot_lead_to_a_local_host(
    pointing: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client_module.open_connection
    monkeypatch.setattr(
        client_module,
        "open_connection",
        lambda address, port, seconds: real("127.0.0.1", pointing.port, seconds),
    )
    monkeypatch.setattr(client_module, "_check_peer", lambda connection, address, port: address)
    pointing.location = b"http://brand.test:9000/"  # type: ignore[attr-defined]  # read by the handler
    client = Client(
        AGENT, {"brand.test:9000": pointing.place}, USUAL, lambda host, port: ["1.1.1.1"]
    )
    failure = failing(client, "http://shop.example/")
    assert (failure.kind, failure.code) == ("refused", "local")
    assert pointing.connections == 1


def test_a_redirect_without_end_is_given_up_after_five(watch: Watch, pointing: Server) -> None:
    pointing.location = b"/again"  # type: ignore[attr-defined]  # read by the handler
    failure = failing(
        Client(AGENT, {"brand.test:9000": pointing.place}, USUAL), "http://brand.test:9000/"
    )
    assert failure.kind == "too_many_redirects"
    assert len(failure.hops) == 6
    assert pointing.connections == 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_nothing_is_carried(status: int) -> None:
    def handle(connection: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET /old "):
            connection.sendall(
                answer(status=f"{status} Moved", Location="new?x=1#part", Set_Cookie="a=b")
            )
        else:
            connection.sendall(answer(b"there"))

    with serving(handle) as server:
        client = Client(AGENT, {"brand.test:9000": server.place}, USUAL)
        response = client.get(
            "http://brand.test:9000/old",
            {"If-None-Match": '"1"', "Accept-Language": "zh", "Accept": "text/html"},
        )
        assert (response.url, response.status, response.body) == (
            "http://brand.test:9000/new?x=1",
            200,
            b"there",
        )
        assert response.hops == [Hop("http://brand.test:9000/old", status, "new?x=1#part")]
    first, second = server.requests
    assert b'if-none-match: "1"' in first
    assert b"Accept: */*" not in first
    assert second.startswith(b"GET /new?x=1 HTTP/1.1\r\n")
    assert not {b"if-none-match", b"cookie", b"accept-language", b"referer", b"authorization"} & {
        line.partition(b":")[0].lower() for line in second.split(b"\r\n")
    }


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_other_answers_of_the_three_hundreds_are_returned(status: int, watch: Watch) -> None:
    with serving(answer(status=f"{status} Odd", Location="http://127.0.0.1:1/")) as server:
        assert (
            Client(AGENT, {"brand.test:9000": server.place}, USUAL)
            .get("http://brand.test:9000/")
            .status
            == status
        )
    assert len(watch.connects) == 1


def test_a_redirect_that_does_not_say_where_is_returned() -> None:
    with serving(answer(b"lost", "302 Found")) as server:
        response = Client(AGENT, {"brand.test:9000": server.place}, USUAL).get(
            "http://brand.test:9000/"
        )
    assert (response.status, response.body, response.hops) == (302, b"lost", [])


@pytest.mark.parametrize("head", [b"Location: /a\r\nLocation: /b", b"Location: /\xff\xfe"])
def test_a_redirect_that_can_be_read_in_two_ways_is_a_fault(head: bytes) -> None:
    with serving(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + head + b"\r\n\r\n") as server:
        assert (
            failing(
                Client(AGENT, {"brand.test:9000": server.place}, USUAL), "http://brand.test:9000/"
            ).kind
            == "protocol"
        )


def test_a_post_carries_its_body_and_follows_nothing(watch: Watch) -> None:
    with serving(answer(status="307 Elsewhere", Location="/else")) as server:
        client = Client(AGENT, {"hook.test:9000": server.place}, USUAL)
        response = client.request(
            "POST", "http://hook.test:9000/in", b'{"a":1}', {"Content-Type": "application/json"}
        )
    assert response.status == 307
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST /in HTTP/1.1\r\n")
    assert b"Content-Length: 7\r\n" in server.requests[0]
    assert server.requests[0].endswith(b'\r\n\r\n{"a":1}')


# The environment


@pytest.mark.parametrize(
    "name",
    [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "ftp_proxy",
    ],
)
def test_proxies_of_the_environment_take_no_part(
    name: str, watch: Watch, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(answer(b"direct")) as server:
        client = Client(AGENT, {"brand.test:9000": server.place}, USUAL, watch.resolve)
        assert client.get("http://brand.test:9000/").body == b"direct"
        assert failing(client, "http://shop.example/").kind == "connect"
    assert watch.connects == [("127.0.0.1", server.port), ("1.1.1.1", 80)]
    assert canary.connections() == 0


# Who may be local, and what callers may set


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("brand.test:9000", "10.0.0.1:80"),
        ("brand.test:9000", "0.0.0.0:80"),
        ("brand.test:9000", "169.254.169.254:80"),
        ("brand.test:9000", "1.1.1.1:80"),
        ("brand.test:9000", "localhost:80"),
        ("brand.test:9000", "127.0.0.1"),
        ("brand.test:9000", "127.0.0.1:"),
        ("brand.test", "127.0.0.1:80"),
        ("Brand.test:9000", "127.0.0.1:80"),
        ("*.test:9000", "127.0.0.1:80"),
        ("brand.test:*", "127.0.0.1:80"),
        ("brand.test:9000/", "127.0.0.1:80"),
        ("a@brand.test:9000", "127.0.0.1:80"),
        ("[::1]:9000", "[::1]:80"),
        ("", "127.0.0.1:80"),
    ],
)
def test_settings_cannot_open_more_than_one_port_of_loopback(name: str, place: str) -> None:
    with pytest.raises(ValueError):
        Client(AGENT, {name: place})


@pytest.mark.parametrize("agent", ["", "  ", "a\r\nb: c", "言"])
def test_a_client_says_who_asks(agent: str) -> None:
    with pytest.raises(ValueError, match="user_agent"):
        Client(agent)


@pytest.mark.parametrize("loose", ["no_names", "no_certificates"])
def test_a_trust_store_that_trusts_everyone_is_refused(loose: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    if loose == "no_certificates":
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="tls"):
        Client(AGENT, tls=context)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("Host", "a"),
            ("cookie", "a"),
            ("Authorization", "a"),
            ("Content-Length", "1"),
            ("X-A", "b\r\nc: d"),
            ("X-A", "b\0"),
        ),
        *(("X A", "b"), ("", "b"), ("X-A:", "b"), ("X-A", "言")),
    ],
)
def test_callers_cannot_break_the_framing(name: str, value: str, watch: Watch) -> None:
    with pytest.raises(ValueError, match="not for callers"):
        Client(AGENT, resolver=watch.resolve).get("http://shop.example/", {name: value})
    assert watch.connects == []


@pytest.mark.parametrize(
    ("method", "body"),
    [("PUT", b""), ("CONNECT", b""), ("get", b""), ("GET", b"x"), ("GET / HTTP/1.1\r\n\r\n", b"")],
)
def test_only_known_methods_are_spoken(method: str, body: bytes) -> None:
    with pytest.raises(ValueError):
        Client(AGENT).request(method, "http://shop.example/", body)


# Good servers


def test_a_page_is_fetched_and_the_request_is_plain(watch: Watch) -> None:
    with serving(
        answer("言实".encode(), Content_Type="text/html; charset=utf-8", ETag='"v1"')
    ) as server:
        client = Client(AGENT, {"brand.test:9000": server.place}, USUAL, watch.resolve)
        response = client.get(
            "http://brand.test:9000/post?id=1#top",
            {"if-modified-since": "Sat, 01 Mar 2025 00:00:00 GMT"},
        )
    assert (response.status, response.body, response.wire_body) == (
        200,
        "言实".encode(),
        "言实".encode(),
    )
    assert response.url == "http://brand.test:9000/post?id=1"
    assert ("content-type", "text/html; charset=utf-8") in response.headers
    assert (response.header("etag"), response.header("x-none", "-")) == ('"v1"', "-")
    assert response.peer == server.place
    assert 0 < response.elapsed < 2
    assert response.hops == []
    assert watch.asked == []
    assert server.requests[0].decode().split("\r\n") == [
        "GET /post?id=1 HTTP/1.1",
        "Host: brand.test:9000",
        f"User-Agent: {AGENT}",
        "Accept: */*",
        "Accept-Encoding: gzip, deflate",
        "Connection: close",
        "if-modified-since: Sat, 01 Mar 2025 00:00:00 GMT",
        "",
        "",
    ]


def test_unchanged_is_an_answer() -> None:
    with serving(
        b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nContent-Encoding: br\r\n\r\n'
    ) as server:
        response = Client(AGENT, {"brand.test:9000": server.place}, USUAL).get(
            "http://brand.test:9000/", {"If-None-Match": '"v1"'}
        )
    assert (response.status, response.body, response.header("etag")) == (304, b"", '"v1"')
    assert b'if-none-match: "v1"' in server.requests[0]


def test_head_brings_no_body_whatever_the_headers_promise() -> None:
    with serving(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nContent-Encoding: gzip\r\n\r\n"
    ) as server:
        response = Client(AGENT, {"brand.test:9000": server.place}, USUAL).head(
            "http://brand.test:9000/"
        )
    assert (response.status, response.body) == (200, b"")
    assert server.requests[0].startswith(b"HEAD / ")


PAGE = "说过的话，都在这里。".encode() * 200
RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "wire"),
    [
        ("gzip", gzip.compress(PAGE, mtime=0)),
        ("GZip", gzip.compress(PAGE, mtime=0)),
        ("x-gzip", gzip.compress(PAGE, mtime=0)),
        ("gzip", gzip.compress(PAGE[:100], mtime=0) + gzip.compress(PAGE[100:], mtime=0)),
        ("gzip", gzip.compress(PAGE, mtime=0) + b"\0" * 7),
        ("deflate", zlib.compress(PAGE)),
        ("deflate", RAW.compress(PAGE) + RAW.flush()),
        ("identity", PAGE),
        ("", PAGE),
    ],
)
@pytest.mark.parametrize("pieces", [1, 7, 100_000])
def test_a_body_is_unpacked_in_whatever_pieces_it_comes(
    encoding: str, wire: bytes, pieces: int
) -> None:
    step = max(1, len(wire) // pieces)
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part)
        for part in (wire[i : i + step] for i in range(0, len(wire), step))
    )
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}\r\n\r\n"
    with serving(head.encode() + chunks + b"0\r\n\r\n") as server:
        response = Client(AGENT, {"brand.test:9000": server.place}, USUAL).get(
            "http://brand.test:9000/"
        )
    assert response.body == PAGE
    assert response.wire_body == wire


def test_an_empty_body_may_name_an_encoding() -> None:
    with serving(answer(b"", Content_Encoding="gzip")) as server:
        assert (
            Client(AGENT, {"brand.test:9000": server.place}, USUAL)
            .get("http://brand.test:9000/")
            .body
            == b""
        )


def test_an_old_server_ends_its_body_by_closing() -> None:
    with serving(b"HTTP/1.0 200 OK\r\n\r\nold") as server:
        assert (
            Client(AGENT, {"brand.test:9000": server.place}, USUAL)
            .get("http://brand.test:9000/")
            .body
            == b"old"
        )


def test_preliminary_answers_are_passed_over() -> None:
    with serving(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + answer(b"then")) as server:
        assert (
            Client(AGENT, {"brand.test:9000": server.place}, USUAL)
            .get("http://brand.test:9000/")
            .body
            == b"then"
        )


def test_the_next_address_is_tried_when_one_does_not_accept(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "check_address", ipaddress.ip_address)
    with serving(answer(b"second")) as server:
        monkeypatch.setattr(urls_module, "PORTS", {server.port})
        watch.answers = [["1.1.1.1", "127.0.0.1", "127.0.0.1"]]
        response = Client(AGENT, limits=USUAL, resolver=watch.resolve).get(
            f"http://shop.example:{server.port}/"
        )
    assert response.body == b"second"
    assert [address for address, _ in watch.connects] == ["1.1.1.1", "127.0.0.1"]


# TLS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    return certificate(tmp_path_factory.mktemp("tls"), "shop.test")


def trusting(pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=pem)


def test_tls_is_spoken_by_the_original_name(shop: tuple[ssl.SSLContext, str]) -> None:
    names: list[str | None] = []
    shop[0].sni_callback = lambda connection, name, context: names.append(name)
    with serving(answer(b"sealed"), tls=shop[0]) as server:
        client = Client(AGENT, {"shop.test:443": server.place}, USUAL, tls=trusting(shop[1]))
        response = client.get("https://shop.test/")
    shop[0].sni_callback = None
    assert (response.body, response.url, response.peer) == (
        b"sealed",
        "https://shop.test/",
        server.place,
    )
    assert names == ["shop.test"]
    assert b"Host: shop.test\r\n" in server.requests[0]


def test_a_certificate_nobody_vouches_for_is_refused(shop: tuple[ssl.SSLContext, str]) -> None:
    with serving(answer(b"sealed"), tls=shop[0]) as server:
        failure = failing(
            Client(AGENT, {"shop.test:443": server.place}, USUAL), "https://shop.test/"
        )
    assert failure.kind == "tls"
    assert "self-signed" in failure.sentence
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(shop: tuple[ssl.SSLContext, str]) -> None:
    with serving(answer(b"sealed"), tls=shop[0]) as server:
        failure = failing(
            Client(AGENT, {"bank.test:443": server.place}, USUAL, tls=trusting(shop[1])),
            "https://bank.test/",
        )
    assert failure.kind == "tls"
    assert server.requests == []


def test_a_certificate_out_of_date_is_refused(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path, "shop.test", days=-1)
    with serving(answer(b"sealed"), tls=context) as server:
        failure = failing(
            Client(AGENT, {"shop.test:443": server.place}, USUAL, tls=trusting(pem)),
            "https://shop.test/",
        )
    assert failure.kind == "tls"
    assert "expired" in failure.sentence


def test_plain_http_where_tls_should_be_is_a_failure_of_tls(
    shop: tuple[ssl.SSLContext, str],
) -> None:
    with serving(answer(b"open"), greedy=False) as server:
        failure = failing(
            Client(AGENT, {"shop.test:443": server.place}, USUAL, tls=trusting(shop[1])),
            "https://shop.test/",
        )
    assert failure.kind == "tls"


def test_a_handshake_that_never_ends_is_given_up(shop: tuple[ssl.SSLContext, str]) -> None:
    with serving(lambda connection, request: server.stopping.wait(3), greedy=False) as server:
        began = time.monotonic()
        failure = failing(
            Client(AGENT, {"shop.test:443": server.place}, QUICK, tls=trusting(shop[1])),
            "https://shop.test/",
        )
        assert failure.kind == "timeout"
        assert time.monotonic() - began < 1.5


def test_a_page_cut_off_inside_tls_is_not_taken_for_whole(shop: tuple[ssl.SSLContext, str]) -> None:
    def cut(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nonly half")
        connection.shutdown(socket.SHUT_RDWR)

    with serving(cut, tls=shop[0]) as server:
        failure = failing(
            Client(AGENT, {"shop.test:443": server.place}, USUAL, tls=trusting(shop[1])),
            "https://shop.test/",
        )
    assert failure.kind == "tls"


def test_a_page_closed_properly_inside_tls_is_whole(shop: tuple[ssl.SSLContext, str]) -> None:
    with serving(b"HTTP/1.1 200 OK\r\n\r\nthe whole", tls=shop[0]) as server:
        response = Client(AGENT, {"shop.test:443": server.place}, USUAL, tls=trusting(shop[1])).get(
            "https://shop.test/"
        )
    assert response.body == b"the whole"


def test_a_redirect_from_encrypted_to_open_is_not_followed(
    shop: tuple[ssl.SSLContext, str],
) -> None:
    with (
        serving(answer(b"open")) as plain,
        serving(answer(status="301 Moved", Location="http://shop.test/"), tls=shop[0]) as secure,
    ):
        local = {"shop.test:443": secure.place, "shop.test:80": plain.place}
        client = Client(AGENT, local, USUAL, tls=trusting(shop[1]))
        failure = failing(client, "https://shop.test/")
        assert (failure.kind, failure.code) == ("refused", "downgrade")
        assert failure.hops == (Hop("https://shop.test/", 301, "http://shop.test/"),)
        assert client.get("http://shop.test/").body == b"open"
    assert plain.connections == 1


def test_a_redirect_from_open_to_encrypted_is_followed(shop: tuple[ssl.SSLContext, str]) -> None:
    with (
        serving(answer(b"sealed"), tls=shop[0]) as secure,
        serving(answer(status="301 Moved", Location="https://shop.test/")) as plain,
    ):
        client = Client(
            AGENT,
            {"shop.test:443": secure.place, "shop.test:80": plain.place},
            USUAL,
            tls=trusting(shop[1]),
        )
        assert client.get("http://shop.test/").body == b"sealed"


def test_the_public_trust_store_is_the_default_and_is_strict() -> None:
    context = client_module._public_trust()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50


def test_nothing_stays_open_after_a_fetch() -> None:
    """An unclosed socket is a ResourceWarning, and warnings are errors; this one makes sure that it
    would be noticed."""
    with serving(answer(b"x")) as server:
        client = Client(AGENT, {"brand.test:9000": server.place}, QUICK)
        for _ in range(3):
            client.get("http://brand.test:9000/")
        assert failing(client, "https://brand.test:9000/").kind == "timeout"
        gc.collect()
    assert server.connections == 4
