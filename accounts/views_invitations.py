"""The page that the link in an invitation's mail opens."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import actions
from accounts.access import ACCESS_ATTRIBUTE
from accounts.models import Membership, Role, RoleInvitation, User
from accounts.permissions import objection
from accounts.role_descriptions import ROLE_DESCRIPTIONS
from accounts.saved_forms import redirect_to_sign_in, run_once
from accounts.states import RoleInvitationStatus
from ui.languages import address

#: What became of an invitation that can no longer be answered, and what to do.
ENDED: Final = {
    RoleInvitationStatus.ACCEPTED: lazy(
        "This invitation was accepted, and its link works only once. If it was not you, write to "
        "the operators of this site."
    ),
    RoleInvitationStatus.DECLINED: lazy(
        "This invitation was declined. If you changed your mind, ask for a new one."
    ),
    RoleInvitationStatus.EXPIRED: lazy(
        "This invitation has expired: it was valid for 14 days. Ask for a new one."
    ),
    RoleInvitationStatus.WITHDRAWN: lazy(
        "This invitation was withdrawn by the operators. You need to do nothing."
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation to a role: what the role may do, and the form to accept or decline. Whoever has
    the link reads it; only the invited mailbox answers."""
    row = (
        RoleInvitation.objects.filter(token_digest=actions.digest_of(token))
        .select_related("organisation")
        .first()
    )
    if row is None:
        return render(request, "accounts/invitation.html", {"row": None}, status=404)
    if request.method != "POST":
        return _show(request, row)
    if not isinstance(request.user, User):
        return redirect_to_sign_in(request)
    try:
        return redirect(run_once(request, partial(_answer, request, request.user, token)))
    except actions.InvitationClosedError:
        row.refresh_from_db()
        return _show(request, row, status=409)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _show(request, row, status=400)


# Anyone may have the link, and the page shows the reader's own account: it is no public page.
setattr(invitation, ACCESS_ATTRIBUTE, "whoever has the link")


def _answer(request: HttpRequest, me: User, token: str) -> str:
    do, now = request.POST.get("do"), timezone.now()
    if do == "accept":
        held = actions.accept_invitation(by=me, token=token, now=now)
        messages.success(
            request, _("You now have the role: %(role)s.") % {"role": Role(held.role).label}
        )
    elif do == "decline":
        actions.decline_invitation(by=me, token=token, now=now)
        messages.success(request, _("You declined the invitation. Nothing else changes."))
    else:
        raise Http404
    return address("accounts:account")


def _show(request: HttpRequest, row: RoleInvitation, status: int = 200) -> HttpResponse:
    may, may_not = ROLE_DESCRIPTIONS[Role(row.role)]
    context: dict[str, Any] = {
        "row": row,
        "role": Role(row.role).label,
        "may": may,
        "not": may_not,
        "ended": _ended(row),
    }
    if context["ended"]:
        context["held"] = isinstance(request.user, User) and _holds(request.user, row)
    elif isinstance(request.user, User):
        context["against"] = objection(actions.check_answers, request.user, row)
    else:
        context |= _entrance(request, row)
    return render(request, "accounts/invitation.html", context, status=status)


def _ended(row: RoleInvitation) -> str:
    """Why an invitation cannot be answered any more; empty if it can."""
    if row.status != RoleInvitationStatus.INVITED:
        return str(ENDED[RoleInvitationStatus(row.status)])
    late = row.expires_at is None or row.expires_at <= timezone.now()
    return str(ENDED[RoleInvitationStatus.EXPIRED]) if late else ""


def _holds(user: User, row: RoleInvitation) -> bool:
    held = Membership.objects.current().filter(user=user)
    return held.filter(organisation=row.organisation, role=row.role).exists()


def _entrance(request: HttpRequest, row: RoleInvitation) -> dict[str, Any]:
    """Where someone who is not signed in goes on. The link proves the mailbox: an account that is
    created with it in this browser needs no second mail."""
    email = actions.addresses([row])[row.pk]
    get_adapter().stash_verified_email(request, email)
    onward = urlencode({"next": request.path})
    known = (
        User.objects.filter(email__iexact=email).exists()
        or EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
    )
    return {
        "email": email,
        "known": known,
        "sign_in": f"{address('account_login')}?{onward}",
        "sign_up": f"{address('account_signup')}?{onward}",
    }
