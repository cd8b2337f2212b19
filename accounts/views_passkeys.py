"""Passkeys of one's own account, and signing in with one: views of django-allauth, our pages."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import views as theirs
from allauth.mfa.webauthn.internal import auth
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import passkeys
from accounts.access import ACCESS_ATTRIBUTE, current_account


class AddView(theirs.AddWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    """Add a passkey. Whoever adds one has proven it in this session."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(theirs.AddWebAuthnView, self).get_context_data(**kwargs)
        context["js_data"] = {"options": passkeys.creation_options(current_account(self.request))}
        return context

    def form_valid(self, form: passkeys.AddForm) -> HttpResponse:
        user = current_account(self.request)
        mine = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
        known = set(mine.values_list("pk", flat=True))
        response: HttpResponse = super().form_valid(form)
        for factor in mine.exclude(pk__in=known):
            record_authentication(
                self.request, user, "mfa", id=factor.pk, type=factor.type, reauthenticated=True
            )
        return response


class RenameView(theirs.EditWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    """What one's passkey is called."""

    success_url = reverse_lazy("mfa_index")


class RemoveView(theirs.RemoveWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    """Remove one's passkey; recovery codes go with the last factor."""

    success_url = reverse_lazy("mfa_index")


class ProveView(theirs.ReauthenticateWebAuthnView):  # type: ignore[misc]  # allauth ships no types
    """A passkey before a change of the account. A wrong one is told of on the same page."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super(theirs.ReauthenticateWebAuthnView, self).get_context_data(
            **kwargs
        )
        context["js_data"] = {"options": auth.begin_authentication(self.request.user)}
        return context

    def form_invalid(self, form: passkeys.ReauthenticateForm) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return response


class AfterPasswordView(AuthenticateView):  # type: ignore[misc]  # allauth ships no types
    """The second factor after the password: a code or a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        user = self.stage.login.user
        has_one = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
        context["js_data"] = {"options": context["js_data"]["request_options"]}
        return context | {"has_passkey": has_one}


class CodeAgainView(ReauthenticateView):  # type: ignore[misc]  # allauth ships no types
    """A code before a change of the account, or the way to a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        user = current_account(self.request)
        has_one = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists()
        return context | {"has_passkey": has_one}


add = AddView.as_view()
rename = RenameView.as_view()
remove = RemoveView.as_view()
prove = ProveView.as_view()
# what asks by another method does not count as a try
login = require_http_methods(["GET", "HEAD", "POST"])(
    never_cache(theirs.LoginWebAuthnView.as_view())
)
after_password = AfterPasswordView.as_view()
code_again = CodeAgainView.as_view()
# their own base classes ask for a sign-in, and for a proof once more where they change something
for _view in (add, rename, remove, prove, code_again):
    setattr(_view, ACCESS_ATTRIBUTE, "signed in")
for _view in (login, after_password):
    setattr(_view, ACCESS_ATTRIBUTE, "whoever signs in")
