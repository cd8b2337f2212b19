"""For which company someone speaks: the one whose organisation gives them their seat
(claims.actions.give_seat)."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, OrganisationKind, Role, User
from claims.models import Company


def _seats() -> QuerySet[Membership]:
    return Membership.objects.current().filter(
        role=Role.COMPANY_REPRESENTATIVE, organisation__kind=OrganisationKind.COMPANY
    )


def represented_companies(user: User) -> QuerySet[Company]:
    """The companies for which `user` speaks."""
    return Company.objects.filter(
        organisation__in=_seats().filter(user=user).values("organisation")
    )


def representative_count(company: Company) -> int:
    """How many accounts speak for a company."""
    return _seats().filter(organisation__company=company).values("user").distinct().count()


def representatives(company: Company) -> QuerySet[User]:
    """Everyone who speaks for a company."""
    return User.objects.filter(pk__in=_seats().filter(organisation__company=company).values("user"))


def is_representative(user: User, company: Company) -> str | None:
    """The sentence that stands against `user` answering for `company`, or None."""
    return (
        None
        if represented_companies(user).filter(pk=company.pk).exists()
        else _("Your account does not act for this company.")
    )
