"""What moderators type about a company: its legal persons, its figures, its sources, and what each
says of a promise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Membership
from claims.dates import validate_past, validate_plan
from claims.editing import EditForm, VersionedChoice, resend
from claims.fields import LanguageField, NamedChoice, PairField
from claims.forms import WEBSITE_HELP
from claims.models import Company, LegalEntity, Product, Series, SeriesPoint, Source
from claims.states import Channel, EntityRoleKind, Stance
from claims.validators import validate_address, validate_website


def day(*, valid: Callable[[date], None] = validate_plan, **options: Any) -> forms.DateField:
    """A day, with the browser's own calendar; `valid` says which days can be meant."""
    return forms.DateField(
        validators=[valid], widget=forms.DateInput(attrs={"type": "date"}), **options
    )


class CompanyForm(EditForm):
    """A correction of a company's name or website."""

    name = PairField(label=lazy("Company"), rows=1, max_length=200)
    website = forms.URLField(
        label=lazy("Website"),
        required=False,
        assume_scheme="https",
        validators=[validate_website],
        help_text=WEBSITE_HELP,
    )
    reason = forms.CharField(
        label=lazy("Reason"), max_length=2000, help_text=lazy("Public, in the change history.")
    )

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(
            data, row=company, initial={"name": company.name, "website": company.website}
        )


class SeatForm(forms.Form):
    """A new seat for someone who answers for the company."""

    email = forms.EmailField(label=lazy("Email address of the account"), max_length=254)
    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=2000,
        help_text=lazy("How you know that they act for the company. Not public."),
    )


class SeatEndForm(forms.Form):
    """Why a seat ends; it knows which."""

    reason = forms.CharField(label=lazy("Reason"), max_length=2000, help_text=lazy("Not public."))

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        self.membership = membership
        super().__init__(data)


class EntityForm(forms.Form):
    """A legal person of the company."""

    name = PairField(label=lazy("Registered name"), rows=1, max_length=200)
    jurisdiction = forms.RegexField(
        r"^[A-Z]{2}$",
        label=lazy("Country"),
        initial="CN",
        help_text=lazy("Two capital letters (ISO 3166-1)."),
        strip=True,
    )
    registration = forms.CharField(label=lazy("Registration number"), required=False, max_length=60)
    seat = PairField(
        label=lazy("Registered seat"),
        rows=1,
        required=False,
        max_length=200,
        help_text=lazy("The town of its registered seat, where it can be sued."),
    )


class RoleForm(forms.Form):
    """What a legal person did, since when, and where that is said."""

    entity = NamedChoice(label=lazy("Legal entity"), queryset=LegalEntity.objects.none())
    kind = forms.ChoiceField(label=lazy("Role"), choices=EntityRoleKind.choices)
    product = NamedChoice(
        label=lazy("For which product"),
        queryset=Product.objects.none(),
        required=False,
        empty_label=lazy("all products of the company"),
    )
    from_date = day(label=lazy("Since"))
    until_date = day(label=lazy("Until"), required=False)
    source = NamedChoice(
        label=lazy("Source of this"),
        queryset=Source.objects.none(),
        required=False,
        empty_label=lazy("no source yet"),
    )
    note = PairField(
        label=lazy("Note for readers"),
        rows=2,
        required=False,
        max_length=600,
        help_text=lazy("Which court, and under which name."),
    )

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(data)
        offer(
            self,
            entity=LegalEntity.objects.filter(company=company),
            product=Product.objects.filter(company=company),
        )
        offer(self, source=Source.objects.filter(company=company).order_by("-id"))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if (
            given.get("until_date")
            and given.get("from_date")
            and given["until_date"] < given["from_date"]
        ):
            self.add_error(
                "until_date", forms.ValidationError(lazy("The end is before the beginning."))
            )
        return given


def offer(form: forms.Form, **rows: Any) -> None:
    """Give choice fields of a form the rows that they choose from."""
    for name, queryset in rows.items():
        field = form.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queryset


class SeriesForm(forms.Form):
    """A series of figures, empty yet."""

    name = PairField(label=lazy("What is counted"), rows=1, max_length=200)
    unit = PairField(
        label=lazy("Unit, as shown beside the number"),
        rows=1,
        max_length=60,
        help_text=lazy("HK$ bn, weeks, cars."),
    )


class SourcedForm(forms.Form):
    """Whatever rests on one of a company's sources."""

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(data)
        offer(self, source=Source.objects.filter(company=company).order_by("-id"))


class PointForm(SourcedForm):
    """A figure as one source gives it for a day."""

    on_date = day(valid=validate_past, label=lazy("Day"))
    value = forms.DecimalField(label=lazy("Value"), max_digits=20, decimal_places=4)
    source = NamedChoice(label=lazy("Source"), queryset=Source.objects.none())


class PointCorrectionForm(EditForm):
    """A figure that was copied wrongly."""

    point = VersionedChoice(label=lazy("Figure"), queryset=SeriesPoint.objects.none())
    value = forms.DecimalField(
        label=lazy("Original wording in the source"), max_digits=20, decimal_places=4
    )
    reason = forms.CharField(
        label=lazy("Reason"), max_length=2000, help_text=lazy("Public, in the change history.")
    )

    def __init__(self, data: Any = None, *, series: Series) -> None:
        super().__init__(data, row=None)
        offer(
            self,
            point=SeriesPoint.objects.filter(series=series)
            .select_related("source")
            .order_by("on_date", "id"),
        )

    def clash(self, row: models.Model) -> None:
        """The version travels in the choice."""
        super().clash(row)
        resend(self, "point", self.fields["point"].prepare_value(row))


class NoteForm(SourcedForm):
    """What happened beside a series, and the difference that someone stated."""

    text = PairField(label=lazy("What happened"), rows=2, max_length=600)
    from_date = day(label=lazy("Day, or the first of two"))
    until_date = day(label=lazy("Second day"), required=False)
    stated_value = forms.DecimalField(
        label=lazy("Stated difference"),
        required=False,
        max_digits=20,
        decimal_places=4,
        help_text=lazy("Shown beside the computed one; neither is adjusted."),
    )
    source = NamedChoice(
        label=lazy("Source"),
        queryset=Source.objects.none(),
        required=False,
        empty_label=lazy("no source yet"),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if (
            given.get("until_date")
            and given.get("from_date")
            and given["until_date"] <= given["from_date"]
        ):
            self.add_error(
                "until_date", forms.ValidationError(lazy("The second day must be after the first."))
            )
        return given


class SourceForm(forms.Form):
    """A place where the company, or someone about it, speaks."""

    channel = forms.ChoiceField(label=lazy("Channel"), choices=Channel.choices)
    title = PairField(label=lazy("Title"), rows=1, max_length=300)
    url = forms.URLField(
        label=lazy("Address"),
        required=False,
        max_length=2000,
        assume_scheme="https",
        validators=[validate_address],
        help_text=lazy(
            "We check it at once, and then monitor it. Leave empty for what was only submitted: "
            "a contract, a chat, a screenshot."
        ),
    )
    speaker = PairField(label=lazy("Speaker (role)"), rows=1, required=False, max_length=200)
    lang = LanguageField(label=lazy("Language of the quote"))
    published_at = forms.DateTimeField(
        label=lazy("Date and time of the claim (UTC)"),
        required=False,
        validators=[validate_past],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )


class PlaceForm(forms.Form):
    """What one source says about a claim."""

    source = NamedChoice(label=lazy("Source"), queryset=Source.objects.none())
    stance = forms.ChoiceField(
        label=lazy("Compared with the claim"),
        choices=Stance.choices,
        widget=forms.RadioSelect,
        initial=Stance.SAYS_SO,
    )
    exact = forms.CharField(
        label=lazy("Exact quote"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy(
            "Exactly as in the source. We search every version for it. Leave empty if the source "
            "does not mention it."
        ),
    )
    fragment = forms.RegexField(
        r"^t=\d+(\.\d+)?(,\d+(\.\d+)?)?$",
        label=lazy("Time in the recording"),
        required=False,
        max_length=60,
        help_text=lazy("For audio and video, in seconds: t=754,761"),
    )
    note = PairField(
        label=lazy("Note for readers"),
        rows=2,
        required=False,
        max_length=600,
        help_text=lazy("What follows from it, or what was searched."),
    )

    def __init__(self, data: Any = None, *, sources: Any) -> None:
        super().__init__(data)
        offer(self, source=sources)
