"""What moderators and adjudicators type about findings, the company's say and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from claims.dates import validate_past
from claims.editing import EditForm, resend
from claims.fields import LanguageField, NamedChoice, PairField
from claims.forms_company import SourcedForm, offer
from claims.localized_text import read
from claims.models import Company, Product, Source
from evidence.exhibits.models import Exhibit
from evidence.exhibits.states import ExhibitStatus
from ui.languages import page_language
from verdicts.models import MOST_WORKING_DAYS, Invitation, Occurrence, Verdict
from verdicts.states import Actor, Conclusion, Exactness, IncidentKind, Mechanism, Rating


def _label(exhibit: Exhibit) -> str:
    grade = f"{exhibit.grade_source}{exhibit.grade_information}" or _("not graded")
    return " · ".join(
        part
        for part in (exhibit.reference, grade, read(exhibit.caption, page_language()).text)
        if part
    )


class _Pictured(forms.CheckboxSelectMultiple):
    """A box per exhibit, with its picture where there is one."""

    option_template_name = "verdicts/_exhibit_option.html"
    pictured: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        """Django's option, and whether it has a picture."""
        return {
            **super().create_option(name, value, *args, **options),
            "pictured": str(value) in self.pictured,
        }


class _Exhibits(forms.MultipleChoiceField):
    """Exhibits chosen by reference out of those on the page; `clean` gives the exhibits."""

    widget = _Pictured

    def offer(self, exhibits: Sequence[Exhibit]) -> None:
        """The exhibits to choose from."""
        self.known = {exhibit.reference: exhibit for exhibit in exhibits}
        self.choices = [(exhibit.reference, _label(exhibit)) for exhibit in exhibits]
        assert isinstance(self.widget, _Pictured)
        self.widget.pictured = frozenset(
            exhibit.reference for exhibit in exhibits if exhibit.status == ExhibitStatus.READY
        )

    def clean(self, value: Any) -> list[Exhibit]:
        return [self.known[reference] for reference in super().clean(value)]


class FindingForm(forms.Form):
    """One finding."""

    conclusion = forms.ChoiceField(
        label=lazy("Evidence"), choices=Conclusion.choices, widget=forms.RadioSelect
    )
    reasoning = PairField(label=lazy("Reason"), rows=4, help_text=lazy("Public with the verdict."))
    exhibits = _Exhibits(
        label=lazy("Exhibits used"),
        error_messages={"required": lazy("Choose at least one exhibit.")},
    )

    def __init__(self, *args: Any, exhibits: Sequence[Exhibit], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["exhibits"]
        assert isinstance(field, _Exhibits)
        field.offer(exhibits)


class ProposalForm(forms.Form):
    """One proposed verdict."""

    rating = forms.ChoiceField(
        label=lazy("Rating"), choices=Rating.choices, widget=forms.RadioSelect
    )
    mechanism = forms.ChoiceField(
        label=lazy("Why the wording is misleading"),
        choices=[("", "—"), *Mechanism.choices],
        required=False,
        help_text=lazy("For “Misleading presentation” only."),
    )
    rationale = PairField(
        label=lazy("Reasons"),
        rows=5,
        both=True,
        help_text=lazy("Verdicts are published in both languages."),
    )
    attempts = PairField(
        label=lazy("Checks attempted"),
        rows=3,
        both=True,
        required=False,
        help_text=lazy("For “Could not be verified”."),
    )
    exhibits = _Exhibits(label=lazy("Evidence used"), required=False)
    reason = forms.CharField(
        label=lazy("Reason for replacing the current verdict"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        exhibits: Sequence[Exhibit],
        standing: Verdict | None,
        again: Verdict | None = None,
    ) -> None:
        start = again or standing
        super().__init__(data, initial=_as_proposed(start) if start else None)
        field = self.fields["exhibits"]
        assert isinstance(field, _Exhibits)
        field.offer(exhibits)
        if standing is None:
            del self.fields["reason"]


def _as_proposed(verdict: Verdict) -> dict[str, Any]:
    """What was typed for a proposal that was sent back, or what the verdict says that is to be
    replaced. Exhibits that are there no more are not offered, and so not chosen."""
    chosen = list(verdict.verdictexhibit_set.values_list("exhibit__reference", flat=True))
    return {
        "rating": verdict.rating,
        "mechanism": verdict.mechanism,
        "rationale": verdict.rationale,
        "attempts": verdict.attempts,
        "exhibits": chosen,
    }


class SendBackForm(forms.Form):
    """Why a proposal is sent back."""

    reason = forms.CharField(
        label=lazy("Reason for returning it"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class InvitationForm(forms.Form):
    """What the company is asked."""

    allegation = PairField(
        label=lazy("Points put to the company, as it will read them"), rows=4, both=True
    )


class ReplyForm(forms.Form):
    """The company's answer, verbatim, to the question that stood on the page."""

    asked = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    body = forms.CharField(
        label=lazy("Reply, unedited"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    lang = LanguageField(label=lazy("Language of the quote"))

    def __init__(self, data: Any = None, *, invitation: Invitation | None, lang: str) -> None:
        self.question = str(invitation.pk) if invitation else ""
        super().__init__(data, initial={"lang": lang, "asked": self.question})

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.pop("asked", "") not in {"", self.question}:
            resend(self, "asked", self.question)
            raise forms.ValidationError(
                _(
                    "We sent the company a new request after you opened this form. Nothing is "
                    "saved. Read it, then send again."
                ),
                code="clash",
            )
        return given


class LetterForm(ReplyForm):
    """A reply that came by letter, as a moderator enters it. A second person compares it with the
    letter."""

    letter_date = forms.DateField(
        label=lazy("Date the letter arrived"), widget=forms.DateInput(attrs={"type": "date"})
    )


class DiscardForm(forms.Form):
    """Why an entered reply is discarded."""

    reason = forms.CharField(
        label=lazy("Reason for discarding the entry"),
        max_length=2000,
        help_text=lazy("Not public."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class CompanyExtensionForm(EditForm):
    """Why a company needs more time."""

    extension_reason = forms.CharField(
        label=lazy("Reason for more time"),
        max_length=500,
        help_text=lazy("Public, in the change history."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ExtensionForm(CompanyExtensionForm):
    """How much more time a company gets, and why."""

    working_days = forms.IntegerField(
        label=lazy("Working days more"), min_value=1, max_value=MOST_WORKING_DAYS, initial=5
    )
    field_order = ("working_days", "extension_reason")


class WaiverForm(forms.Form):
    """Why the reply window should close early."""

    reason = PairField(label=lazy("Reason for ending the reply period early"), rows=2, both=True)


class WaiverRefusalForm(forms.Form):
    """Why the reply window does not close early."""

    reason = forms.CharField(
        label=lazy("Reason for keeping the reply period"),
        max_length=2000,
        help_text=lazy("Not public."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class IncidentForm(forms.Form):
    """Harm, by a short name. People stand by their role, never by their name."""

    title = PairField(label=lazy("A short name with its month"), rows=1, max_length=200)
    summary = PairField(
        label=lazy("What is known"),
        rows=3,
        required=False,
        help_text=lazy("Name people by their role only."),
    )
    product = NamedChoice(
        label=lazy("Product"),
        queryset=Product.objects.none(),
        required=False,
        empty_label=lazy("no particular product"),
    )

    def __init__(self, data: Any = None, *, company: Company) -> None:
        super().__init__(data)
        offer(self, product=Product.objects.filter(company=company))


class _When(forms.Form):
    """When something happened, how exactly that is known, and where it is said."""

    happened_at = forms.DateTimeField(
        label=lazy("When (UTC)"),
        validators=[validate_past],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    exact_to = forms.ChoiceField(label=lazy("Precision of the time"), choices=Exactness.choices)
    text = PairField(
        label=lazy("What was done"),
        rows=2,
        max_length=2000,
        help_text=lazy("Name people by their role only."),
    )
    source = NamedChoice(
        label=lazy("Source of this"),
        queryset=Source.objects.none(),
        required=False,
        empty_label=lazy("no source yet"),
    )


class EventForm(SourcedForm, _When):
    """One link of the chain."""

    kind = forms.ChoiceField(label=lazy("Type of event"), choices=IncidentKind.choices)
    actor = forms.ChoiceField(label=lazy("Who acted"), choices=Actor.choices)
    field_order = ("actor", "kind")


class EventCorrectionForm(EditForm, _When):
    """An event that was written down wrongly; what is left as it is stays."""

    reason = forms.CharField(
        label=lazy("Reason"), max_length=2000, help_text=lazy("Public, in the change history.")
    )

    def __init__(self, data: Any = None, *, event: Occurrence) -> None:
        at = event.happened_at.replace(tzinfo=None).isoformat(timespec="minutes")
        super().__init__(
            data,
            row=event,
            initial={
                "happened_at": at,
                "exact_to": event.exact_to,
                "text": event.text,
                "source": event.source,
            },
        )
        offer(self, source=Source.objects.filter(company=event.incident.company).order_by("-id"))
