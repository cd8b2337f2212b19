"""The work queue: all tasks of a moderator, an adjudicator or an auditor."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import current_account, requires
from accounts.models import Role
from claims.paging import page_of
from verdicts.work_items import LATER, NOW, SHORT, SOON, by_urgency, queues, work_item

DESK = (Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR)


def _kinds() -> list[tuple[str, str]]:
    return [
        ("replies", _("Reply deadlines")),
        ("entries", _("Entered replies to check")),
        ("alerts", _("Alerts")),
        ("proposals", _("Verdicts awaiting the second adjudicator")),
        ("returned", _("Returned verdicts")),
        ("shaken", _("Verdicts whose evidence was withdrawn")),
        ("submissions", _("Submissions to decide")),
        ("claim_proposals", _("Proposed claims")),
        ("aspects", _("Points awaiting a verdict")),
    ]


@require_safe
@never_cache
@requires(*DESK)
def desk(request: HttpRequest) -> HttpResponse:
    """The work queue, most urgent first: the oldest tasks of each kind, or all of one kind."""
    user, now, kinds = current_account(request), timezone.now(), queues()
    show = request.GET.get("show", "")
    show = show if show in kinds else ""
    pages = {
        name: page_of(rows, request.GET if show else {}, by=by, **({} if show else {"size": SHORT}))
        for name, (rows, by) in kinds.items()
        if show in {"", name}
    }
    items = by_urgency(
        [
            work_item(name, row, user=user, now=now)
            for name, page in pages.items()
            for row in page.rows
        ],
        now,
    )
    names = {NOW: _("Urgent"), SOON: _("Soon"), LATER: _("Low priority")}
    groups = [
        (names[urgency], list(rows))
        for urgency, rows in groupby(items, key=lambda item: item.urgency)
    ]
    context = {
        "show": show,
        "page": pages.get(show),
        "groups": groups,
        "kinds": _kinds(),
        "more": {name for name, page in pages.items() if page.next_cursor},
        "now": now,
        "handles_alerts": user.has_role(Role.MODERATOR),
        "registering": reverse("claims:register") if user.has_role(Role.MODERATOR) else "",
    }
    response = render(
        request,
        "verdicts/desk.html#queue" if request.headers.get("HX-Request") else "verdicts/desk.html",
        context,
    )
    patch_vary_headers(response, ["HX-Request"])
    return response
