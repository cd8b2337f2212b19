"""What countries are called, in the language of the page (CLDR, by Babel)."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale

from ui.languages import page_language


def country_name(code: str) -> str:
    """The name of a country by its ISO 3166-1 alpha-2 code; the code where it has none."""
    return _names(page_language()).get(code, code)


@lru_cache(maxsize=2)
def _names(language: str) -> dict[str, str]:
    return dict(Locale.parse(language.replace("-", "_")).territories)
