"""How a fetch ends when it brings nothing home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# dns        the name did not resolve
# connect    nobody answered at the address, or the connection was lost
# timeout    too slow: to accept, between two bytes, or in all
# tls        the encrypted connection could not be trusted, or was cut off
# too_large  more headers or body than the limits allow, decoded or not
# too_many_redirects
# protocol   the answer is not HTTP as it is written
# encoding   the body is compressed in a way that is not supported, or is damaged
# refused    we did not ask: an address, a redirect, that is not for us. `code` says which rule
Kind = Literal[
    "dns",
    "connect",
    "timeout",
    "tls",
    "too_large",
    "too_many_redirects",
    "protocol",
    "encoding",
    "refused",
]


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect that was answered: by whom, with which status, and where to, as the server wrote
    it."""

    url: str
    status: int
    location: str


class FetchError(Exception):
    """Nothing was fetched. `kind` is for programs, `sentence` for people; `url` is where it ended,
    `hops` the way there."""

    def __init__(self, kind: Kind, sentence: str, *, code: str = "") -> None:
        super().__init__(kind, sentence)
        self.kind: Kind = kind
        self.sentence = sentence
        self.code = code
        self.url = ""
        self.hops: tuple[Hop, ...] = ()

    def __str__(self) -> str:
        return self.sentence
