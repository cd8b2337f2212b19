"""Which IP addresses are the public internet.

The table is our own, because `ipaddress.is_global` differs between versions of Python and is wrong
in several ranges of the older ones. It is closed by default: an address passes only inside the
unicast space the IANA has opened (1.0.0.0 to 223.255.255.255, 2000::/3) and outside every row
below. The rows follow the IANA IPv4 and IPv6 Special-Purpose Address Registries; blocks the
registries call globally reachable but which hold no one's web site are refused too.

IPv6 has many ways to carry an IPv4 address. Each is unwrapped, so that the sentence names what is
inside. Only NAT64's well-known prefix may pass, when what is inside is public: on a network with
nothing but IPv6 it is the way to IPv4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


class AddressRefusedError(Exception):
    """This is not an address of the public internet. The sentence does not repeat the address:
    whoever chose the host name must not learn from us what it resolves to on our side."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class _Row:
    network: IPv4Network | IPv6Network
    code: str
    what: str


def _row(network: str, code: str, what: str) -> _Row:
    return _Row(IPv4Network(network) if ":" not in network else IPv6Network(network), code, what)


# The first row that holds the address speaks, so the narrow ones stand first.
SPECIAL: tuple[_Row, ...] = (
    # Services of clouds, answering to every machine inside: a request there can hand out the
    # machine's own credentials.
    _row("169.254.169.254/32", "metadata", "the metadata service of a cloud"),
    _row("169.254.169.253/32", "metadata", "the metadata service of a cloud"),
    _row("169.254.170.2/32", "metadata", "the metadata service of a cloud"),
    _row("169.254.170.23/32", "metadata", "the metadata service of a cloud"),
    _row("100.100.100.200/32", "metadata", "the metadata service of a cloud"),
    _row("192.0.0.192/32", "metadata", "the metadata service of a cloud"),
    _row(
        "168.63.129.16/32", "metadata", "the metadata service of a cloud"
    ),  # the one that lies in ordinary public space
    _row("fd00:ec2::/32", "metadata", "the metadata service of a cloud"),
    _row("fd20:ce::254/128", "metadata", "the metadata service of a cloud"),
    _row("fd00:42::42/128", "metadata", "the metadata service of a cloud"),
    # IPv4
    _row("0.0.0.0/8", "this_network", "the network the machine itself is on (RFC 791)"),
    _row("10.0.0.0/8", "private", "a private network (RFC 1918)"),
    _row("100.64.0.0/10", "carrier_nat", "the inside of a carrier's network (RFC 6598)"),
    _row("127.0.0.0/8", "loopback", "the machine itself (loopback)"),
    _row("169.254.0.0/16", "link_local", "the local link (RFC 3927, RFC 4291)"),
    _row("172.16.0.0/12", "private", "a private network (RFC 1918)"),
    _row("192.0.0.0/24", "ietf", "a block for protocol assignments (RFC 6890)"),
    _row("192.0.2.0/24", "documentation", "a block for documentation (RFC 5737, 3849, 9637)"),
    _row(
        "192.31.196.0/24",
        "as112",
        "a sink for stray questions about private names (RFC 7534, 7535)",
    ),
    _row("192.52.193.0/24", "amt", "relays for multicast (RFC 7450)"),
    _row("192.88.99.0/24", "6to4_relay", "the withdrawn relays of 6to4 (RFC 7526)"),
    _row("192.168.0.0/16", "private", "a private network (RFC 1918)"),
    _row(
        "192.175.48.0/24",
        "as112",
        "a sink for stray questions about private names (RFC 7534, 7535)",
    ),
    _row("198.18.0.0/15", "benchmarking", "a block for benchmarks (RFC 2544, 5180)"),
    _row("198.51.100.0/24", "documentation", "a block for documentation (RFC 5737, 3849, 9637)"),
    _row("203.0.113.0/24", "documentation", "a block for documentation (RFC 5737, 3849, 9637)"),
    _row("224.0.0.0/4", "multicast", "a multicast group"),
    _row("255.255.255.255/32", "broadcast", "everyone on the local network (broadcast)"),
    _row("240.0.0.0/4", "reserved", "a block kept for the future (RFC 1112)"),
    # IPv6
    _row("::/128", "unspecified", "no address at all (unspecified)"),
    _row("::1/128", "loopback", "the machine itself (loopback)"),
    _row("64:ff9b:1::/48", "nat64_local", "a translator of the local network (RFC 8215)"),
    _row("100::/64", "discard", "a block whose packets are thrown away (RFC 6666)"),
    _row("100:0:0:1::/64", "dummy", "a block for dummy addresses (RFC 9780)"),
    _row("2001:2::/48", "benchmarking", "a block for benchmarks (RFC 2544, 5180)"),
    _row("2001:3::/32", "amt", "relays for multicast (RFC 7450)"),
    _row(
        "2001:4:112::/48",
        "as112",
        "a sink for stray questions about private names (RFC 7534, 7535)",
    ),
    _row(
        "2001:10::/28", "orchid", "a cryptographic identifier, not a place (ORCHID, RFC 4843, 7343)"
    ),
    _row(
        "2001:20::/28", "orchid", "a cryptographic identifier, not a place (ORCHID, RFC 4843, 7343)"
    ),
    _row("2001:30::/28", "drone", "the identifier of an unmanned aircraft (RFC 9374)"),
    _row("2001::/23", "ietf", "a block for protocol assignments (RFC 6890)"),
    _row("2001:db8::/32", "documentation", "a block for documentation (RFC 5737, 3849, 9637)"),
    _row(
        "2620:4f:8000::/48",
        "as112",
        "a sink for stray questions about private names (RFC 7534, 7535)",
    ),
    _row("3ffe::/16", "6bone", "a test network that was given back (RFC 3701)"),
    _row("3fff::/20", "documentation", "a block for documentation (RFC 5737, 3849, 9637)"),
    _row("5f00::/16", "srv6", "the inside of a provider's routing (SRv6, RFC 9602)"),
    _row("fc00::/7", "unique_local", "a private network (unique local, RFC 4193)"),
    _row("fe80::/10", "link_local", "the local link (RFC 3927, RFC 4291)"),
    _row("fec0::/10", "site_local", "a private network (site local, RFC 3879)"),
    _row("ff00::/8", "multicast", "a multicast group"),
)

OPEN: tuple[IPv4Network | IPv6Network, ...] = (
    *map(
        IPv4Network,
        (
            "1.0.0.0/8",
            "2.0.0.0/7",
            "4.0.0.0/6",
            "8.0.0.0/5",
            "16.0.0.0/4",
            "32.0.0.0/3",
            "64.0.0.0/2",
            "128.0.0.0/2",
        ),
    ),
    IPv4Network("192.0.0.0/3"),
    IPv6Network("2000::/3"),
)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """A range of IPv6 addresses that hold IPv4 ones, and how to take them out."""

    network: IPv6Network
    code: str
    name: str
    inside: Callable[[int], tuple[int, ...]]


CARRIERS: tuple[_Carrier, ...] = (
    _Carrier(IPv6Network("::ffff:0:0/96"), "mapped", "IPv4-mapped", lambda n: (n & 0xFFFFFFFF,)),
    _Carrier(
        IPv6Network("::ffff:0:0:0/96"), "translated", "IPv4-translated", lambda n: (n & 0xFFFFFFFF,)
    ),
    _Carrier(IPv6Network("64:ff9b::/96"), "nat64", "NAT64", lambda n: (n & 0xFFFFFFFF,)),
    _Carrier(IPv6Network("2002::/16"), "6to4", "6to4", lambda n: (n >> 80 & 0xFFFFFFFF,)),
    # Teredo holds the server in the clear and the client
    # with every bit turned (RFC 4380, section 4).
    _Carrier(
        IPv6Network("2001::/32"),
        "teredo",
        "Teredo",
        lambda n: (n >> 64 & 0xFFFFFFFF, ~n & 0xFFFFFFFF),
    ),
    _Carrier(IPv6Network("::/96"), "compatible", "IPv4-compatible", lambda n: (n & 0xFFFFFFFF,)),
)


def check_address(text: str) -> IPv4Address | IPv6Address:
    """Return the address written in `text` if it belongs to the public internet; raise
    AddressRefusedError otherwise."""
    if "%" in text:
        raise AddressRefusedError(
            "zone",
            "The host's address carries a network zone, which means something on one machine only.",
        )
    try:
        address = ip_address(text)
    except ValueError as error:
        raise AddressRefusedError("unreadable", "The host's address cannot be read.") from error
    if isinstance(address, IPv4Address):
        _check_plain(address)
    else:
        _check_v6(address)
    return address


def _check_plain(address: IPv4Address | IPv6Address) -> None:
    for row in SPECIAL:
        if address in row.network:
            raise AddressRefusedError(row.code, f"The host's address is {row.what}.")
    if not any(address in network for network in OPEN):
        raise AddressRefusedError(
            "unallocated", "The host's address is in a space that nobody has been given."
        )


def _check_v6(address: IPv6Address) -> None:
    number = int(address)
    if number > 1:  # :: and ::1 would look IPv4-compatible
        for carrier in CARRIERS:
            if address in carrier.network:
                _check_inside(carrier.code, carrier.name, carrier.inside(number))
                return
        # ISATAP marks itself in the lower half, under any prefix (RFC 5214, section 6.1).
        if number >> 32 & 0xFDFFFFFF == 0x00005EFE:
            _check_inside("isatap", "ISATAP", (number & 0xFFFFFFFF,))
            return
    _check_plain(address)


def _check_inside(code: str, name: str, inside: tuple[int, ...]) -> None:
    for number in inside:
        try:
            _check_plain(IPv4Address(number))
        except AddressRefusedError as refused:
            what = refused.sentence.removeprefix("The host's address is ").removesuffix(".")
            raise AddressRefusedError(
                code, f"The host's IPv6 address carries an IPv4 address inside ({name}): {what}."
            ) from None
    if code != "nat64":
        raise AddressRefusedError(
            code,
            f"The host's IPv6 address carries an IPv4 address inside ({name}), a way in that is "
            f"no longer used.",
        )
