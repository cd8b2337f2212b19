"""What owners handed in: submissions, their files, what was taken apart and measured.

Ids of what an owner files are random (UUIDv4): a UUIDv7 would publish the moment of filing. Fields
that tie evidence to a person are *closed* texts of the record: committed, but never opened in
public.
"""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar
from uuid import uuid4

from django.db import models
from django.db.models import Case, F, Q, When

import ledger
from accounts.models import Organisation, User
from accounts.pseudonyms import new_pseudonym
from claims.dates import validate_past
from claims.languages import LONGEST as LONGEST_TAG
from claims.languages import validate_language
from claims.localized_text import LocalizedTextField
from claims.models import Aspect, Claim, Criterion, Product, finite, known
from claims.references import LENGTH, new_reference
from claims.validators import validate_unit, validate_unit_against
from evidence.exhibits.states import (
    EXHIBIT_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    CustodyKind,
    ExhibitStatus,
    InformationGrade,
    Licence,
    SourceGrade,
    SubmissionStatus,
)
from evidence.states import Provenance

M = TypeVar("M", bound=models.Model)


@ledger.derived(
    reason="private: ties an account to what it filed; only counts of independent contributors are "
    "ever published"
)
class Contributor(models.Model):
    """A pseudonymous owner: the same person behind several submissions counts once."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT)


class AcceptedSubmissionQuerySet(models.QuerySet[M]):
    """Rows that belong to a submission; the public knows only those of accepted ones."""

    via = "submission"

    def public(self) -> Self:
        return self.filter(**{f"{self.via}__status": SubmissionStatus.ACCEPTED}).distinct()


class UnitQuerySet(AcceptedSubmissionQuerySet["Unit"]):
    via = "teardown__submission"


class CustodyEventQuerySet(AcceptedSubmissionQuerySet["CustodyEvent"]):
    via = "exhibit__submission"


class TeardownQuerySet(AcceptedSubmissionQuerySet["Teardown"]):
    via = "submission"


class SealedViewQuerySet(AcceptedSubmissionQuerySet["SealedView"]):
    via = "submission"


class PartQuerySet(AcceptedSubmissionQuerySet["Part"]):
    via = "teardown__submission"


class TeardownStepQuerySet(AcceptedSubmissionQuerySet["TeardownStep"]):
    via = "teardown__submission"


class MeasurementQuerySet(AcceptedSubmissionQuerySet["Measurement"]):
    via = "teardown__submission"


@ledger.recorded(
    name="unit",
    plain=["product"],
    text=["label", "serial_key"],
    closed=["serial_key"],
    coarse=True,
    public="public",
)
class Unit(models.Model):
    """The physical product of one teardown. Its VIN or serial number is kept only as a keyed hash,
    to tell units apart.

    Two teardowns of one product are two rows of equal hash. If they shared a row, the log would
    show it, and who knows a serial number could file it and see whose teardown it is: a maker knows
    the serial numbers of all that it made.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    label = models.CharField(max_length=60)
    serial_key = models.CharField(max_length=64)

    objects = UnitQuerySet.as_manager()

    def __str__(self) -> str:
        return self.label

    @property
    def identity(self) -> str:
        """The same for rows that are one physical product. An erased serial number says no more
        that two are one."""
        return self.serial_key or str(self.pk)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def public(self) -> Self:
        """Accepted submissions: all that the public may know to exist."""
        return self.filter(status=SubmissionStatus.ACCEPTED)

    def visible_to(self, user: User) -> Self:
        """What `user` may read: moderators and auditors all unless they act for a company, everyone
        else their own."""
        if user.has_role("moderator", "adjudicator", "auditor") and not user.has_company_seat:
            return self
        return self.filter(filed_by=user)

    def waiting(self) -> Self:
        """What moderation has still to decide, oldest first."""
        return self.filter(status=SubmissionStatus.RECEIVED).order_by("filed_at", "pk")


@ledger.transitions("status", SUBMISSION_TRANSITIONS)
@ledger.recorded(
    name="submission",
    plain=["reference", "claim", "status", "licence", "filed_date", "decided_date"],
    text=[
        "pseudonym",
        "narrative",
        "narrative_lang",
        "decision_reason",
        "contributor",
        "filed_by",
        "organisation",
        "decided_by",
        "filed_at",
        "decided_at",
        "idempotency_key",
        "content_key",
        "withdrawal_reason",
        "withdrawn_at",
    ],
    closed=[
        "contributor",
        "filed_by",
        "organisation",
        "decided_by",
        "filed_at",
        "decided_at",
        "idempotency_key",
        "content_key",
        "withdrawal_reason",
        "withdrawn_at",
    ],
    sealed=["contact"],
    coarse=True,
    public="public",
)
class Submission(models.Model):
    """One act of handing in. Its pseudonym is its own, so that two submissions of one owner cannot
    be linked."""

    EDITED: ClassVar = ("status", "narrative", "decision_reason", "exhibit_ids")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT)
    filed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT)
    pseudonym = models.CharField(max_length=40, default=new_pseudonym)
    status = models.CharField(
        max_length=10, choices=SubmissionStatus.choices, default=SubmissionStatus.RECEIVED
    )
    narrative = models.TextField(blank=True)
    narrative_lang = models.CharField(max_length=LONGEST_TAG, validators=[validate_language])
    licence = models.CharField(max_length=12, choices=Licence.choices)
    contact = ledger.SealedField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=80, blank=True)
    content_key = models.CharField(  # noqa: DJ001  # rows that were logged before have none
        max_length=64,
        null=True,
        blank=True,
        help_text="A keyed hash of what came with the idempotency key.",
    )
    filed_at = models.DateTimeField()
    filed_date = models.DateField()
    decision_reason = LocalizedTextField(blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_date = models.DateField(null=True, blank=True)
    withdrawal_reason = models.TextField(  # noqa: DJ001  # rows that were logged before have none
        null=True,
        blank=True,
        help_text=(
            "Why its submitter withdrew it, and whether they were asked or paid to. Never public."
        ),
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", SubmissionStatus, "submission_status_known"),
            known("licence", Licence, "submission_licence_known"),
            models.UniqueConstraint(
                fields=["filed_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="submission_idempotent_per_account",
            ),
            models.CheckConstraint(
                condition=Q(
                    decided_by=None,
                    decided_at=None,
                    decided_date=None,
                    status__in=["received", "withdrawn"],
                )
                | Q(decided_by__isnull=False, decided_at__isnull=False, decided_date__isnull=False),
                name="submission_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("filed_by")),
                name="submission_not_decided_by_its_filer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["filed_at"], condition=Q(status="received"), name="submission_waiting"
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def exhibit_ids(self) -> list[str]:
        """Its files, in their order."""
        return [
            str(pk)
            for pk in Exhibit.objects.filter(submission=self)
            .order_by("number")
            .values_list("pk", flat=True)
        ]


class ClarificationQuerySet(AcceptedSubmissionQuerySet["Clarification"]):
    via = "submission"


@ledger.recorded(
    name="clarification",
    plain=["submission", "number"],
    text=["question", "answer", "lang", "answered_at"],
    closed=["answer", "lang", "answered_at"],
    coarse=True,
    public="public",
)
class Clarification(models.Model):
    """A question with which a submission was returned, and what its owner answered. The answer is
    for moderators and never public."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    question = LocalizedTextField(blank=True)
    answer = models.TextField(blank=True)
    lang = models.CharField(max_length=LONGEST_TAG, blank=True, validators=[validate_language])
    answered_at = models.DateTimeField()

    objects = ClarificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "number"], name="clarification_number_once_per_submission"
            )
        ]


class StagedPhotoQuerySet(models.QuerySet["StagedPhoto"]):
    def kept(self) -> Self:
        """Photos that can still be sent: neither discarded nor sent."""
        return self.filter(closed_at=None)


@ledger.derived(
    reason="private and short-lived: a photo on its way to a submission that nobody handed in yet"
)
class StagedPhoto(models.Model):
    """One photo of a form that is still being filled in. Its bytes are in the store under `digest`;
    the form names it by its id.

    `form_key` is the form's idempotency key, `file_key` the sender's name for the file: the same
    file sent again is one row. A row is closed when the photo is filed or discarded, and swept two
    days after it came, so that what came in a day can be counted.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="+")
    form_key = models.CharField(max_length=80)
    file_key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    filename = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = StagedPhotoQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "form_key", "file_key"],
                condition=Q(closed_at=None),
                name="staged_photo_once_per_form",
            )
        ]
        indexes = [models.Index(fields=["created_at"]), models.Index(fields=["digest"])]


#: Fields of an exhibit whose erasure takes the original:
#: what a file says of itself stands in the file.
IN_THE_ORIGINAL = ("digest", "metadata")


class ExhibitQuerySet(models.QuerySet["Exhibit"]):
    def public(self) -> Self:
        """Exhibits of accepted submissions that can be shown."""
        return self.filter(submission__status=SubmissionStatus.ACCEPTED)

    def seen_first(self, *then: str) -> Self:
        """In the order of `then`, with all that can be seen before what cannot."""
        return self.order_by(Case(When(status=ExhibitStatus.READY, then=0), default=1), *then)


@ledger.transitions("status", EXHIBIT_TRANSITIONS)
@ledger.recorded(
    name="exhibit",
    plain=[
        "reference",
        "submission",
        "number",
        "media_type",
        "width",
        "height",
        "status",
        "provenance",
        "grade_source",
        "grade_information",
    ],
    text=["caption", "grade_reason", "duplicate_key", "size", "pdq", "pdq_quality"],
    closed=["duplicate_key", "size", "pdq", "pdq_quality"],
    sealed=["digest", "filename", "metadata"],
    coarse=True,
    public="public",
)
class Exhibit(models.Model):
    """One original file as received. `digest` (its SHA-256, the address of its bytes) stays sealed,
    and `size` closed: whoever holds the file could otherwise confirm that it was filed here."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    digest = ledger.SealedField()
    duplicate_key = models.CharField(
        max_length=64,
        help_text="Keyed hash of the original: equal files are found without a bare digest.",
    )
    filename = ledger.SealedField(null=True, blank=True)
    metadata = ledger.SealedField(null=True, blank=True)
    caption = LocalizedTextField(blank=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(
        max_length=10, choices=ExhibitStatus.choices, default=ExhibitStatus.STORED
    )
    provenance = models.CharField(max_length=2, choices=Provenance.choices, default=Provenance.P1)
    pdq = models.JSONField(
        null=True, blank=True, help_text="The eight orientations' PDQ hashes, hex."
    )
    pdq_quality = models.PositiveSmallIntegerField(null=True, blank=True)
    grade_source = models.CharField(max_length=1, choices=SourceGrade.choices, blank=True)
    grade_information = models.CharField(max_length=1, choices=InformationGrade.choices, blank=True)
    grade_reason = LocalizedTextField(blank=True)

    objects = ExhibitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "number"], name="exhibit_number_once_per_submission"
            ),
            known("status", ExhibitStatus, "exhibit_status_known"),
            known("provenance", Provenance, "exhibit_provenance_known"),
            models.CheckConstraint(
                condition=Q(grade_source="") | Q(grade_source__in=SourceGrade.values),
                name="exhibit_source_grade_known",
            ),
            models.CheckConstraint(
                condition=Q(grade_information="")
                | Q(grade_information__in=InformationGrade.values),
                name="exhibit_information_grade_known",
            ),
            models.CheckConstraint(
                condition=Q(grade_source="", grade_information="")
                | ~Q(grade_source="") & ~Q(grade_information=""),
                name="exhibit_grade_is_a_pair",
            ),
            # What was erased keeps the grade that it had while it could be seen.
            models.CheckConstraint(
                condition=~Q(status__in=[ExhibitStatus.STORED, ExhibitStatus.UNREADABLE])
                | Q(grade_information__in=["", InformationGrade.SIX]),
                name="exhibit_unseen_is_not_judged",
            ),
        ]
        indexes = [models.Index(fields=["duplicate_key"])]

    def __str__(self) -> str:
        return self.reference


@ledger.derived(
    reason="remade from the exhibit at will; a verdict that relies on one pins its digest"
)
class Rendition(models.Model):
    """A picture made from an exhibit's pixels, with no metadata. The bytes lie in the rendition
    store under `digest`."""

    exhibit = models.ForeignKey(Exhibit, on_delete=models.CASCADE)
    name = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    media_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exhibit", "name"], name="rendition_name_once_per_exhibit"
            )
        ]


@ledger.recorded(
    name="custody_event",
    plain=["exhibit", "kind", "outcome"],
    text=["agent", "note", "happened_at"],
    closed=["happened_at"],
    coarse=True,
    public="public",
)
class CustodyEvent(models.Model):
    """What happened to an exhibit: kind, agent, when, outcome. In public the time is the day."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    exhibit = models.ForeignKey(Exhibit, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=CustodyKind.choices)
    agent = models.CharField(max_length=80)
    outcome = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=300, blank=True)
    happened_at = models.DateTimeField()

    objects = CustodyEventQuerySet.as_manager()

    class Meta:
        constraints = [known("kind", CustodyKind, "custody_kind_known")]
        indexes = [models.Index(fields=["exhibit", "happened_at"])]


@ledger.recorded(
    name="sealed_view",
    plain=["submission"],
    text=["agent", "opened_at"],
    closed=["opened_at"],
    coarse=True,
    public="public",
)
class SealedView(models.Model):
    """Somebody at the desk opened what is sealed in a submission: how to reach its owner, and what
    the files say of themselves."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT)
    agent = models.CharField(max_length=80)
    opened_at = models.DateTimeField()

    objects = SealedViewQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["submission", "opened_at"])]


@ledger.recorded(
    name="teardown",
    plain=["submission", "unit", "performed_date"],
    text=["title", "laboratory"],
    coarse=True,
    public="public",
)
class Teardown(models.Model):
    """One unit taken apart, step by step."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT)
    laboratory = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT)
    title = LocalizedTextField()
    performed_date = models.DateField(validators=[validate_past])

    objects = TeardownQuerySet.as_manager()


@ledger.recorded(
    name="part", plain=["teardown", "parent", "number"], text=["name"], coarse=True, public="public"
)
class Part(models.Model):
    """A node of the part tree of a teardown."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    teardown = models.ForeignKey(Teardown, on_delete=models.PROTECT)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    name = LocalizedTextField()

    objects = PartQuerySet.as_manager()


@ledger.recorded(
    name="teardown_step",
    plain=["teardown", "part", "exhibit", "number"],
    text=["done", "seen"],
    coarse=True,
    public="public",
)
class TeardownStep(models.Model):
    """What was done and what was seen, with the photo that shows it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    teardown = models.ForeignKey(Teardown, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    part = models.ForeignKey(Part, null=True, blank=True, on_delete=models.PROTECT)
    exhibit = models.ForeignKey(Exhibit, null=True, blank=True, on_delete=models.PROTECT)
    done = LocalizedTextField()
    seen = LocalizedTextField(blank=True)

    objects = TeardownStepQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["teardown", "number"], name="step_number_once_per_teardown"
            )
        ]


@ledger.recorded(
    name="measurement",
    plain=["teardown", "aspect", "value", "standard_uncertainty", "unit_name", "measured_date"],
    text=["quantity", "instrument", "method", "conditions"],
    coarse=True,
    public="public",
)
class Measurement(models.Model):
    """One measured value with its standard uncertainty (k = 1), in the unit it was read in."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    teardown = models.ForeignKey(Teardown, on_delete=models.PROTECT)
    aspect = models.ForeignKey(Aspect, on_delete=models.PROTECT)
    quantity = LocalizedTextField()
    value = models.DecimalField(max_digits=20, decimal_places=8)
    standard_uncertainty = models.DecimalField(max_digits=20, decimal_places=8)
    unit_name = models.CharField(
        max_length=40, validators=[validate_unit], help_text="As pint reads it."
    )
    instrument = LocalizedTextField()
    method = LocalizedTextField()
    conditions = LocalizedTextField(blank=True)
    measured_date = models.DateField(validators=[validate_past])
    # from which company's side it is, where a page shows that (evidence.exhibits.affiliation);
    # never stored
    side = ""

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standard_uncertainty__gt=0), name="measurement_has_an_uncertainty"
            ),
            finite("value", 12, "measurement_value_is_a_number"),
            finite("standard_uncertainty", 12, "measurement_uncertainty_is_a_number"),
        ]

    def clean(self) -> None:
        """What was measured can be set against the threshold of its point, if that has one."""
        if criterion := Criterion.objects.filter(aspect=self.aspect_id).first():
            validate_unit_against(self.unit_name, criterion.unit)


class RegionQuerySet(AcceptedSubmissionQuerySet["Region"]):
    via = "exhibit__submission"


@ledger.recorded(
    name="region",
    plain=["exhibit", "number", "x", "y", "width", "height"],
    text=["caption"],
    coarse=True,
    public="public",
)
class Region(models.Model):
    """A part of an exhibit's picture that a moderator points at, with a number and words.

    Place and size are per mille of the picture's width and height from its upper left, so they hold
    for every rendition.
    """

    EDITED: ClassVar = ("number", "x", "y", "width", "height", "caption")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    exhibit = models.ForeignKey(Exhibit, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    x = models.PositiveSmallIntegerField()
    y = models.PositiveSmallIntegerField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    caption = LocalizedTextField()

    objects = RegionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exhibit", "number"], name="region_number_once_per_exhibit"
            ),
            models.CheckConstraint(
                condition=Q(
                    width__gt=0, height__gt=0, x__lte=1000 - F("width"), y__lte=1000 - F("height")
                ),
                name="region_lies_in_the_picture",
            ),
        ]


class ComparisonQuerySet(models.QuerySet["Comparison"]):
    def public(self) -> Self:
        """Pairs of which both pictures are public."""
        accepted = SubmissionStatus.ACCEPTED
        return self.filter(before__submission__status=accepted, after__submission__status=accepted)


@ledger.recorded(
    name="comparison",
    plain=["claim", "before", "after"],
    text=["title"],
    coarse=True,
    public="public",
)
class Comparison(models.Model):
    """Two exhibits of one claim set against each other: what was advertised (`before`) and what was
    received (`after`)."""

    EDITED: ClassVar = ("title",)  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    before = models.ForeignKey(Exhibit, on_delete=models.PROTECT, related_name="compared_before")
    after = models.ForeignKey(Exhibit, on_delete=models.PROTECT, related_name="compared_after")
    title = LocalizedTextField()

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["before", "after"], name="comparison_once_per_pair"),
            models.CheckConstraint(
                condition=~Q(before=F("after")), name="comparison_of_two_exhibits"
            ),
        ]
