"""Views of evidence: filing, one's own submissions, and the moderators' review."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    UnreadablePostError,
)
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import current_account, requires, signed_in
from accounts.models import OrganisationKind, Role
from accounts.permissions import NotAllowedError, objection
from accounts.saved_forms import AlreadySentError, refill, run_once, saved_text
from claims.editing import resend
from claims.localized_text import write
from claims.models import Aspect, Claim
from claims.paging import page_of
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from engines.storage.blobs import BlobMissingError, StorageUnavailableError, TooLargeError
from evidence.exhibits.actions import filing, staging
from evidence.exhibits.affiliation import affiliation
from evidence.exhibits.forms import (
    MEASUREMENTS,
    STEPS,
    AnswerForm,
    FilingForm,
    MeasurementForm,
    StepForm,
    TeardownForm,
)
from evidence.exhibits.keyed import keyed
from evidence.exhibits.models import (
    Clarification,
    Exhibit,
    Measurement,
    Rendition,
    Submission,
    Teardown,
    TeardownStep,
)
from evidence.exhibits.permissions import check_answer, check_file, check_withdraw
from evidence.exhibits.states import Affiliation, ExhibitStatus, SubmissionStatus
from evidence.exhibits.unread import unread_because
from evidence.stores import originals, refusal, renditions
from ledger.models import Checkpoint


class _Filing:
    """The forms of one filing page, bound to what was sent."""

    def __init__(self, request: HttpRequest, claim: Claim) -> None:
        data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        self.main = FilingForm(data, files, filer=current_account(request), claim=claim)
        self.teardown = TeardownForm(data, prefix="teardown")
        self.steps = [StepForm(data, prefix=f"step-{n}") for n in range(1, STEPS + 1)]
        self.measurements = [
            MeasurementForm(data, prefix=f"measurement-{n}", claim=claim)
            for n in range(1, MEASUREMENTS + 1)
        ]

    @property
    def all(self) -> list[forms.Form]:
        return [self.main, self.teardown, *self.steps, *self.measurements]

    def valid(self) -> bool:
        """Whether every form is, and nothing hangs on a teardown that was not described."""
        valid = [form.is_valid() for form in self.all]  # each is to say what is wrong with it
        if not all(valid):
            return False
        hanging = any(step.cleaned_data["done"] for step in self.steps) or any(
            form.filled for form in self.measurements
        )
        if hanging and not self.teardown.filled:
            self.teardown.add_error(
                None, _("Steps and measurements belong to a teardown: describe the teardown first.")
            )
            return False
        return True

    def new_teardown(self, claim: Claim) -> filing.NewTeardown | None:
        """The teardown as the action takes it, or None."""
        if not self.teardown.filled:
            return None
        given, lang, body = (
            self.teardown.cleaned_data,
            self.main.cleaned_data["narrative_lang"],
            self.main.filed_for,
        )
        aspects = {str(aspect.pk): aspect for aspect in Aspect.objects.filter(claim=claim)}
        steps = [
            filing.NewStep(
                done=write(lang, step.cleaned_data["done"]),
                seen=write(lang, step.cleaned_data["seen"]) if step.cleaned_data["seen"] else {},
                photo=step.cleaned_data["photo"],
            )
            for step in self.steps
            if step.cleaned_data["done"]
        ]
        measured = [
            filing.NewMeasurement(
                aspect=aspects[form.cleaned_data["aspect"]],
                quantity=write(lang, form.cleaned_data["quantity"]),
                value=form.cleaned_data["value"],
                standard_uncertainty=form.cleaned_data["standard_uncertainty"],
                unit_name=form.cleaned_data["unit_name"],
                instrument=write(lang, form.cleaned_data["instrument"]),
                method=write(lang, form.cleaned_data["method"]),
                measured_date=given["performed_date"],
            )
            for form in self.measurements
            if form.filled
        ]
        return filing.NewTeardown(
            title=write(lang, given["title"]),
            unit_label=given["unit_label"],
            serial=given["serial"],
            performed_date=given["performed_date"],
            steps=steps,
            measurements=measured,
            laboratory=body if body and body.kind == OrganisationKind.LABORATORY else None,
        )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def file(request: HttpRequest, ref: str) -> HttpResponse:
    """Submit evidence on a claim. Entered text is kept when something is wrong; the same form
    sent twice counts once."""
    claim = resolve_reference(Claim.objects.public(), ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    forms_, status = _Filing(request, claim), 200
    blocked = objection(check_file, current_account(request), claim)
    refill(request, *forms_.all)
    if request.method == "POST":
        if forms_.valid():
            given = forms_.main.cleaned_data

            def hand_in() -> str:
                submission = filing.file_submission(
                    by=current_account(request),
                    claim=claim,
                    narrative=given["narrative"],
                    narrative_lang=given["narrative_lang"],
                    licence=given["licence"],
                    contact=given["contact"],
                    idempotency_key=given["idempotency_key"],
                    now=timezone.now(),
                    photos=filing.receive_photos(
                        by=current_account(request),
                        files=given["photos"],
                        now=timezone.now(),
                        idempotency_key=given["idempotency_key"],
                    ),
                    teardown=forms_.new_teardown(claim),
                    organisation=forms_.main.filed_for,
                    staged=given["staged"],
                )
                messages.success(
                    request,
                    _("Received. A moderator reviews it next; this page shows the progress."),
                )
                return reverse("evidence:submission", args=[submission.reference])

            try:
                return redirect(run_once(request, hand_in))
            except AlreadySentError as error:
                # sent again it is another submission
                resend(forms_.main, "idempotency_key", str(uuid4()))
                forms_.main.add_error(None, error.messages)
            except ValidationError as error:
                forms_.main.add_error(None, error.messages)
            except TooLargeError:
                forms_.main.add_error(
                    "photos",
                    ValidationError(_("A file is too large. Nothing was saved."), code="too_large"),
                )
            except StorageUnavailableError as error:
                sentence, status = refusal(error)
                forms_.main.add_error(None, sentence)
            except staging.QuotaReachedError:
                forms_.main.add_error(
                    None, _("You have reached the daily limit of one account. Continue tomorrow.")
                )
                status = 429
            except filing.IdempotencyKeyReusedError as error:
                sentence = _(
                    "You submitted this form before, as %(reference)s, which is unchanged. Later "
                    "changes were not saved. Open the form again to submit them as well."
                )
                forms_.main.add_error(None, sentence % {"reference": error.submission.reference})
                status = 409
        status = status if status != 200 else 413 if forms_.main.too_large else 400
    # A photo whose mark was taken away stays without it; one that came just now has never been
    # asked about.
    dropped = (
        {photo.pk for photo in forms_.main.kept} - set(forms_.main.chosen)
        if status != 200
        else set()
    )
    lost = status != 200 and not _keep(request, claim, forms_.main.form_key)
    context = {
        "claim": claim,
        "forms": forms_,
        "blocked": blocked,
        "lost_files": lost,
        "dropped": dropped,
    }
    context["for_a_company"] = current_account(request).has_company_seat
    context |= {"limit": settings.EXHIBIT_MAX_BYTES, "at_most": settings.SUBMISSION_MAX_EXHIBITS}
    return render(request, "evidence/file.html", context, status=status)


def _keep(request: HttpRequest, claim: Claim, form_key: str) -> bool:
    """Stage the photos of a form that was not taken, so that nobody has to choose them again. False
    if one could not be kept."""
    kept = True
    for file in request.FILES.getlist("photos"):
        if not form_key or (file.size or 0) > settings.EXHIBIT_MAX_BYTES:
            continue  # the form says itself that it is too large
        try:
            file.seek(0)
            staging.check_quota(
                by=current_account(request),
                form_key=form_key,
                coming=file.size or 0,
                now=timezone.now(),
            )
            stored = staging.receive(file)
            staging.stage(
                by=current_account(request), claim=claim, form_key=form_key,
                file_key=keyed("staged", f"{form_key} {stored.sha256}"),
                stored=stored,
                filename=file.name or "", now=timezone.now(),
            )  # fmt: skip
        except (
            ValidationError,
            NotAllowedError,
            StorageUnavailableError,
            TooLargeError,
            staging.QuotaReachedError,
        ):
            kept = False
    return kept


class _Body:
    """The body of a request, which must be as long as it was said to be: half a photo is no
    photo."""

    def __init__(self, request: HttpRequest, length: int) -> None:
        self.request, self.left = request, length

    def read(self, size: int = -1) -> bytes:
        chunk: bytes = self.request.read(size)
        self.left -= len(chunk)
        if not chunk and self.left > 0:
            raise UnreadablePostError
        return chunk


def _said(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)


@require_POST
@never_cache
@signed_in
def stage_photo(request: HttpRequest, ref: str) -> JsonResponse:
    """Upload one photo before its form: the body has the bytes, the headers name form and file.
    Idempotent."""
    user, claim = current_account(request), resolve_reference(Claim.objects.public(), ref)
    form_key, file_key = (request.headers.get(name, "") for name in ("X-Form-Key", "X-File-Key"))
    length_header = str(request.META.get("CONTENT_LENGTH") or "")
    length = int(length_header) if length_header.isdecimal() and length_header.isascii() else 0
    if not length or not all(
        0 < len(key) <= 80 and key.isprintable() for key in (form_key, file_key)
    ):
        return _said(_("No photo was received."), 400)
    check_file(user, claim)
    status = 200
    photo = staging.staged_before(by=user, form_key=form_key, file_key=file_key)
    if photo is None:
        status = 201
        try:
            if length > settings.EXHIBIT_MAX_BYTES:
                raise TooLargeError(settings.EXHIBIT_MAX_BYTES)
            staging.check_quota(by=user, form_key=form_key, coming=length, now=timezone.now())
            stored = staging.receive(_Body(request, length))
            photo = staging.stage(
                by=user, claim=claim, form_key=form_key, file_key=file_key, stored=stored,
                filename=unquote(request.headers.get("X-File-Name", "")), now=timezone.now(),
            )  # fmt: skip
        except TooLargeError as error:
            return _said(
                _("The file is larger than %(limit)s.") % {"limit": filesizeformat(error.limit)},
                413,
            )
        except StorageUnavailableError as error:
            return _said(*refusal(error))
        except staging.QuotaReachedError:
            return _said(
                _(
                    "You have reached the daily upload limit. Submit these photos, and continue "
                    "tomorrow."
                ),
                429,
            )
        except ValidationError as error:
            return _said(" ".join(error.messages), 400)
        except UnreadablePostError:
            return _said(_("The connection was lost before the photo was uploaded."), 400)
    return JsonResponse({"id": str(photo.pk), "size": photo.size}, status=status)


@require_POST
@never_cache
@signed_in
def discard_photo(request: HttpRequest, photo: UUID) -> HttpResponse:
    """Remove a photo that was uploaded before its form."""
    if not staging.discard(by=current_account(request), photo=photo, now=timezone.now()):
        raise Http404
    return HttpResponse(status=204)


@require_safe
@never_cache
@signed_in
def submissions(request: HttpRequest) -> HttpResponse:
    """The user's submissions, newest first."""
    mine = (
        Submission.objects.filter(filed_by=current_account(request))
        .select_related("claim")
        .prefetch_related("exhibit_set")
    )
    page = page_of(mine, request.GET, by=("-filed_at", "-id"))
    rows = [(submission, _Files(submission)) for submission in page.rows]
    context = {"page": page, "rows": rows, "reading": any(files.reading for _one, files in rows)}
    fragment = bool(request.headers.get("HX-Request"))
    response = render(
        request,
        "evidence/submissions.html#list" if fragment else "evidence/submissions.html",
        context,
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


class _Files:
    """How far the files of a submission are: `all`, `done` (read, or found unreadable),
    `unreadable`, and whether some wait."""

    def __init__(self, submission: Submission) -> None:
        states = [exhibit.status for exhibit in submission.exhibit_set.all()]
        self.all = len(states)
        self.done = sum(state != ExhibitStatus.STORED for state in states)
        self.unreadable = sum(state == ExhibitStatus.UNREADABLE for state in states)

    @property
    def reading(self) -> bool:
        """Whether the decoder is not through with them."""
        return self.done < self.all


def _own(request: HttpRequest, ref: str) -> Submission:
    return resolve_reference(
        Submission.objects.filter(filed_by=current_account(request)).select_related("claim"), ref
    )


@require_safe
@never_cache
@signed_in
def submission(request: HttpRequest, ref: str) -> HttpResponse:
    """One submission of the user: its status, the decision with its reason, and withdrawal."""
    own = _own(request, ref)
    if elsewhere := redirect_to_canonical(request, own.reference, ref):
        return elsewhere
    return _submission_page(request, own, AnswerForm(), status=200)


def _submission_page(
    request: HttpRequest, submission: Submission, answering: AnswerForm, *, status: int
) -> HttpResponse:
    shown = _shown(submission)
    reading = sum(row["exhibit"].status == ExhibitStatus.STORED for row in shown)
    context = {
        "submission": submission,
        "shown": shown,
        "reading": reading,
        "ready": len(shown) - reading,
    }
    if request.headers.get("HX-Request"):
        response = render(request, "evidence/submission.html#files", context)
    else:
        checkpoint = Checkpoint.objects.order_by("-size").first()
        side = affiliation(submission)
        context |= {
            "side": "" if side == Affiliation.INDEPENDENT else side,
            "teardowns": teardowns_of(submission),
            "withdraw_blocked": _withdraw_blocked(submission),
            "kept_reason": saved_text(request, "reason"),
            "answering": answering if submission.status == SubmissionStatus.RETURNED else None,
            "answer_blocked": objection(check_answer, submission.filed_by, submission),
            "clarifications": Clarification.objects.filter(submission=submission).order_by(
                "number"
            ),
        }
        if checkpoint:
            root = base64.b64encode(checkpoint.root).decode()
            context["checkpoint"] = {
                "size": checkpoint.size,
                "root": root,
                "signed_at": checkpoint.signed_at,
            }
        response = render(request, "evidence/submission.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
@never_cache
@signed_in
def answer(request: HttpRequest, ref: str) -> HttpResponse:
    """Reply to a moderator's question about a submission, with more photos if there are any."""
    submission, by, now = _own(request, ref), current_account(request), timezone.now()
    form, status = AnswerForm(request.POST, request.FILES), 400
    if form.is_valid():
        given = form.cleaned_data
        try:
            filing.check_answerable(by=by, submission=submission)
            photos = (
                filing.receive_photos(by=by, files=given["photos"], now=now)
                if given["photos"]
                else []
            )
            filing.answer_question(
                by=by,
                submission=submission,
                answer=given["answer"],
                lang=given["answer_lang"],
                photos=photos,
                now=now,
            )
        except ValidationError as error:
            form.add_error(None, error.messages)
        except TooLargeError:
            form.add_error(
                "photos",
                ValidationError(_("A file is too large. Nothing was saved."), code="too_large"),
            )
        except StorageUnavailableError as error:
            sentence, status = refusal(error)
            form.add_error(None, sentence)
        except staging.QuotaReachedError:
            form.add_error(
                None, _("You have reached the daily limit of one account. Continue tomorrow.")
            )
            status = 429
        except filing.SubmissionChangedError as changed:
            messages.error(
                request,
                _("You cannot reply: its status is “%(status)s”.")
                % {"status": changed.submission.get_status_display()},
            )
            return redirect("evidence:submission", submission.reference)
        else:
            messages.success(request, _("Reply sent. A moderator will decide again."))
            return redirect("evidence:submission", submission.reference)
    return _submission_page(request, submission, form, status=413 if form.too_large else status)


def _withdraw_blocked(submission: Submission) -> str | None:
    if submission.status in {"refused", "withdrawn"}:
        return _("It was already not accepted or withdrawn.")
    return objection(check_withdraw, submission.filed_by, submission)


def _shown(submission: Submission) -> list[dict[str, Any]]:
    """Each exhibit with its pictures by name."""
    pictures: dict[UUID, dict[str, Rendition]] = {}
    for rendition in Rendition.objects.filter(exhibit__submission=submission):
        pictures.setdefault(rendition.exhibit_id, {})[rendition.name] = rendition
    exhibits = list(
        Exhibit.objects.filter(submission=submission)
        .select_related("submission")
        .seen_first("number")
    )
    unread = unread_because(exhibits)
    return [
        {
            "exhibit": exhibit,
            "picture": best(pictures.get(exhibit.pk, {})),
            "unread": unread.get(exhibit.pk, ""),
        }
        for exhibit in exhibits
    ]


def best(pictures: dict[str, Rendition]) -> Rendition | None:
    """The one of an exhibit's pictures that a page shows."""
    return pictures.get("page") or pictures.get("full") or pictures.get("thumb")


def teardowns_of(submission: Submission) -> list[Teardown]:
    """The teardowns of a submission with their steps and measurements."""
    steps = Prefetch(
        "teardownstep_set", TeardownStep.objects.select_related("exhibit").order_by("number")
    )
    measured = Prefetch(
        "measurement_set",
        Measurement.objects.select_related("aspect").order_by("measured_date", "pk"),
    )
    rows = Teardown.objects.filter(submission=submission).select_related("unit", "laboratory")
    return list(rows.prefetch_related(steps).prefetch_related(measured).order_by("id"))


@require_POST
@never_cache
@signed_in
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """Withdraw a submission, with the reason."""
    submission = _own(request, ref)
    try:
        filing.withdraw_submission(
            by=current_account(request),
            submission=submission,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )
        messages.success(
            request,
            _("Withdrawn. Its pictures are no longer public; verdicts that used it keep its hash."),
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except filing.SubmissionChangedError:
        messages.error(request, _("It was already not accepted or withdrawn."))
    return redirect("evidence:submission", submission.reference)


def _exhibit(request: HttpRequest, ref: str) -> Exhibit:
    visible = Submission.objects.visible_to(current_account(request))
    return resolve_reference(
        Exhibit.objects.filter(submission__in=visible).select_related("submission"), ref
    )


@require_safe
@never_cache
@signed_in
def picture(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The picture of an exhibit for its submitter and for moderators, public or not;
    `?size=full` is the largest."""
    exhibit = _exhibit(request, ref)
    pictures = {
        rendition.name: rendition for rendition in Rendition.objects.filter(exhibit=exhibit)
    }
    shown = pictures.get(request.GET.get("size", "")) or best(pictures)
    if shown is None:
        raise Http404
    try:
        content = renditions().open(shown.digest)
    except (BlobMissingError, ValueError):
        raise Http404 from None
    response = FileResponse(content, content_type=shown.media_type)
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_POST
@never_cache
@signed_in
def original(request: HttpRequest, ref: str) -> HttpResponseBase:
    """Download an original. Each view is logged first, so this is a form and no link."""
    exhibit = _exhibit(request, ref)
    digest = filing.view_original(by=current_account(request), exhibit=exhibit, now=timezone.now())
    try:
        content = originals().open(digest)
    except BlobMissingError:
        raise Http404 from None
    response = FileResponse(
        content,
        as_attachment=True,
        filename=f"{exhibit.reference}.bin",
        content_type="application/octet-stream",
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@never_cache
@requires(Role.MODERATOR)
def read_again(request: HttpRequest, ref: str) -> HttpResponse:
    """Process a photo again that could not be processed."""
    exhibit = _exhibit(request, ref)
    filing.read_again(by=current_account(request), exhibit=exhibit, now=timezone.now())
    messages.success(request, _("The photo is being processed again."))
    return redirect("evidence:review", exhibit.submission.reference)
