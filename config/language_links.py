"""From a page to itself in the other language, for readers and for search engines."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import is_valid_path
from django.utils.encoding import escape_uri_path

from accounts.saved_forms import page_of_form, page_of_request
from ui.languages import page_language, page_start, without_language

#: What in a query makes another page of it: the next part of a list, another pair of versions.
#: Everything else narrows or arranges what is on the page.
OF_THE_PAGE: Final = ("after", "before", "upto", "from", "to")


class Switch(NamedTuple):
    """The link to the other language: its name in that language, and where it leads."""

    url: str
    lang: str
    name: str


class PublicAddresses(NamedTuple):
    """Where a public page stands: in its own language, in each, and in none."""

    canonical: str
    english: str
    chinese: str
    permanent: str


def switch(request: HttpRequest) -> Switch:
    """The page that is shown, with its query, in the other language. It is asked for anew: for a
    page that answers a form, too."""
    start, lang, name = (
        ("/zh", "zh-Hans", "中文") if page_language() == "en" else ("/en", "en", "English")
    )
    if request.resolver_match and request.resolver_match.view_name == "api-docs":
        return Switch(f"?lang={lang}", lang, name)
    without = without_language(request.path_info) == request.path_info
    if without and is_valid_path(request.path_info):
        return Switch(f"{start}/", lang, name)  # for programs, and has no other language
    # a form that could not be read is not read for the sake of a link
    page = page_of_form(request) if hasattr(request, "_post") else page_of_request(request)
    return Switch(start + _with_next(page, start), lang, name)


def _with_next(page: str, start: str) -> str:
    """A page whose query names another to go on to, which is in the same language then."""
    path, _, query = page.partition("?")
    asked = QueryDict(query, mutable=True)
    following = asked.get("next", "")
    if not following.startswith(f"{page_start()}/"):
        return page
    asked["next"] = start + without_language(following)
    return f"{path}?{asked.urlencode(safe='/')}"


def public_addresses(request: HttpRequest) -> PublicAddresses | None:
    """Of a page that everyone may read; None for all others."""
    if request.resolver_match is None or request.resolver_match.app_name != "reports":
        return None
    asked = QueryDict(mutable=True)
    for name in OF_THE_PAGE:
        if name in request.GET:
            asked[name] = request.GET[name]
    query = f"?{asked.urlencode()}" if asked else ""
    path = escape_uri_path(without_language(request.path_info)) + query
    english, chinese = (f"{settings.SITE_URL}{start}{path}" for start in ("/en", "/zh"))
    return PublicAddresses(
        english if page_language() == "en" else chinese,
        english,
        chinese,
        f"{settings.SITE_URL}{path}",
    )
