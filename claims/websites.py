"""The website of a company, and which mail addresses may answer for it. Pure.

Who holds a mailbox at the host of the website, or below it, may be given a seat:
`press@brand.example` and `a@mail.brand.example` for `https://www.brand.example/`. The host is
compared as it stands in the DNS, so that two spellings of one name are the same.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal
from urllib.parse import urlsplit

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LAST: Final = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
#: Hosts at which anybody has a mailbox or a page:
#: a seat by such an address would be a seat for everyone.
SHARED: Final = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com",
    "icloud.com", "me.com", "aol.com",
    "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "mail.ru", "yandex.ru", "qq.com",
    "foxmail.com", "163.com", "126.com",
    "yeah.net", "sina.com", "sina.cn", "sohu.com", "139.com", "189.cn", "aliyun.com", "weibo.com",
    "weibo.cn", "weixin.qq.com", "x.com",
    "twitter.com", "facebook.com", "instagram.com", "youtube.com", "bilibili.com", "douyin.com",
    "xiaohongshu.com", "taobao.com",
    "tmall.com", "jd.com", "github.io", "github.com",
})  # fmt: skip

Fault = Literal["scheme", "user", "port", "host", "address"]


class WebsiteError(ValueError):
    """An address that is no company's website; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault


def in_dns(host: str) -> str:
    """A host name as it stands in the DNS, in small letters without the last dot. Raises
    WebsiteError."""
    try:
        return host.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise WebsiteError("host") from None


def host_of(website: str) -> str:
    """The host of a website. Raises WebsiteError unless it is a name of the public kind, reached by
    http or https at the usual port."""
    try:
        parts = urlsplit(website)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise WebsiteError("host") from None
    if parts.scheme not in {"http", "https"}:
        raise WebsiteError("scheme")
    if parts.username is not None or parts.password is not None:
        raise WebsiteError("user")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    else:
        raise WebsiteError("address")
    if port is not None:
        raise WebsiteError("port")
    name = in_dns(host)
    labels = name.split(".")
    if (
        len(name) > 253
        or len(labels) < 2
        or not all(map(_LABEL.fullmatch, labels))
        or not _LAST.fullmatch(labels[-1])
    ):
        raise WebsiteError("host")
    return name


def mail_domain(website: str) -> str:
    """The domain at which a mail address may answer for the company of this website; empty if none
    may.

    >>> mail_domain("https://www.brand.example/de/")
    'brand.example'
    """
    try:
        host = host_of(website).removeprefix("www.")
    except WebsiteError:
        return ""
    return (
        host
        if "." in host
        and not any(host == shared or host.endswith(f".{shared}") for shared in SHARED)
        else ""
    )


def may_answer(mail: str, website: str) -> bool:
    """Whether a mail address is one of the company's by its website."""
    domain = mail_domain(website)
    _name, _at, given = mail.rpartition("@")
    try:
        host = in_dns(given)
    except WebsiteError:
        return False
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
