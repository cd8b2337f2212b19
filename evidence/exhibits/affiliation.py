"""Whose side evidence is from. What a company, or someone who acts for it, submits is marked as
that and counts as no independent witness.

Asked of what stands now, seats that ended included: evidence is from the side of everyone for whom
its submitter has acted at any time since they submitted it.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from accounts.organisation_names import fold_name
from claims.compiled_queries import CompiledQuery
from claims.duplicates import companies_named
from claims.models import Claim, ClaimProposal, Company, LegalEntity, Source
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
            *(translation["text"] for translation in written.get("translations", {}).values()),
        )
    } - {""}


_submissions = CompiledQuery(
    lambda submissions: Submission.objects.filter(id__among=submissions).select_related(
        "organisation", "claim"
    )
)
_submissions_on = CompiledQuery(
    lambda claim: (
        Submission.objects.public().filter(claim=claim).select_related("organisation", "claim")
    )
)
_seats_of = CompiledQuery(
    lambda users: Membership.objects.filter(user__id__among=users).select_related("organisation")
)
_members_of = CompiledQuery(
    lambda organisations: Membership.objects.filter(organisation__id__among=organisations)
)
_measured_for = CompiledQuery(
    lambda submissions: (
        Teardown.objects.filter(submission__id__among=submissions)
        .exclude(laboratory=None)
        .select_related("laboratory")
    )
)
_companies_among = CompiledQuery(lambda companies: Company.objects.filter(id__among=companies))
_entities_of = CompiledQuery(
    lambda companies: LegalEntity.objects.filter(company__id__among=companies)
)


def affiliations(submissions: Iterable[UUID]) -> dict[UUID, str]:
    """The Affiliation of each submission, by its id, in a number of queries that does not grow.
    What is not stored is absent."""
    return _affiliations(_submissions(list(set(submissions))))


def affiliations_on(claim: UUID) -> dict[UUID, str]:
    """The Affiliation of each public submission on a claim, by its id."""
    return _affiliations(_submissions_on(claim))


def _affiliations(rows: Sequence[Submission]) -> dict[UUID, str]:
    if not rows:
        return {}
    seats = _seats({submission.filed_by_id for submission in rows})
    laboratories = _laboratories(rows)
    if not seats and not laboratories and not any(submission.organisation for submission in rows):
        return {submission.pk: Affiliation.INDEPENDENT.value for submission in rows}
    companies = _companies({submission.claim.company_id for submission in rows})
    beside = _seats(
        {
            user
            for measurers in laboratories.values()
            for _one, members in measurers
            for user in members
        }
    )
    return {
        submission.pk: _affiliation(
            submission,
            companies[submission.claim.company_id],
            seats,
            laboratories.get(submission.pk, []),
            beside,
        ).value
        for submission in rows
    }


def affiliation(submission: Submission) -> str:
    """The Affiliation of one submission."""
    return affiliations([submission.pk]).get(submission.pk, Affiliation.INDEPENDENT.value)


def independent(submissions: Collection[UUID]) -> set[UUID]:
    """Those from no company's side. One that is not stored yet is nobody's."""
    sides = affiliations(submissions)
    return {
        pk
        for pk in submissions
        if sides.get(pk, Affiliation.INDEPENDENT) == Affiliation.INDEPENDENT
    }


_Seats = dict[UUID, list[Membership]]
_Laboratories = dict[UUID, list[tuple[Organisation, set[UUID]]]]


def side_of(user: User, claim: Claim) -> Affiliation:
    """From whose side `user` judges: the company's if they ever acted for it, another's if they
    acted for one since the claim came."""
    if not (held := _held_elsewhere(user)):
        return Affiliation.INDEPENDENT
    return _side(held, [_companies({claim.company_id})[claim.company_id]], claim.created_at)


def side_on_proposal(user: User, proposal: ClaimProposal) -> Affiliation:
    """As `side_of`, of a claim that is only proposed: whose it is says the name that the proposer
    gave, with every company that is called so, and the source at the address."""
    if not (held := _held_elsewhere(user)):
        return Affiliation.INDEPENDENT
    meant = {company.pk for company in companies_named([proposal.company_name])}
    if proposal.address:
        meant.update(Source.objects.filter(url=proposal.address).values_list("company", flat=True))
    companies = [
        *_companies(meant).values(),
        _Company("", names={_plain(proposal.company_name)}),
    ]
    folded = fold_name(proposal.company_name)
    if any(fold_name(membership.organisation.name) == folded for membership in held):
        return Affiliation.COMPANY
    return _side(held, companies, proposal.proposed_at)


def _held_elsewhere(user: User) -> list[Membership]:
    """All that a person ever held outside the body that runs this installation."""
    return list(
        Membership.objects.filter(user=user)
        .exclude(organisation__kind=OrganisationKind.OPERATOR)
        .select_related("organisation")
    )


def _side(
    held: Sequence[Membership], companies: Sequence[_Company], since: datetime
) -> Affiliation:
    if any(company.is_one_of(each.organisation) for company in companies for each in held):
        return Affiliation.COMPANY
    seats = (
        membership
        for membership in held
        if membership.role == Role.COMPANY_REPRESENTATIVE
        or membership.organisation.kind == OrganisationKind.COMPANY
    )
    return (
        Affiliation.OTHER_COMPANY
        if any(_held_since(seat, since) for seat in seats)
        else Affiliation.INDEPENDENT
    )


def one_laboratory(laboratories: Iterable[Organisation]) -> dict[UUID, UUID]:
    """For each laboratory the one that it is: rows of one address or one name are the same, however
    they are spelled."""
    identities: dict[UUID, UUID] = {}
    known: dict[str, UUID] = {}
    for laboratory in sorted(laboratories, key=lambda each: each.pk):
        marks = {_address(laboratory.website), _plain(laboratory.name)} - {""}
        joined = {identities[known[each]] for each in marks if each in known} | {laboratory.pk}
        identities[laboratory.pk] = laboratory.pk
        identities = {
            pk: min(joined) if first in joined else first for pk, first in identities.items()
        }
        known.update(dict.fromkeys(marks, laboratory.pk))
    return identities


def _held_since(membership: Membership, moment: datetime) -> bool:
    return membership.ended_at is None or membership.ended_at >= moment


def _seats(users: Collection[UUID]) -> _Seats:
    seats: _Seats = defaultdict(list)
    if users:
        for membership in _seats_of(list(users)):
            seats[membership.user_id].append(membership)
    return seats


def _laboratories(submissions: Collection[Submission]) -> _Laboratories:
    """The laboratories that measured for each submission, with who belonged to them at any time
    since it was filed."""
    laboratories: _Laboratories = defaultdict(list)
    measured = _measured_for([submission.pk for submission in submissions])
    members: dict[UUID, list[Membership]] = defaultdict(list)
    if measured:
        measurers = [teardown.laboratory_id for teardown in measured if teardown.laboratory_id]
        for membership in _members_of(measurers):
            members[membership.organisation_id].append(membership)
    filed = {submission.pk: submission.filed_at for submission in submissions}
    for teardown in measured:
        if teardown.laboratory:
            since = filed[teardown.submission_id]
            users = {
                each.user_id for each in members[teardown.laboratory.pk] if _held_since(each, since)
            }
            laboratories[teardown.submission_id].append((teardown.laboratory, users))
    return laboratories


def _companies(companies: Collection[UUID]) -> dict[UUID, _Company]:
    by_pk = {
        company.pk: _Company(
            _address(company.website), company.organisation_id, _names(company.name)
        )
        for company in _companies_among(list(companies))
    }
    for entity in _entities_of(list(companies)):
        by_pk[entity.company_id].names |= _names(entity.name)
    return by_pk


def _affiliation(
    submission: Submission,
    company: _Company,
    seats: _Seats,
    measured: list[tuple[Organisation, set[UUID]]],
    beside: _Seats,
) -> Affiliation:
    since = [
        membership
        for membership in seats.get(submission.filed_by_id, [])
        if _held_since(membership, submission.filed_at)
    ]
    acted_for = [membership.organisation for membership in since] + (
        [submission.organisation] if submission.organisation else []
    )
    of_members = [
        membership
        for _one, members in measured
        for user in members
        for membership in beside.get(user, [])
    ]
    also = [
        membership.organisation
        for membership in of_members
        if _held_since(membership, submission.filed_at)
    ]
    if any(
        company.is_one_of(organisation)
        for organisation in [*acted_for, *also, *(laboratory for laboratory, _members in measured)]
    ):
        return Affiliation.COMPANY
    spoke = any(membership.role == Role.COMPANY_REPRESENTATIVE for membership in since)
    if spoke or any(organisation.kind == OrganisationKind.COMPANY for organisation in acted_for):
        return Affiliation.OTHER_COMPANY
    return Affiliation.INDEPENDENT
