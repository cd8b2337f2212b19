"""One's own data: as a file, and the end of the account."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import actions, own_data
from accounts.access import current_account, signed_in
from accounts.forms import DeletionForm
from accounts.reauthentication import proven_recently
from ui.languages import address


@require_POST
@never_cache
@signed_in
@proven_recently()
def export(request: HttpRequest) -> HttpResponse:
    """Everything that the account holds, as a JSON file."""
    me = current_account(request)
    content = json.dumps(
        own_data.export(me, timezone.now()), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2
    )
    return HttpResponse(
        content,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{me.pseudonym}.json"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
@proven_recently()
def delete(request: HttpRequest) -> HttpResponse:
    """What goes and what stays when the account is deleted, and the form that does it.

    Sent twice it finds nobody signed in: a deleted account keeps no note of what was sent.
    """
    me = current_account(request)
    form = DeletionForm(request.POST if request.method == "POST" else None, user=me)
    if request.method == "POST" and form.is_valid():
        try:
            actions.delete_account(by=me, now=timezone.now())
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            logout(request)
            messages.success(request, _("Your account is deleted."))
            return redirect(address("account_login"))
    return render(
        request, "accounts/delete.html", {"form": form}, status=400 if form.errors else 200
    )
