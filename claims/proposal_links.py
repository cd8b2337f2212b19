"""Addresses of the form for proposing a claim, filled in with where the words were read."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from claims.localized_text import read
from claims.models import Source

#: What an address of the form may fill in: its parameters, and the fields that they fill.
PREFILLED: Final = {
    "quote": "quote",
    "lang": "quote_lang",
    "address": "address",
    "channel": "channel",
    "company": "company_name",
    "product": "product_name",
    "place": "place",
}


def propose_from(source: Source, quote: str = "", lang: str = "") -> str:
    """The address of the form for a claim that stands in this source. Its company is named in the
    language of the source, so that the address is the same for every reader."""
    given = {
        "quote": quote,
        "lang": (lang or source.lang) if quote else "",
        "address": source.url,
        "channel": source.channel,
        "company": read(source.company.name, source.lang).text,
        "place": "" if source.url else read(source.title, source.lang).text,
    }
    filled = urlencode({name: value for name, value in given.items() if value})
    return f"{reverse('claims:propose')}?{filled}"
