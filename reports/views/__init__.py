"""The public pages. Anyone may enter all of them; what is not public is 404, what was erased 410."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def gone(request: HttpRequest, sentence: object) -> HttpResponse:
    """410: it was here and is withheld; the sentence says what stays."""
    return render(request, "problem.html", {"title": _("Withheld"), "sentence": sentence}, status=410)
