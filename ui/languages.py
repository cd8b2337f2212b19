"""The languages of the site, and their place in addresses.

The address of every page for people begins with its language: `/en/claims/`, `/zh/claims/`. What
programs read (the API, the log, proofs, files, pictures) has one address in no language, and so has
every page a permanent one, without its language, which stands in documents, citations and the log:
`config.languages` leads from there to the page in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Literal

from django.conf import settings
from django.urls import (
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
)
from django.utils.translation import get_language

#: The first part of a page's address, and the name that Django has for its language.
LANGUAGES: Final = {"en": "en", "zh": "zh-hans"}
_PREFIXES: Final = {f"{start}/": re.compile(f"{start}/") for start in LANGUAGES}
_BEGINNING: Final = re.compile(r"/(en|zh)(?=/)")


def page_language() -> Literal["en", "zh-Hans"]:
    """The language of the page, as written texts name it; English where there is no page."""
    return "zh-Hans" if (get_language() or "").lower().startswith("zh") else "en"


def page_start() -> str:
    """The beginning of the addresses of pages in the language of this one: `/en` or `/zh`."""
    return "/zh" if page_language() == "zh-Hans" else "/en"


def without_language(address: str) -> str:
    """The path (and query) of a page without its language: `/en/claims/` is `/claims/`."""
    return _BEGINNING.sub("", address, count=1) if _BEGINNING.match(address) else address


def in_page_language(address: str) -> str:
    """The path (and query) of a page, whatever its language, in the language of this one."""
    return page_start() + without_language(address)


@lru_cache(maxsize=4096)
def _composed(
    routes: URLResolver, prefix: str, start: str, view: str, args: tuple[str, ...]
) -> str:
    return reverse(view, args=args)


def address(view: str, *args: object) -> str:
    """What Django's `reverse` gives, composed once for each language: a page holds fifty addresses,
    and most of them stand on the next one too. Raises NoReverseMatch."""
    routes = get_resolver(get_urlconf())
    return _composed(
        routes, get_script_prefix(), page_start(), view, tuple(str(argument) for argument in args)
    )


def permanent_address(view: str, *args: object) -> str:
    """The address of a page that stays the same in every language, at this installation."""
    return f"{settings.SITE_URL}{without_language(address(view, *args))}"


class LanguagePrefix:
    """The beginning of the addresses of pages, in the language that is spoken now. As text it is
    empty: a page has one route, whatever its languages.

    Django's own (LocalePrefixPattern) may not stand in the list of an app.
    """

    converters: Final[dict[str, Any]] = {}

    @property
    def language_prefix(self) -> str:
        """What an address begins with, after its first slash."""
        return f"{page_start()[1:]}/"

    @property
    def regex(self) -> re.Pattern[str]:
        """As Django composes addresses out of it."""
        return _PREFIXES[self.language_prefix]

    def match(self, path: str) -> tuple[str, tuple[()], dict[str, Any]] | None:
        """The rest of a path that begins with the language, as Django asks it of a pattern."""
        prefix = self.language_prefix
        return (path.removeprefix(prefix), (), {}) if path.startswith(prefix) else None

    def check(self) -> list[Any]:
        """Django's system checks find nothing here."""
        return []

    def __str__(self) -> str:
        return ""


def pages(*patterns: URLPattern | URLResolver) -> Sequence[URLResolver]:
    """The routes of pages for people: under their language."""
    return [URLResolver(LanguagePrefix(), list(patterns))]  # type: ignore[arg-type]  # a pattern in all that Django asks of one
