"""Who counts as one where requests are limited by address. Pure."""

from __future__ import annotations

import ipaddress


def client_network(address: str) -> str:
    """The address; of IPv6 its /64, because whoever has one connection has all the addresses in it.
    Mapped IPv4 is IPv4.

    >>> client_network("2001:db8::7:1"), client_network("::ffff:192.0.2.1")
    ('2001:db8::/64', '192.0.2.1')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((int(known), 64), strict=False))
