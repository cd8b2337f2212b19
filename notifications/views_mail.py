"""How one's mails come, and the link by which they are turned off without signing in."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import current_account, everyone, signed_in
from accounts.models import User
from accounts.saved_forms import refill, run_once
from notifications import actions
from notifications.forms import PreferencesForm
from notifications.kinds import GROUPS
from notifications.mails import read_off_token
from notifications.sending import failing_since
from ui.languages import address


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """Language, hours and groups; and whether mails arrive."""
    user = current_account(request)
    form = PreferencesForm(request.POST if request.method == "POST" else None, user=user)
    refill(request, form)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            actions.choose(by=user, wishes=form.wishes())
            messages.success(request, _("Saved."))
            return address("notifications:settings")

        return redirect(run_once(request, save))
    context = {
        "form": form,
        "failing_since": failing_since(user),
        "critical": [entry for entry in GROUPS.values() if entry.critical],
    }
    status = 400 if form.errors else 200
    return render(request, "notifications/settings.html", context, status=status)


@require_POST
@never_cache
@signed_in
def try_again(request: HttpRequest) -> HttpResponse:
    """The mailbox works again."""
    actions.try_address_again(by=current_account(request))
    messages.success(request, _("We will send emails to your address again."))
    return redirect("notifications:settings")


@csrf_exempt  # what the mail program of the recipient sends (RFC 8058); the token is the permission
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@everyone
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Turn off the mails of one group, by the link of a mail. GET changes nothing, since programs
    that check mails follow links."""
    named = read_off_token(token)
    user = User.objects.filter(pk=named[0]).first() if named else None
    if named is None or user is None:
        raise Http404
    entry = GROUPS[named[1]]
    done = request.method == "POST" and not entry.critical
    if done:
        actions.turn_off(by=user, group=named[1])
    return render(request, "notifications/off.html", {"entry": entry, "done": done})
