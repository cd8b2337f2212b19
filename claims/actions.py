"""Every change to what was said. Moderators make them; flags and progress follow from what the
other apps find."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from uuid_utils.compat import uuid7

import jobs
import ledger
from accounts.actions import end_role, found_organisation, grant_role
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import check_operator
from claims.editing import RowChangedError, lock_seen
from claims.figure_extraction import words_stating
from claims.localized_text import LocalizedText, credit_translations, read
from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Company,
    Criterion,
    EntityRole,
    Flag,
    LegalEntity,
    Product,
    ProductOption,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from claims.permissions import check_register, check_revise, check_withdraw_flag
from claims.states import PROGRESS_TRANSITIONS, BasisKind, ClaimKind, ClaimStatus, Progress, Stance
from claims.websites import mail_domain, may_answer


class ReasonRequiredError(ValidationError):
    """A change of what was recorded needs a reason, and none was given."""

    def __init__(self) -> None:
        super().__init__(
            _("Give a reason. It is published in the log with the change."), code="reason_missing"
        )


M = TypeVar("M", bound=models.Model)


OTHER_OPTION: Final = lazy(
    "The paid option belongs to another product. Choose one of this product, or enter a new one."
)
ELSEWHERE: Final = lazy(
    "This address is recorded for another company already. Nothing was saved. Check the company, "
    "or the address."
)


def _store(row: M) -> M:
    """Validate a new row in full, then insert it. Raises ValidationError."""
    row.full_clean(validate_constraints=False)
    row.save(force_insert=True)
    return row


@transaction.atomic
def add_company(*, by: User, name: LocalizedText, now: datetime, website: str = "") -> Company:
    """A new company."""
    check_register(by)
    with ledger.act("company.added", by=by, role=Role.MODERATOR):
        return _store(Company(name=name, website=website, created_at=now))


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
    end_role(by=by, membership=membership, now=now, reason=reason)


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
        return _store(entity)


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
        return _store(role)


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
        return _store(
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
        return _store(option)


@transaction.atomic
def add_source(
    *,
    by: User,
    company: Company,
    channel: str,
    title: LocalizedText,
    now: datetime,
    url: str = "",
    speaker: LocalizedText | None = None,
    lang: str = "zh-Hans",
    published_at: datetime | None = None,
    watched: bool = True,
) -> Source:
    """Add a source. The same address again returns the existing source."""
    check_register(by)
    if url and (found := Source.objects.filter(url=url).first()):
        if found.company_id != company.pk:
            raise ValidationError(ELSEWHERE, code="other_company")
        return found
    source = Source(
        company=company, channel=channel, url=url, title=title, speaker=speaker or {}, lang=lang,
        published_at=published_at, watched=watched and bool(url), created_at=now,
    )  # fmt: skip
    with ledger.act("source.added", by=by, role=Role.MODERATOR):
        _store(source)
    if source.watched:
        jobs.enqueue("evidence.look", {"source": str(source.pk)}, key=f"look:{source.pk}:first")
    return source


@transaction.atomic
def stop_monitoring(*, by: ledger.Actor, source: Source, role: str = Role.MODERATOR) -> None:
    """Stop monitoring a source. Idempotent. Raises NotAllowedError."""
    if isinstance(by, User):
        check_register(by)
    with ledger.act("source.unwatched", by=by, role=role):
        Source.objects.filter(pk=source.pk, watched=True).update(watched=False)


@dataclass(frozen=True)
class NewCriterion:
    """The threshold of a point as handed to `register_claim`. `basis_kind` is one of BasisKind."""

    property: LocalizedText
    comparator: str
    value: Decimal
    unit: str
    tolerance: Decimal = Decimal(0)
    conditions: LocalizedText = field(default_factory=dict)
    basis: LocalizedText = field(default_factory=dict)
    basis_kind: str = BasisKind.SET_BY_US


@dataclass(frozen=True)
class NewAspect:
    """One point of a claim as handed to `register_claim`."""

    kind: str
    statement: LocalizedText
    due_date: date | None = None
    criterion: NewCriterion | None = None


@transaction.atomic
def register_claim(
    *,
    by: User,
    product: Product,
    quote: str,
    quote_lang: str,
    summary: LocalizedText,
    aspects: list[NewAspect],
    now: datetime,
    kind: str = ClaimKind.EXPRESS,
    option: ProductOption | None = None,
    made_at: datetime | None = None,
    stake: Decimal | None = None,
    currency: str = "",
    reconstruction: bool = False,
    quote_translation: LocalizedText | None = None,
) -> Claim:
    """Publish a claim with its points and thresholds. Puffery is recorded without points, since
    it is not rated.

    The money at stake is the option's price unless another sum is given. Raises NotAllowedError,
    ValidationError.
    """
    check_register(by)
    if kind == ClaimKind.PUFFERY and aspects:
        raise ValidationError(_("Puffery is recorded but has no points to rate."))
    if kind != ClaimKind.PUFFERY and not aspects:
        raise ValidationError(_("Enter at least one point that can be rated separately."))
    if option is not None and option.product_id != product.pk:
        raise ValidationError(OTHER_OPTION, code="other_product")
    if stake is None and option is not None:
        stake, currency = option.price, option.currency
    claim = Claim(
        company=product.company, product=product, option=option, quote=quote, quote_lang=quote_lang,
        summary=summary, kind=kind,
        made_at=made_at, stake=stake, currency=currency, reconstruction=reconstruction,
        quote_translation=quote_translation or None,
        created_at=now,
    )  # fmt: skip
    with ledger.act("claim.registered", by=by, role=Role.MODERATOR):
        _store(claim)
        for number, new in enumerate(aspects, start=1):
            aspect = _store(
                Aspect(
                    claim=claim, number=number, kind=new.kind, statement=new.statement,
                    due_date=new.due_date, created_at=now,
                    progress=Progress.NOT_YET_DUE if new.due_date and new.due_date > now.date() else Progress.NOT_YET_RATED,
                )
            )  # fmt: skip
            if new.criterion:
                criterion = Criterion(aspect=aspect, created_at=now, **vars(new.criterion))
                criterion.figure = figure_of(criterion, claim)
                _store(criterion)
    return claim


def figure_of(criterion: Criterion, claim: Claim) -> str:
    """The company's words that state the number of a threshold called `claimed`; empty for any
    other.

    Read in the quote, then wherever the company makes the claim. Raises
    ValidationError when none of them states number and unit, and when a standard is not named.
    """
    if criterion.basis_kind == BasisKind.STANDARD and not criterion.basis:
        raise ValidationError(
            _("Name the standard that the threshold comes from. Nothing was saved.")
        )
    if criterion.basis_kind != BasisKind.CLAIMED:
        return ""
    texts = [(claim.quote, claim.quote_lang)]
    texts += (
        Appearance.objects.filter(claim=claim)
        .saying_so()
        .by_the_company()
        .order_by("id")
        .values_list("exact", "source__lang")
    )
    for text, lang in texts:
        if words := words_stating(
            text, lang, value=criterion.value, unit=criterion.unit, comparator=criterion.comparator
        ):
            return words
    raise ValidationError(
        _(
            "“%(figure)s” with its unit is neither in the quote nor in the company’s words where "
            "the claim is recorded, so it is not the company’s figure. Nothing was saved. Choose "
            "“set by AsClaimed” or “from a standard”, or check number, unit and quote."
        )
        % {"figure": f"{criterion.value.normalize():f} {criterion.unit}"},
        code="not_claimed",
    )


@transaction.atomic
def revise_claim(
    *,
    by: User,
    claim: Claim,
    reason: str,
    now: datetime,
    quote: str | None = None,
    quote_lang: str | None = None,
    summary: LocalizedText | None = None,
    kind: str | None = None,
    quote_translation: LocalizedText | None = None,
    version: str = "",
) -> Claim:
    """Correct a claim. Its first wording stays in the change history. `version` is what the form
    was opened on (claims.editing).

    Raises ReasonRequiredError, NotAllowedError, RowChangedError, ValidationError.
    """
    check_revise(by, claim)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(claim, version)
    changed = []
    for name, value in (
        ("quote", quote),
        ("quote_lang", quote_lang),
        ("quote_translation", quote_translation),
        ("summary", summary),
        ("kind", kind),
    ):
        # an empty text is as good as none
        if value is not None and value != (getattr(held, name) or type(value)()):
            setattr(
                held,
                name,
                credit_translations(value, Role.MODERATOR, getattr(held, name))
                if isinstance(value, dict)
                else value,
            )
            changed.append(name)
    if not changed:
        return held
    held.full_clean()
    figures = _figures_after(held) if "quote" in changed else []
    with ledger.act("claim.revised", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=changed)
        for criterion in figures:
            criterion.save(update_fields=["figure"])
    _tell_anew(held)
    return held


def _figures_after(claim: Claim) -> list[Criterion]:
    """The thresholds that are called the company's figure in other words than before, now that its
    quote is another one.

    Raises ValidationError for one that the new quote does not state.
    """
    found = []
    for criterion in (
        Criterion.objects.select_for_update()
        .filter(aspect__claim=claim, basis_kind=BasisKind.CLAIMED)
        .exclude(figure="")
    ):
        try:
            words = figure_of(criterion, claim)
        except ValidationError as error:
            raise ValidationError(
                _(
                    "The threshold “%(figure)s” is recorded as the company’s figure, and the new "
                    "quote does not give it. Nothing was saved. Correct the threshold first, "
                    "then the quote."
                )
                % {"figure": f"{criterion.value.normalize():f} {criterion.unit}"},
                code="not_claimed",
            ) from error
        if words != criterion.figure:
            criterion.figure = words
            found.append(criterion)
    return found


def _tell_anew(claim: Claim) -> None:
    """Reports tell what the record says now: where a verdict stands, there is one to be made
    again."""
    if Aspect.objects.filter(claim=claim, progress=Progress.RATED).exists():
        jobs.enqueue(
            "reports.discrepancy", {"claim": str(claim.pk)}, key=f"discrepancy:{claim.pk}:{uuid7()}"
        )


@transaction.atomic
def revise_criterion(
    *,
    by: User,
    criterion: Criterion,
    basis_kind: str,
    basis: LocalizedText,
    reason: str,
    now: datetime,
    version: str = "",
) -> Criterion:
    """Correct whose figure a threshold is, and where it comes from. `version` is what the form was
    opened on (claims.editing).

    Raises ReasonRequiredError, NotAllowedError, RowChangedError, ValidationError.
    """
    claim = Claim.objects.select_for_update().get(aspect=criterion.aspect_id)
    check_revise(by, claim)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(criterion, version)
    if (held.basis_kind, held.basis or {}) == (basis_kind, basis or {}):
        return held
    held.basis_kind, held.basis = basis_kind, basis
    held.figure = figure_of(held, claim)
    held.full_clean()
    with ledger.act("criterion.revised", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=["basis_kind", "basis", "figure"])
    _tell_anew(claim)
    return held


@transaction.atomic
def withdraw_claim(
    *, by: User, claim: Claim, reason: str, now: datetime, version: str = ""
) -> None:
    """Withdraw a claim. It stays readable, marked as withdrawn by AsClaimed.

    Raises ReasonRequiredError, NotAllowedError, RowChangedError.
    """
    check_revise(by, claim)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(claim, version)
    with ledger.act("claim.withdrawn", by=by, role=Role.MODERATOR, reason=reason):
        changed = Claim.objects.filter(pk=claim.pk, status=ClaimStatus.REGISTERED).update(
            status=ClaimStatus.WITHDRAWN
        )
    if not changed:
        raise RowChangedError(held)


@transaction.atomic
def place_claim(
    *,
    by: User,
    claim: Claim,
    source: Source,
    now: datetime,
    exact: str = "",
    prefix: str = "",
    suffix: str = "",
    fragment: str = "",
    stance: str = Stance.SAYS_SO,
    note: LocalizedText | None = None,
) -> Appearance:
    """Record a source of a claim: consistent with it, different, or not mentioning it.

    The same again is the one that is there. Raises NotAllowedError, ValidationError.
    """
    check_revise(by, claim)
    check_company(claim.company_id, source)
    given = {
        "exact": exact,
        "prefix": prefix,
        "suffix": suffix,
        "fragment": fragment,
        "says": stance,
        "note": note or None,
    }
    found = Appearance.objects.filter(claim=claim, source=source).first()
    if found:
        if any((getattr(found, name) or None) != (value or None) for name, value in given.items()):
            raise ValidationError(
                _(
                    "This source is already recorded for the claim, with another quote. Nothing "
                    "was changed."
                )
            )
        return found
    if stance == Stance.NO_MENTION:
        if exact or fragment:
            raise ValidationError(_("A source that does not mention it has no quote."))
    elif not exact and not fragment:
        raise ValidationError(
            _(
                "Say where the quote is in the source: its exact words, or the time at which they "
                "are spoken."
            )
        )
    appearance = Appearance(
        claim=claim, source=source, stance=stance, exact=exact, prefix=prefix, suffix=suffix,
        fragment=fragment, note=note,
        created_at=now,
    )  # fmt: skip
    with ledger.act("claim.placed", by=by, role=Role.MODERATOR):
        _store(appearance)
    jobs.enqueue(
        "evidence.sight_appearance",
        {"appearance": str(appearance.pk)},
        key=f"sight:{appearance.pk}",
    )
    return appearance


@transaction.atomic
def set_progress(
    *, by: ledger.Actor, role: str, aspects: Collection[Aspect], progress: str
) -> None:
    """Set the progress of points. A point whose workflow has no such transition stays as it is."""
    before = [state for state, followers in PROGRESS_TRANSITIONS.items() if progress in followers]
    with ledger.act("aspect.progressed", by=by, role=role):
        Aspect.objects.filter(pk__in=[one.pk for one in aspects], progress__in=before).update(
            progress=progress
        )


@transaction.atomic
def mark_overdue(*, by: ledger.Actor, now: datetime, role: str = "system") -> None:
    """The promised date of a point passed before anyone reviewed it. Idempotent."""
    with ledger.act("aspect.overdue", by=by, role=role):
        Aspect.objects.filter(progress=Progress.NOT_YET_DUE, due_date__lt=now.date()).update(
            progress=Progress.OVERDUE
        )


@transaction.atomic
def raise_flag(
    *, by: ledger.Actor, claim: Claim, kind: str, now: datetime, role: str = "system"
) -> Flag:
    """Add a flag to a claim; a current one keeps its first time."""
    standing = Flag.objects.raised().filter(claim=claim, kind=kind).first()
    if standing:
        return standing
    with ledger.act("flag.raised", by=by, role=role):
        return _store(Flag(claim=claim, kind=kind, raised_at=now))


@transaction.atomic
def lift_flag(
    *,
    by: ledger.Actor,
    claim: Claim,
    kind: str,
    now: datetime,
    role: str = "system",
    reason: str = "",
) -> None:
    """Remove a current flag; the change history keeps it."""
    with ledger.act("flag.lifted", by=by, role=role, reason=reason):
        Flag.objects.raised().filter(claim=claim, kind=kind).update(lifted_at=now)


@transaction.atomic
def withdraw_flag(*, by: User, flag: Flag, reason: str, now: datetime) -> None:
    """Withdraw a wrong flag: a correction of ours. Raises ReasonRequiredError, NotAllowedError,
    ValidationError if it was lifted."""
    check_withdraw_flag(by, flag)
    if not reason.strip():
        raise ReasonRequiredError
    with ledger.act("flag.withdrawn", by=by, role=Role.MODERATOR, reason=reason.strip()):
        changed = Flag.objects.raised().filter(pk=flag.pk).update(lifted_at=now)
    if not changed:
        raise ValidationError(_("This flag was already removed. Your reason was not saved."))


# --- figures over time ----------------------------------------------------------------------------


@transaction.atomic
def add_series(
    *,
    by: User,
    company: Company,
    name: LocalizedText,
    unit: LocalizedText,
    now: datetime,
    reconstruction: bool = False,
) -> Series:
    """Create a series of market data about a company, still empty."""
    check_register(by)
    with ledger.act("series.added", by=by, role=Role.MODERATOR):
        return _store(
            Series(
                company=company, name=name, unit=unit, reconstruction=reconstruction, created_at=now
            )
        )


@transaction.atomic
def add_point(
    *, by: User, series: Series, source: Source, on_date: date, value: Decimal, now: datetime
) -> SeriesPoint:
    """Add the figure that one source gives for a day. The same figure again changes nothing;
    another is a correction."""
    check_register(by)
    check_company(series.company_id, source)
    found = SeriesPoint.objects.filter(series=series, source=source, on_date=on_date).first()
    if found is not None:
        if found.value != value:
            raise ValidationError(
                _("This source already has a figure for that day. Correct it and give a reason.")
            )
        return found
    with ledger.act("series.point_added", by=by, role=Role.MODERATOR):
        return _store(
            SeriesPoint(series=series, source=source, on_date=on_date, value=value, created_at=now)
        )


@transaction.atomic
def correct_point(
    *, by: User, point: SeriesPoint, value: Decimal, reason: str, now: datetime, version: str = ""
) -> SeriesPoint:
    """Correct a figure that was copied wrongly. The earlier one stays in the change history. Raises
    ReasonRequiredError, NotAllowedError, RowChangedError."""
    check_register(by)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(point, version)
    if held.value == value:
        return held
    held.value = value
    held.full_clean()
    with ledger.act("series.point_corrected", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=["value"])
    return held


@transaction.atomic
def annotate_series(
    *,
    by: User,
    series: Series,
    text: LocalizedText,
    from_date: date,
    now: datetime,
    until_date: date | None = None,
    stated_value: Decimal | None = None,
    source: Source | None = None,
) -> SeriesNote:
    """Add a note to a series: what happened on a day or between two, and which difference
    someone stated for it.

    A stated difference stands beside the computed one; neither is mended by the other. Raises
    NotAllowedError, ValidationError.
    """
    check_register(by)
    if stated_value is not None and until_date is None:
        raise ValidationError(_("A stated difference is between two days. Enter both."))
    check_company(series.company_id, source)
    note = SeriesNote(
        series=series,
        source=source,
        from_date=from_date,
        until_date=until_date,
        text=text,
        stated_value=stated_value,
        created_at=now,
    )
    with ledger.act("series.annotated", by=by, role=Role.MODERATOR):
        return _store(note)


@dataclass(frozen=True)
class NewCase:
    """Everything about a claim as one form holds it: what is there already by its id, what is new
    by its name."""

    quote: str
    quote_lang: str
    summary: LocalizedText
    kind: str
    quote_translation: LocalizedText = field(default_factory=dict)
    company: str = ""
    new_company: LocalizedText = field(default_factory=dict)
    new_website: str = ""
    product: str = ""
    new_product: LocalizedText = field(default_factory=dict)
    option: str = ""
    new_option: LocalizedText = field(default_factory=dict)
    price: Decimal | None = None
    currency: str = ""
    made_at: datetime | None = None
    source: str = ""
    source_url: str = ""
    source_title: LocalizedText = field(default_factory=dict)
    channel: str = ""


#: What is there already, and what would be made in its place: a form that names both is asked
#: which.
EITHER: Final = (
    ("company", "new_company"),
    ("product", "new_product"),
    ("option", "new_option"),
    ("source", "source_url"),
)


def case_faults(given: Mapping[str, Any]) -> dict[str, str]:
    """What cannot be taken together in a new case, as a sentence for each field: nothing that was
    typed is left out silently."""
    faults = {
        new: _("You chose an existing entry and entered a new one. Keep one of them.")
        for old, new in EITHER
        if given[old] and given[new]
    }
    if given["product"] and not given["new_product"]:
        if given["new_company"]:
            faults["new_company"] = _(
                "The product already belongs to a company. Leave this empty, or enter a new "
                "product."
            )
        elif (
            given["company"]
            and not Product.objects.filter(pk=given["product"], company=given["company"]).exists()
        ):
            faults["company"] = _("The product belongs to another company.")
    if given["new_website"] and not given["new_company"]:
        faults["new_website"] = _("Enter the name of the new company whose website this is.")
    if given["new_product"] and given["option"]:
        faults["option"] = _("A new product has no paid options yet. Enter a new one.")
    if (
        given["product"]
        and given["option"]
        and not ProductOption.objects.filter(pk=given["option"], product=given["product"]).exists()
    ):
        faults["option"] = str(OTHER_OPTION)
    company = _company_of(given)
    if given["source"] and not Source.objects.filter(pk=given["source"], company=company).exists():
        faults["source"] = _(
            "The source belongs to another company. Choose one of this company, or enter a new "
            "address."
        )
    if (
        given["source_url"]
        and Source.objects.filter(url=given["source_url"]).exclude(company=company).exists()
    ):
        faults["source_url"] = str(ELSEWHERE)
    if given["price"] is not None and not given["new_option"]:
        faults["price"] = _("Enter the paid option that has this price.")
    if given["source_title"] and not given["source_url"]:
        faults["source_title"] = _("Enter the address of the new source.")
    return faults


def _company_of(given: Mapping[str, Any]) -> Any:
    """The company that a new case is about; None for one that is new as well."""
    if given["new_product"]:
        return given["company"] or None
    return (
        Product.objects.filter(pk=given["product"]).values_list("company", flat=True).first()
        if given["product"]
        else None
    )


@transaction.atomic
def register_case(*, by: User, case: NewCase, aspects: list[NewAspect], now: datetime) -> Claim:
    """Register a claim together with what it needs and does not find: company, product, option,
    source. All of it or nothing.

    The claim is placed in its source by its own words. Raises NotAllowedError, ValidationError.
    """
    check_register(by)
    if faults := case_faults(vars(case)):
        raise ValidationError(list(faults.values()))
    if case.new_product:
        company = (
            add_company(by=by, name=case.new_company, website=case.new_website, now=now)
            if case.new_company
            else Company.objects.get(pk=case.company)
        )
        product = add_product(by=by, company=company, name=case.new_product, now=now)
    else:
        product = Product.objects.select_related("company").get(pk=case.product)
    option = ProductOption.objects.filter(pk=case.option).first() if case.option else None
    if case.new_option and case.price is not None:
        option = add_option(
            by=by,
            product=product,
            name=case.new_option,
            price=case.price,
            currency=case.currency,
            now=now,
        )
    claim = register_claim(
        by=by, product=product, option=option, quote=case.quote, quote_lang=case.quote_lang,
        summary=case.summary, kind=case.kind,
        quote_translation=case.quote_translation,
        made_at=case.made_at, aspects=aspects, now=now,
    )  # fmt: skip
    source = Source.objects.filter(pk=case.source).first() if case.source else None
    if case.source_url:
        source = add_source(
            by=by, company=product.company, channel=case.channel, title=case.source_title,
            url=case.source_url, lang=case.quote_lang,
            published_at=case.made_at, now=now,
        )  # fmt: skip
    if source is not None:
        place_claim(by=by, claim=claim, source=source, exact=case.quote, now=now)
    return claim
