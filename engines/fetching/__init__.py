"""Fetching from addresses that are untrusted, without being led anywhere we must not go.

Four walls, each enough against the usual tricks: `urls` reads an address in one strict way,
`addresses` says which IP addresses are the public internet, `client` connects to exactly what was
checked, and `bodies` bounds what comes back. Pure: no Django in here. What is refused, and why, is
told in docs/fetching.md.
"""

from engines.fetching.addresses import AddressRefusedError, check_address
from engines.fetching.client import Client, Response
from engines.fetching.failures import FetchError, Hop, Kind
from engines.fetching.limits import Limits
from engines.fetching.urls import Target, UrlRefusedError, parse_url

__all__ = [
    "AddressRefusedError",
    "Client",
    "FetchError",
    "Hop",
    "Kind",
    "Limits",
    "Response",
    "Target",
    "UrlRefusedError",
    "check_address",
    "parse_url",
]
