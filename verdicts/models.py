"""What is concluded: findings, the company's say, verdicts. What must never be false here is a
constraint."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self
from uuid import uuid4

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from uuid_utils.compat import uuid7

import ledger
from accounts.models import User
from claims.dates import AHEAD, validate_past, validate_plan
from claims.languages import LONGEST as LONGEST_TAG
from claims.languages import validate_language
from claims.localized_text import LocalizedTextField
from claims.models import Aspect, Claim, Company, Product, Source, known
from claims.references import LENGTH, new_reference
from claims.states import ClaimStatus, Progress
from claims.triggers import belongs, fixed, same_company
from evidence.exhibits.models import Exhibit, Measurement
from evidence.exhibits.states import ExhibitStatus, SubmissionStatus
from verdicts.deadline_trigger import later_deadline
from verdicts.states import (
    INVITATION_TRANSITIONS,
    REPLY_TRANSITIONS,
    VERDICT_TRANSITIONS,
    WAIVER_TRANSITIONS,
    Actor,
    Conclusion,
    Exactness,
    IncidentKind,
    InvitationStatus,
    Mechanism,
    Rating,
    ReplyStatus,
    VerdictStatus,
    WaiverStatus,
)


class FindingQuerySet(models.QuerySet["Finding"]):
    def public(self) -> Self:
        """Findings become public with the verdict that follows them; one recorded after it waits
        for the next."""
        followed = Verdict.objects.public().filter(
            aspect=OuterRef("aspect"), published_at__gte=OuterRef("created_at")
        )
        return self.filter(Exists(followed))


@ledger.recorded(
    name="finding",
    plain=["aspect", "conclusion", "created_at"],
    text=["reasoning", "moderator"],
    closed=["moderator"],
    public="public",
)
class Finding(models.Model):
    """One reasoned conclusion of one moderator on one aspect, from named exhibits.

    Its id is random (UUIDv4), like that of a verdict: a UUIDv7 would publish the moment at which it
    was written.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    aspect = models.ForeignKey(Aspect, on_delete=models.PROTECT)
    moderator = models.ForeignKey(User, on_delete=models.PROTECT)
    conclusion = models.CharField(max_length=12, choices=Conclusion.choices)
    reasoning = LocalizedTextField()
    created_at = models.DateTimeField()

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [known("conclusion", Conclusion, "finding_conclusion_known")]
        indexes = [models.Index(fields=["aspect", "created_at"])]


class FindingExhibitQuerySet(models.QuerySet["FindingExhibit"]):
    def public(self) -> Self:
        """Those of public findings."""
        return self.filter(finding__in=Finding.objects.public())


@ledger.recorded(name="finding_exhibit", plain=["finding", "exhibit"], public="public")
class FindingExhibit(models.Model):
    """An exhibit that a finding rests on."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT)
    exhibit = models.ForeignKey(Exhibit, on_delete=models.PROTECT)

    objects = FindingExhibitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "exhibit"], name="finding_names_an_exhibit_once"
            )
        ]


#: How long one reply period may become with all its extensions, in working days.
MOST_WORKING_DAYS = 60


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def public(self) -> Self:
        """All of them: what the company was asked stands on the claim's page from the moment it was
        sent."""
        return self.all()


@later_deadline
@ledger.transitions("status", INVITATION_TRANSITIONS)
@ledger.recorded(
    name="invitation",
    plain=[
        "claim",
        "status",
        "sent_at",
        "deadline_at",
        "closed_at",
        "working_days",
        "countries",
        "provisional",
        "first_deadline_at",
        "extended_by_company",
    ],
    text=["allegation", "invited_by", "waiver_proposed_by", "waiver_approved_by"],
    closed=["invited_by", "waiver_proposed_by", "waiver_approved_by"],
    public="public",
)
class Invitation(models.Model):
    """The company's right of reply on one claim and its deadline. Closed early only by a reply of
    its own or by a waiver of two people.

    `deadline_at` only ever moves later; `first_deadline_at` is what it was before it first did.
    `working_days` counts them all, on which each of `countries` (comma between) works; it is none
    where the period was shortened for a demonstration.
    """

    EDITED: ClassVar = ("deadline_at",)  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    status = models.CharField(
        max_length=20, choices=InvitationStatus.choices, default=InvitationStatus.OPEN
    )
    allegation = LocalizedTextField()
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    first_deadline_at = models.DateTimeField(null=True, blank=True)
    extended_by_company = models.BooleanField(null=True, blank=True)
    working_days = models.PositiveSmallIntegerField(null=True, blank=True)
    countries = models.CharField(  # noqa: DJ001  no migration fills a recorded field
        max_length=80, null=True, blank=True
    )
    provisional = models.BooleanField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    waiver_proposed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    waiver_approved_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", InvitationStatus, "invitation_status_known"),
            models.UniqueConstraint(
                fields=["claim"], condition=Q(status="open"), name="invitation_open_once_per_claim"
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("sent_at")), name="invitation_leaves_time"
            ),
            models.CheckConstraint(
                condition=Q(first_deadline_at=None, extended_by_company=None)
                | Q(first_deadline_at__lt=F("deadline_at")),
                name="invitation_extended_to_a_later_day",
            ),
            models.CheckConstraint(
                condition=Q(working_days=None) | Q(working_days__range=(1, MOST_WORKING_DAYS)),
                name="invitation_working_days_bounded",
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None)
                | ~Q(status="open") & Q(closed_at__isnull=False),
                name="invitation_closed_at_matches",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["silent", "no_further_reply"])
                | Q(closed_at__gte=F("deadline_at")),
                name="invitation_silent_only_after_its_deadline",
            ),
            models.CheckConstraint(
                condition=~Q(status="waived")
                | Q(waiver_proposed_by__isnull=False, waiver_approved_by__isnull=False)
                & ~Q(waiver_proposed_by=F("waiver_approved_by")),
                name="invitation_waived_by_two_people",
            ),
        ]


class WaiverQuerySet(models.QuerySet["Waiver"]):
    def public(self) -> Self:
        """Those to which a second person agreed."""
        return self.filter(status=WaiverStatus.APPROVED)

    def waiting(self) -> Self:
        """Those that still wait for a second person: of requests that are still open."""
        return self.filter(status=WaiverStatus.PROPOSED, invitation__status=InvitationStatus.OPEN)


@ledger.transitions("status", WAIVER_TRANSITIONS)
@ledger.recorded(
    name="waiver",
    plain=["invitation", "status", "decided_at"],
    text=["reason", "proposed_by", "decided_by"],
    closed=["proposed_by", "decided_by"],
    public="public",
)
class Waiver(models.Model):
    """Why a company need not be waited for, as one adjudicator proposed and another decided. Public
    once it is approved.

    Its id is random (UUIDv4): a UUIDv7 would publish the moment at which it was proposed.
    """

    EDITED: ClassVar = ("reason", "status")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT)
    status = models.CharField(
        max_length=10, choices=WaiverStatus.choices, default=WaiverStatus.PROPOSED
    )
    reason = LocalizedTextField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = WaiverQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", WaiverStatus, "waiver_status_known"),
            models.UniqueConstraint(
                fields=["invitation"],
                condition=~Q(status="refused"),
                name="waiver_once_per_request",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_by=None, decided_at=None)
                | ~Q(status="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="waiver_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(decided_by=F("proposed_by")),
                name="waiver_approved_by_a_second_person",
            ),
        ]


class ReplyQuerySet(models.QuerySet["Reply"]):
    def public(self) -> Self:
        """What the company gave itself, and what was entered for it and checked. An entry that
        nobody checked is nobody's business."""
        return self.filter(status__in=[ReplyStatus.GIVEN, ReplyStatus.CONFIRMED])

    def unchecked(self) -> Self:
        """What a moderator entered and a second person has still to check."""
        return self.filter(status=ReplyStatus.ENTERED)

    def public_after(self, moment: datetime) -> Self:
        """Those that became public after `moment`."""
        return self.public().filter(
            Q(received_at__gt=moment, checked_at=None) | Q(checked_at__gt=moment)
        )

    def in_order(self) -> Self:
        """As they came."""
        return self.order_by("received_at", "id")


@ledger.transitions("status", REPLY_TRANSITIONS)
@ledger.recorded(
    name="reply",
    plain=["invitation", "lang", "status", "letter_date", "received_at", "checked_at"],
    text=["body", "recorded_by", "checked_by"],
    closed=["recorded_by", "checked_by"],
    public="public",
)
class Reply(models.Model):
    """The company's reply, verbatim: given by itself, or entered by a moderator from its letter and
    checked by a second person.

    `received_at` is when it was typed here, `letter_date` the day on which the letter came. Its id
    is random (UUIDv4): a UUIDv7 would publish the moment at which it was entered.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    invitation = models.ForeignKey(Invitation, on_delete=models.PROTECT)
    status = models.CharField(max_length=10, choices=ReplyStatus.choices, default=ReplyStatus.GIVEN)
    body = models.TextField()
    lang = models.CharField(max_length=LONGEST_TAG, validators=[validate_language])
    # not after the moment of entering: actions
    letter_date = models.DateField(null=True, blank=True, validators=[validate_plan])
    received_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    checked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True)

    objects = ReplyQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", ReplyStatus, "reply_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=["given", "entered"], checked_by=None, checked_at=None)
                | Q(
                    status__in=["confirmed", "discarded"],
                    checked_by__isnull=False,
                    checked_at__isnull=False,
                ),
                name="reply_checked_all_or_none",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed") | ~Q(checked_by=F("recorded_by")),
                name="reply_confirmed_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status="given", letter_date=None)
                | ~Q(status="given") & Q(letter_date__isnull=False),
                name="reply_entered_from_a_letter",
            ),
        ]

    @property
    def public_at(self) -> datetime:
        """When it became public, if it is."""
        return self.checked_at or self.received_at

    @property
    def late(self) -> bool:
        """Whether it came after the deadline of what it answers: a letter by its day, wherever on
        earth that was."""
        if self.letter_date is not None:
            return self.letter_date > (self.invitation.deadline_at + AHEAD).date()
        return self.received_at > self.invitation.deadline_at


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def public(self) -> Self:
        """Published verdicts and those they superseded; a proposal is nobody's business yet."""
        return self.filter(status__in=[VerdictStatus.PUBLISHED, VerdictStatus.SUPERSEDED])

    def current(self) -> Self:
        """The verdicts that hold now."""
        return self.filter(status=VerdictStatus.PUBLISHED)

    def announced(self) -> Self:
        """The verdicts that hold now on claims that were not withdrawn: what is told to others as a
        verdict of ours."""
        return self.current().exclude(aspect__claim__status=ClaimStatus.WITHDRAWN)

    def sent_back(self) -> Self:
        """Proposals that went back to their proposer and that nothing came after: someone has to
        propose again, or not."""
        proposed = Q(status=VerdictStatus.PROPOSED)
        published = Q(
            status__in=[VerdictStatus.PUBLISHED, VerdictStatus.SUPERSEDED],
            published_at__gte=OuterRef("decided_at"),
        )
        again = Q(status=VerdictStatus.REJECTED, decided_at__gt=OuterRef("decided_at"))
        after = Verdict.objects.filter(proposed | published | again, aspect=OuterRef("aspect"))
        judged = self.filter(status=VerdictStatus.REJECTED).exclude(
            aspect__claim__status=ClaimStatus.WITHDRAWN
        )
        return judged.exclude(aspect__progress=Progress.OUT_OF_SCOPE).exclude(Exists(after))

    def shaken(self) -> Self:
        """Standing verdicts of whose evidence something was withdrawn by its submitter, or its file
        deleted, since they were published: an exhibit that they pin, one that a finding names, or a
        submission whose measurements they count.

        Only what was accepted when the verdict was proposed was counted: who hands something in and
        takes it back shakes nothing.
        """
        gone = Q(exhibit__submission__status=SubmissionStatus.WITHDRAWN) | Q(
            exhibit__status=ExhibitStatus.WITHHELD
        )
        pinned = VerdictExhibit.objects.gone().filter(verdict=OuterRef("pk"))
        named = FindingExhibit.objects.filter(
            gone,
            finding__aspect=OuterRef("aspect"),
            finding__created_at__lte=OuterRef("published_at"),
        )
        named = named.exclude(exhibit__submission__withdrawn_at__lt=OuterRef("published_at"))
        measured = Measurement.objects.filter(
            aspect=OuterRef("aspect"),
            teardown__submission__status=SubmissionStatus.WITHDRAWN,
            teardown__submission__decided_at__lte=OuterRef("proposed_at"),
            teardown__submission__withdrawn_at__gte=OuterRef("proposed_at"),
        )
        counted = Q(conformity__isnull=False) & Q(Exists(measured))
        return self.current().filter(Q(Exists(pinned)) | Q(Exists(named)) | counted)

    def newest(self) -> Self:
        """Newest publication first."""
        return self.order_by("-published_at", "-id")


@ledger.transitions("status", VERDICT_TRANSITIONS)
@ledger.recorded(
    name="verdict",
    plain=[
        "reference",
        "aspect",
        "rating",
        "mechanism",
        "status",
        "method_version",
        "supersedes",
        "units",
        "contributors",
        "laboratories",
        "proposed_at",
        "decided_at",
        "published_at",
    ],
    text=[
        "rationale",
        "attempts",
        "conformity",
        "salt",
        "proposed_by",
        "decided_by",
        "proposed_from",
        "sent_back_reason",
    ],
    closed=["salt", "proposed_by", "decided_by", "proposed_from", "sent_back_reason"],
    document="document_digest",
    public="public",
)
class Verdict(models.Model):
    """The conclusion on one aspect, proposed by one adjudicator and approved by another; frozen,
    superseded, never edited.

    `conformity` is the computed result of the measured values and the threshold, with every number
    it came from (decimal strings). `document_digest` is the SHA-256 of the public document
    (VerdictDocument), set on publication.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    aspect = models.ForeignKey(Aspect, on_delete=models.PROTECT)
    rating = models.CharField(max_length=20, choices=Rating.choices)
    mechanism = models.CharField(max_length=30, choices=Mechanism.choices, blank=True)
    rationale = LocalizedTextField()
    attempts = LocalizedTextField(blank=True, help_text="For `unverifiable`: the checks attempted.")
    status = models.CharField(
        max_length=10, choices=VerdictStatus.choices, default=VerdictStatus.PROPOSED
    )
    method_version = models.CharField(max_length=20)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    conformity = models.JSONField(null=True, blank=True)
    units = models.PositiveSmallIntegerField(default=0)
    contributors = models.PositiveSmallIntegerField(default=0)
    laboratories = models.PositiveSmallIntegerField(default=0)
    proposed_from = models.JSONField(
        null=True, blank=True, help_text="What it was proposed from (verdicts.basis). Never public."
    )
    sent_back_reason = models.TextField(  # noqa: DJ001  # rows that were logged before have none
        null=True, blank=True, help_text="Why it went back to its proposer. Never public."
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    salt = models.CharField(max_length=64, blank=True)
    document_digest = models.CharField(max_length=64, blank=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        constraints = [
            known("rating", Rating, "verdict_rating_known"),
            known("status", VerdictStatus, "verdict_status_known"),
            models.CheckConstraint(
                condition=Q(mechanism="") | Q(mechanism__in=Mechanism.values),
                name="verdict_mechanism_known",
            ),
            models.CheckConstraint(
                condition=Q(rating="misleading") & ~Q(mechanism="") | ~Q(rating="misleading"),
                name="verdict_misleading_names_how",
            ),
            models.UniqueConstraint(
                fields=["aspect"],
                condition=Q(status="published"),
                name="verdict_stands_once_per_aspect",
            ),
            models.UniqueConstraint(
                fields=["aspect"],
                condition=Q(status="proposed"),
                name="verdict_proposed_once_per_aspect",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="verdict_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status="proposed", decided_by=None, decided_at=None)
                | ~Q(status="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="verdict_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["published", "superseded"], published_at__isnull=False)
                & ~Q(document_digest="")
                | Q(status__in=["proposed", "rejected"], published_at=None, document_digest=""),
                name="verdict_published_with_its_document",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(status="published"),
                name="verdict_standing_newest",
            ),
            models.Index(fields=["status", "-published_at", "-id"], name="verdict_standing_first"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def successor(self) -> Verdict | None:
        """The verdict that was published in place of this one; None while it stands, whatever is
        proposed."""
        return self.superseded_by if self.status == VerdictStatus.SUPERSEDED else None


class VerdictExhibitQuerySet(models.QuerySet["VerdictExhibit"]):
    def public(self) -> Self:
        """Those of public verdicts."""
        return self.filter(verdict__in=Verdict.objects.public())

    def gone(self) -> Self:
        """Those whose exhibit was withdrawn by its submitter, or its file deleted."""
        return self.filter(
            Q(exhibit__submission__status=SubmissionStatus.WITHDRAWN)
            | Q(exhibit__status=ExhibitStatus.WITHHELD)
        )


@ledger.recorded(
    name="verdict_exhibit", plain=["verdict", "exhibit", "rendition_digest"], public="public"
)
class VerdictExhibit(models.Model):
    """An exhibit that a verdict pins, by the digest of its published rendition."""

    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT)
    exhibit = models.ForeignKey(Exhibit, on_delete=models.PROTECT)
    rendition_digest = models.CharField(max_length=64)

    objects = VerdictExhibitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["verdict", "exhibit"], name="verdict_pins_an_exhibit_once"
            )
        ]


@ledger.derived(
    reason="the published bytes of a verdict; their digest stands in the verdict's leaf"
)
class VerdictDocument(models.Model):
    """The public document of a verdict exactly as it is served: RFC 8785 bytes, written once at
    publication."""

    verdict = models.OneToOneField(Verdict, primary_key=True, on_delete=models.PROTECT)
    body = models.TextField()


# --- after harm -----------------------------------------------------------------------------------


class IncidentQuerySet(models.QuerySet["Incident"]):
    def newest(self) -> Self:
        """Newest first; ids are UUIDv7, so the key alone is the order."""
        return self.order_by("-id")


@fixed("company_id")
@belongs(same_company("product_id", "claims_product", "NEW.company_id"), "company_id", "product_id")
@ledger.recorded(
    name="incident",
    plain=["company", "product", "reconstruction", "created_at"],
    text=["title", "summary"],
    public=True,
)
class Incident(models.Model):
    """Harm, and what was done after it: a dated chain of Occurrence. How long each answer took is
    computed (verdicts.response_times)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT)
    title = LocalizedTextField()
    summary = LocalizedTextField(blank=True)
    reconstruction = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = IncidentQuerySet.as_manager()


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def in_order(self) -> Self:
        """As they happened; what was written down first stands first where the time is the same."""
        return self.order_by("happened_at", "created_at", "id")


@belongs(
    "EXISTS (SELECT FROM verdicts_incident i WHERE i.id = NEW.incident_id AND "
    f"{same_company('source_id', 'claims_source', 'i.company_id')})",
    "incident_id", "source_id",
)  # fmt: skip
@ledger.recorded(
    name="occurrence",
    plain=["incident", "source", "kind", "actor", "happened_at", "exact_to", "created_at"],
    text=["text"],
    public=True,
)
class Occurrence(models.Model):
    """One link of the chain: who did what, when, and how exactly the time is known. Its source may
    be missing, and then it says so."""

    EDITED: ClassVar = ("happened_at", "exact_to", "text", "source")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=IncidentKind.choices)
    actor = models.CharField(max_length=10, choices=Actor.choices)
    happened_at = models.DateTimeField(validators=[validate_past])
    exact_to = models.CharField(max_length=6, choices=Exactness.choices, default=Exactness.MINUTE)
    text = LocalizedTextField()
    created_at = models.DateTimeField()

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = [
            known("kind", IncidentKind, "occurrence_kind_known"),
            known("actor", Actor, "occurrence_actor_known"),
            known("exact_to", Exactness, "occurrence_exactness_known"),
        ]
