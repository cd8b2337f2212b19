"""The operators' page on which sign-up is closed and opened."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.access import current_account, requires
from accounts.forms import SignUpStateForm
from accounts.models import Role, SignUp
from accounts.saved_forms import refill, run_once
from ui.languages import address


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.OPERATOR)
def sign_up(request: HttpRequest) -> HttpResponse:
    """Whether anyone may create an account, and the form that changes it."""
    sent = request.POST if request.method == "POST" else None
    current, status, fault = SignUp.objects.current(), 200, ""
    form = SignUpStateForm(sent, is_open=current.is_open)
    refill(request, form)
    if sent is not None:
        try:
            return redirect(run_once(request, partial(_do, request, form)))
        except actions.SignUpChangedError as error:
            form, status = SignUpStateForm(is_open=current.is_open), 409
            fault = " ".join(error.messages)
        except ValidationError as error:
            status = 400
            if not form.errors:
                form.add_error(None, error.messages)
    page = {"current": current, "form": form, "fault": fault}
    return render(request, "accounts/sign_up.html", page, status=status)


def _do(request: HttpRequest, form: SignUpStateForm) -> str:
    me, now, do = current_account(request), timezone.now(), request.POST.get("do")
    if do not in {"close", "open"}:
        raise ValidationError(_("Choose what to do. Nothing was changed."))
    if (do == "close") != SignUp.objects.current().is_open:
        raise actions.SignUpChangedError()
    if not form.is_valid():
        raise ValidationError("")  # what is wrong stands in the form
    if do == "close":
        actions.close_sign_up(by=me, now=now, **form.cleaned_data)
        messages.success(request, _("Sign-up is closed. Only invited people can join."))
    else:
        actions.open_sign_up(by=me, now=now, **form.cleaned_data)
        messages.success(request, _("Sign-up is open. Anyone can create an account."))
    return address("accounts:sign-up")
