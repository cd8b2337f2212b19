"""What moderators and adjudicators type about findings, the company's say and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from claims.fields import LANGUAGE_CHOICES, PairField, page_language
from claims.written import read
from evidence.models import Exhibit
from verdicts.models import Verdict
from verdicts.states import Conclusion, Mechanism, Rating


def _label(exhibit: Exhibit) -> str:
    grade = f"{exhibit.grade_source}{exhibit.grade_information}" or _("not graded")
    return " · ".join(part for part in (exhibit.reference, grade, read(exhibit.caption, page_language()).text) if part)


class _Exhibits(forms.MultipleChoiceField):
    """Exhibits chosen by reference out of those on the page; `clean` gives the exhibits."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, exhibits: Sequence[Exhibit]) -> None:
        """The exhibits to choose from."""
        self.known = {one.reference: one for one in exhibits}
        self.choices = [(one.reference, _label(one)) for one in exhibits]

    def clean(self, value: Any) -> list[Exhibit]:
        return [self.known[reference] for reference in super().clean(value)]


class FindingForm(forms.Form):
    """One finding."""

    conclusion = forms.ChoiceField(label=lazy("The evidence"), choices=Conclusion.choices, widget=forms.RadioSelect)
    reasoning = PairField(label=lazy("Why"), rows=4, help_text=lazy("Public with the verdict."))
    exhibits = _Exhibits(label=lazy("From these exhibits"), error_messages={"required": lazy("Name at least one exhibit.")})

    def __init__(self, *args: Any, exhibits: Sequence[Exhibit], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["exhibits"]
        assert isinstance(field, _Exhibits)
        field.offer(exhibits)


class ProposalForm(forms.Form):
    """One proposed verdict."""

    rating = forms.ChoiceField(label=lazy("Rating"), choices=Rating.choices, widget=forms.RadioSelect)
    mechanism = forms.ChoiceField(
        label=lazy("How it misleads"), choices=[("", "—"), *Mechanism.choices], required=False, help_text=lazy("For “misleading” only.")
    )
    rationale = PairField(label=lazy("Reasons"), rows=5, both=True, help_text=lazy("A verdict is published in both languages."))
    attempts = PairField(label=lazy("What was tried"), rows=3, both=True, required=False, help_text=lazy("For “unverifiable”."))
    exhibits = _Exhibits(label=lazy("It rests on"), required=False)
    reason = forms.CharField(
        label=lazy("Why the standing verdict is superseded"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, exhibits: Sequence[Exhibit], standing: Verdict | None, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["exhibits"]
        assert isinstance(field, _Exhibits)
        field.offer(exhibits)
        if standing is None:
            del self.fields["reason"]


class SendBackForm(forms.Form):
    """Why a proposal is sent back."""

    reason = forms.CharField(label=lazy("Why it is sent back"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class InvitationForm(forms.Form):
    """What the company is asked."""

    allegation = PairField(label=lazy("What is alleged, as the company will read it"), rows=4, both=True)


class ReplyForm(forms.Form):
    """The company's answer, verbatim."""

    body = forms.CharField(label=lazy("The answer, word for word"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 6}))
    lang = forms.ChoiceField(label=lazy("Its language"), choices=LANGUAGE_CHOICES)


class WaiverForm(forms.Form):
    """Why the reply window should close early."""

    reason = PairField(label=lazy("Why the company need not be waited for"), rows=2, both=True)
