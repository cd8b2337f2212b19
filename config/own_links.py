"""What is a signed-in person's own: links by role, and what they may do about the public page they
read. Public pages hold none of it (ADR 17): they are the same for every reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.permissions import address_for, holds, objection
from claims.models import Claim, Company, Source
from claims.reference_resolver import resolve_reference
from evidence.exhibits.models import Exhibit
from evidence.exhibits.permissions import check_point
from notifications.models import MOST_COUNTED, Notification
from notifications.sending import failing_since
from ui.languages import in_page_language, without_language

#: Who works at the desk; what they see there the desk itself decides.
DESK_ROLES: Final = frozenset({Role.MODERATOR.value, Role.ADJUDICATOR.value, Role.AUDITOR.value})
#: No address of ours is longer.
LONGEST: Final = 500


class Link(NamedTuple):
    """A name and its address; `here` if the page belongs to that part of the site, `about` what it
    is for, `why` a sentence if it cannot be followed now."""

    label: str | Promise
    url: str
    here: bool = False
    about: str | Promise = ""
    why: str | None = None


#: Name, what it is for, view, beginning of the addresses of that part of the site.
_SUBMISSIONS: Final = (
    _("My submissions"),
    _("what you submitted, and its status"),
    "evidence:submissions",
    "/submissions/",
)
_PROPOSALS: Final = (
    _("My proposals"),
    _("claims that you proposed, and what became of them"),
    "claims:proposals",
    "/proposals/",
)
_DESK: Final = (_("Work queue"), _("claims, evidence and verdicts"), "verdicts:desk", "/desk/")
_REPLIES: Final = (
    _("Reply requests"),
    _("what your company can reply to"),
    "verdicts:questions",
    "/reply/",
)
_JOBS: Final = (_("Background jobs"), _("queues and failures"), "jobs:overview", "/operations/")

_ORGANISATIONS: Final = (
    _("Organisations"),
    _("their members, and invitations to a role"),
    "accounts:organisations",
    "/account/organisations/",
)
_SIGN_UP: Final = (
    _("Sign-up"),
    _("who can create an account"),
    "accounts:sign-up",
    "/account/sign-up/",
)
_SUSPENSIONS: Final = (
    _("Suspended accounts"),
    _("suspend and restore accounts"),
    "accounts:suspensions",
    "/account/suspensions/",
)


def head_links(user: object, path: str = "") -> list[Link]:
    """Of `own_links` those that someone goes back to all day, so that the head of a page stays one
    row; the others stand on the account's page."""
    daily = {reverse(view) for _label, _about, view, _start in (_DESK, _REPLIES)}
    daily.add(reverse("notifications:inbox"))
    if isinstance(user, User) and not user.roles & {*DESK_ROLES, Role.OPERATOR.value}:
        daily.add(reverse(_SUBMISSIONS[2]))
    return [link for link in own_links(user, path) if link.url in daily]


def own_links(user: object, path: str = "") -> list[Link]:
    """The parts of the site that are `user`'s own; none for a stranger."""
    if not isinstance(user, User):
        return []
    parts = [_SUBMISSIONS, _PROPOSALS]
    if not DESK_ROLES.isdisjoint(user.roles):
        parts.append(_DESK)
    if Role.COMPANY_REPRESENTATIVE.value in user.roles:
        parts.append(_REPLIES)
    if user.roles and user.is_staff:
        parts += [_JOBS, _SIGN_UP]
    if holds(user, Role.OPERATOR, Role.AUDITOR):
        parts += [_ORGANISATIONS, _SUSPENSIONS]
    links = [
        Link(label, reverse(view), without_language(path).startswith(start), about)
        for label, about, view, start in parts
    ]
    return [*links, _notifications(user, path)]


def _notifications(user: User, path: str) -> Link:
    """The inbox, with how many are unread."""
    url, here = reverse("notifications:inbox"), "/account/notifications/"
    unread = Notification.objects.of(user).unread_count()
    count = f"{MOST_COUNTED - 1}+" if unread >= MOST_COUNTED else str(unread)
    label = _now("Notifications (%(count)s)") % {"count": count} if unread else _("Notifications")
    return Link(
        label, url, without_language(path).startswith(here), _("what happened that concerns you")
    )


def notices(user: object) -> list[Link]:
    """What a signed-in person should see to, for the page of their account."""
    if isinstance(user, User) and failing_since(user):
        url = reverse("notifications:settings")
        return [
            Link(_("Our emails do not reach your address."), url, about=_("Check the mailbox."))
        ]
    return []


# --- what may be done about one public page -------------------------------------------------------


def _on_claim(user: User, ref: str) -> list[Link]:
    claim = resolve_reference(Claim.objects.public(), ref)
    desk = [Role.MODERATOR, Role.ADJUDICATOR]
    case = address_for(user, "verdicts:case", claim.reference, roles=desk)
    return [Link(_("Work on this claim"), case)]


def _on_company(user: User, company: UUID) -> list[Link]:
    row = get_object_or_404(Company, pk=company)
    seats = address_for(user, "claims:seats", row.pk, roles=[Role.OPERATOR])
    entities = address_for(user, "claims:entities", row.pk, roles=[Role.MODERATOR])
    return [Link(_("Company representatives"), seats), Link(_("Work on this company"), entities)]


def _on_source(user: User, source: UUID) -> list[Link]:
    row = get_object_or_404(Source, pk=source)
    upload = address_for(user, "evidence:upload", row.pk, roles=[Role.MODERATOR])
    return [Link(_("Add a saved copy"), upload)]


def _on_exhibit(user: User, ref: str) -> list[Link]:
    exhibit = resolve_reference(
        Exhibit.objects.public().select_related("submission__claim__company"), ref
    )
    regions = address_for(user, "evidence:regions", exhibit.reference, roles=[Role.MODERATOR])
    why = objection(check_point, user, exhibit)
    return [Link(_("Add annotation"), regions, why=why)]


_BY_VIEW: Final[dict[str, Callable[..., list[Link]]]] = {
    "reports:claim": _on_claim,
    "reports:company": _on_company,
    "reports:source": _on_source,
    "reports:exhibit": _on_exhibit,
}


def page_links(user: object, page: str) -> list[Link]:
    """What `user` may do about the public page at the address `page`, which anyone may have
    written: none for an address that is no public page."""
    if not isinstance(user, User) or not page.startswith("/") or len(page) > LONGEST:
        return []
    try:
        match: Any = resolve(in_page_language(page.partition("?")[0]))
        links = _BY_VIEW.get(match.view_name)
        offered = links(user, **match.kwargs) if links else []
    except (Resolver404, Http404):
        return []
    return [link for link in offered if link.url]
