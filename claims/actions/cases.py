"""A whole case at once: company, product, source and claim from one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from claims.actions.claims import NewAspect, place_claim, register_claim
from claims.actions.companies import ELSEWHERE, OTHER_OPTION, add_company, add_option, add_product
from claims.actions.sources import add_source
from claims.localized_text import LocalizedText
from claims.models import (
    Claim,
    Company,
    Product,
    ProductOption,
    Source,
)
from claims.permissions import check_register


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
