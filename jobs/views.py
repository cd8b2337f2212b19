"""What operators see and may do, and how far one job is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jobs import actions
from jobs.health import alarms, read_health
from jobs.models import Job
from jobs.states import OPEN, Queue, State

P = ParamSpec("P")
SHOWN = 100


def operators_only(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Anonymous visitors are sent to sign in; accounts that are not operators are refused."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _operator(request: HttpRequest) -> actions.Person:
    assert request.user.is_authenticated  # seen to by operators_only
    return request.user


@require_safe
@never_cache
@operators_only
def overview(request: HttpRequest) -> HttpResponse:
    """Jobs per queue and state, what is running, and failed jobs with their error."""
    counts = {
        (row["queue"], row["state"]): row["n"]
        for row in Job.objects.values("queue", "state").annotate(n=Count("id"))
    }
    now = read_health()
    fragment = request.headers.get("HX-Request") == "true"
    response = render(
        request,
        "jobs/overview.html" + ("#work" if fragment else ""),
        {
            "seen": timezone.now(),
            "late": settings.JOBS_HEARTBEAT_LATE.total_seconds(),
            "states": list(State),
            "rows": [
                (Queue(q.queue), q, [counts.get((q.queue, state), 0) for state in State])
                for q in now.queues
            ],
            "health": now,
            "alarms": [alarm.sentence % {"count": count} for alarm, count in alarms() if count],
            "running": Job.objects.filter(state=State.RUNNING).order_by("lease_until")[:SHOWN],
            "failed": Job.objects.filter(state=State.FAILED).order_by("-finished_at")[:SHOWN],
        },
    )
    response["Vary"] = "HX-Request"
    return response


@require_POST
@operators_only
def retry(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Try a job again that was set aside."""
    get_object_or_404(Job, pk=job_id)
    try:
        actions.retry(job_id=job_id, by=_operator(request))
        messages.success(request, _("The job will be retried."))
    except actions.NotInStateError:
        messages.error(request, _("The job is no longer failed."))
    return redirect("jobs:overview")


@require_POST
@operators_only
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Give up a job that waits or was set aside."""
    get_object_or_404(Job, pk=job_id)
    try:
        actions.cancel(job_id=job_id, by=_operator(request))
        messages.success(request, _("Job cancelled."))
    except actions.NotInStateError:
        messages.error(request, _("The job is running or has ended."))
    return redirect("jobs:overview")


@require_safe
@never_cache
def progress(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """How far the job is: a page, or its fragment for htmx. Open to whoever was given the id, which
    can't be guessed; it says neither what kind of work it is nor for whom."""
    shown = _shown(get_object_or_404(Job, pk=job_id))
    fragment = request.headers.get("HX-Request") == "true"
    response = render(
        request,
        "jobs/progress.html" + ("#progress" if fragment else ""),
        {"job_id": job_id, **shown},
    )
    response["Vary"] = "HX-Request"
    return response


@require_safe
@never_cache
def progress_json(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The same for programs: `{"state": "running", "done": 3, "total": 7}`."""
    shown = _shown(get_object_or_404(Job, pk=job_id))
    return JsonResponse({key: shown[key] for key in ("state", "done", "total")})


def _shown(job: Job) -> dict[str, object]:
    # An operator's word for trouble is none of the public's: a job that was set aside still waits,
    # as far as they can tell.
    state = State.QUEUED if job.state == State.FAILED else State(job.state)
    total = int(job.progress.get("total", 0))
    done = total if state is State.DONE else int(job.progress.get("done", 0))
    return {
        "state": state.value,
        "word": state.label,
        "open": state in OPEN,
        "done": done,
        "total": total,
    }
