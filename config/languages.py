"""Which language an answer is in: a person's choice for pages; what a program asks for, else
English, for what programs read."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

#: Beginnings of addresses that programs read. `Accept-Language` alone decides there: a cache
#: between us sees no cookie of ours.
FOR_PROGRAMS: Final = ("/api/v1/", "/feeds/", "/ledger/")


def asked_of(accepted: str, otherwise: str = "en") -> str:
    """The first language of ours that an Accept-Language header names."""
    for code, _weight in parse_accept_lang_header(accepted.lower()):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return otherwise


class Languages(LocaleMiddleware):
    """Django's, but for what programs read."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith(FOR_PROGRAMS):
            return super().process_request(request)
        translation.activate(asked_of(request.headers.get("Accept-Language", "")))
        request.LANGUAGE_CODE = translation.get_language()
        return None
