"""What moderators type about claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from claims.actions import NewCase, case_faults
from claims.dates import validate_past, validate_plan
from claims.duplicates import Duplicates, find_duplicates
from claims.editing import EditForm
from claims.fields import LanguageField, PairField
from claims.localized_text import read
from claims.models import Claim, Company, Criterion, Flag, Product, ProductOption, Source
from claims.states import AspectKind, BasisKind, Channel, ClaimKind, Comparator
from claims.validators import (
    threshold_faults,
    validate_address,
    validate_currency,
    validate_money,
    validate_unit,
    validate_website,
)
from ui.languages import page_language

ASPECTS = 3
WEBSITE_HELP = lazy(
    "Only email addresses at this host can be given a seat to reply for the company."
)
BASIS_KIND = lazy("Whose figure it is")
BASIS_HELP = lazy(
    "Choose “claimed by the company” only if its own words give the number with its unit. We "
    "search the quote for it."
)
TRANSLATION = lazy("Translation of the quote")
TRANSLATION_HELP = lazy("As close to the original as possible. Leave the original language empty.")


def _called(row: Any) -> str:
    """Name or title in the page's language, else the address, else the id: a row whose words were
    erased can still be chosen."""
    written = getattr(row, "name", None) or getattr(row, "title", None)
    return read(written, page_language()).text or str(getattr(row, "url", "") or row.pk)


def _names(rows: Any, empty: str) -> list[tuple[str, str]]:
    named = [(str(row.pk), _called(row)) for row in rows]
    return [("", empty), *named]


def _grouped(rows: Any, owner: Callable[[Any], Any]) -> list[Any]:
    """Choices under the name of the company or product that each belongs to: of one owner, all that
    is chosen must be."""
    groups: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for row in rows:
        groups.setdefault(str(owner(row).pk), (_called(owner(row)), []))[1].append(
            (str(row.pk), _called(row))
        )
    return [("", "—"), *groups.values()]


class DuplicatesUnseenError(forms.ValidationError):
    """What is to be published may be in the record already."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Something similar is in the record already. Open what is shown. If yours is "
                "something else, tick this box and publish again."
            ),
            code="alike",
        )


def show_as_typed(form: forms.Form, data: QueryDict) -> None:
    """Fill a form in with what was typed into it, without saying what is wrong with it yet."""
    for name, field in form.fields.items():
        form.initial[name] = field.widget.value_from_datadict(
            data, MultiValueDict(), form.add_prefix(name)
        )
    form.refilled = True  # type: ignore[attr-defined]  # templates open what is folded


class ClaimForm(forms.Form):
    """A new claim: whose, about what, in which words, found where. New companies, products and
    sources can be named in place."""

    company = forms.ChoiceField(label=lazy("Company"), required=False)
    new_company = PairField(label=lazy("or a new company"), rows=1, required=False)
    new_website = forms.URLField(
        label=lazy("Website of the new company"),
        required=False,
        assume_scheme="https",
        validators=[validate_website],
        help_text=WEBSITE_HELP,
    )
    product = forms.ChoiceField(label=lazy("Product"), required=False)
    new_product = PairField(label=lazy("or a new product"), rows=1, required=False)
    option = forms.ChoiceField(label=lazy("Paid option"), required=False)
    new_option = PairField(label=lazy("or a new paid option"), rows=1, required=False)
    price = forms.DecimalField(
        label=lazy("Price of the new paid option"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
    )
    currency = forms.CharField(
        label=lazy("Currency"),
        required=False,
        max_length=12,
        validators=[validate_currency],
        initial="CNY",
    )
    quote = forms.CharField(
        label=lazy("Exact quote"), max_length=8000, widget=forms.Textarea(attrs={"rows": 3})
    )
    quote_lang = LanguageField(label=lazy("Language of the quote"))
    quote_translation = PairField(
        label=TRANSLATION, help_text=TRANSLATION_HELP, rows=2, required=False
    )
    summary = PairField(label=lazy("Neutral summary"), rows=2)
    kind = forms.ChoiceField(
        label=lazy("Kind"),
        choices=ClaimKind.choices,
        widget=forms.RadioSelect,
        initial=ClaimKind.EXPRESS,
    )
    made_at = forms.DateTimeField(
        label=lazy("Date and time of the claim (UTC)"),
        required=False,
        validators=[validate_past],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    source = forms.ChoiceField(label=lazy("Source"), required=False)
    source_url = forms.URLField(
        label=lazy("or a new address"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        validators=[validate_address],
        help_text=lazy("We check it at once, and then monitor it."),
    )
    source_title = PairField(label=lazy("Title of the new source"), rows=1, required=False)
    channel = forms.ChoiceField(
        label=lazy("Channel of the new source"), choices=Channel.choices, required=False
    )
    different = forms.BooleanField(
        label=lazy("I checked what is shown. This is something else."), required=False
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.alike = Duplicates()
        self.offered_for = ""
        offered = {
            "company": _names(Company.objects.order_by("-id")[:500], "—"),
            "product": _grouped(
                Product.objects.select_related("company").order_by("-id")[:500],
                lambda source: source.company,
            ),
            "option": _grouped(
                ProductOption.objects.select_related("product").order_by("-id")[:500],
                lambda source: source.product,
            ),
            "source": _grouped(
                Source.objects.select_related("company").order_by("-id")[:500],
                lambda source: source.company,
            ),
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def offer_sources(self) -> None:
        """Offer only sources of the company that is chosen, itself or by a product of it. Where
        none is, all are offered under the names of their companies."""
        company = self.chosen_company()
        self.offered_for = str(company or "")
        if company is None:
            return
        field = self.fields["source"]
        assert isinstance(field, forms.ChoiceField)
        rows = Source.objects.filter(company=company).order_by("-id")[:500]
        # What may be sent stays as it is, so that a wrong choice is answered by a whole sentence.
        field.widget.choices = _names(rows, "—")

    def chosen_company(self) -> UUID | None:
        """The company of what is chosen in the form as it stands, checked or not."""
        product, company = (str(self[name].value() or "") for name in ("product", "company"))
        if (key := _uuid(product)) and not _is_filled(self, "new_product"):
            return Product.objects.filter(pk=key).values_list("company", flat=True).first()
        return _uuid(company)

    def find_alike(self) -> Duplicates:
        """What may be in the record already of what is typed as new, checked or not."""
        new_company, new_product = (_texts(self, name) for name in ("new_company", "new_product"))
        quote, address = (str(self[name].value() or "") for name in ("quote", "source_url"))
        self.alike = find_duplicates(
            companies=new_company,
            products=new_product,
            quote=quote,
            address=address,
            company=self.chosen_company(),
        )
        return self.alike

    @property
    def case(self) -> NewCase:
        """What was typed, for the action."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "different"}
        return NewCase(**given)

    def check_duplicates(self) -> None:
        """Raises DuplicatesUnseenError where something similar is in the record already, and
        nobody said that it is something else. Asked of a form that is sent for the first time."""
        if not self.cleaned_data["different"] and self.find_alike().must_be_looked_at:
            raise DuplicatesUnseenError

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("product") and not given.get("new_product"):
            self.add_error("product", _("Choose a product, or enter a new one."))
        if given.get("new_product") and not given.get("company") and not given.get("new_company"):
            self.add_error("company", _("Enter the company of the new product."))
        if (
            given.get("new_option")
            and not {"price", "currency"} & self.errors.keys()
            and (given.get("price") is None or not given.get("currency"))
        ):
            self.add_error("price", _("A paid option needs its price and currency."))
        try:
            validate_money(given.get("price"), given.get("currency") or "")
        except forms.ValidationError as error:
            self.add_error("price", error)
        if given.get("source_url") and not given.get("source_title"):
            self.add_error("source_title", _("Enter a title for the new source."))
        if not self.errors:
            for name, fault in case_faults(given).items():
                self.add_error(name, fault)
        return given


def _is_filled(form: forms.Form, name: str) -> bool:
    return bool(_texts(form, name))


def _texts(form: forms.Form, name: str) -> list[str]:
    """What is typed into a pair of boxes, in whatever language."""
    value = form[name].value()
    boxes = form.fields[name].widget.decompress(value) if isinstance(value, dict) else value
    *texts, _first = boxes or [""]
    return [text.strip() for text in texts if text and text.strip()]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class AspectForm(forms.Form):
    """One point of a claim that can be judged alone, with its threshold if there is one."""

    kind = forms.ChoiceField(label=lazy("Kind"), choices=AspectKind.choices)
    statement = PairField(label=lazy("Point"), rows=1, required=False)
    due_date = forms.DateField(
        label=lazy("Promised date"),
        required=False,
        validators=[validate_plan],
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    property = PairField(label=lazy("Quantity to measure (if any)"), rows=1, required=False)
    comparator = forms.ChoiceField(label=lazy("is"), choices=Comparator.choices, required=False)
    value = forms.DecimalField(label=lazy("Value"), required=False, max_digits=20, decimal_places=8)
    value_to = forms.DecimalField(
        label=lazy("and"),
        required=False,
        max_digits=20,
        decimal_places=8,
        help_text=lazy("Only for “between”."),
    )
    tolerance = forms.DecimalField(
        label=lazy("Tolerance (±)"),
        required=False,
        min_value=0,
        max_digits=20,
        decimal_places=8,
        help_text=lazy("In the same unit. “Exactly” and “about” need one."),
    )
    unit = forms.CharField(
        label=lazy("Unit of measurement"), required=False, max_length=40, validators=[validate_unit]
    )
    baseline = PairField(
        label=lazy("Percent of what"),
        rows=1,
        required=False,
        help_text=lazy("For a value in percent: the quantity that is 100 percent."),
    )
    conditions = PairField(
        label=lazy("Conditions"),
        rows=1,
        required=False,
        help_text=lazy("Under which the figure holds: temperature, load, setting."),
    )
    basis_kind = forms.ChoiceField(
        label=BASIS_KIND,
        help_text=BASIS_HELP,
        choices=BasisKind.choices,
        required=False,
        initial=BasisKind.SET_BY_US,
    )
    basis = PairField(label=lazy("Source of the threshold"), rows=1, required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        parts = [
            bool(given.get("property")),
            given.get("value") is not None,
            bool(given.get("unit")),
        ]
        if any(parts) and not self.errors and not (all(parts) and given.get("statement")):
            raise forms.ValidationError(
                _(
                    "A threshold needs a quantity, a value and a unit, and the point needs its "
                    "statement."
                )
            )
        if all(parts) and not self.errors:
            faults = threshold_faults(
                comparator=given.get("comparator") or Comparator.AT_LEAST,
                value=given["value"],
                value_to=given.get("value_to"),
                tolerance=given.get("tolerance"),
                unit=given["unit"],
                baseline=bool(given.get("baseline")),
            )
            for name, fault in faults.items():
                self.add_error(name, fault)
        if not any(parts):
            for name in ("value_to", "tolerance", "baseline", "conditions"):
                if given.get(name):
                    self.add_error(
                        name, _("Enter the figure this is about: its name, value and unit.")
                    )
        if given.get("basis") and not any(parts):
            self.add_error("basis", _("Enter the figure this is about: its name, value and unit."))
        if given.get("basis_kind") in {BasisKind.CLAIMED, BasisKind.STANDARD} and not any(parts):
            self.add_error(
                "basis_kind", _("Enter the figure this is about: its name, value and unit.")
            )
        if given.get("due_date") and not given.get("statement"):
            self.add_error("statement", _("Say what is due on this date, or remove the date."))
        return given


class ThresholdForm(EditForm):
    """Whose figure a threshold is, and where it comes from; it knows which."""

    basis_kind = forms.ChoiceField(
        label=BASIS_KIND, help_text=BASIS_HELP, choices=BasisKind.choices, widget=forms.RadioSelect
    )
    basis = PairField(label=lazy("Source of the threshold"), rows=2, required=False)
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("Public, in the change history of the claim."),
    )

    def __init__(self, data: Any = None, *, criterion: Criterion, blocked: str | None) -> None:
        self.criterion, self.blocked = criterion, blocked
        super().__init__(
            data,
            row=criterion,
            initial={name: getattr(criterion, name) for name in ("basis_kind", "basis")},
        )


class RevisionForm(EditForm):
    """A correction of a claim; the reason stands in the record beside it."""

    quote = forms.CharField(
        label=lazy("Exact quote"), max_length=8000, widget=forms.Textarea(attrs={"rows": 3})
    )
    quote_lang = LanguageField(label=lazy("Language of the quote"), required=False)
    quote_translation = PairField(
        label=TRANSLATION, help_text=TRANSLATION_HELP, rows=2, required=False
    )
    summary = PairField(label=lazy("Neutral summary"), rows=2)
    kind = forms.ChoiceField(
        label=lazy("Kind"), choices=ClaimKind.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("Public, in the change history of the claim."),
    )

    def __init__(self, data: Any = None, *, claim: Claim) -> None:
        names = ("quote", "quote_lang", "quote_translation", "summary", "kind")
        super().__init__(data, row=claim, initial={name: getattr(claim, name) for name in names})

    def clean_quote_lang(self) -> str:
        """Where nothing is said it stays as it is."""
        return str(self.cleaned_data["quote_lang"] or self.initial["quote_lang"])


class WithdrawalForm(EditForm):
    """Why a claim is taken back."""

    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("Public, in the change history of the claim."),
    )


class FlagForm(forms.Form):
    """Why a flag is withdrawn; it knows which, and what stands in the way."""

    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=lazy("Public, in the change history of the claim."),
    )

    def __init__(self, data: Any = None, *, flag: Flag, blocked: str | None) -> None:
        self.flag, self.blocked = flag, blocked
        super().__init__(data)
