"""The desk's page for pointing at pictures: marked regions, and pictures set against each other."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import current_account, requires
from accounts.models import Role
from accounts.permissions import objection
from accounts.saved_forms import refill, run_once
from claims.editing import RowChangedError, clash, refused_status, version
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from evidence.exhibits.actions import pointing
from evidence.exhibits.forms import CompareForm, RegionForm
from evidence.exhibits.models import Comparison, Exhibit, Region, Rendition, Submission
from evidence.exhibits.permissions import check_point
from evidence.exhibits.states import ExhibitStatus

MOST = 200


def _exhibit(request: HttpRequest, ref: str) -> Exhibit:
    visible = Submission.objects.visible_to(current_account(request))
    return resolve_reference(
        Exhibit.objects.filter(submission__in=visible).select_related("submission__claim"), ref
    )


def _others(exhibit: Exhibit) -> list[Exhibit]:
    """Pictures of the same claim that this one can be set against."""
    ready = Exhibit.objects.filter(
        submission__claim=exhibit.submission.claim_id, status=ExhibitStatus.READY
    ).exclude(pk=exhibit.pk)
    return list(ready.select_related("submission").order_by("reference")[:MOST])


def _page(
    request: HttpRequest,
    exhibit: Exhibit,
    *,
    region: RegionForm | None = None,
    compared: CompareForm | None = None,
) -> HttpResponse:
    pictures = {
        rendition.name: rendition for rendition in Rendition.objects.filter(exhibit=exhibit)
    }
    with_it = (
        Comparison.objects.filter(before=exhibit) | Comparison.objects.filter(after=exhibit)
    ).select_related("before", "after")
    marked = list(Region.objects.filter(exhibit=exhibit).order_by("number"))
    for mark in marked:
        mark.version = version(mark)  # type: ignore[attr-defined]  # the button that takes it off carries what was seen
    region_form, compare_form = (
        region or RegionForm(),
        compared or CompareForm(others=_others(exhibit)),
    )
    refill(request, region_form, compare_form)
    context = {
        "exhibit": exhibit,
        "claim": exhibit.submission.claim,
        "picture": pictures.get("page") or pictures.get("full") or pictures.get("thumb"),
        "regions": marked,
        "comparisons": list(with_it.order_by("pk")),
        "region_form": region_form,
        "compare_form": compare_form,
        "blocked": objection(check_point, current_account(request), exhibit),
    }
    return render(
        request,
        "evidence/regions.html",
        context,
        status=refused_status(compared) if compared else 400 if region else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def regions(request: HttpRequest, ref: str) -> HttpResponse:
    """The annotations of a picture, and a form to add one."""
    exhibit = _exhibit(request, ref)
    if elsewhere := redirect_to_canonical(request, exhibit.reference, ref):
        return elsewhere
    if request.method != "POST":
        return _page(request, exhibit)
    form = RegionForm(request.POST)

    def mark() -> str:
        region = pointing.mark_region(
            by=current_account(request), exhibit=exhibit, **form.cleaned_data
        )
        messages.success(request, _("Annotation %(number)d added.") % {"number": region.number})
        return reverse("evidence:regions", args=[exhibit.reference])

    if form.is_valid():
        try:
            return redirect(run_once(request, mark))
        except ValidationError as error:
            form.add_error(None, error.messages)
    return _page(request, exhibit, region=form)


@require_POST
@never_cache
@requires(Role.MODERATOR)
def remove_region(request: HttpRequest, ref: str, number: int) -> HttpResponse:
    """Remove an annotation."""
    region = get_object_or_404(
        Region.objects.select_related("exhibit__submission"),
        exhibit=_exhibit(request, ref),
        number=number,
    )
    try:
        pointing.remove_region(
            by=current_account(request),
            region=region,
            version=request.POST.get("version") or "unseen",
        )
    except RowChangedError:
        messages.error(
            request,
            _(
                "This number now belongs to another annotation. Nothing was removed; check the "
                "picture again."
            ),
        )
    else:
        messages.success(request, _("Annotation removed. The log keeps that it existed."))
    return redirect("evidence:regions", region.exhibit.reference)


@require_POST
@never_cache
@requires(Role.MODERATOR)
def compare(request: HttpRequest, ref: str) -> HttpResponse:
    """Compare a picture with another of the same claim."""
    exhibit = _exhibit(request, ref)
    others = _others(exhibit)
    form = CompareForm(request.POST, others=others)
    if not form.is_valid():
        return _page(request, exhibit, compared=form)
    other = next(
        (candidate for candidate in others if str(candidate.pk) == form.cleaned_data["other"]), None
    )
    if other is None:
        raise Http404
    before, after = (exhibit, other) if form.cleaned_data["place"] == "before" else (other, exhibit)
    try:
        pointing.compare_exhibits(
            by=current_account(request),
            before=before,
            after=after,
            title=form.cleaned_data["title"],
            version=form.cleaned_data["version"],
        )
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _page(request, exhibit, compared=form)
    except RowChangedError as changed:
        clash(form, changed)
        return _page(request, exhibit, compared=form)
    messages.success(request, _("The two pictures are now compared."))
    return redirect("evidence:regions", exhibit.reference)


@require_POST
@never_cache
@requires(Role.MODERATOR)
def remove_comparison(request: HttpRequest, comparison: UUID) -> HttpResponse:
    """Remove a comparison of two pictures."""
    rows = Comparison.objects.select_related("before__submission", "after__submission")
    row = get_object_or_404(rows, pk=comparison)
    pointing.remove_comparison(by=current_account(request), comparison=row)
    messages.success(request, _("Comparison removed. The log keeps that it existed."))
    return redirect("evidence:regions", row.after.reference)
