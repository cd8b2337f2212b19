"""Doors to one's own account."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actions
from accounts.doors import person, signed_in
from accounts.forms import KeyForm
from accounts.models import ApiKey


@require_safe
@never_cache
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here: pseudonym, e-mail, roles."""
    held = person(request).membership_set.current().select_related("organisation").order_by("created_at")
    return render(request, "accounts/account.html", {"memberships": held})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def keys(request: HttpRequest) -> HttpResponse:
    """My keys, and making one.

    The answer to a POST shows the new key itself instead of redirecting: kept anywhere for a second request, in a session or a
    cookie, it would be stored in clear. It is never shown again, and the page is not cached.
    """
    user, now = person(request), timezone.now()
    form, secret = KeyForm(request.POST if request.method == "POST" else None), ""
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            _key, secret = actions.create_key(
                by=user, label=chosen["label"], scopes=chosen["scopes"], now=now, expires_at=now + timedelta(days=chosen["days"])
            )
            form = KeyForm()
        except ValidationError as error:
            form.add_error(None, error)
    context = {
        "keys": ApiKey.objects.filter(user=user).order_by("-id")[:100],
        "usable": set(_usable(user.pk)),
        "form": form,
        "secret": secret,
    }
    return render(request, "accounts/keys.html", context, status=400 if form.errors else 200)


def _usable(user: UUID) -> list[UUID]:
    return list(ApiKey.objects.usable(timezone.now()).filter(user=user).values_list("pk", flat=True))


@require_POST
@never_cache
@signed_in
def revoke(request: HttpRequest, key: UUID) -> HttpResponse:
    """Make a key of mine useless."""
    found = get_object_or_404(ApiKey, pk=key, user=person(request))
    actions.revoke_key(by=person(request), key=found, now=timezone.now())
    messages.success(request, _("The key is revoked. Programs that use it are refused from now on."))
    return redirect("accounts:keys")
