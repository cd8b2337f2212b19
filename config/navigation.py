"""The way through the site: what stands in the head and the foot of every page, and for whom.

The pages (`ui/templates/base.html`) know no app: they are handed names and addresses, nothing to
decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from ledger.models import Checkpoint

#: Who works at the desk; what they see there the desk itself decides.
DESK_ROLES = frozenset({Role.MODERATOR.value, Role.ADJUDICATOR.value, Role.AUDITOR.value})


class Link(NamedTuple):
    """A name and its address; `here` if the page belongs to that part of the site."""

    label: str | Promise
    url: str
    here: bool = False


class Navigation:
    """Of one request. Nothing is asked of the database before a template shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def _part(self, label: str | Promise, view: str, start: str) -> Link:
        return Link(label, reverse(view), self.request.path.startswith(start))

    @cached_property
    def main(self) -> list[Link]:
        """The parts of the site that everyone may read, then the reader's own."""
        return [
            self._part(_("Claims"), "reports:claims", "/claims/"),
            self._part(_("Companies"), "reports:companies", "/companies/"),
            self._part(_("Transparency log"), "reports:record", "/record/"),
            self._part(_("How we rate"), "reports:method", "/method/"),
            *self._own(),
        ]

    def _own(self) -> Iterable[Link]:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            yield self._part(_("Sign in"), "account_login", "/account/")
            return
        yield self._part(_("My submissions"), "evidence:submissions", "/submissions/")
        if not DESK_ROLES.isdisjoint(user.roles):
            yield self._part(_("Work queue"), "verdicts:desk", "/desk/")
        if Role.COMPANY_REPRESENTATIVE.value in user.roles:
            yield self._part(_("Reply requests"), "verdicts:questions", "/reply/")
        if user.roles and user.is_staff:
            yield self._part(_("Background jobs"), "jobs:overview", "/operations/")
        yield self._part(user.pseudonym, "accounts:account", "/account/")

    @cached_property
    def foot(self) -> list[Link]:
        return [
            Link(_("Verify a verdict"), reverse("reports:verify")),
            Link(_("Transparency log"), reverse("reports:record")),
            Link(_("How we rate"), reverse("reports:method")),
            Link(_("Glossary"), reverse("reports:glossary")),
            Link(_("Corrections"), reverse("reports:corrections")),
            Link(_("API"), reverse("api-docs")),
        ]

    @cached_property
    def home(self) -> str:
        return reverse("reports:front")

    @cached_property
    def search(self) -> str:
        return reverse("reports:claims")

    @cached_property
    def log(self) -> str:
        return reverse("reports:record")

    @cached_property
    def submissions(self) -> str:
        return reverse("evidence:submissions")

    @cached_property
    def checkpoint(self) -> tuple[int, datetime] | None:
        """Size and time of the last checkpoint, or None before the first."""
        return Checkpoint.objects.order_by("-size").values_list("size", "signed_at").first()


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `navigation` in every page."""
    return {"navigation": Navigation(request)}
