"""How tests ask for pages.

The address of a page begins with its language (`ui.languages`), and nearly no test is about that.
So the client of the tests, which stands in the place of Django's, asks for `/claims/` at
`/en/claims/` or `/zh/claims/`: as its `Accept-Language` says, else as LANGUAGE_CODE does. Of an
answer that leads to a page it takes the language off again, and so does `tests.pages.page_text` of
links. What is an address of its own without a language, or with one, is asked for as it stands.

Languages in addresses themselves are tested in tests/system/test_languages.py, with RawClient:
nothing is added there, nothing taken off.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import django.test
import django.test.client
from django.conf import settings
from django.http import HttpResponseBase
from django.urls import is_valid_path
from django.utils.translation import override

from config.languages import asked_of
from ui.languages import page_start, without_language

RawClient = django.test.client.Client


def page_at(path: str, accepted: str = "") -> str:
    """Where a page is that tests call by an address without a language; any other path as it is."""
    return _page_at(path, asked_of(accepted, settings.LANGUAGE_CODE), settings.ROOT_URLCONF)


@lru_cache(maxsize=10_000)
def _page_at(path: str, language: str, urlconf: str) -> str:
    with override(language):
        page = page_start() + path
        known = is_valid_path(page, urlconf) or is_valid_path(f"{page}/", urlconf)
        return page if known else path


class PageClient(RawClient):
    """Adds the language to what is asked, and takes it off the answer's Location."""

    def request(self, **request: Any) -> Any:
        accepted = request.get("HTTP_ACCEPT_LANGUAGE", self.defaults.get("HTTP_ACCEPT_LANGUAGE"))
        request["PATH_INFO"] = page_at(request.get("PATH_INFO") or "/", accepted or "")
        response: HttpResponseBase = super().request(**request)
        for name in ("Location", "HX-Redirect"):
            if name in response.headers:
                response.headers[name] = _without_languages(response.headers[name])
        return response


def _without_languages(address: str) -> str:
    """Also of the page to go on to after signing in."""
    parts = urlsplit(address)
    path = without_language(parts.path)
    query = parts.query.replace("next=/en/", "next=/").replace("next=/zh/", "next=/")
    return parts._replace(path=path, query=query).geturl()


def install() -> None:
    """For every test that takes the client of Django, or of pytest-django."""
    django.test.Client = django.test.client.Client = PageClient  # type: ignore[misc]
