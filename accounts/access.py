"""Who may enter a page. Every view says so with exactly one of these; a test fails for a view that
does not.

Outermost first: `@require_safe` or `@require_http_methods`, then one of these, then the view.
Anonymous visitors are sent to sign in, accounts without the role get 403 with the sentence. What
may be seen of a single row is the queryset's business, and a row that may not be seen is 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from accounts.models import Role, User
from accounts.permissions import check_role
from accounts.saved_forms import redirect_to_sign_in

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

ACCESS_ATTRIBUTE = "entered_by"


def everyone(view: View[P]) -> View[P]:
    """Anyone may enter, signed in or not."""
    setattr(view, ACCESS_ATTRIBUTE, "everyone")
    return view


def signed_in(view: View[P]) -> View[P]:
    """Any account may enter."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_sign_in(request)
        return view(request, *args, **kwargs)

    setattr(guarded, ACCESS_ATTRIBUTE, "signed in")
    return guarded


def requires(*roles: Role) -> Callable[[View[P]], View[P]]:
    """Accounts with at least one of `roles` may enter. Raises NotAllowedError for others, which is
    a 403 with its sentence."""

    def decorate(view: View[P]) -> View[P]:
        @signed_in
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            check_role(current_account(request), *roles)
            return view(request, *args, **kwargs)

        setattr(guarded, ACCESS_ATTRIBUTE, " / ".join(sorted(roles)))
        return guarded

    return decorate


def current_account(request: HttpRequest) -> User:
    """The account that asks; only for views that require signing in."""
    assert isinstance(request.user, User)
    return request.user
