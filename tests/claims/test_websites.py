"""The website of a company, and which mail addresses may answer for it by its host."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from claims.validators import validate_website
from claims.websites import WebsiteError, host_of, mail_domain, may_answer


@pytest.mark.parametrize(
    ("website", "host"),
    [
        ("https://brand.example/", "brand.example"),
        ("https://WWW.Brand.Example./de?x=1#y", "www.brand.example"),
        ("http://车企.example", "xn--hoqu38m.example"),
        ("https://a-b.co.uk/", "a-b.co.uk"),
    ],
)
def test_a_website_has_the_host_of_a_company(website: str, host: str) -> None:
    assert host_of(website) == host
    validate_website(website)


@pytest.mark.parametrize(
    ("website", "fault"),
    [
        ("ftp://brand.example/", "scheme"), ("brand.example", "scheme"),
        ("javascript:alert(1)", "scheme"), ("", "scheme"),
        ("https://a:b@brand.example/", "user"), ("https://brand.example:8443/", "port"),
        ("https://10.0.0.1/", "address"),
        ("https://[::1]/", "address"), ("https://localhost/", "host"), ("https://brand/", "host"),
        ("https://brand..example/", "host"),
        ("https://-brand.example/", "host"), ("https://brand.123/", "host"),
        ("https://brand_x.example/", "host"), ("https://", "host"),
        ("https://brand.example:99999/", "host"), (f"https://{'a' * 64}.example/", "host"),
        ("https://bra\0nd.example/", "host"),
    ],
)  # fmt: skip
def test_what_is_no_website_of_a_company_is_refused_with_a_sentence(
    website: str, fault: str, settings: object
) -> None:
    with pytest.raises(WebsiteError) as refused:
        host_of(website)
    assert refused.value.fault == fault
    settings.LOOPBACK_ONLY = False  # type: ignore[attr-defined]  # as in production
    with pytest.raises(ValidationError) as said:
        validate_website(website)
    assert said.value.code == "website"


@pytest.mark.parametrize(
    "mail", ["press@brand.example", "a.b+c@mail.Brand.example", "press@BRAND.EXAMPLE."]
)
def test_an_address_at_the_host_or_below_it_may_answer(mail: str) -> None:
    assert may_answer(mail, "https://www.brand.example/")


@pytest.mark.parametrize(
    ("mail", "website"),
    [
        ("press@other.example", "https://brand.example/"),
        ("press@notbrand.example", "https://brand.example/"),
        ("press@brand.example.evil.example", "https://brand.example/"),
        ("press@example", "https://brand.example/"),
        ("press@brand.example", "https://shop.brand.example/"),
        ("brand@gmail.com", "https://gmail.com/"),
        ("anyone@weibo.com", "https://weibo.com/brand"),
        ("anyone@brand.github.io", "https://brand.github.io/"),
        ("press@brand.example", ""),
        ("press", "https://brand.example/"),
        ("", "https://brand.example/"),
        ("press@127.0.0.1", "http://127.0.0.1:8000/"),
    ],
)
def test_an_address_elsewhere_may_not(mail: str, website: str) -> None:
    assert not may_answer(mail, website)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_it(mail: str, website: str) -> None:
    mail_domain(website)
    may_answer(mail, website)
