"""Who may do what, as sentences. Each check raises NotAllowedError with the sentence that the page
shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Membership, Role, User
from accounts.seats import JUDGING

#: Who may be the second person when someone is given a role.
APPOINTING = (Role.OPERATOR, Role.AUDITOR)


class NotAllowedError(PermissionDenied):
    """The account may not do this; the text is a sentence for its reader."""


def seat_at_a_company(user: User) -> str | None:
    """The sentence that stands against someone who acts for a company judging anything, or None."""
    return _("You act for a company, so you cannot rate claims.") if user.has_company_seat else None


def check_role(user: User, *roles: str) -> None:
    """Raises NotAllowedError unless `user` is signed in and holds one of `roles`; one that judges
    counts only without a company's seat."""
    if not user.is_authenticated:
        raise NotAllowedError(_("Sign in to do this."))
    if not user.has_role(*roles):
        names = " / ".join(str(Role(role).label) for role in roles)
        raise NotAllowedError(_("This needs the role %(roles)s.") % {"roles": names})
    if user.roles.intersection(roles) <= set(JUDGING) and (reason := seat_at_a_company(user)):
        raise NotAllowedError(reason)


def holds(user: object, *roles: str) -> bool:
    """Whether whoever asks is signed in and holds one of `roles` now.

    It decides what a page offers. What may be done, a check decides.
    """
    return isinstance(user, User) and user.has_role(*roles)


def address_for(user: object, view: str, *args: object, roles: Iterable[str]) -> str:
    """The address of `view` for whoever holds one of `roles` now, for everyone else none."""
    return reverse(view, args=args) if holds(user, *roles) else ""


def check_operator(user: User) -> None:
    """Raises NotAllowedError unless `user` is an operator."""
    check_role(user, Role.OPERATOR)


def is_run_by_one() -> bool:
    """Whether nobody but one person can look at how roles are given: at most one account is
    operator or auditor."""
    return Membership.objects.overseeing().values("user").distinct().count() < 2


def check_proposes_roles(user: User) -> None:
    """Raises NotAllowedError unless `user` may propose to give someone a role."""
    check_operator(user)
    _check_proven(user)


def check_approves_roles(user: User) -> None:
    """Raises NotAllowedError unless `user` may be the second person when someone is given a
    role."""
    check_role(user, *APPOINTING)
    _check_proven(user)


def _check_proven(user: User) -> None:
    """A mailbox that was confirmed and, where one is required, a second factor. Raises
    NotAllowedError."""
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise NotAllowedError(
            _("Confirm your email address first. Until then you cannot give anyone a role.")
        )
    factors = Authenticator.objects.filter(user=user).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    if settings.SECOND_FACTOR_REQUIRED and not factors.exists():
        raise NotAllowedError(
            _("Set up two-step verification first. Until then you cannot give anyone a role.")
        )


def objection(check: Callable[..., None], *about: object) -> str | None:
    """The sentence with which `check(*about)` refuses, or None: what a disabled button shows."""
    try:
        check(*about)
    except NotAllowedError as error:
        return str(error)
    return None
