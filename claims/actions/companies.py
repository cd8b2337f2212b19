"""Companies, who answers for them, their legal entities, products and options."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

import ledger
from accounts.actions import end_seat as end_company_seat
from accounts.actions import found_organisation, grant_role
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import check_operator
from claims.actions.rows import ReasonRequiredError, store
from claims.editing import lock_seen
from claims.localized_text import LocalizedText, read
from claims.models import (
    Company,
    EntityRole,
    LegalEntity,
    Product,
    ProductOption,
    Source,
)
from claims.permissions import check_register
from claims.websites import mail_domain, may_answer

OTHER_OPTION: Final = lazy(
    "The paid option belongs to another product. Choose one of this product, or enter a new one."
)


ELSEWHERE: Final = lazy(
    "This address is recorded for another company already. Nothing was saved. Check the company, "
    "or the address."
)


@transaction.atomic
def add_company(*, by: User, name: LocalizedText, now: datetime, website: str = "") -> Company:
    """A new company."""
    check_register(by)
    with ledger.act("company.added", by=by, role=Role.MODERATOR):
        return store(Company(name=name, website=website, created_at=now))


@transaction.atomic
def revise_company(
    *,
    by: User,
    company: Company,
    reason: str,
    now: datetime,
    name: LocalizedText | None = None,
    website: str | None = None,
    version: str = "",
) -> Company:
    """Correct the name or the website of a company. Seats stay: they belong to the company, not
    to its website.

    Raises ReasonRequiredError, NotAllowedError, RowChangedError, ValidationError.
    """
    check_register(by)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(company, version)
    changed = [
        field
        for field, value in (("name", name), ("website", website))
        if value is not None and value != getattr(held, field)
    ]
    if not changed:
        return held
    held.name, held.website = name or held.name, held.website if website is None else website
    held.full_clean()
    with ledger.act("company.revised", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=changed)
    return held


@transaction.atomic
def represent_company(
    *, by: ledger.Actor, company: Company, organisation: Organisation, now: datetime
) -> Company:
    """Name the organisation that replies for a company, through its representatives.
    Idempotent. Raises NotAllowedError, ValidationError."""
    if isinstance(by, User):
        check_operator(by)
    if organisation.kind != OrganisationKind.COMPANY:
        raise ValidationError(
            _("Only an organisation that is a company can reply for one. Nothing was changed.")
        )
    held = Company.objects.select_for_update().get(pk=company.pk)
    if held.organisation_id == organisation.pk:
        return held
    if held.organisation_id:
        raise ValidationError(
            _("Another organisation replies for this company already. Nothing was changed.")
        )
    held.organisation = organisation
    with ledger.act("company.represented", by=by, role=Role.OPERATOR):
        held.save(update_fields=["organisation"])
    return held


@transaction.atomic
def give_seat(*, by: User, company: Company, email: str, reason: str, now: datetime) -> Membership:
    """Let the holder of a verified mail address at the company's website answer for it. Twice is
    once.

    Raises ReasonRequiredError, NotAllowedError, ValidationError.
    """
    check_operator(by)
    if not reason.strip():
        raise ReasonRequiredError
    held = Company.objects.select_for_update().get(pk=company.pk)
    domain = mail_domain(held.website)
    if not domain:
        raise ValidationError(
            _(
                "This company has no website of its own yet, so no email address can be its own. "
                "Correct its website first."
            )
        )
    if not may_answer(email, held.website):
        raise ValidationError(
            _(
                "Only an address at %(domain)s can reply for this company. Nothing was changed. "
                "Check the address, or the website."
            )
            % {"domain": domain}
        )
    address = (
        EmailAddress.objects.filter(email__iexact=email.strip(), verified=True)
        .select_related("user")
        .first()
    )
    if address is None:
        raise ValidationError(
            _(
                "No account has confirmed this address. Ask its holder to create an account and "
                "confirm it."
            )
        )
    organisation = held.organisation
    if organisation is None:
        organisation = found_organisation(
            by=by,
            kind=OrganisationKind.COMPANY,
            name=_free_name(read(held.name, "en").text, domain),
            website=held.website,
            now=now,
        )
        represent_company(by=by, company=held, organisation=organisation, now=now)
    return grant_role(
        by=by,
        user=address.user,
        organisation=organisation,
        role=Role.COMPANY_REPRESENTATIVE,
        now=now,
        reason=reason,
    )


def _free_name(name: str, domain: str) -> str:
    """What a new organisation is called: as its company, with the domain where that name is
    taken."""
    taken = set(
        Organisation.objects.filter(
            kind=OrganisationKind.COMPANY, name__startswith=name[:150]
        ).values_list("name", flat=True)
    )
    names = [
        name[:200],
        *(
            f"{name[:150]} ({domain[:40]}{number})"
            for number in ("", *(f" {n}" for n in range(2, 1000)))
        ),
    ]
    return next(each for each in names if each and each not in taken)


@transaction.atomic
def end_seat(
    *, by: User, company: Company, membership: Membership, reason: str, now: datetime
) -> None:
    """Take a seat away; what was answered stands. Raises ReasonRequiredError, NotAllowedError,
    ValidationError."""
    check_operator(by)
    if not reason.strip():
        raise ReasonRequiredError
    if company.organisation_id is None or membership.organisation_id != company.organisation_id:
        raise ValidationError(_("This seat does not belong to the company. Nothing was changed."))
    end_company_seat(by=by, membership=membership, now=now, reason=reason)


def check_company(company_id: UUID, *rows: Source | Product | None) -> None:
    """Raises ValidationError for a source or product of another company."""
    if any(row is not None and row.company_id != company_id for row in rows):
        raise ValidationError(
            _(
                "This source or product belongs to another company. Nothing was saved. Choose "
                "one of this company, or record it there."
            ),
            code="other_company",
        )


@transaction.atomic
def add_entity(
    *,
    by: User,
    company: Company,
    name: LocalizedText,
    jurisdiction: str,
    now: datetime,
    registration: str = "",
    seat: LocalizedText | None = None,
) -> LegalEntity:
    """Add a legal entity of a company, with its registered seat."""
    check_register(by)
    entity = LegalEntity(
        company=company,
        name=name,
        jurisdiction=jurisdiction,
        registration=registration,
        seat=seat,
        created_at=now,
    )
    with ledger.act("entity.added", by=by, role=Role.MODERATOR):
        return store(entity)


@transaction.atomic
def give_entity_role(
    *,
    by: User,
    entity: LegalEntity,
    kind: str,
    from_date: date,
    now: datetime,
    product: Product | None = None,
    source: Source | None = None,
    until_date: date | None = None,
    note: LocalizedText | None = None,
) -> EntityRole:
    """Record the role of a legal entity for a product, and since when."""
    check_register(by)
    check_company(entity.company_id, product, source)
    role = EntityRole(
        entity=entity, kind=kind, product=product, source=source, from_date=from_date,
        until_date=until_date, note=note,
        created_at=now,
    )  # fmt: skip
    with ledger.act("entity.role_given", by=by, role=Role.MODERATOR):
        return store(role)


@transaction.atomic
def add_product(
    *,
    by: User,
    company: Company,
    name: LocalizedText,
    now: datetime,
    launched_date: date | None = None,
    kind: str = "goods",
) -> Product:
    """A product or service of a company."""
    check_register(by)
    with ledger.act("product.added", by=by, role=Role.MODERATOR):
        return store(
            Product(
                company=company, name=name, kind=kind, launched_date=launched_date, created_at=now
            )
        )


@transaction.atomic
def add_option(
    *,
    by: User,
    product: Product,
    name: LocalizedText,
    price: Decimal,
    currency: str,
    now: datetime,
    priced_date: date | None = None,
) -> ProductOption:
    """Add a paid option of a product."""
    check_register(by)
    option = ProductOption(
        product=product,
        name=name,
        price=price,
        currency=currency,
        priced_date=priced_date,
        created_at=now,
    )
    with ledger.act("option.added", by=by, role=Role.MODERATOR):
        return store(option)
