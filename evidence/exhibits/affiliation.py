"""Whose side evidence is from. What a company, or someone who acts for it, submits is marked as
that and counts as no independent witness.

Asked of what stands now, seats that ended included: evidence is from the side of everyone for whom
its submitter has acted at any time since they submitted it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from claims.models import Claim, Company, LegalEntity
from evidence.exhibits.models import Submission, Teardown
from evidence.exhibits.states import Affiliation


@dataclass
class _Company:
    """By what a company of the record is recognised among the organisations that people act for:
    the one that holds its seats, its address, or a name of its own or of one of its legal
    entities."""

    address: str
    organisation: UUID | None = None
    names: set[str] = field(default_factory=set)

    def is_one_of(self, organisation: Organisation) -> bool:
        if organisation.pk == self.organisation:
            return True
        address = _address(organisation.website)
        return bool(address and address == self.address) or _plain(organisation.name) in self.names


def _address(website: str) -> str:
    """Host and path without scheme, `www.` and the last slash; empty if there is none."""
    try:
        parts = urlsplit(website.strip().lower())
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return ""
    return f"{host}{parts.path.rstrip('/')}" if host else ""


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _names(written: Any) -> set[str]:
    if not isinstance(written, dict) or "text" not in written:
        return set()
    return {
        _plain(text)
        for text in (
            written["text"],
            *(one["text"] for one in written.get("translations", {}).values()),
        )
    } - {""}


def affiliations(submissions: Iterable[UUID]) -> dict[UUID, str]:
    """The Affiliation of each submission, by its id, in a number of queries that does not grow.
    What is not stored is absent."""
    return _affiliations(Submission.objects.filter(pk__in=set(submissions)))


def affiliations_on(claim: UUID) -> dict[UUID, str]:
    """The Affiliation of each public submission on a claim, by its id."""
    return _affiliations(Submission.objects.public().filter(claim=claim))


def _affiliations(submissions: QuerySet[Submission]) -> dict[UUID, str]:
    rows = list(submissions.select_related("organisation", "claim"))
    if not rows:
        return {}
    seats = _seats({one.filed_by_id for one in rows})
    laboratories = _laboratories(rows)
    if not seats and not laboratories and not any(one.organisation for one in rows):
        return {one.pk: Affiliation.INDEPENDENT.value for one in rows}
    companies = _companies({one.claim.company_id for one in rows})
    beside = _seats(
        {user for found in laboratories.values() for _one, members in found for user in members}
    )
    return {
        one.pk: _affiliation(
            one, companies[one.claim.company_id], seats, laboratories.get(one.pk, []), beside
        ).value
        for one in rows
    }


def affiliation(submission: Submission) -> str:
    """The Affiliation of one submission."""
    return affiliations([submission.pk]).get(submission.pk, Affiliation.INDEPENDENT.value)


def independent(submissions: Collection[UUID]) -> set[UUID]:
    """Those from no company's side. One that is not stored yet is nobody's."""
    found = affiliations(submissions)
    return {
        pk
        for pk in submissions
        if found.get(pk, Affiliation.INDEPENDENT) == Affiliation.INDEPENDENT
    }


_Seats = dict[UUID, list[Membership]]
_Laboratories = dict[UUID, list[tuple[Organisation, set[UUID]]]]


def side_of(user: User, claim: Claim) -> Affiliation:
    """From whose side `user` judges: the company's if they ever acted for it, another's if they
    acted for one since the claim came."""
    ours = OrganisationKind.OPERATOR
    held = list(
        Membership.objects.filter(user=user)
        .exclude(organisation__kind=ours)
        .select_related("organisation")
    )
    if not held:
        return Affiliation.INDEPENDENT
    company = _companies({claim.company_id})[claim.company_id]
    if any(company.is_one_of(one.organisation) for one in held):
        return Affiliation.COMPANY
    seats = (
        one
        for one in held
        if one.role == Role.COMPANY_REPRESENTATIVE
        or one.organisation.kind == OrganisationKind.COMPANY
    )
    return (
        Affiliation.OTHER_COMPANY
        if any(_held_since(one, claim.created_at) for one in seats)
        else Affiliation.INDEPENDENT
    )


def one_laboratory(laboratories: Iterable[Organisation]) -> dict[UUID, UUID]:
    """For each laboratory the one that it is: rows of one address or one name are the same, however
    they are spelled."""
    found: dict[UUID, UUID] = {}
    known: dict[str, UUID] = {}
    for one in sorted(laboratories, key=lambda each: each.pk):
        said = {_address(one.website), _plain(one.name)} - {""}
        joined = {found[known[each]] for each in said if each in known} | {one.pk}
        found[one.pk] = one.pk
        found = {pk: min(joined) if first in joined else first for pk, first in found.items()}
        known.update(dict.fromkeys(said, one.pk))
    return found


def _held_since(membership: Membership, moment: datetime) -> bool:
    return membership.ended_at is None or membership.ended_at >= moment


def _seats(users: Collection[UUID]) -> _Seats:
    found: _Seats = defaultdict(list)
    if users:
        for one in Membership.objects.filter(user__in=users).select_related("organisation"):
            found[one.user_id].append(one)
    return found


def _laboratories(submissions: Collection[Submission]) -> _Laboratories:
    """The laboratories that measured for each submission, with who belonged to them at any time
    since it was filed."""
    found: _Laboratories = defaultdict(list)
    measured = list(
        Teardown.objects.filter(submission__in=submissions)
        .exclude(laboratory=None)
        .select_related("laboratory")
    )
    members: dict[UUID, list[Membership]] = defaultdict(list)
    if measured:
        for membership in Membership.objects.filter(
            organisation__in=[one.laboratory_id for one in measured]
        ):
            members[membership.organisation_id].append(membership)
    filed = {one.pk: one.filed_at for one in submissions}
    for one in measured:
        if one.laboratory:
            since = filed[one.submission_id]
            users = {
                each.user_id for each in members[one.laboratory.pk] if _held_since(each, since)
            }
            found[one.submission_id].append((one.laboratory, users))
    return found


def _companies(companies: Collection[UUID]) -> dict[UUID, _Company]:
    found = {
        one.pk: _Company(_address(one.website), one.organisation_id, _names(one.name))
        for one in Company.objects.filter(pk__in=companies)
    }
    for entity in LegalEntity.objects.filter(company__in=companies):
        found[entity.company_id].names |= _names(entity.name)
    return found


def _affiliation(
    submission: Submission,
    company: _Company,
    seats: _Seats,
    measured: list[tuple[Organisation, set[UUID]]],
    beside: _Seats,
) -> Affiliation:
    since = [
        one
        for one in seats.get(submission.filed_by_id, [])
        if _held_since(one, submission.filed_at)
    ]
    acted_for = [one.organisation for one in since] + (
        [submission.organisation] if submission.organisation else []
    )
    of_members = [
        one for _one, members in measured for user in members for one in beside.get(user, [])
    ]
    also = [one.organisation for one in of_members if _held_since(one, submission.filed_at)]
    if any(
        company.is_one_of(one)
        for one in [*acted_for, *also, *(laboratory for laboratory, _members in measured)]
    ):
        return Affiliation.COMPANY
    spoke = any(one.role == Role.COMPANY_REPRESENTATIVE for one in since)
    if spoke or any(one.kind == OrganisationKind.COMPANY for one in acted_for):
        return Affiliation.OTHER_COMPANY
    return Affiliation.INDEPENDENT
