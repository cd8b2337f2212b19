"""One strict reading of a web address.

Most tricks with addresses live in the gap between two parsers: one checks, another connects. There
is only this one here: what it returns is what is resolved, connected to, named in TLS and sent in
the request. Whatever two programs could read in two ways is refused, with a sentence for the person
who typed it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from urllib.parse import quote

import idna

PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL = 4096
MAX_HOST = 253  # RFC 1035, section 2.3.4, without the root's dot

# Names that are never on the public internet (RFC 6761, 6762, 7686, 8375, 9476, and ICANN's
# reservation of .internal). They are refused before the resolver, so that asking for them tells
# nobody anything.
PRIVATE_SUFFIXES = (
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "onion",
    "alt",
    "test",
    "invalid",
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY_END = re.compile(r"[/?#]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NUMERIC_LABEL = re.compile(
    r"[0-9]+|0[xX][0-9A-Fa-f]*"
)  # what the WHATWG URL standard takes for the end of an IPv4 address
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_BREAK = re.compile(r"%(?:00|0[aAdD])")
_LOWER_ASCII = str.maketrans({chr(c): chr(c + 32) for c in range(ord("A"), ord("Z") + 1)})
_PATH_SAFE = "!$%&'()*+,-./:;=?@_~[]"


class UrlRefusedError(Exception):
    """This text is not an address we fetch. `code` is stable; `sentence` may be shown to whoever
    typed it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Target:
    """An address read strictly: `host` in lower-case ASCII (A-labels or a dotted quad), `url` the
    canonical whole, no fragment."""

    scheme: str
    host: str
    port: int
    path_and_query: str
    url: str

    @property
    def key(self) -> str:
        """`host:port`, always with the port: how hosts allowed on loopback are named."""
        return f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """What stands in the Host header: the port only where it is not the scheme's own (RFC 9110,
        section 7.2)."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else self.key

    @property
    def is_ip(self) -> bool:
        """Whether the host is a dotted quad, which no resolver may be asked about."""
        return bool(_NUMERIC_LABEL.fullmatch(self.host.rpartition(".")[2]))


def parse_url(text: str, *, local: Container[str] = ()) -> Target:
    """Return the one reading of `text`; raise UrlRefusedError, and nothing else, when there is none
    or it is not for us.

    `local` holds `host:port` names (demo and tests) that are free of the rules on ports and on
    private names. Reading the `url` of a result again gives an equal result.
    """
    if not isinstance(text, str) or not text:
        raise UrlRefusedError("empty", "There is no address here.")
    if len(text) > MAX_URL:
        raise UrlRefusedError("too_long", f"The address is longer than {MAX_URL} characters.")
    _check_characters(text)

    match = _SCHEME.match(text)
    if not match:
        raise UrlRefusedError("no_scheme", "The address does not begin with http:// or https://.")
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise UrlRefusedError("scheme", "Only http and https addresses are fetched.")
    rest = text[match.end() :]
    if not rest.startswith("//"):
        raise UrlRefusedError("slashes", "Two slashes must follow the colon after http or https.")
    rest = rest[2:]

    end = _AUTHORITY_END.search(rest)
    authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    host, port = _read_authority(authority, DEFAULT_PORTS[scheme])
    if f"{host}:{port}" not in local:
        _check_public(host, port)

    path_and_query = _read_path(tail.partition("#")[0])
    shown = host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
    url = f"{scheme}://{shown}{path_and_query}"
    if len(url) > MAX_URL:
        raise UrlRefusedError(
            "too_long",
            f"The address is longer than {MAX_URL} characters once it is written in ASCII.",
        )
    return Target(scheme, host, port, path_and_query, url)


def resolve_reference(base: Target, reference: str, *, local: Container[str] = ()) -> Target:
    """Return the target of a Location header found at `base` (RFC 3986, section 5.2), read as
    strictly as any other address."""
    path = base.path_and_query.partition("?")[0]
    origin = f"{base.scheme}://{base.authority}"
    if _SCHEME.match(reference):
        text = reference
    elif reference.startswith("//"):
        text = f"{base.scheme}:{reference}"
    elif reference.startswith("/"):
        text = origin + reference
    elif reference.startswith("?"):
        text = origin + path + reference
    elif not reference or reference.startswith("#"):
        text = base.url + reference
    else:
        text = origin + path[: path.rindex("/") + 1] + reference
    return parse_url(text, local=local)


def _check_characters(text: str) -> None:
    """Refuse what one program would strip, another would split at, and a person cannot see."""
    for character in text:
        if character == "\\":
            raise UrlRefusedError(
                "backslash",
                "The address contains a backslash, which some programs read as a slash.",
            )
        category = unicodedata.category(character)
        if character == "\0":
            raise UrlRefusedError("nul", "The address contains a NUL character.")
        if character in "\r\n":
            raise UrlRefusedError("line_break", "The address contains a line break.")
        if category == "Cc" and not character.isspace():
            raise UrlRefusedError("control", "The address contains a control character.")
        if character.isspace() or category in {"Zs", "Zl", "Zp"}:
            raise UrlRefusedError("whitespace", "The address contains white space.")
        if category == "Cf":
            raise UrlRefusedError("invisible", "The address contains an invisible character.")
        if category == "Cs":
            raise UrlRefusedError("surrogate", "The address contains half a character.")


def _read_authority(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise UrlRefusedError(
            "userinfo", "The address carries a user name or a password before the host."
        )
    if "[" in authority or "]" in authority:
        if "%" in authority:
            raise UrlRefusedError(
                "zone",
                "The address carries a network zone, which means something on one machine only.",
            )
        raise UrlRefusedError(
            "ipv6", "The address names its host by an IPv6 number; a name is needed."
        )
    if authority.count(":") > 1:
        raise UrlRefusedError("colons", "The address has more than one colon after its host.")
    name, colon, digits = authority.partition(":")
    if not name:
        raise UrlRefusedError("no_host", "The address names no host.")
    if colon and (not _PORT.fullmatch(digits) or int(digits) > 65535):
        raise UrlRefusedError("port_form", "The port is not a plain number from 1 to 65535.")
    return _read_host(name), int(digits) if colon else default_port


def _read_host(name: str) -> str:
    """Return the host in lower-case ASCII. Nothing is mapped but ASCII capitals: fullwidth digits,
    ideographic full stops, ligatures and the like are refused, where UTS 46 would quietly turn them
    into another host."""
    if "%" in name:
        raise UrlRefusedError("host_escape", "The host is written with percent escapes.")
    if name.endswith("."):
        raise UrlRefusedError("trailing_dot", "The host ends in a dot.")
    if len(name) > MAX_HOST:
        raise UrlRefusedError("host_too_long", f"The host is longer than {MAX_HOST} characters.")
    name = name.translate(_LOWER_ASCII)
    if _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2]):
        return _read_quad(name)
    try:
        return idna.encode(name, strict=True).decode("ascii")
    except UnicodeError as error:  # idna.IDNAError is one
        if name.isascii():
            raise UrlRefusedError("host", "The host is not a valid name.") from error
        raise UrlRefusedError(
            "idn", "The host is not a valid international name (IDNA 2008)."
        ) from error


def _read_quad(name: str) -> str:
    """Return a dotted quad. Octal, hexadecimal, short and single-number forms are refused, because
    resolvers disagree about them."""
    try:
        quad = str(IPv4Address(name))
    except AddressValueError as error:
        raise UrlRefusedError(
            "ipv4_form", "The host is a number not written as four plain decimals with dots."
        ) from error
    if quad != name:  # the guard against a more generous version of the standard library
        raise UrlRefusedError(
            "ipv4_form", "The host is a number not written as four plain decimals with dots."
        )
    return quad


def _check_public(host: str, port: int) -> None:
    if port not in PORTS:
        raise UrlRefusedError("port", "Only the ports 80, 443, 8080 and 8443 are fetched.")
    if any(host == suffix or host.endswith(f".{suffix}") for suffix in PRIVATE_SUFFIXES):
        raise UrlRefusedError("private_name", "The host's name is reserved for private networks.")
    if "." not in host:
        raise UrlRefusedError(
            "single_label", "The host is a single word, which only a private network can resolve."
        )


def _read_path(tail: str) -> str:
    if _BAD_ESCAPE.search(tail):
        raise UrlRefusedError(
            "escape", "The address contains a percent sign that begins no escape."
        )
    if _ESCAPED_BREAK.search(tail):
        raise UrlRefusedError("escaped_break", "The address contains an escaped NUL or line break.")
    path, mark, query = tail.partition("?")
    return quote(_without_dot_segments(path) + mark + query, safe=_PATH_SAFE)


def _without_dot_segments(path: str) -> str:
    """Resolve `.` and `..`, escaped ones too, as RFC 3986 section 5.2.4 does: a server must never
    see a way up."""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for place, segment in enumerate(segments):
        dots = segment.lower().replace("%2e", ".")
        if dots not in {".", ".."}:
            kept.append(segment)
            continue
        if dots == ".." and kept:
            kept.pop()
        if place == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)
