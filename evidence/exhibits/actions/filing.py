"""Owners hand in, moderation decides. The bytes are stored before their rows, so that no row ever
lacks its file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

import jobs
import ledger
from accounts.followers import Followers
from accounts.models import Organisation, Role, User
from accounts.permissions import NotAllowedError
from claims.editing import compare
from claims.localized_text import LocalizedText, credit_translations
from claims.models import Aspect, Claim
from engines.storage.blobs import Readable
from evidence.exhibits.actions import telling
from evidence.exhibits.actions.staging import DAY, QuotaReachedError, plain_name, still_staged, take
from evidence.exhibits.actions.staging import NewPhoto as NewPhoto
from evidence.exhibits.actions.staging import receive as receive
from evidence.exhibits.keyed import keyed
from evidence.exhibits.models import (
    IN_THE_ORIGINAL,
    Clarification,
    Contributor,
    CustodyEvent,
    Exhibit,
    Measurement,
    Part,
    SealedView,
    Submission,
    Teardown,
    TeardownStep,
    Unit,
)
from evidence.exhibits.permissions import (
    check_answer,
    check_decide,
    check_file,
    check_grade,
    check_open_sealed,
    check_read_again,
    check_view_original,
    check_withdraw,
)
from evidence.exhibits.states import (
    EXHIBIT_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    UNSEEN,
    CustodyKind,
    ExhibitStatus,
    InformationGrade,
    SubmissionStatus,
)
from failpoints import failpoint
from ledger import erasure, registry
from ledger.sealing import erased_fields


class SubmissionChangedError(Exception):
    """Someone else decided it first; `submission` is what it became."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"{submission.reference} is {submission.status} already")
        self.submission = submission


class IdempotencyKeyReusedError(Exception):
    """The idempotency key was used before, with other content; `submission` is what was filed
    then."""

    def __init__(self, submission: Submission) -> None:
        super().__init__(f"the key of {submission.reference} came with other content")
        self.submission = submission


@dataclass(frozen=True)
class NewMeasurement:
    """One measured value on an aspect; `standard_uncertainty` is k = 1, in `unit_name`."""

    aspect: Aspect
    quantity: LocalizedText
    value: Decimal
    standard_uncertainty: Decimal
    unit_name: str
    instrument: LocalizedText
    method: LocalizedText
    measured_date: date
    conditions: LocalizedText = field(default_factory=dict)


@dataclass(frozen=True)
class NewStep:
    """One step of a teardown; `photo` is the number of the photo that shows it (from 1), `part` the
    name of its part."""

    done: LocalizedText
    seen: LocalizedText = field(default_factory=dict)
    photo: int | None = None
    part: LocalizedText = field(default_factory=dict)


@dataclass(frozen=True)
class NewTeardown:
    """One unit taken apart. `serial` is its VIN or serial number, of which only a keyed hash is
    kept."""

    title: LocalizedText
    unit_label: str
    serial: str
    performed_date: date
    steps: Sequence[NewStep] = ()
    measurements: Sequence[NewMeasurement] = ()
    laboratory: Organisation | None = None


def _custody(
    exhibit: Exhibit, kind: str, *, agent: str, now: datetime, outcome: str = "", note: str = ""
) -> None:
    CustodyEvent.objects.create(
        exhibit=exhibit, kind=kind, agent=agent, outcome=outcome, note=note, happened_at=now
    )


class Upload(Readable, Protocol):
    """A file as a view holds it."""

    name: str | None
    size: int | None


def check_quota(*, by: User, coming: int, now: datetime) -> None:
    """Raises QuotaReachedError if one more submission of `coming` bytes would be more than the
    account may file in a day."""
    filed = Submission.objects.filter(filed_by=by, filed_at__gt=now - DAY)
    held = filed.aggregate(count=Count("pk", distinct=True), size=Sum("exhibit__size"))
    if (
        held["count"] >= settings.FILED_MAX_SUBMISSIONS
        or (held["size"] or 0) + coming > settings.FILED_MAX_BYTES
    ):
        raise QuotaReachedError


def receive_photos(
    *, by: User, files: Sequence[Upload], now: datetime, idempotency_key: str = ""
) -> list[NewPhoto]:
    """Store the photos of a form that is about to be filed, if the account may file as much.

    Asked before anything is stored, so that who is over the quota fills no disk. What was filed
    before under the same key is no second filing. Raises QuotaReachedError, and
    engines.storage.blobs' TooLargeError and StorageUnavailableError.
    """
    if not (
        idempotency_key
        and Submission.objects.filter(filed_by=by, idempotency_key=idempotency_key).exists()
    ):
        check_quota(by=by, coming=sum(file.size or 0 for file in files), now=now)
    return [NewPhoto(receive(file), file.name or "") for file in files]


def _content_key(claim: Claim, *content: Any) -> str:
    """What is compared when an idempotency key comes again: a keyed hash of everything that was
    sent with it.

    Photos that were sent ahead are not in it: once they are filed, nobody can name them a second
    time (staging.still_staged).
    """
    photos = [photo.stored.sha256 for photo in content[-1]]
    return keyed("content", repr((claim.pk, *content[:-1], photos)))


@transaction.atomic
def file_submission(
    *,
    by: User,
    claim: Claim,
    narrative: str,
    narrative_lang: str,
    licence: str,
    photos: Sequence[NewPhoto],
    now: datetime,
    teardown: NewTeardown | None = None,
    contact: str = "",
    organisation: Organisation | None = None,
    idempotency_key: str = "",
    staged: Sequence[UUID] = (),
) -> Submission:
    """Submit evidence: a description with photos and, if one was made, a teardown with its
    measurements.

    The same `idempotency_key` by the same account gives the submission that is there, if it came
    with the same content. Each photo becomes a job of its own that reads it. `staged` are photos
    sent ahead (evidence.exhibits.actions.staging), which stand before `photos`. Raises
    NotAllowedError, QuotaReachedError, IdempotencyKeyReusedError, ValidationError; the transaction
    holds all of it or nothing.
    """
    check_file(by, claim)
    # One filing of an account at a time: a key sent twice at once is still one.
    User.objects.select_for_update().get(pk=by.pk)
    content_key = (
        _content_key(
            claim, narrative, narrative_lang, licence, contact, organisation, teardown, photos
        )
        if idempotency_key
        else None
    )
    if idempotency_key and (
        earlier := Submission.objects.filter(filed_by=by, idempotency_key=idempotency_key).first()
    ):
        # None: filed before this was kept
        other = earlier.content_key is not None and earlier.content_key != content_key
        if other or still_staged(by=by, form_key=idempotency_key, chosen=staged):
            raise IdempotencyKeyReusedError(earlier)
        return earlier
    photos = [*take(by=by, form_key=idempotency_key, chosen=staged, now=now), *photos]
    if len(photos) > settings.SUBMISSION_MAX_EXHIBITS:
        raise ValidationError(
            _("At most %(count)d photos in one submission.")
            % {"count": settings.SUBMISSION_MAX_EXHIBITS}
        )
    if not narrative.strip() and not photos:
        raise ValidationError(_("Write your description, or add a photo."))
    check_quota(by=by, coming=sum(photo.stored.size for photo in photos), now=now)
    contributor, _made = Contributor.objects.get_or_create(user=by)
    submission = Submission(
        claim=claim, contributor=contributor, filed_by=by, organisation=organisation,
        narrative=narrative, narrative_lang=narrative_lang,
        licence=licence, idempotency_key=idempotency_key, content_key=content_key, filed_at=now,
        filed_date=now.date(),
    )  # fmt: skip
    submission.full_clean(exclude=["contact"], validate_constraints=False)
    if contact:
        ledger.seal(submission, contact=contact)
    # Always as a contributor: that someone files for an organisation is sealed, and a leaf that
    # said "filer" would tell it.
    with ledger.act("submission.filed", by=by, role=Role.CONTRIBUTOR, name=submission.pseudonym):
        submission.save(force_insert=True)
        exhibits = _add_exhibits(submission, photos, now=now)
        if teardown:
            _store_teardown(submission, exhibits, teardown)
    telling.filed(submission, by=by)
    failpoint("filing.commit")
    return submission


def _add_exhibits(
    submission: Submission, photos: Sequence[NewPhoto], *, now: datetime, after: int = 0
) -> list[Exhibit]:
    """A row per photo, numbered on from `after`, and a job that reads each."""
    exhibits = []
    for number, photo in enumerate(photos, start=after + 1):
        exhibit = Exhibit(
            submission=submission, number=number,
            caption=credit_translations(photo.caption, Role.CONTRIBUTOR), size=photo.stored.size,
            duplicate_key=keyed("original", photo.stored.sha256),
        )  # fmt: skip
        ledger.seal(exhibit, digest=photo.stored.sha256, filename=plain_name(photo.filename))
        exhibit.save(force_insert=True)
        exhibits.append(exhibit)
        _custody(
            exhibit, CustodyKind.RECEIVED, agent=submission.pseudonym, now=now, outcome="stored"
        )
        jobs.enqueue(
            "evidence.read_exhibit", {"exhibit": str(exhibit.pk)}, key=f"read_exhibit:{exhibit.pk}"
        )
    return exhibits


def check_answerable(*, by: User, submission: Submission) -> None:
    """Asked before photos of an answer are stored. Raises NotAllowedError,
    SubmissionChangedError."""
    check_answer(by, submission)
    if submission.status != SubmissionStatus.RETURNED:
        raise SubmissionChangedError(submission)


@transaction.atomic
def answer_question(
    *,
    by: User,
    submission: Submission,
    answer: str,
    lang: str,
    now: datetime,
    photos: Sequence[NewPhoto] = (),
) -> Submission:
    """Record the submitter's reply to a question, with more photos if there are any. A
    moderator then decides again.

    Raises NotAllowedError, SubmissionChangedError (it was answered, withdrawn or refused
    meanwhile), QuotaReachedError, ValidationError.
    """
    held = Submission.objects.select_for_update().get(pk=submission.pk)
    check_answerable(by=by, submission=held)
    if not answer.strip() and not photos:
        raise ValidationError(_("Write a reply, or add a photo."))
    last = Exhibit.objects.filter(submission=held).count()
    if last + len(photos) > settings.SUBMISSION_MAX_EXHIBITS:
        raise ValidationError(
            _("At most %(count)d photos in one submission.")
            % {"count": settings.SUBMISSION_MAX_EXHIBITS}
        )
    before = Clarification.objects.filter(submission=held).count()
    clarification = Clarification(
        submission=held,
        number=before + 1,
        question=held.decision_reason,
        answer=answer.strip(),
        lang=lang,
        answered_at=now,
    )
    clarification.full_clean(validate_constraints=False)
    with ledger.act("submission.answered", by=by, role=Role.CONTRIBUTOR, name=held.pseudonym):
        clarification.save(force_insert=True)
        _add_exhibits(held, photos, now=now, after=last)
        Submission.objects.filter(pk=held.pk, status=held.status).update(
            status=SubmissionStatus.RECEIVED
        )
    telling.answered(clarification, by=by)
    held.refresh_from_db()
    return held


#: Letters that look like another: of Cyrillic and Greek, and those that no VIN has because they are
#: read as digits.
_LOOKALIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХѴԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧOIQ", "ABES1JKMH0PCTYXV0WABEZH1KMN0PTYX010"
)


def plain_serial(serial: str) -> str:
    """A serial number as it is compared: spaces, dashes, case, accents, full-width and look-alike
    characters do not make one item two."""
    whole = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", serial).upper())
    kept = "".join(character for character in whole if character.isalnum()).translate(_LOOKALIKE)
    return kept or serial.strip().upper()


def _store_teardown(submission: Submission, exhibits: list[Exhibit], new: NewTeardown) -> None:
    serial_key = keyed("serial", plain_serial(new.serial))
    unit = Unit.objects.create(
        product=submission.claim.product, serial_key=serial_key, label=new.unit_label
    )
    teardown = Teardown(submission=submission, unit=unit, laboratory=new.laboratory,
        performed_date=new.performed_date,
        title=credit_translations(new.title, Role.CONTRIBUTOR),
    )  # fmt: skip
    teardown.full_clean(validate_constraints=False)
    teardown.save(force_insert=True)
    parts: dict[str, Part] = {}
    for number, step in enumerate(new.steps, start=1):
        part = None
        if step.part:
            key = step.part["text"]
            part = parts.get(key) or Part.objects.create(
                teardown=teardown,
                number=len(parts) + 1,
                name=credit_translations(step.part, Role.CONTRIBUTOR),
            )
            parts[key] = part
        if step.photo is not None and not 1 <= step.photo <= len(exhibits):
            raise ValidationError(
                _("Step %(step)d names a photo that was not submitted.") % {"step": number}
            )
        exhibit = exhibits[step.photo - 1] if step.photo is not None else None
        TeardownStep.objects.create(
            teardown=teardown, number=number, part=part, exhibit=exhibit,
            done=credit_translations(step.done, Role.CONTRIBUTOR),
            seen=credit_translations(step.seen, Role.CONTRIBUTOR),
        )  # fmt: skip
    for value in new.measurements:
        if value.aspect.claim_id != submission.claim_id:
            raise ValidationError(_("A measurement must belong to a point of the claim."))
        credited = {
            name: credit_translations(getattr(value, name), Role.CONTRIBUTOR)
            for name in ("quantity", "instrument", "method", "conditions")
        }
        measurement = Measurement(teardown=teardown, **{**vars(value), **credited})
        measurement.full_clean(validate_constraints=False)
        measurement.save(force_insert=True)


@transaction.atomic
def mark_read(
    *,
    by: ledger.Actor,
    exhibit: Exhibit,
    now: datetime,
    outcome: str,
    status: str,
    metadata: str | None = None,
    **fields: Any,
) -> bool:
    """Record the result of processing one exhibit: its size, image fingerprint and sealed
    metadata, or why it cannot be displayed.

    Runs inside the job's own transaction. False, and nothing is changed, where the exhibit is no
    more as it was when it was read (its file was erased, another job was first), or where no arrow
    leads from there to `status`. What was erased of it is not written again.
    """
    erasure.block_erasure()
    gone = erased_fields(registry.of(exhibit).name, str(exhibit.pk))
    if not gone.isdisjoint(IN_THE_ORIGINAL) or status not in EXHIBIT_TRANSITIONS[exhibit.status]:
        return False
    if metadata is not None:
        ledger.seal(exhibit, metadata=metadata)
        fields["metadata"] = exhibit.metadata
    kept = {name: value for name, value in fields.items() if name not in gone}
    with ledger.act("exhibit.read", by=by, role="system"):
        changed = Exhibit.objects.filter(pk=exhibit.pk, status=exhibit.status).update(
            status=status, **kept
        )
        if changed:
            _custody(exhibit, CustodyKind.READ, agent="decoder", now=now, outcome=outcome)
    return bool(changed)


@transaction.atomic
def read_again(*, by: User, exhibit: Exhibit, now: datetime) -> None:
    """Have a photo that could not be read tried once more, when the decoder has learned more. Once
    a minute. Raises NotAllowedError."""
    check_read_again(by, exhibit)
    jobs.enqueue(
        "evidence.read_exhibit",
        {"exhibit": str(exhibit.pk)},
        key=f"read_exhibit:{exhibit.pk}:{now:%Y-%m-%dT%H:%M}",
    )


def decision_blocked(*, by: User, submission: Submission) -> str | None:
    """The sentence that stands against `by` deciding on `submission`, or None."""
    try:
        check_decide(by, submission)
    except NotAllowedError as error:
        return str(error)
    return None


@transaction.atomic
def decide_submission(
    *,
    by: User,
    submission: Submission,
    decision: str,
    reason: LocalizedText,
    now: datetime,
    grades: Mapping[str, tuple[str, str, LocalizedText]] | None = None,
    captions: Mapping[str, LocalizedText] | None = None,
    version: str = "",
) -> Submission:
    """Accept a submission, ask for more information, or do not accept it. Accepting publishes
    copies of the exhibits, never the originals.

    One that was returned waits for its owner's answer; without it, it can only be refused.

    `grades` maps exhibit ids to (source A–F, information 1–6, reason); `captions` to what stands
    under the picture. `version` is what the page showed (claims.editing). Raises NotAllowedError,
    SubmissionChangedError, RowChangedError, ValidationError.
    """
    if decision not in {
        SubmissionStatus.ACCEPTED,
        SubmissionStatus.RETURNED,
        SubmissionStatus.REFUSED,
    }:
        raise ValidationError(
            _("A submission can only be accepted, returned for more information, or not accepted.")
        )
    held = Submission.objects.select_for_update().get(pk=submission.pk)
    if decision not in SUBMISSION_TRANSITIONS[held.status]:
        raise SubmissionChangedError(held)
    if version:
        compare(held, version)
    check_decide(by, held)
    if not reason.get("text", "").strip():
        raise ValidationError(_("Give a reason. The submitter reads it."))
    exhibits = {
        str(exhibit.pk): exhibit
        for exhibit in Exhibit.objects.select_related("submission").filter(submission=held)
    }
    if decision == SubmissionStatus.ACCEPTED and any(
        exhibit.status == ExhibitStatus.STORED for exhibit in exhibits.values()
    ):
        raise ValidationError(
            _("Some photos are still being processed. Decide once all of them are visible.")
        )
    for key, (source, information, why) in (grades or {}).items():
        grade_exhibit(
            by=by,
            exhibit=exhibits[key],
            source=source,
            information=information,
            reason=why,
            now=now,
        )
    with ledger.act(f"submission.{decision}", by=by, role=Role.MODERATOR):
        for key, caption in (captions or {}).items():
            Exhibit.objects.filter(pk=exhibits[key].pk).update(
                caption=credit_translations(caption, Role.MODERATOR, exhibits[key].caption)
            )
        changed = Submission.objects.filter(pk=held.pk, status=held.status).update(
            status=decision,
            decision_reason=reason,
            decided_by=by,
            decided_at=now,
            decided_date=now.date(),
        )
        if not changed:
            raise SubmissionChangedError(Submission.objects.get(pk=held.pk))
        if decision == SubmissionStatus.ACCEPTED:
            for exhibit in exhibits.values():
                if exhibit.status == ExhibitStatus.READY:
                    _custody(
                        exhibit,
                        CustodyKind.PUBLISHED,
                        agent=by.pseudonym,
                        now=now,
                        outcome="renditions",
                    )
    telling.decided(held, decision, by=by)
    held.refresh_from_db()
    return held


@transaction.atomic
def grade_exhibit(
    *,
    by: User,
    exhibit: Exhibit,
    source: str,
    information: str,
    reason: LocalizedText,
    now: datetime,
) -> None:
    """Grade an exhibit: source A–F and information 1–6, judged separately, with the reason. Raises
    NotAllowedError, ValidationError."""
    check_grade(by, exhibit)
    exhibit.grade_source, exhibit.grade_information, exhibit.grade_reason = (
        source,
        information,
        reason,
    )
    exhibit.clean_fields(exclude=["digest", "filename", "metadata", "pdq", "submission"])
    if not source or not information or not reason.get("text", "").strip():
        raise ValidationError(_("A grade needs a letter, a number and a reason."))
    if exhibit.status != ExhibitStatus.READY and information != InformationGrade.SIX:
        raise ValidationError(UNSEEN)
    with ledger.act("exhibit.graded", by=by, role=Role.MODERATOR):
        exhibit.save(update_fields=["grade_source", "grade_information", "grade_reason"])
        _custody(
            exhibit,
            CustodyKind.GRADED,
            agent=by.pseudonym,
            now=now,
            outcome=f"{source}{information}",
        )


@transaction.atomic
def view_original(*, by: User, exhibit: Exhibit, now: datetime) -> str:
    """Log that `by` views an original, and return the digest of its bytes. Raises
    NotAllowedError."""
    check_view_original(by, exhibit)
    own = exhibit.submission.filed_by_id == by.pk
    agent = exhibit.submission.pseudonym if own else by.pseudonym
    with ledger.act(
        "exhibit.original_viewed",
        by=by,
        role=Role.CONTRIBUTOR if own else Role.MODERATOR,
        name=agent,
    ):
        _custody(exhibit, CustodyKind.ORIGINAL_VIEWED, agent=agent, now=now)
    return str(ledger.unseal(exhibit, "digest"))


@transaction.atomic
def open_sealed(*, by: User, submission: Submission, now: datetime) -> SealedView:
    """Log and allow one view of the confidential data of a submission. Raises NotAllowedError."""
    check_open_sealed(by, submission)
    with ledger.act("submission.sealed_opened", by=by, role=Role.MODERATOR):
        return SealedView.objects.create(submission=submission, agent=by.pseudonym, opened_at=now)


@transaction.atomic
def withdraw_submission(*, by: User, submission: Submission, reason: str, now: datetime) -> None:
    """Withdraw a submission, by its submitter, with a reason; verdicts that used it keep its
    hashes. Raises NotAllowedError, SubmissionChangedError.

    A withdrawn one that was decided was accepted: a question with which it was once returned is no
    decision that stands.
    """
    held = Submission.objects.select_for_update().get(pk=submission.pk)
    check_withdraw(by, held)
    if not reason.strip():
        raise ValidationError(_("Give the reason for the withdrawal."))
    if held.status in {SubmissionStatus.REFUSED, SubmissionStatus.WITHDRAWN}:
        raise SubmissionChangedError(held)
    was_public = held.status == SubmissionStatus.ACCEPTED
    undecided: dict[str, None] = (
        {} if was_public else dict.fromkeys(("decided_by", "decided_at", "decided_date"))
    )
    with ledger.act(
        "submission.withdrawn",
        by=by,
        role=Role.CONTRIBUTOR,
        name=held.pseudonym,
        reason=reason,
        reason_public=False,
    ):
        Submission.objects.filter(pk=held.pk, status=held.status).update(
            status=SubmissionStatus.WITHDRAWN,
            withdrawal_reason=reason.strip(),
            withdrawn_at=now,
            **undecided,
        )
        for exhibit in Exhibit.objects.filter(submission=held):
            _custody(exhibit, CustodyKind.WITHDRAWN, agent=held.pseudonym, now=now)
    if was_public:
        after_withdrawal.call(held)


#: What follows in apps above when accepted evidence is withdrawn.
after_withdrawal: Final = Followers[Submission]()
