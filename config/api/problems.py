"""Errors of the API: RFC 9457 `application/problem+json`, saying nothing of what is inside."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import override
from rest_framework import exceptions
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import exception_handler

from config.inputs import UnreadableInputError
from config.languages import language_of

_TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found",
    405: "Method not allowed", 406: "Not acceptable",
    409: "Conflict", 410: "Withheld", 413: "Too large", 415: "Unsupported media type",
    429: "Too many requests",
    503: "Not available just now", 507: "No room to store this",
}  # fmt: skip


def problem(status: int, detail: str, *, code: str = "", **more: Any) -> HttpResponse:
    """A problem document with its title, its code (`type` is `about:blank#code`) and any members in
    `more`.

    It is JSON, whatever the view answers in otherwise.
    """
    body = {
        "type": f"about:blank#{code}" if code else "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **more,
    }
    return JsonResponse(
        body, status=status, content_type="application/problem+json", encoder=JSONEncoder
    )


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: known refusals become problems; None lets anything unknown become a
    plain 500."""
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(
            error.message_dict if hasattr(error, "error_dict") else {"detail": error.messages}
        )
    if isinstance(error, IntegrityError):
        return problem(
            409, "This change conflicts with one that was saved before it.", code="conflict"
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    code, more, detail = "", {}, ""
    if isinstance(error, exceptions.ValidationError):
        detail = getattr(error, "sentence", "Some fields are not valid. Nothing was saved.")
        code, more = getattr(error, "problem_code", "invalid"), {"errors": error.detail}
    elif isinstance(error, exceptions.APIException):
        detail = str(error.detail)
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else ""
    elif isinstance(error, (Http404, PermissionDenied)):
        detail = (
            str(error)
            if isinstance(error, PermissionDenied) and str(error)
            else _TITLES[response.status_code] + "."
        )
    answer = problem(response.status_code, detail, code=code, **more)
    for name, value in response.items():
        if name != "Content-Type":
            answer[name] = value
    return answer


# Django 5.2's own answers to errors read the form once more, to have a token for another form; what
# could not be read the first time cannot be read then either, and nothing catches that. These never
# touch the body.


def _elsewhere(request: HttpRequest, status: int, detail: str = "") -> HttpResponse | None:
    """For an address under /api/ that no view answers: a problem document like any other. None for
    pages."""
    if not request.path_info.startswith("/api/v1/"):
        return None
    body = {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status}
    body["detail"] = detail or f"{body['title']}."
    return JsonResponse(body, status=status, content_type="application/problem+json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 before a view was found, or for what no view can read. The page says it in both
    languages: none is chosen yet."""
    sentences = {}
    if isinstance(exception, UnreadableInputError):
        for name, lang in (("sentence_zh", "zh-hans"), ("sentence", "en")):
            with override(lang):
                sentences[name] = str(exception.sentence)
    return _elsewhere(request, 400, sentences.get("sentence", "")) or HttpResponse(
        render_to_string("400.html", sentences), status=400
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 of a page, with the sentence that refused."""
    return _elsewhere(request, 403, str(exception)) or render(
        request, "403.html", {"exception": str(exception)}, status=403
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 where there is no view."""
    return _elsewhere(request, 404) or render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, saying nothing of what is inside."""
    with override(language_of(request)):
        return _elsewhere(request, 500) or HttpResponse(render_to_string("500.html"), status=500)
