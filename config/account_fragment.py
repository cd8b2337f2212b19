"""What a public page shows to the person who is signed in. It is fetched by a script
(`ui/static/ui/own.js`), because the page itself is the same for every reader."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import ACCESS_ATTRIBUTE
from accounts.models import User
from accounts.second_factor import Shortfall, shortfall
from config.own_links import Link, head_links, page_links


@require_safe
@never_cache
def fragment(request: HttpRequest) -> HttpResponse:
    """Links, waiting messages, and what may be done about the page at `?page=`. 204 for whoever is
    not signed in."""
    if not isinstance(request.user, User):
        return HttpResponse(status=204)
    lacking = shortfall(request)
    if lacking is None:
        links = head_links(request.user)
        tools = page_links(request.user, request.GET.get("page", ""))
    else:
        way = "mfa_activate_totp" if lacking is Shortfall.NOT_ENROLLED else "mfa_reauthenticate"
        links, tools = [Link(_("Two-step verification"), reverse(way))], []
    return render(request, "account_fragment.html", {"links": links, "tools": tools})


setattr(fragment, ACCESS_ATTRIBUTE, "signed in, nothing for anyone else")
