"""Before what cannot be undone, or gives somebody power, a person proves anew that it is them: by a
code where they have a second factor, otherwise by the password (ACCOUNT_REAUTHENTICATION_TIMEOUT).

allauth's own decorator would keep what was typed in the session, in clear; here it is kept as after
a lost session (accounts.saved_forms), and sent again by the person.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.saved_forms import keep_for_return

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def proven_recently(*which: str) -> Callable[[View[P]], View[P]]:
    """Do what a form of the page asks for only for somebody who proved a short while ago that it is
    them. `which` are the values of `do` that need it; without any, every form does."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            asks = request.method == "POST" and (not which or request.POST.get("do") in which)
            if asks and is_reauthentication_required(request, app="allauth.account"):
                return _ask(request)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _ask(request: HttpRequest) -> HttpResponse:
    methods = get_adapter().get_reauthentication_methods(request.user)
    messages.info(
        request, _("Nothing is done yet. Confirm that it is you, then send the form again.")
    )
    onward = urlencode({"next": keep_for_return(request)})
    return redirect(f"{methods[0]['url']}?{onward}")
