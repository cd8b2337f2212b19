"""What filers and moderators type about evidence."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Organisation, Role, User
from claims.dates import validate_past
from claims.editing import EditForm
from claims.fields import LanguageField, PairField
from claims.localized_text import read
from claims.models import Aspect, Claim
from claims.validators import validate_unit, validate_unit_against
from evidence.exhibits.models import Exhibit, StagedPhoto
from evidence.exhibits.states import (
    UNSEEN,
    ExhibitStatus,
    InformationGrade,
    Licence,
    SourceGrade,
    SubmissionStatus,
)
from ui.languages import page_language

STEPS = 4
MEASUREMENTS = 3


class ManyFiles(forms.FileInput):
    """One input for several files."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, UploadedFile[Any]], name: str
    ) -> Any:
        return files.getlist(name)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in files


class PhotosField(forms.FileField):
    """Several files of at most EXHIBIT_MAX_BYTES each. What they hold is looked at later, in the
    decoder alone."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = [super(PhotosField, self).clean(file, initial) for file in data or ()]
        if not files and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(files) > settings.SUBMISSION_MAX_EXHIBITS:
            raise forms.ValidationError(
                _("At most %(count)d photos in one submission.")
                % {"count": settings.SUBMISSION_MAX_EXHIBITS}
            )
        for file in files:
            if (file.size or 0) > settings.EXHIBIT_MAX_BYTES:
                raise forms.ValidationError(
                    _(
                        "“%(name)s” is larger than %(limit)s and was not saved. Everything else "
                        "is kept below."
                    )
                    % {"name": file.name, "limit": filesizeformat(settings.EXHIBIT_MAX_BYTES)},
                    code="too_large",
                )
        return files


class FilingForm(forms.Form):
    """One act of handing in."""

    narrative = forms.CharField(
        label=lazy("Your description"),
        widget=forms.Textarea(attrs={"rows": 6}),
        required=False,
        max_length=20_000,
        help_text=lazy("Public once accepted. Leave out names, addresses and number plates."),
    )
    narrative_lang = LanguageField(label=lazy("Language"))
    photos = PhotosField(label=lazy("Photos"), required=False)
    licence = forms.ChoiceField(
        label=lazy("Licence for others"),
        choices=Licence.choices,
        widget=forms.RadioSelect,
        initial=Licence.CC_BY,
    )
    organisation = forms.ChoiceField(
        label=lazy("On behalf of"),
        required=False,
        help_text=lazy("Confidential. Only a laboratory is named, beside its measurements."),
    )
    contact = forms.CharField(
        label=lazy("Contact details"),
        required=False,
        max_length=300,
        help_text=lazy(
            "Confidential: encrypted, never public, for moderators’ questions only. Optional."
        ),
    )
    consent = forms.BooleanField(
        label=lazy("I took these photos or may submit them, and I have read what becomes public."),
        error_messages={"required": lazy("We need your consent to accept anything.")},
    )
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: Any, filer: User, claim: Claim, **options: Any) -> None:
        super().__init__(*args, **options)
        self.filer, self.claim = filer, claim
        self.bodies = {
            str(membership.organisation_id): membership.organisation
            for membership in filer.membership_set.current()
            .filter(role=Role.FILER)
            .select_related("organisation")
        }
        body = self.fields["organisation"]
        assert isinstance(body, forms.ChoiceField)
        body.choices = [
            ("", _("myself")),
            *((key, organisation.name) for key, organisation in self.bodies.items()),
        ]
        if not self.bodies:
            del self.fields["organisation"]
        self.fields["idempotency_key"].initial = self._unsent() or str(uuid4())
        self.fields["narrative_lang"].initial = page_language()
        self.fields["photos"].help_text = _(
            "Up to %(count)d files of at most %(limit)s each: JPEG, PNG, WebP, HEIC, AVIF, TIFF, "
            "GIF."
        ) % {
            "count": settings.SUBMISSION_MAX_EXHIBITS,
            "limit": filesizeformat(settings.EXHIBIT_MAX_BYTES),
        }
        self.fields["photos"].widget.attrs["accept"] = "image/*,.heic,.heif,.avif"

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        given["staged"] = self.chosen
        if (
            not self.errors
            and not given.get("narrative", "").strip()
            and not given.get("photos")
            and not given["staged"]
        ):
            raise forms.ValidationError(_("Write your description, or add a photo."))
        return given

    def _unsent(self) -> str | None:
        """The key of the form for which photos were sent ahead and which was never handed in: it
        goes on where it stopped."""
        rows = StagedPhoto.objects.kept().filter(user=self.filer, claim=self.claim)
        return rows.order_by("-created_at").values_list("form_key", flat=True).first()

    @property
    def form_key(self) -> str:
        """The idempotency key, under which its photos are staged."""
        return str(self["idempotency_key"].value() or "")[:80]

    @property
    def chosen(self) -> list[UUID]:
        """The photos sent ahead that the form names, in their order."""
        photos = []
        for text in self.data.getlist("staged") if hasattr(self.data, "getlist") else ():
            with suppress(ValueError):
                photos.append(UUID(text))
        return photos

    @property
    def kept(self) -> list[StagedPhoto]:
        """Photos that were sent ahead of this form and are still there."""
        rows = StagedPhoto.objects.kept().filter(
            user=self.filer, claim=self.claim, form_key=self.form_key
        )
        return list(rows.order_by("created_at", "pk"))

    @property
    def filed_for(self) -> Organisation | None:
        """The organisation it is filed for: one whose filer the account is."""
        return self.bodies.get(self.cleaned_data.get("organisation", ""))

    @property
    def too_large(self) -> bool:
        """Whether a file was refused for its size."""
        return self.has_error("photos", "too_large")


class AnswerForm(forms.Form):
    """What an owner answers to the question with which a submission was returned."""

    answer = forms.CharField(
        label=lazy("Your reply"),
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        max_length=20_000,
        help_text=lazy("For moderators only; never published."),
    )
    answer_lang = LanguageField(label=lazy("Language"))
    photos = PhotosField(label=lazy("More photos"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["answer_lang"].initial = page_language()
        self.fields["photos"].widget.attrs["accept"] = "image/*,.heic,.heif,.avif"

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not self.errors and not given.get("answer", "").strip() and not given.get("photos"):
            raise forms.ValidationError(_("Write a reply, or add a photo."))
        return given

    @property
    def too_large(self) -> bool:
        """Whether a file was refused for its size."""
        return self.has_error("photos", "too_large")


class TeardownForm(forms.Form):
    """One unit taken apart; all empty when none was."""

    title = forms.CharField(
        label=lazy("What was done, in a few words"), required=False, max_length=200
    )
    unit_label = forms.CharField(
        label=lazy("Name of the item"),
        required=False,
        max_length=60,
        help_text=lazy("Public, for example “Car 1”."),
    )
    serial = forms.CharField(
        label=lazy("VIN or serial number"),
        required=False,
        max_length=80,
        help_text=lazy(
            "Never stored: we keep only a keyed hash, so that the same item is not counted twice."
        ),
    )
    performed_date = forms.DateField(
        label=lazy("Date"),
        required=False,
        validators=[validate_past],
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        filled = [
            name for name in ("title", "unit_label", "serial", "performed_date") if given.get(name)
        ]
        if filled and len(filled) < 4 and not self.errors:
            raise forms.ValidationError(
                _(
                    "A teardown needs all of these: what was done, the item, its serial number, "
                    "the day."
                )
            )
        return given

    @property
    def filled(self) -> bool:
        """Whether there is a teardown."""
        return bool(self.cleaned_data.get("title"))


class StepForm(forms.Form):
    """One step of a teardown."""

    done = forms.CharField(label=lazy("Done"), required=False, max_length=2000)
    seen = forms.CharField(label=lazy("Seen"), required=False, max_length=2000)
    photo = forms.IntegerField(label=lazy("Photo number"), required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if not given.get("done") and (given.get("seen") or given.get("photo")) and not self.errors:
            self.add_error("done", _("Say what was done in this step, or clear it."))
        return given


class MeasurementForm(forms.Form):
    """One measured value."""

    aspect = forms.ChoiceField(label=lazy("Point of the claim"), required=False)
    quantity = forms.CharField(label=lazy("Quantity"), required=False, max_length=200)
    value = forms.DecimalField(label=lazy("Value"), required=False, max_digits=20, decimal_places=8)
    standard_uncertainty = forms.DecimalField(
        label=lazy("Standard uncertainty (k = 1)"),
        required=False,
        max_digits=20,
        decimal_places=8,
        min_value=0,
    )
    unit_name = forms.CharField(
        label=lazy("Unit of measurement"),
        required=False,
        max_length=40,
        validators=[validate_unit],
        help_text=lazy("m/s, kW, percent"),
    )
    instrument = forms.CharField(label=lazy("Instrument"), required=False, max_length=300)
    method = forms.CharField(label=lazy("Method"), required=False, max_length=2000)

    def __init__(self, *args: Any, claim: Claim, **options: Any) -> None:
        super().__init__(*args, **options)
        aspects = list(
            Aspect.objects.filter(claim=claim).select_related("criterion").order_by("number")
        )
        self.thresholds = {
            str(aspect.pk): aspect.criterion.unit
            for aspect in aspects
            if hasattr(aspect, "criterion")
        }
        field = self.fields["aspect"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", "—"),
            *((str(aspect.pk), read(aspect.statement, page_language()).text) for aspect in aspects),
        ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        names = (
            "aspect",
            "quantity",
            "value",
            "standard_uncertainty",
            "unit_name",
            "instrument",
            "method",
        )
        filled = [name for name in names if given.get(name) not in (None, "")]
        if filled and len(filled) < len(names) and not self.errors:
            raise forms.ValidationError(
                _(
                    "Fill in every field of the measurement, the uncertainty too: without it a "
                    "number proves little."
                )
            )
        if (
            given.get("aspect")
            and given.get("unit_name")
            and (threshold := self.thresholds.get(given["aspect"])) is not None
        ):
            try:
                validate_unit_against(given["unit_name"], threshold)
            except forms.ValidationError as error:
                self.add_error("unit_name", error)
        if filled and given.get("standard_uncertainty") == 0:
            self.add_error(
                "standard_uncertainty",
                _("No instrument is exact: the measurement uncertainty must be more than zero."),
            )
        return given

    @property
    def filled(self) -> bool:
        """Whether there is a measurement."""
        return bool(self.cleaned_data.get("quantity"))


DECISIONS = [
    (
        SubmissionStatus.ACCEPTED.value,
        lazy("Accept: pictures, description and measurements become public"),
    ),
    (SubmissionStatus.RETURNED.value, lazy("Ask for more information")),
    (SubmissionStatus.REFUSED.value, lazy("Do not accept")),
]


class DecisionForm(EditForm):
    """What moderation does to a submission."""

    decision = forms.ChoiceField(
        label=lazy("Decision"), choices=DECISIONS, widget=forms.RadioSelect
    )
    reason = PairField(
        label=lazy("Reason"),
        help_text=lazy("The submitter reads this. It becomes public with an accepted submission."),
    )


class GradeForm(forms.Form):
    """The grade and caption of one exhibit."""

    caption = PairField(
        label=lazy("Caption"),
        rows=1,
        required=False,
        help_text=lazy("A neutral description of the picture."),
    )
    source = forms.ChoiceField(label=lazy("Source"), required=False)
    information = forms.ChoiceField(label=lazy("Information"), required=False)
    why = PairField(label=lazy("Reason for the grade"), rows=2, required=False)

    def __init__(self, data: Any = None, *, exhibit: Exhibit) -> None:
        initial = {
            "caption": exhibit.caption,
            "source": exhibit.grade_source,
            "information": exhibit.grade_information,
            "why": exhibit.grade_reason,
        }
        super().__init__(data, prefix=exhibit.reference, initial=initial)
        self.exhibit = exhibit
        for name, choices in (("source", SourceGrade), ("information", InformationGrade)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [
                ("", _("not graded")),
                *((value, f"{value} · {label}") for value, label in choices.choices),
            ]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        parts = [bool(given.get(name)) for name in ("source", "information", "why")]
        if any(parts) and not all(parts):
            raise forms.ValidationError(_("A grade needs a letter, a number and a reason."))
        if (
            given.get("information")
            and self.exhibit.status != ExhibitStatus.READY
            and given["information"] != InformationGrade.SIX
        ):
            self.add_error("information", UNSEEN)
        return given


class RegionForm(forms.Form):
    """A marked part of a picture. The four numbers are per mille; drawing on the picture fills them
    in."""

    x = forms.IntegerField(label=lazy("From the left (‰)"), min_value=0, max_value=999)
    y = forms.IntegerField(label=lazy("From the top (‰)"), min_value=0, max_value=999)
    width = forms.IntegerField(label=lazy("Width (‰)"), min_value=1, max_value=1000)
    height = forms.IntegerField(label=lazy("Height (‰)"), min_value=1, max_value=1000)
    caption = PairField(label=lazy("What is visible there"), rows=2, max_length=600)


class CompareForm(EditForm):
    """Another exhibit of the same claim to set against this one."""

    other = forms.ChoiceField(label=lazy("The other picture"))
    place = forms.ChoiceField(
        label=lazy("This picture shows it"),
        choices=[("after", lazy("as received")), ("before", lazy("as advertised"))],
        widget=forms.RadioSelect,
        initial="after",
    )
    title = PairField(label=lazy("Compared feature"), rows=2, max_length=600)

    def __init__(self, *args: Any, others: list[Exhibit], **options: Any) -> None:
        super().__init__(*args, row=None, **options)
        other = self.fields["other"]
        assert isinstance(other, forms.ChoiceField)
        named = {
            str(exhibit.pk): read(exhibit.caption, page_language()).text if exhibit.caption else ""
            for exhibit in others
        }
        other.choices = [
            (str(exhibit.pk), f"{exhibit.reference} · {named[str(exhibit.pk)]}".rstrip(" ·"))
            for exhibit in others
        ]
