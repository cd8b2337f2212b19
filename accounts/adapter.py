"""What allauth asks about accounts: who may have one, and how they prove themselves."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import actions
from accounts.mails import SiteAdapter
from accounts.models import SignUp


class AccountAdapter(SiteAdapter):
    """Whoever has a second factor proves themselves by it; while sign-up is closed, invited people
    alone create an account."""

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The password counts only for accounts without a second factor."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [method for method in methods if method["id"].startswith("mfa")] or methods

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this browser may see the form: always while sign-up is open, otherwise if it
        opened the link of an invitation that waits. Raises ImmediateHttpResponse with the page that
        says whom to ask."""
        email = request.session.get("account_verified_email") or ""
        if actions.may_sign_up(email, timezone.now()):
            return True
        contact = SignUp.objects.current().contact
        context = {
            "contact": contact,
            "link": f"mailto:{contact}" if actions.is_mailbox(contact) else contact,
        }
        raise ImmediateHttpResponse(render(request, "account/signup_closed.html", context))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Why an account cannot be used, for whoever gave its password."""
        context = {"suspension": actions.suspension_of(user)}
        return render(request, "account/account_inactive.html", context, status=403)
