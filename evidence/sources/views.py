"""Copies of a source handed in by moderators, and its alerts."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import current_account, requires
from accounts.models import Role
from accounts.saved_forms import refill, run_once
from claims.models import Source
from engines.storage.blobs import StorageUnavailableError, TooLargeError
from evidence.sources import actions
from evidence.sources.actions import upload_capture
from evidence.sources.forms import CopyForm
from evidence.sources.models import Alert, Observation
from evidence.sources.states import ObservationMethod, ObservationResult
from evidence.stores import refusal
from ui.languages import in_page_language

SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def upload(request: HttpRequest, source: UUID) -> HttpResponse:
    """Add a saved copy of a source, and see those that were added."""
    row = get_object_or_404(Source.objects.select_related("company"), pk=source)
    form, status = (
        CopyForm(request.POST, request.FILES) if request.method == "POST" else CopyForm(),
        200,
    )
    refill(request, form)
    if request.method == "POST":
        status = 400
        if form.is_valid():
            content, content_type = form.content()

            def add() -> str:
                observation = upload_capture(
                    by=current_account(request), source=row, content=content,
                    content_type=content_type,
                    captured_at=form.cleaned_data["captured_at"], note=form.cleaned_data["note"],
                    now=timezone.now(),
                )  # fmt: skip
                messages.success(request, _told(observation))
                return reverse("evidence:upload", args=[row.pk])

            try:
                return redirect(run_once(request, add))
            except ValidationError as error:
                form.add_error(None, error.messages)
            except TooLargeError:
                form.add_error(
                    "file",
                    ValidationError(
                        _("The file is larger than 25 MiB. Nothing was saved."), code="too_large"
                    ),
                )
            except StorageUnavailableError as error:
                sentence, status = refusal(error)
                form.add_error(None, sentence)
        status = 413 if form.too_large else status
    copies = Observation.objects.filter(source=row, method=ObservationMethod.UPLOAD).select_related(
        "capture", "version"
    )
    context = {
        "source": row,
        "form": form,
        "copies": copies.defer("version__body").order_by("-looked_at", "-id")[:SHOWN],
    }
    return render(request, "evidence/upload.html", context, status=status)


def _told(observation: Observation) -> str:
    version = observation.version
    if version is None:
        return _(
            "Saved. Its text matches no version, and later checks found other texts, so it is "
            "not one of the versions."
        )
    if observation.type == ObservationResult.OK:
        return _("Saved as version %(number)d.") % {"number": version.number}
    return _("Saved. It has the text of version %(number)d.") % {"number": version.number}


@require_POST
@never_cache
@requires(Role.MODERATOR)
def handle_alert(request: HttpRequest, alert: UUID) -> HttpResponse:
    """Mark an alert as seen."""
    actions.handle_alert(
        by=current_account(request), alert=get_object_or_404(Alert, pk=alert), now=timezone.now()
    )
    # the desk belongs to a later app, whose names this one does not know
    return redirect(in_page_language("/desk/"))
