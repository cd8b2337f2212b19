"""The table of addresses, held against a list written a second time from the registries."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.fetching import AddressRefusedError, check_address
from engines.fetching.addresses import SPECIAL

# Written from the IANA special-purpose registries and the documents
# of the clouds, not from the module.
RANGES = [
    ("0.0.0.0/8", "this_network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier_nat"),
    ("100.100.100.200/32", "metadata"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "metadata"),
    ("169.254.0.0/16", "link_local"),
    ("169.254.169.254/32", "metadata"),
    ("169.254.170.2/32", "metadata"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "ietf"),
    ("192.0.0.192/32", "metadata"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "as112"),
    ("192.52.193.0/24", "amt"),
    ("192.88.99.0/24", "6to4_relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "as112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/5", "reserved"),
    ("255.255.255.255/32", "broadcast"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::2/127", "compatible"),
    ("::ffff:0:0/96", "mapped"),
    ("::ffff:0:0:0/96", "translated"),
    ("64:ff9b::/104", "nat64"),
    ("64:ff9b:1::/48", "nat64_local"),
    ("100::/64", "discard"),
    ("100:0:0:1::/64", "dummy"),
    ("2001::/32", "teredo"),
    ("2001:1::1/128", "ietf"),
    ("2001:1::2/128", "ietf"),
    ("2001:1::3/128", "ietf"),
    ("2001:2::/48", "benchmarking"),
    ("2001:3::/32", "amt"),
    ("2001:4:112::/48", "as112"),
    ("2001:10::/28", "orchid"),
    ("2001:20::/28", "orchid"),
    ("2001:30::/28", "drone"),
    ("2001:100::/24", "ietf"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "as112"),
    ("3ffe::/16", "6bone"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "srv6"),
    ("4000::/4", "unallocated"),
    ("8000::/2", "unallocated"),
    ("fc00::/7", "unique_local"),
    ("fd00:ec2::254/128", "metadata"),
    ("fd20:ce::254/128", "metadata"),
    ("fe80::/10", "link_local"),
    ("fec0::/10", "site_local"),
    ("ff00::/8", "multicast"),
]


def first_middle_last(network: str) -> list[str]:
    net = ipaddress.ip_network(network)
    middle = net.network_address + net.num_addresses // 2
    return list(dict.fromkeys(str(a) for a in (net.network_address, middle, net.broadcast_address)))


SPECIAL_CASES = [
    (address, code) for network, code in RANGES for address in first_middle_last(network)
]


@pytest.mark.parametrize(("address", "code"), SPECIAL_CASES)
def test_first_middle_and_last_of_every_special_range_are_refused(address: str, code: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_address(address)
    assert refused.value.code == code
    assert address not in refused.value.sentence, (
        "the sentence would tell a stranger what a name resolves to here"
    )
    assert refused.value.sentence.endswith(".")


def carried(inner: str) -> dict[str, str]:
    number = int(ipaddress.IPv4Address(inner))
    public = int(ipaddress.IPv4Address("9.9.9.9"))

    def v6(n: int) -> str:
        return str(ipaddress.IPv6Address(n))

    return {
        "mapped": v6(0xFFFF << 32 | number),
        "compatible": v6(number),
        "translated": v6(0xFFFF << 48 | number),
        "nat64": v6(0x64FF9B << 96 | number),
        "6to4": v6(0x2002 << 112 | number << 80 | 1),
        "teredo": v6(0x20010000 << 96 | public << 64 | (number ^ 0xFFFFFFFF)),
        "isatap": v6(0x26064700 << 96 | 0x5EFE << 32 | number),
    }


INNER = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "100.64.0.1",
    "192.168.1.1",
    "0.0.0.5",
    "224.0.0.1",
    "168.63.129.16",
]


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("carrier", sorted(carried("127.0.0.1")))
def test_what_an_ipv6_address_carries_inside_is_named(carrier: str, inner: str) -> None:
    with pytest.raises(AddressRefusedError) as plain:
        check_address(inner)
    what = plain.value.sentence.removeprefix("The host's address is ")
    with pytest.raises(AddressRefusedError) as refused:
        check_address(carried(inner)[carrier])
    assert refused.value.code == carrier
    assert refused.value.sentence.endswith(what)


def test_a_teredo_server_inside_is_unwrapped_as_well() -> None:
    number = (
        0x20010000 << 96
        | int(ipaddress.IPv4Address("10.0.0.1")) << 64
        | (int(ipaddress.IPv4Address("9.9.9.9")) ^ 0xFFFFFFFF)
    )
    with pytest.raises(AddressRefusedError, match="RFC 1918"):
        check_address(str(ipaddress.IPv6Address(number)))


def test_the_second_isatap_mark_is_known_too() -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_address("2606:4700::200:5efe:7f00:1")
    assert refused.value.code == "isatap"


@pytest.mark.parametrize("carrier", sorted(set(carried("9.9.9.9")) - {"nat64"}))
def test_a_carrier_is_refused_even_around_a_public_address(carrier: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_address(carried("9.9.9.9")[carrier])
    assert refused.value.code == carrier


PUBLIC = [
    "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
    "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0",
    "192.31.195.255", "192.31.197.0", "192.52.192.255", "192.52.194.0", "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255", "192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
    "2001:200::",
    "2001:4860:4860::8888", "2001:db7:ffff::", "2001:db9::", "2001:ffff::", "2003::", "2400::",
    "2606:4700::1111", "2620:4f:7fff::", "2620:4f:8001::", "2a00::1", "3ffd:ffff::", "3fff:1000::",
    "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_neighbours_outside_are_public(address: str) -> None:
    assert str(check_address(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "2130706433",
        "1.1.1.1/32",
        " 1.1.1.1",
        "[::1]",
        "１.1.1.1",
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_address(text)
    assert refused.value.code == "unreadable"


def test_a_zone_is_refused() -> None:
    with pytest.raises(AddressRefusedError) as refused:
        check_address("fe80::1%eth0")
    assert refused.value.code == "zone"


def test_each_reason_has_a_sentence_of_its_own() -> None:
    sentences: dict[str, set[str]] = {}
    for address, _ in SPECIAL_CASES:
        with pytest.raises(AddressRefusedError) as refused:
            check_address(address)
        sentences.setdefault(refused.value.sentence, set()).add(refused.value.code)
    assert all(
        len(codes) == 1 for codes in sentences.values() if codes & {row.code for row in SPECIAL}
    )


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_the_standard_library_calls_special_passes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """One direction only: the library lets some through that we refuse, never the other way
    round."""
    try:
        check_address(str(address))
    except AddressRefusedError:
        return
    assert not any(
        (
            address.is_private,
            address.is_loopback,
            address.is_link_local,
            address.is_multicast,
            address.is_unspecified,
        )
    )
    nat64 = address.version == 6 and int(address) >> 32 == 0x64FF9B << 64
    assert nat64 or not address.is_reserved
