"""Views of organisations: their members, and the invitations to a role there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.access import current_account, requires, signed_in
from accounts.forms import OrganisationForm, OrganisationSearchForm, RoleInvitationForm
from accounts.models import Membership, Organisation, Role, RoleInvitation, User
from accounts.permissions import (
    APPOINTING,
    check_operator,
    check_proposes_roles,
    holds,
    objection,
)
from accounts.reauthentication import proven_recently
from accounts.role_descriptions import ROLE_DESCRIPTIONS
from accounts.saved_forms import refill, run_once
from accounts.states import RoleInvitationStatus
from accounts.views_endings import endings_of
from ui.languages import address

SIZE: Final = 20
MOST: Final = 200
#: What is shown of a long list on the account's page.
FIRST: Final = 50


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.OPERATOR, Role.AUDITOR)
def organisations(request: HttpRequest) -> HttpResponse:
    """All organisations, with the number of their members, and for operators a form to add one."""
    if request.method == "POST":
        check_operator(current_account(request))
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    refill(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(run_once(request, partial(_add, request, form.cleaned_data)))
        except ValidationError as error:
            form.add_error(None, error.messages)
    search = OrganisationSearchForm(request.GET, auto_id="search_%s")
    search.is_valid()
    wanted = search.cleaned_data
    rows, after = _page(_matching(wanted), wanted.get("after"))
    more = {name: str(wanted[name]) for name in ("q", "kind") if wanted.get(name)}
    context = {
        "form": form,
        "search": search,
        "organisations": rows,
        "next": f"?{urlencode({**more, 'after': str(after)})}" if after else "",
        "narrowed": bool(more),
        "against_adding": objection(check_operator, current_account(request)),
    }
    return render(
        request, "accounts/organisations.html", context, status=400 if form.errors else 200
    )


def _add(request: HttpRequest, given: dict[str, Any]) -> str:
    body = actions.found_organisation(
        by=current_account(request),
        kind=given["kind"],
        name=given["name"],
        website=given["website"],
        now=timezone.now(),
    )
    messages.success(request, _("Organisation added. You can invite people now."))
    return address("accounts:organisation", body.pk)


def _matching(wanted: dict[str, Any]) -> QuerySet[Organisation]:
    rows = Organisation.objects.annotate(
        members=Count(
            "membership__user", distinct=True, filter=Q(membership__ended_at__isnull=True)
        )
    )
    if wanted.get("q"):
        rows = rows.filter(name__icontains=wanted["q"])
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    return rows


def _page(
    rows: QuerySet[Organisation], after: UUID | None
) -> tuple[Sequence[Organisation], UUID | None]:
    """The rows after the one named, in the order of names, and the last of them if there are
    more."""
    last = Organisation.objects.filter(pk=after).first() if after else None
    if last:
        rows = rows.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    batch = list(rows.order_by("name", "pk")[: SIZE + 1])
    return batch[:SIZE], batch[SIZE - 1].pk if len(batch) > SIZE else None


def waiting_for(user: User) -> list[RoleInvitation]:
    """The invitations that wait for this person to approve or refuse them; none for anyone
    else."""
    if not holds(user, *APPOINTING):
        return []
    rows = list(
        RoleInvitation.objects.waiting()
        .select_related("organisation", "proposed_by")
        .order_by("created_at", "pk")[:FIRST]
    )
    against = actions.objections_to(user, rows)
    return [row for row in rows if against[row.pk] is None]


# --- one organisation -----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
@proven_recently("approve")
def organisation(request: HttpRequest, organisation: UUID) -> HttpResponse:
    """An organisation: its members under their pseudonyms, and the permissions of their roles. 404
    for whoever neither belongs to it nor gives out roles, who also see its invitations."""
    me = current_account(request)
    body = get_object_or_404(Organisation, pk=organisation)
    held = list(
        Membership.objects.current()
        .filter(organisation=body)
        .select_related("user")
        .order_by("created_at")
    )
    appoints = holds(me, *APPOINTING)
    if not appoints and (
        request.method == "POST" or me.pk not in {membership.user_id for membership in held}
    ):
        raise Http404
    form = RoleInvitationForm(
        request.POST if request.POST.get("do") == "invite" else None, organisation=body
    )
    refill(request, form, do="invite")
    status = 200
    if request.method == "POST":
        try:
            return redirect(run_once(request, partial(_act, request, body, form)))
        except actions.InvitationClosedError as error:
            messages.error(request, error.messages[0])
            status = 409
        except ValidationError as error:
            status = 400
            if form.is_bound:
                if not form.errors:
                    form.add_error(None, error.messages)
            else:
                messages.error(request, " ".join(error.messages))
    roles = [role for role in Role if role in {membership.role for membership in held}]
    context = {
        "organisation": body,
        "members": _members(held, me),
        "role_descriptions": [(role.label, *ROLE_DESCRIPTIONS[role]) for role in roles],
        "appoints": appoints,
        "endings": endings_of(me, body),
        "operates": appoints,
    }
    if appoints:
        context |= {
            "form": form,
            "offers": bool(actions.roles_offered(body)),
            "blocked": objection(check_proposes_roles, me),
            "invitations": _invitations(me, body),
        }
    return render(request, "accounts/organisation.html", context, status=status)


def _members(held: list[Membership], me: User) -> list[dict[str, Any]]:
    members: dict[UUID, dict[str, Any]] = {}
    for membership in held:
        member = members.setdefault(
            membership.user_id,
            {
                "pseudonym": membership.user.pseudonym,
                "roles": [],
                "since": membership.created_at,
                "me": membership.user_id == me.pk,
            },
        )
        member["roles"].append(Role(membership.role).label)
    return list(members.values())


def _invitations(me: User, body: Organisation) -> list[dict[str, Any]]:
    """The open invitations and those that were refused of late, each with what the reader may do
    about it."""
    shown = [*RoleInvitationStatus][:3]  # proposed, refused, invited
    rows = list(
        RoleInvitation.objects.filter(organisation=body, status__in=shown)
        .select_related("proposed_by", "approved_by")
        .order_by("-created_at", "pk")[:MOST]
    )
    known, against = actions.addresses(rows), actions.objections_to(me, rows)
    operator, may_send = objection(check_operator, me), objection(check_proposes_roles, me)
    return [
        {
            "row": row,
            "email": known[row.pk],
            "proposed": row.status == RoleInvitationStatus.PROPOSED,
            "sent": row.status == RoleInvitationStatus.INVITED,
            "mine": row.proposed_by_id == me.pk,
            "against": against[row.pk],
            "operator": operator,
            "may_send": may_send,
        }
        for row in rows
    ]


def _act(request: HttpRequest, body: Organisation, form: forms.Form) -> str:
    """Do what a form of the page asks for. Raises Http404 for another `do`."""
    me, now, do = current_account(request), timezone.now(), request.POST.get("do", "")
    if do == "invite":
        _invite(me, body, form, now)
        messages.success(request, _("Proposed. The mail is sent once a second person approves."))
        return request.path
    row = _invitation(request, body)
    reason = request.POST.get("reason", "")[:2000]
    if do == "approve":
        actions.approve_invitation(by=me, invitation=row, now=now)
        messages.success(request, _("Approved. The mail with the link is being sent."))
    elif do == "refuse":
        actions.refuse_invitation(by=me, invitation=row, reason=reason)
        messages.success(request, _("Refused. The person who proposed it can read your reason."))
    elif do == "withdraw":
        actions.withdraw_invitation(by=me, invitation=row)
        messages.success(request, _("Withdrawn. A link that was sent no longer works."))
    elif do == "resend":
        actions.resend_invitation(by=me, invitation=row, now=now)
        messages.success(request, _("Sent again. Only the link in the newest mail works."))
    else:
        raise Http404
    return request.path


def _invite(me: User, body: Organisation, form: forms.Form, now: datetime) -> None:
    check_proposes_roles(me)
    if not form.is_valid():
        raise ValidationError("")  # what is wrong stands in the form
    actions.propose_invitation(by=me, organisation=body, now=now, **form.cleaned_data)


def _invitation(request: HttpRequest, body: Organisation) -> RoleInvitation:
    """The invitation that a form is about. Raises Http404."""
    try:
        key = UUID(request.POST.get("invitation", ""))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(RoleInvitation, pk=key, organisation=body)
