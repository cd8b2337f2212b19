"""The languages of the site."""

from __future__ import annotations

from typing import Literal

from django.utils.translation import get_language


def page_language() -> Literal["en", "zh-Hans"]:
    """The language of the page, as written texts name it; English where there is no page."""
    return "zh-Hans" if (get_language() or "").lower().startswith("zh") else "en"
