"""Accounts that are suspended: proposed, decided by a second person, restored."""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.access import current_account, requires
from accounts.forms import SuspensionForm
from accounts.models import Role, Suspension, User
from accounts.permissions import APPOINTING, check_operator, holds, objection
from accounts.reauthentication import proven_recently
from accounts.saved_forms import refill, run_once
from accounts.states import SuspensionStatus
from ui.languages import address

#: How many are shown.
MOST: Final = 100


def suspensions_waiting_for(me: User) -> list[Suspension]:
    """The proposed suspensions that wait for this person; none for anyone else."""
    if not holds(me, *APPOINTING):
        return []
    rows = Suspension.objects.waiting().exclude(proposed_by=me).exclude(person=me)
    return list(rows.select_related("person", "proposed_by").order_by("proposed_at", "pk")[:MOST])


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.OPERATOR, Role.AUDITOR)
@proven_recently()
def suspensions(request: HttpRequest) -> HttpResponse:
    """The accounts that are suspended or proposed to be, those of before, and the form to suspend
    one."""
    me = current_account(request)
    form = SuspensionForm(request.POST if request.POST.get("do") == "suspend" else None)
    refill(request, form, do="suspend")
    status, fault = 200, ""
    if request.method == "POST":
        try:
            return redirect(run_once(request, partial(_do, request, me, form)))
        except actions.SuspensionDecidedError as error:
            status, fault = 409, " ".join(error.messages)
        except ValidationError as error:
            status, fault = 400, " ".join(error.messages)
    context = {
        "rows": _rows(me),
        "form": form,
        "fault": fault,
        "against_suspending": objection(check_operator, me),
    }
    return render(request, "accounts/suspensions.html", context, status=status)


def _rows(me: User) -> list[dict[str, Any]]:
    """The newest suspensions, those on which somebody may act first, each with what the reader may
    do."""
    rows = Suspension.objects.select_related("person", "proposed_by", "decided_by", "lifted_by")
    still = rows.open().order_by("status", "-proposed_at", "pk")
    rest = rows.exclude(pk__in=Suspension.objects.open()).order_by("-proposed_at", "pk")
    return [
        {
            "row": row,
            "waiting": row.status == SuspensionStatus.PROPOSED,
            "in_force": row.status == SuspensionStatus.IN_FORCE,
            "mine": row.proposed_by_id == me.pk,
            "against_deciding": objection(actions.check_decides_suspension, me, row),
        }
        for row in [*still[:MOST], *rest[:MOST]]
    ]


def _do(request: HttpRequest, me: User, form: SuspensionForm) -> str:
    """Do what a form of the page asks for. Raises Http404 for a suspension that is none."""
    do, now = request.POST.get("do", ""), timezone.now()
    if do == "suspend":
        check_operator(me)
        if not form.is_valid():
            raise ValidationError("")  # what is wrong stands in the form
        given = form.cleaned_data
        row = actions.suspend_account(
            by=me, person=given["account"], reason=given["reason"], now=now
        )
        messages.success(
            request,
            _("Proposed. A second operator or an auditor decides.")
            if row.by_two
            else _("Suspended. The person is signed out everywhere."),
        )
        return address("accounts:suspensions")
    decide = {
        "confirm": actions.confirm_suspension,
        "refuse": actions.refuse_suspension,
        "withdraw": actions.withdraw_suspension,
    }.get(do)
    if decide is not None:
        decide(by=me, suspension=_suspension(request), now=now)
    elif do == "lift":
        reason = request.POST.get("reason", "")[:2000]
        actions.lift_suspension(by=me, suspension=_suspension(request), reason=reason, now=now)
    else:
        raise ValidationError(_("Choose what to do. Nothing was changed."))
    messages.success(request, _("Decision saved. It is a log entry."))
    return address("accounts:suspensions")


def _suspension(request: HttpRequest) -> Suspension:
    try:
        key = UUID(request.POST.get("suspension", ""))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Suspension.objects.select_related("person"), pk=key)
