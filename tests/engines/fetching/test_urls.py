"""One reading of an address, and no second one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.fetching import Target, UrlRefusedError, parse_url
from engines.fetching.urls import MAX_URL, resolve_reference

# Every refusal, with its reason. {p} is where a canary may listen, so that the port is never the
# reason by accident.
REFUSED = [
    # 127.0.0.1 as some resolver, browser or library would read it
    ("http://2130706433:{p}/", "ipv4_form"),
    ("http://017700000001:{p}/", "ipv4_form"),
    ("http://0x7f000001:{p}/", "ipv4_form"),
    ("http://0X7F000001:{p}/", "ipv4_form"),
    ("http://0177.0.0.1:{p}/", "ipv4_form"),
    ("http://00000177.0.0.1:{p}/", "ipv4_form"),
    ("http://0177.0.0.01:{p}/", "ipv4_form"),
    ("http://0177.00.00.01:{p}/", "ipv4_form"),
    ("http://0x7f.0.0.1:{p}/", "ipv4_form"),
    ("http://0x7f.0x0.0x0.0x1:{p}/", "ipv4_form"),
    ("http://0x7f.0.0x1:{p}/", "ipv4_form"),
    ("http://127.0.0.0x1:{p}/", "ipv4_form"),
    ("http://127.0.0.01:{p}/", "ipv4_form"),
    ("http://127.000.000.001:{p}/", "ipv4_form"),
    ("http://127.1:{p}/", "ipv4_form"),
    ("http://127.0.1:{p}/", "ipv4_form"),
    ("http://0177.1:{p}/", "ipv4_form"),
    ("http://0x7f.1:{p}/", "ipv4_form"),
    ("http://0:{p}/", "ipv4_form"),
    ("http://0x:{p}/", "ipv4_form"),
    ("http://0x0:{p}/", "ipv4_form"),
    ("http://383.0.0.1:{p}/", "ipv4_form"),
    ("http://127.0.0.257:{p}/", "ipv4_form"),
    ("http://6425673729:{p}/", "ipv4_form"),
    ("http://127.0.0.1.1:{p}/", "ipv4_form"),
    ("http://127.0.0.1.0x7f:{p}/", "ipv4_form"),
    ("http://example.1:{p}/", "ipv4_form"),
    ("http://.1:{p}/", "ipv4_form"),
    ("http://127..0.1:{p}/", "ipv4_form"),
    ("http://127.0.0.1.:{p}/", "trailing_dot"),
    ("http://2130706433.:{p}/", "trailing_dot"),
    ("http://１２７.0.0.1:{p}/", "ipv4_form"),
    ("http://127.0.0.１:{p}/", "idn"),
    ("http://①②⑦.⓪.⓪.①:{p}/", "idn"),
    ("http://127。0。0。1:{p}/", "idn"),
    ("http://127．0．0．1:{p}/", "idn"),
    ("http://127｡0｡0｡1:{p}/", "idn"),
    ("http://٠١٢٧.0.0.1:{p}/", "ipv4_form"),
    ("http://127%2e0%2e0%2e1:{p}/", "host_escape"),
    ("http://%31%32%37.0.0.1:{p}/", "host_escape"),
    ("http://127.0.0.1%00.example.com:{p}/", "host_escape"),
    ("http://+127.0.0.1:{p}/", "ipv4_form"),
    ("http://-127.0.0.1:{p}/", "ipv4_form"),
    ("http://1_27.0.0.1:{p}/", "ipv4_form"),
    # IPv6
    ("http://[::1]:{p}/", "ipv6"),
    ("http://[::]:{p}/", "ipv6"),
    ("http://[0:0:0:0:0:0:0:1]:{p}/", "ipv6"),
    ("http://[0000:0000:0000:0000:0000:0000:0000:0001]:{p}/", "ipv6"),
    ("http://[::ffff:127.0.0.1]:{p}/", "ipv6"),
    ("http://[::ffff:7f00:1]:{p}/", "ipv6"),
    ("http://[::127.0.0.1]:{p}/", "ipv6"),
    ("http://[64:ff9b::7f00:1]:{p}/", "ipv6"),
    ("http://[2002:7f00:1::]:{p}/", "ipv6"),
    ("http://[2606:4700::1111]:{p}/", "ipv6"),
    ("http://[v1.fe]:{p}/", "ipv6"),
    ("http://[::1]", "ipv6"),
    ("http://[::1/", "ipv6"),
    ("http://::1]/", "ipv6"),
    ("http://[::1]example.com/", "ipv6"),
    ("http://[::1%25lo]:{p}/", "zone"),
    ("http://[::1%lo]:{p}/", "zone"),
    ("http://[fe80::1%25eth0]:{p}/", "zone"),
    ("http://::1:{p}/", "colons"),
    # names that are ours
    ("http://localhost:{p}/", "private_name"),
    ("http://LOCALHOST:{p}/", "private_name"),
    ("http://a.localhost:{p}/", "private_name"),
    ("http://printer.local:{p}/", "private_name"),
    ("http://metadata.google.internal:{p}/", "private_name"),
    ("http://nas.home.arpa:{p}/", "private_name"),
    ("http://expyuzz4wqqyqhjn.onion:{p}/", "private_name"),
    ("http://brand.test:{p}/", "private_name"),
    ("http://brand.invalid:{p}/", "private_name"),
    ("http://localhost.:{p}/", "trailing_dot"),
    ("http://intranet:{p}/", "single_label"),
    ("http://ⓛocalhost:{p}/", "idn"),
    ("http://ｌocalhost:{p}/", "idn"),
    ("http://localhoſt:{p}/", "idn"),
    # who is the host?
    ("http://user@example.com:{p}/", "userinfo"),
    ("http://user:pass@example.com:{p}/", "userinfo"),
    ("http://@example.com:{p}/", "userinfo"),
    ("http://:@example.com:{p}/", "userinfo"),
    ("http://example.com@127.0.0.1:{p}/", "userinfo"),
    ("http://example.com:80@127.0.0.1:{p}/", "userinfo"),
    ("http://127.0.0.1:{p}@example.com/", "userinfo"),
    ("http://example.com&@127.0.0.1:{p}/", "userinfo"),
    ("http://a@b@127.0.0.1:{p}/", "userinfo"),
    ("http://example.com:80:{p}/", "colons"),
    ("http://127.0.0.1:{p}:80/", "colons"),
    ("http://example.com\\@127.0.0.1:{p}/", "backslash"),
    ("http:\\\\127.0.0.1:{p}\\", "backslash"),
    ("http://127.0.0.1:{p}\\.example.com/", "backslash"),
    ("http://example.com/\\..\\", "backslash"),
    ("http://1.1.1.1 &@127.0.0.1:{p}# @9.9.9.9/", "whitespace"),
    ("http://127.0.0.1:{p} /", "whitespace"),
    (" http://example.com/", "whitespace"),
    ("http://example.com/ ", "whitespace"),
    ("http://exam\tple.com/", "whitespace"),
    ("ht\ttp://example.com/", "whitespace"),
    ("http://example.com/a\u3000b", "whitespace"),
    ("http://example.com/a\u00a0b", "whitespace"),
    ("http://example.com/a\u2028b", "whitespace"),
    ("http://example.com/a\u0085b", "whitespace"),
    ("http://127.0.0.1:{p}/\0", "nul"),
    ("http://example.com\0.evil.com/", "nul"),
    ("http://example.com/\r\nHost: evil", "line_break"),
    ("http://example.com\r\n.evil.com/", "line_break"),
    ("http://example.com/\n", "line_break"),
    ("http://example.com/#\r\n", "line_break"),
    ("http://example.com/\x01", "control"),
    ("http://example.com/\x7f", "control"),
    ("http://example.com/\x9b", "control"),
    ("http://exa\u200bmple.com/", "invisible"),
    ("http://exa\u00admple.com/", "invisible"),
    ("http://example.com/\u202egpj.exe", "invisible"),
    ("\ufeffhttp://example.com/", "invisible"),
    ("http://example.com/\ud800", "surrogate"),
    ("http://example.com/%00", "escaped_break"),
    ("http://example.com/%0d%0aSet-Cookie:a", "escaped_break"),
    ("http://example.com/?q=%0A", "escaped_break"),
    ("http://example.com/%", "escape"),
    ("http://example.com/100%", "escape"),
    ("http://example.com/?a=%zz", "escape"),
    ("http://example.com/%u0041", "escape"),
    ("http:///example.com/", "no_host"),
    ("http:///", "no_host"),
    ("http://", "no_host"),
    ("http://:{p}/", "no_host"),
    ("http://?127.0.0.1", "no_host"),
    ("http://#@127.0.0.1:{p}/", "no_host"),
    ("http:/127.0.0.1:{p}/", "slashes"),
    ("http:127.0.0.1:{p}/", "slashes"),
    ("http:example.com", "slashes"),
    ("https:?//example.com", "slashes"),
    # names
    ("http://example.com./", "trailing_dot"),
    ("http://example..com/", "host"),
    ("http://.example.com/", "host"),
    ("http://-example.com/", "host"),
    ("http://example-.com/", "host"),
    ("http://ex_ample.com/", "host"),
    ("http://exa,mple.com/", "host"),
    ("http://exa;mple.com/", "host"),
    ("http://exa'mple.com/", "host"),
    ("http://exa<mple.com/", "host"),
    ("http://ab--cd.com/", "host"),
    ("http://xn--.com/", "host"),
    ("http://xn--a.com/", "host"),
    ("http://xn--zzzzzzzz99999.com/", "host"),
    ("http://" + "a" * 64 + ".com/", "host"),
    ("http://" + "a." * 126 + "com/", "host_too_long"),
    ("http://Ünicode.com/", "idn"),
    ("http://☃.com/", "idn"),
    ("http://exa／mple.com/", "idn"),
    ("http://example.com／@127.0.0.1/", "userinfo"),
    ("http://example.com？.evil.com/", "idn"),
    ("http://ｅxample.com/", "idn"),
    ("http://ﬁsh.com/", "idn"),
    ("http://e\u0301xample.com/", "idn"),
    ("http://K.com/".replace("K", "\u212a"), "idn"),
    ("http://a\u0660\u06f0.com/", "idn"),
    # ports
    ("http://example.com:22/", "port"),
    ("http://example.com:25/", "port"),
    ("http://example.com:6379/", "port"),
    ("http://example.com:5432/", "port"),
    ("http://example.com:81/", "port"),
    ("http://example.com:65535/", "port"),
    ("http://example.com:0/", "port_form"),
    ("http://example.com:/", "port_form"),
    ("http://example.com:080/", "port_form"),
    ("http://example.com:+80/", "port_form"),
    ("http://example.com:-80/", "port_form"),
    ("http://example.com:0x50/", "port_form"),
    ("http://example.com:８０/", "port_form"),
    ("http://example.com:65536/", "port_form"),
    ("http://example.com:65616/", "port_form"),
    ("http://example.com:99999999999/", "port_form"),
    ("http://example.com:80a/", "port_form"),
    # schemes
    ("ftp://example.com/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("file://localhost/etc/passwd", "scheme"),
    ("gopher://127.0.0.1:{p}/_X", "scheme"),
    ("dict://127.0.0.1:{p}/", "scheme"),
    ("ws://example.com/", "scheme"),
    ("data:text/html,x", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("jar:http://example.com!/", "scheme"),
    ("view-source:http://example.com", "scheme"),
    ("url:http://example.com", "scheme"),
    ("https+unix://x/", "scheme"),
    ("//example.com/", "no_scheme"),
    ("/etc/passwd", "no_scheme"),
    ("example.com", "no_scheme"),
    ("://example.com", "no_scheme"),
    ("?http://example.com", "no_scheme"),
    ("ｈttp://example.com/", "no_scheme"),
    ("", "empty"),
    ("http://example.com/" + "a" * MAX_URL, "too_long"),
    ("http://example.com/" + "言" * (MAX_URL // 2), "too_long"),
]


def with_port(url: str, port: int) -> str:
    return url.replace("{p}", str(port))


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_whatever_could_be_read_in_two_ways_is_refused(url: str, code: str) -> None:
    with pytest.raises(UrlRefusedError) as refused:
        parse_url(with_port(url, 8080))
    assert refused.value.code == code
    assert refused.value.sentence[0].isupper()
    assert refused.value.sentence.endswith(".")


def test_each_reason_has_a_sentence_of_its_own() -> None:
    sentences: dict[str, str] = {}
    for url, code in REFUSED:
        with pytest.raises(UrlRefusedError) as refused:
            parse_url(with_port(url, 8080))
        sentences.setdefault(refused.value.sentence, code)
        assert sentences[refused.value.sentence] == code


ACCEPTED = [
    ("http://example.com", "http://example.com/"),
    ("HTTP://EXAMPLE.com:80/A?b#c", "http://example.com/A?b"),
    ("https://example.com:443/", "https://example.com/"),
    ("https://example.com:8443/x", "https://example.com:8443/x"),
    ("http://example.com:443/", "http://example.com:443/"),
    ("http://example.com?a=b/c@d", "http://example.com/?a=b/c@d"),
    ("http://example.com#@127.0.0.1", "http://example.com/"),
    ("http://example.com/a/../../b/./c/%2E%2e/d/.", "http://example.com/b/d/"),
    ("http://example.com/..", "http://example.com/"),
    ("http://example.com//a//b", "http://example.com//a//b"),
    (
        "https://言实录.中国/帖子?问=答",
        "https://xn--qbt69fhs5c.xn--fiqs8s/%E5%B8%96%E5%AD%90?%E9%97%AE=%E7%AD%94",
    ),
    ("https://xn--fiqs8s.xn--fiqs8s/", "https://xn--fiqs8s.xn--fiqs8s/"),
    ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ("https://straße.example/", "https://xn--strae-oqa.example/"),
    ("http://1.1.1.1/", "http://1.1.1.1/"),
    ("http://127.0.0.1/", "http://127.0.0.1/"),  # read, and then refused by the table of addresses
    (
        "http://example.com/a|b\"<>^`{}['!$&()*+,;=:@]",
        "http://example.com/a%7Cb%22%3C%3E%5E%60%7B%7D['!$&()*+,;=:@]",
    ),
    ("http://0x7f.example/", "http://0x7f.example/"),
]


@pytest.mark.parametrize(("text", "url"), ACCEPTED)
def test_an_ordinary_address_has_one_canonical_form(text: str, url: str) -> None:
    target = parse_url(text)
    assert target.url == url
    assert parse_url(target.url) == target


def test_a_target_tells_its_parts() -> None:
    assert parse_url("https://Example.com:8443/a?b#c") == Target(
        "https", "example.com", 8443, "/a?b", "https://example.com:8443/a?b"
    )
    assert parse_url("https://example.com").authority == "example.com"
    assert parse_url("http://example.com:443").authority == "example.com:443"
    assert parse_url("http://example.com").key == "example.com:80"


@pytest.mark.parametrize(
    "name", ["localhost:9001", "127.0.0.1:9001", "brand.test:9001", "brand:9001"]
)
def test_a_host_named_local_is_free_of_the_rules_on_ports_and_private_names(name: str) -> None:
    target = parse_url(f"http://{name}/a", local={name})
    assert target.key == name
    assert parse_url(target.url, local={name}) == target
    with pytest.raises(UrlRefusedError):
        parse_url("http://localhost:9002/", local={name})


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/x", "https://example.com/x"),
        ("x", "https://example.com/a/x"),
        ("../x?y", "https://example.com/x?y"),
        ("?z", "https://example.com/a/b?z"),
        ("#f", "https://example.com/a/b?q"),
        ("", "https://example.com/a/b?q"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example", "http://other.example/"),
        ("./:x", "https://example.com/a/:x"),
        ("帖", "https://example.com/a/%E5%B8%96"),
    ],
)
def test_a_redirect_is_resolved_against_where_it_was_found(reference: str, url: str) -> None:
    assert resolve_reference(parse_url("https://example.com/a/b?q"), reference).url == url


PIECES = st.sampled_from(
    [
        *(
            "http://",
            "https://",
            "HTTP:",
            "//",
            "/",
            "?",
            "#",
            "@",
            ":",
            "[",
            "]",
            "%",
            "%2e",
            "%00",
            ".",
            "..",
            "\\",
            " ",
            "\0",
            "\r\n",
        ),
        *(
            "80",
            "8080",
            "99999",
            "0x7f",
            "127",
            "1",
            "localhost",
            "example",
            "com",
            "中国",
            "xn--fiqs8s",
            "é",
            "\u3002",
            "\u200b",
            "１",
        ),
        *("a" * 70, "&", "=", "-", "_"),
    ]
)


@settings(deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(PIECES, max_size=14).map("".join),
        st.lists(PIECES, max_size=12).map(lambda p: "http://a.com" + "".join(p)),
    )
)
def test_reading_never_fails_in_another_way_and_is_stable(text: str) -> None:
    try:
        target = parse_url(text)
    except UrlRefusedError:
        return
    assert parse_url(target.url) == target
    assert target.url.isascii()
    assert target.host == target.host.lower()
    assert not set(target.url) & set(" \\\r\n\0#")
    assert "@" not in target.url.split("/")[2]


HOSTS = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=1, max_size=4
).map(".".join)


@settings(deadline=None)
@given(host=HOSTS, path=st.text(max_size=30))
def test_any_host_and_path_are_read_once_or_not_at_all(host: str, path: str) -> None:
    try:
        target = parse_url(f"https://{host}/{path}")
    except UrlRefusedError:
        return
    assert parse_url(target.url) == target


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=10).map("".join)))
def test_a_redirect_never_fails_in_another_way_and_never_loses_its_port_rule(
    reference: str,
) -> None:
    try:
        target = resolve_reference(parse_url("https://example.com/a/b?q"), reference)
    except UrlRefusedError:
        return
    assert target.port in {80, 443, 8080, 8443}
