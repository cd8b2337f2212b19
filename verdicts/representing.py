"""For which company someone speaks. An organisation is a company of the record when both have the same website."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, OrganisationKind, Role, User
from claims.models import Company


def _spellings(website: str) -> set[str]:
    bare = website.rstrip("/")
    return {bare, f"{bare}/"} if bare else set()


def _seats() -> QuerySet[Membership]:
    rows = Membership.objects.current().filter(role=Role.COMPANY_REPRESENTATIVE, organisation__kind=OrganisationKind.COMPANY)
    return rows.exclude(organisation__website="")


def represented(user: User) -> QuerySet[Company]:
    """The companies for which `user` speaks."""
    websites = _seats().filter(user=user).values_list("organisation__website", flat=True)
    return Company.objects.filter(website__in={spelling for website in websites for spelling in _spellings(website)})


def representatives(company: Company) -> int:
    """How many accounts speak for a company."""
    return _seats().filter(organisation__website__in=_spellings(company.website)).values("user").distinct().count()


def speaks_for(user: User, company: Company) -> str | None:
    """The sentence that stands against `user` answering for `company`, or None."""
    return None if represented(user).filter(pk=company.pk).exists() else _("Your account does not act for this company.")
