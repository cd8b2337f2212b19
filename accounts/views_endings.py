"""The end of a role: proposed, decided by a second person, or left."""

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
from accounts.access import current_account, signed_in
from accounts.forms import EndingForm
from accounts.models import Membership, Organisation, OrganisationKind, Role, RoleEnding, User
from accounts.permissions import holds, objection
from accounts.reauthentication import proven_recently
from accounts.saved_forms import refill, run_once
from ui.languages import address

#: What is shown of a long list on the account's page.
MOST: Final = 50


def endings_of(me: User, body: Organisation) -> list[dict[str, Any]]:
    """What a page shows operators and auditors of the roles in an organisation: each with the
    address where it is ended, and whether that waits for a second person. None for anyone else,
    or for a company, whose seats end on its own page."""
    if not holds(me, *actions.SECOND) or body.kind == OrganisationKind.COMPANY:
        return []
    waiting = set(
        RoleEnding.objects.waiting()
        .filter(membership__organisation=body)
        .values_list("membership_id", flat=True)
    )
    return [
        {
            "pseudonym": membership.user.pseudonym,
            "role": Role(membership.role).label,
            "address": address("accounts:ending", membership.pk),
            "waiting": membership.pk in waiting,
        }
        for membership in Membership.objects.current()
        .filter(organisation=body)
        .select_related("user")
        .order_by("created_at", "id")
    ]


def endings_waiting_for(me: User) -> list[RoleEnding]:
    """The proposed ends of roles that wait for this person; none for anyone else."""
    if not holds(me, *actions.SECOND):
        return []
    rows = RoleEnding.objects.waiting().exclude(proposed_by=me).exclude(person=me)
    return list(
        rows.select_related("membership__organisation", "person", "proposed_by").order_by(
            "proposed_at", "pk"
        )[:MOST]
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
@proven_recently()
def ending(request: HttpRequest, membership: UUID) -> HttpResponse:
    """The end of one role: its holder leaves, an operator proposes, a second person decides. 404
    for anyone else."""
    me = current_account(request)
    held = get_object_or_404(
        Membership.objects.select_related("organisation", "user"), pk=membership
    )
    if held.user_id != me.pk and not holds(me, *actions.SECOND):
        raise Http404
    form = EndingForm(request.POST if request.POST.get("do") == "propose" else None)
    refill(request, form, do="propose")
    status, fault = 200, ""
    if request.method == "POST":
        try:
            return redirect(run_once(request, partial(_do, request, me, held, form)))
        except actions.EndingDecidedError as error:
            status, fault = 409, " ".join(error.messages)
        except ValidationError as error:
            status, fault = 400, " ".join(error.messages)
    return render(request, "accounts/ending.html", _context(me, held, form, fault), status=status)


def _waiting(held: Membership) -> RoleEnding | None:
    return (
        RoleEnding.objects.waiting().filter(membership=held).select_related("proposed_by").first()
    )


def _context(me: User, held: Membership, form: EndingForm, fault: str) -> dict[str, Any]:
    waiting = _waiting(held)
    return {
        "held": held,
        "role": Role(held.role).label,
        "is_mine": held.user_id == me.pk,
        "has_ended": held.ended_at is not None,
        "waiting": waiting if waiting is not None and held.user_id != me.pk else None,
        "is_proposer": waiting is not None and waiting.proposed_by_id == me.pk,
        "against_deciding": objection(actions.check_decides, me, waiting) if waiting else None,
        "against_proposing": objection(actions.check_proposes, me, held),
        "nobody_decides": _nobody_decides(me, held),
        "form": form,
        "fault": fault,
    }


def _nobody_decides(me: User, held: Membership) -> str:
    """What to do where nobody could be the second person; empty if somebody could."""
    overseeing = Membership.objects.overseeing().exclude(user=me)
    others = overseeing.exclude(user=held.user_id)
    if not overseeing.exists() or others.exists():
        return ""
    return _(
        "Nobody could decide this now: besides you, only the member concerned is operator or "
        "auditor. Invite an auditor first. The proposal waits until then."
    )


def _do(request: HttpRequest, me: User, held: Membership, form: EndingForm) -> str:
    do, now = request.POST.get("do"), timezone.now()
    back = address("accounts:organisation", held.organisation_id)
    if do == "leave":
        actions.leave_role(by=me, membership=held, now=now)
        messages.success(request, _("You left the role. Your other roles stay as they are."))
        return address("accounts:account")
    if do == "propose":
        form.is_valid()
        ending = actions.propose_ending(
            by=me, membership=held, reason=form.cleaned_data.get("reason", ""), now=now
        )
        messages.success(
            request,
            _("Role ended. The public log says that one person did it.")
            if ending.alone
            else _("Proposed. A second operator or an auditor decides."),
        )
        return back
    waiting = _waiting(held)
    decide = {
        "end": actions.confirm_ending,
        "refuse": actions.refuse_ending,
        "withdraw": actions.withdraw_ending,
    }.get(do or "")
    if decide is None:
        raise ValidationError(_("Choose what to do. Nothing was changed."))
    if waiting is None:
        raise actions.EndingDecidedError(
            _("This was decided meanwhile. Nothing was changed. Reload the page.")
        )
    decide(by=me, ending=waiting, now=now)
    messages.success(request, _("Decision saved. It is a log entry."))
    return back
