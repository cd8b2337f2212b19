"""A network of the test's own in which every address of the world answers, and what the client does
in it.

    unshare --net --mount -- python -m tests.engines.fetching.whole_world [whole]

Here nothing of the client is replaced: glibc asks a name server over UDP, the kernel makes the
connections. All of IPv4 and IPv6 is routed to this machine, so a listener hears any connection to
any address and knows for which it was meant. A few addresses are the public web; whatever comes in
for another is the canary's. Proxies are set in the environment for the whole run.

Prints `{"guarded": Seen, "unguarded": Seen, "asking_twice": Seen}`, where Seen is `{"cases":
[[group, name, expected, kind, code, sentence]], "heard": [[address, port]], "asked": {name:
times}}`; `expected` is the code of a refusal, "*" where any of several would be right, or "here"
for what the web answers. Without `whole` each address is redirected to by one status in turn, with
it by all five.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engines.fetching import Client, FetchError, Limits
from engines.fetching import client as client_module
from engines.fetching.client import Resolver
from tests.engines.fetching.test_addresses import INNER, SPECIAL_CASES, carried
from tests.engines.fetching.test_client import CARRIED
from tests.engines.fetching.test_urls import REFUSED, with_port

SHOP, SHOP6, OTHER = "93.184.216.34", "2606:2800:220:1::1", "151.101.1.140"
WEB = {SHOP, SHOP6, OTHER}
RESOLVER = "127.0.0.53"
PROXY = "10.9.8.7:3128"
PROXIES = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "ftp_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "FTP_PROXY",
)
PORTS = (80, 443, 8080, 8443, 22, 25, 3128, 5432, 6379)
REDIRECTS = (301, 302, 303, 307, 308)
LIMITS = Limits(connect_seconds=3, idle_seconds=3, total_seconds=6)


class Names:
    """A name server over UDP. `zone[name]` is a list of answers, given in turn (the last for ever):
    each a list of addresses, after any number of names that it is an alias of."""

    def __init__(self) -> None:
        self.zone: dict[str, list[list[str]]] = {}
        self.asked: Counter[str] = Counter()
        self.turns: Counter[tuple[str, int]] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((RESOLVER, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, where = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(question), where)

    def _answer(self, question: bytes) -> bytes:
        at, labels = 12, []
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode())
            at += 1 + length
        kind = int.from_bytes(question[at + 1 : at + 3], "big")
        name = ".".join(labels)
        if kind == 1:
            self.asked[name] += 1
        answers = self.zone.get(name.lower(), [])
        turn = self.turns[name, kind]
        self.turns[name, kind] += 1
        held = answers[min(turn, len(answers) - 1)] if answers else []
        records, owner = [], b"\xc0\x0c"
        for value in held:
            try:
                address = ipaddress.ip_address(value)
            except ValueError:
                alias = (
                    b"".join(bytes([len(label)]) + label.encode() for label in value.split("."))
                    + b"\0"
                )
                records.append(owner + struct.pack(">HHIH", 5, 1, 0, len(alias)) + alias)
                owner = alias
                continue
            if (address.version == 4) == (kind == 1):
                records.append(
                    owner
                    + struct.pack(">HHIH", 1 if kind == 1 else 28, 1, 0, len(address.packed))
                    + address.packed
                )
        code = 0 if name.lower() in self.zone else 3
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        return head + question[12 : at + 5] + b"".join(records)


class World:
    """Listens at every address. The web answers `pages[path]`; whoever else is called only writes
    down that he was."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.heard: list[tuple[str, int]] = []
        self.served: list[str] = []
        self._selector = selectors.DefaultSelector()
        for port in PORTS:
            for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                listener = socket.create_server((everywhere, port), family=family, backlog=128)
                self._selector.register(listener, selectors.EVENT_READ)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            for key, _ in self._selector.select():
                assert isinstance(key.fileobj, socket.socket)
                connection, _ = key.fileobj.accept()
                with connection:
                    address, port = connection.getsockname()[:2]
                    if address in WEB:
                        with contextlib.suppress(OSError):
                            self._answer(connection, address)
                    else:
                        self.heard.append((address, port))

    def _answer(self, connection: socket.socket, address: str) -> None:
        connection.settimeout(3)
        request = b""
        while b"\r\n\r\n" not in request:
            more = connection.recv(65536)
            if not more:
                return
            request += more
        self.served.append(address)
        path = request.split(b" ")[1].decode()
        connection.sendall(
            self.pages.get(path, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")
        )


@dataclass
class Case:
    group: str
    name: str
    url: str
    expected: str
    method: str = "GET"


@dataclass
class Table:
    """Every case, with the names and pages that it needs."""

    names: Names
    world: World
    cases: list[Case] = field(default_factory=list)

    def named(self, *answers: list[str]) -> str:
        name = f"n{len(self.names.zone)}.shop.example"
        self.names.zone[name] = list(answers)
        return name

    def redirect(self, status: int, location: bytes, more: bytes = b"") -> str:
        path = f"/{len(self.world.pages)}"
        self.world.pages[path] = (
            b"HTTP/1.1 %d Away\r\nContent-Length: 0\r\nLocation: %b\r\n%b\r\n"
            % (status, location, more)
            if location
            else b"HTTP/1.1 %d OK\r\nContent-Length: 4\r\n%b\r\nhere" % (status, more)
        )
        return f"http://www.shop.example{path}"

    def add(self, group: str, name: str, url: str, expected: str, method: str = "GET") -> None:
        self.cases.append(Case(group, name, url, expected, method))


def specials() -> Iterator[tuple[str, str]]:
    """The first, middle and last address of every special range, and each way to carry such a one
    inside IPv6."""
    yield from SPECIAL_CASES
    for inner in INNER:
        yield from ((address, carrier) for carrier, address in carried(inner).items())


def build(names: Names, world: World, *, whole: bool) -> Table:  # noqa: C901 — one branch for each part of the world
    table = Table(names, world)
    names.zone["www.shop.example"] = [[SHOP]]
    for url, code in REFUSED:
        table.add("as it is written", url[:120], with_port(url, 8080), code)
    for address, code in SPECIAL_CASES:
        if ":" not in address:
            table.add("a literal", address, f"http://{address}:8080/", code)
    for address, code in specials():
        table.add("a name for it", address, f"http://{table.named([address])}/", code)
        for method, port in (("HEAD", 8443), ("POST", 8080)):
            if address in {"127.0.0.1", "::1", "169.254.169.254"} or address.startswith(
                "::ffff:7f"
            ):
                table.add(
                    "another method",
                    f"{method} {address}",
                    f"http://{table.named([address])}:{port}/",
                    code,
                    method,
                )
    for address in dict.fromkeys(
        (*INNER, "127.0.0.1", "::1", "fd00::1", "::ffff:7f00:1", "64:ff9b::a00:1")
    ):
        for answers in (
            [SHOP, address],
            [address, SHOP],
            [SHOP6, address, OTHER],
            [SHOP, SHOP6, address],
            [address, SHOP6],
        ):
            table.add("mixed answers", " ".join(answers), f"http://{table.named(answers)}/", "*")
        for length in (1, 2, 5, 8):
            chain = [f"c{number}.cdn.example" for number in range(length - 1)] + ["localhost"]
            table.add(
                "a chain of aliases",
                f"{length} to {address}",
                f"http://{table.named([*chain, address])}/",
                "*",
            )
    for turn, status in enumerate(REDIRECTS):
        by_it = slice(None) if whole else slice(turn, None, len(REDIRECTS))
        for address, code in list(specials())[by_it]:
            if ":" not in address:
                for url in (f"http://{address}:8080/", f"//{address}/"):
                    table.add(
                        "a redirect",
                        f"{status} to {url}",
                        table.redirect(status, url.encode()),
                        code,
                    )
            url = f"http://{table.named([address])}:8443/"
            table.add(
                "a redirect",
                f"{status} to a name for {address}",
                table.redirect(status, url.encode()),
                code,
            )
        for url, code in list(CARRIED)[by_it]:
            table.add(
                "a redirect",
                f"{status} to {url[:100]}",
                table.redirect(status, with_port(url, 8080).encode()),
                code,
            )
    for address in ("127.0.0.1", "::1", "169.254.169.254"):
        # Rebinding: good when it is checked, bad when it is asked again; on a redirect it *is*
        # asked again, and checked again.
        table.add(
            "a name that changes its mind",
            address,
            f"http://{table.named([SHOP], [address])}/",
            "here",
        )
        name = table.named([SHOP], [address])
        back = table.redirect(302, f"http://{name}/again".encode()).replace(
            "www.shop.example", name
        )
        table.add("a name that changes its mind", f"{address} on the way back", back, "*")
        host = f"[{address}]" if ":" in address else address
        for more in (
            f"Refresh: 0; url=http://{host}:8080/",
            f"Alt-Svc: http={host}:8080",
            f"Link: <http://{host}/>; rel=preload",
        ):
            table.add(
                "a hint that is no redirect",
                more,
                table.redirect(200, b"", more.encode() + b"\r\n"),
                "here",
            )
    return table


def run(
    table: Table, groups: set[str] | None = None, resolver: Resolver = client_module.resolve
) -> dict[str, object]:
    """Try every case of these groups in turn; what was heard and asked meanwhile is told as
    well."""
    table.world.heard.clear()
    table.names.asked.clear()
    table.names.turns.clear()
    client = Client(
        "AsClaimed-tests/1 (+https://example.org/bot)", limits=LIMITS, resolver=resolver
    )
    seen = []
    for case in table.cases:
        if groups is not None and case.group not in groups:
            continue
        try:
            body = client.request(
                case.method, case.url, body=b"x" if case.method == "POST" else b""
            ).body
            ended = ("ok", body.decode(), "")
        except FetchError as failure:
            ended = (failure.kind, failure.code, failure.sentence)
        seen.append([case.group, case.name, case.expected, *ended])
    _settle(table.world)
    return {
        "cases": seen,
        "heard": sorted(set(table.world.heard)),
        "asked": dict(table.names.asked),
    }


def _settle(world: World) -> None:
    """Wait until a connection made after all others was heard."""
    mark = ("198.51.100.77", 25)
    while mark not in world.heard:
        with socket.create_connection(mark):
            time.sleep(0.01)
    world.heard[:] = [one for one in world.heard if one != mark]


def enter() -> None:
    """Make the namespace what it should be: every address is here, and names are asked of
    `RESOLVER`."""
    for command in (
        "link set lo up",
        "route add local 0.0.0.0/0 dev lo",
        "-6 route add local ::/0 dev lo",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    folder = Path(tempfile.mkdtemp(prefix="whole-world-"))
    for target, content in (
        ("/etc/resolv.conf", f"nameserver {RESOLVER}\noptions timeout:2 attempts:1\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ):
        source = folder / Path(target).name
        source.write_text(content)
        subprocess.run(["mount", "--bind", str(source), target], check=True)


def asking_twice(table: Table) -> dict[str, object]:
    """Control: a client that checks one answer and then lets the system connect by name, as most
    do."""
    asked = ""

    def remembering(host: str, port: int) -> list[str]:
        nonlocal asked
        asked = host
        return client_module.resolve(host, port)

    opened, peer = client_module.open_connection, client_module._check_peer
    client_module.open_connection = lambda address, port, seconds: opened(
        client_module.resolve(asked, port)[0], port, seconds
    )
    client_module._check_peer = lambda connection, address, port: address
    try:
        return run(table, {"a name that changes its mind"}, remembering)
    finally:
        client_module.open_connection, client_module._check_peer = opened, peer


def unguarded(table: Table, *, whole: bool) -> dict[str, object]:
    """Control: every address passes; and a client that heeds the environment goes through the
    proxy."""
    checked = client_module.check_address
    client_module.check_address = ipaddress.ip_address
    try:
        seen = run(
            table,
            {"a literal", "a name for it", "a chain of aliases"}
            | ({"a redirect"} if whole else set()),
        )
    finally:
        client_module.check_address = checked
    with contextlib.suppress(OSError, http.client.HTTPException):
        urllib.request.urlopen("http://www.shop.example/", timeout=3)
    _settle(table.world)
    return {
        **seen,
        "proxied": PROXY in {f"{address}:{port}" for address, port in table.world.heard},
    }


def main() -> None:
    enter()
    os.environ.update(dict.fromkeys(PROXIES, f"http://{PROXY}"))
    whole = "whole" in sys.argv
    table = build(Names(), World(), whole=whole)
    json.dump(
        {
            "guarded": run(table),
            "unguarded": unguarded(table, whole=whole),
            "asking_twice": asking_twice(table),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
