"""Labels of choices: a pair of texts (accounts.labels), shown in the language of the page."""

from __future__ import annotations

from typing import cast

from django.utils.functional import Promise, lazy
from django.utils.translation import get_language

from accounts.labels import Pair


def _in_page_language(pair: Pair) -> str:
    """English where there is no page, as in migrations and in the API’s schema."""
    return pair.to("zh-Hans" if (get_language() or "").lower().startswith("zh") else "en")


def label(pair: Pair) -> Promise:
    """A pair as a label that each reader gets in the language of the page."""
    return cast("Promise", lazy(_in_page_language, str)(pair))
