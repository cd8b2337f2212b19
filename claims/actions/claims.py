"""Claims: registered, corrected, found in further sources, withdrawn; and how far the work on their
points is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

import jobs
import ledger
from accounts.followers import Followers
from accounts.models import Role, User
from claims.actions.companies import OTHER_OPTION, check_company
from claims.actions.rows import ReasonRequiredError, store
from claims.editing import RowChangedError, lock_seen
from claims.figure_extraction import words_stating
from claims.localized_text import LocalizedText, credit_translations
from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Criterion,
    Product,
    ProductOption,
    Source,
)
from claims.permissions import check_register, check_revise
from claims.states import PROGRESS_TRANSITIONS, BasisKind, ClaimKind, ClaimStatus, Progress, Stance
from claims.threshold_words import quantity_words


@dataclass(frozen=True)
class NewCriterion:
    """The threshold of a point as handed to `register_claim`. `basis_kind` is one of BasisKind."""

    property: LocalizedText
    comparator: str
    value: Decimal
    unit: str
    tolerance: Decimal = Decimal(0)
    value_to: Decimal | None = None
    conditions: LocalizedText = field(default_factory=dict)
    baseline: LocalizedText | None = None
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
        store(claim)
        for number, new in enumerate(aspects, start=1):
            ahead = new.due_date and new.due_date > now.date()
            aspect = store(
                Aspect(
                    claim=claim, number=number, kind=new.kind, statement=new.statement,
                    due_date=new.due_date, created_at=now,
                    progress=Progress.NOT_YET_DUE if ahead else Progress.NOT_YET_RATED,
                )
            )  # fmt: skip
            if new.criterion:
                criterion = Criterion(aspect=aspect, created_at=now, **vars(new.criterion))
                criterion.figure = figure_of(criterion, claim)
                store(criterion)
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
            text, lang, value=criterion.value, value_to=criterion.value_to, unit=criterion.unit,
            comparator=criterion.comparator, tolerance=criterion.tolerance,
        ):  # fmt: skip
            return words
    raise ValidationError(
        _(
            "“%(figure)s” with its unit is neither in the quote nor in the company’s words where "
            "the claim is recorded, so it is not the company’s figure. Nothing was saved. Choose "
            "“set by AsClaimed” or “from a standard”, or check number, unit and quote."
        )
        % {"figure": quantity_words(criterion.value, criterion.unit, criterion.value_to)},
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
    criteria = []
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
                % {"figure": quantity_words(criterion.value, criterion.unit, criterion.value_to)},
                code="not_claimed",
            ) from error
        if words != criterion.figure:
            criterion.figure = words
            criteria.append(criterion)
    return criteria


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
    after_withdrawal.call(held)


#: What follows in apps above when a claim is withdrawn.
after_withdrawal: Final = Followers[Claim]()


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
    earlier = Appearance.objects.filter(claim=claim, source=source).first()
    if earlier:
        if any(
            (getattr(earlier, name) or None) != (value or None) for name, value in given.items()
        ):
            raise ValidationError(
                _(
                    "This source is already recorded for the claim, with another quote. Nothing "
                    "was changed."
                )
            )
        return earlier
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
        store(appearance)
    jobs.enqueue(
        "evidence.locate_appearance",
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
        Aspect.objects.filter(pk__in=[aspect.pk for aspect in aspects], progress__in=before).update(
            progress=progress
        )


@transaction.atomic
def mark_overdue(*, by: ledger.Actor, now: datetime, role: str = "system") -> None:
    """The promised date of a point passed before anyone reviewed it. Idempotent."""
    with ledger.act("aspect.overdue", by=by, role=role):
        Aspect.objects.filter(progress=Progress.NOT_YET_DUE, due_date__lt=now.date()).update(
            progress=Progress.OVERDUE
        )
