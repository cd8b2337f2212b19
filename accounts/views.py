"""Views of one's own account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actions, second_factor
from accounts.access import ACCESS_ATTRIBUTE, current_account, signed_in
from accounts.forms import KeyForm
from accounts.models import ApiKey, Organisation, Role, Scope
from accounts.permissions import objection
from accounts.reauthentication import proven_recently
from accounts.role_descriptions import ROLE_DESCRIPTIONS, SCOPE_DESCRIPTIONS
from accounts.saved_forms import refill, run_once
from accounts.views_endings import endings_waiting_for
from accounts.views_organisations import waiting_for
from accounts.views_suspensions import suspensions_waiting_for
from ui.languages import address


@require_safe
@never_cache
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """The user's account: roles, permissions and organisations."""
    me = current_account(request)
    held = [
        _role_description(Role(membership.role), membership.organisation, membership.created_at)
        | {"leave": address("accounts:ending", membership.pk)}
        for membership in me.membership_set.current()
        .select_related("organisation")
        .order_by("created_at")
    ]
    context = {
        "held": held or [_role_description(Role.CONTRIBUTOR)],
        "waiting": waiting_for(me),
        "endings": endings_waiting_for(me),
        "suspensions": suspensions_waiting_for(me),
    }
    return render(request, "accounts/account.html", context)


def _role_description(
    role: Role, organisation: Organisation | None = None, since: datetime | None = None
) -> dict[str, Any]:
    may, may_not = ROLE_DESCRIPTIONS[role]
    return {
        "role": role.label,
        "organisation": organisation,
        "since": since,
        "may": may,
        "not": may_not,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
@proven_recently()
def keys(request: HttpRequest) -> HttpResponse:
    """The user's API keys, and a form to create one.

    The answer to a POST shows the new key itself instead of redirecting: kept anywhere for a second
    request, in a session or a cookie, it would be stored in clear. It is never shown again, and the
    page is not cached.
    """
    user, now = current_account(request), timezone.now()
    form, secret = KeyForm(request.POST if request.method == "POST" else None), ""
    refill(request, form)
    blocked = objection(second_factor.check_may_make_keys, request)
    if request.method == "POST":
        second_factor.check_may_make_keys(request)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        made: list[str] = []

        def make() -> str:
            expires_at = now + timedelta(days=chosen["days"])
            made.append(
                actions.create_key(
                    by=user,
                    label=chosen["label"],
                    scopes=chosen["scopes"],
                    now=now,
                    expires_at=expires_at,
                )[1]
            )
            return reverse("accounts:keys")

        try:
            location = run_once(request, make)
            if not made:
                return redirect(location)
            form, secret = KeyForm(), made[0]
        except ValidationError as error:
            form.add_error(None, error)
    usable = set(_usable(user.pk))
    labels = {str(scope.value): scope.label for scope in Scope}
    context = {
        "keys": [
            (key, [labels.get(scope, scope) for scope in key.scopes], key.pk in usable)
            for key in ApiKey.objects.filter(user=user).order_by("-created_at", "-id")[:100]
        ],
        "scopes": [(scope.label, meaning) for scope, meaning in SCOPE_DESCRIPTIONS.items()],
        "form": form,
        "secret": secret,
        "blocked": blocked,
    }
    return render(request, "accounts/keys.html", context, status=400 if form.errors else 200)


def _usable(user: UUID) -> list[UUID]:
    return list(
        ApiKey.objects.usable(timezone.now()).filter(user=user).values_list("pk", flat=True)
    )


@require_POST
@never_cache
@signed_in
def revoke(request: HttpRequest, key: UUID) -> HttpResponse:
    """Revoke an API key."""
    api_key = get_object_or_404(ApiKey, pk=key, user=current_account(request))
    actions.revoke_key(by=current_account(request), key=api_key, now=timezone.now())
    messages.success(request, _("Key revoked. Programs that use it no longer have access."))
    return redirect("accounts:keys")


# --- the second factor: pages of django-allauth, but for these two --------------------------------


class EnrolView(ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    """Set up an authenticator app. The first code also verifies the session and cannot be used
    again."""

    def form_valid(self, form: second_factor.EnrolForm) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            factor = Authenticator.objects.select_for_update().get(
                user=self.request.user, type=Authenticator.Type.TOTP
            )
            second_factor.remember(factor, form.counter)
        record_authentication(
            self.request,
            current_account(self.request),
            "mfa",
            id=factor.pk,
            type=factor.type,
            reauthenticated=True,
        )
        return response


enrol = EnrolView.as_view()
# its own base class asks for a sign-in, and for the password once more
setattr(enrol, ACCESS_ATTRIBUTE, "signed in")


@require_safe
@never_cache
@signed_in
def enrolment_picture(request: HttpRequest) -> HttpResponse:
    """The QR code of the secret that is being set up in this browser. 404 in any other."""
    picture = second_factor.Adapter().picture(current_account(request))
    if picture is None:
        raise Http404
    return HttpResponse(picture, content_type="image/svg+xml")
