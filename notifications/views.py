"""Pages of one's own notifications."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import current_account, signed_in
from notifications import actions
from notifications.models import Notification, NotificationQuerySet
from notifications.rendering import show
from ui.languages import address

#: How many stand on one page.
SIZE: Final = 30


@require_safe
@never_cache
@signed_in
def inbox(request: HttpRequest) -> HttpResponse:
    """What the user was told, newest first."""
    mine = Notification.objects.of(current_account(request))
    last = _named(mine, request.GET.get("before", ""))
    rows = list((mine.older_than(last) if last else mine).newest_first()[: SIZE + 1])
    shown, more = rows[:SIZE], len(rows) > SIZE
    here = address("notifications:inbox")
    context = {
        "rows": [show(row) for row in shown],
        "unread": mine.unread_count(),
        "newest": shown[0].pk if shown else None,
        "later": f"{here}?before={shown[-1].pk}" if more else "",
        "first": here if last else "",
    }
    return render(request, "notifications/inbox.html", context)


def _named(mine: NotificationQuerySet, text: str) -> Notification | None:
    """The row of `mine` that an address or a form names; None for anything else."""
    try:
        return mine.filter(pk=UUID(text)).first()
    except ValueError:
        return None


@require_POST
@never_cache
@signed_in
def read(request: HttpRequest, notification: UUID) -> HttpResponse:
    """Mark one as read."""
    user = current_account(request)
    row = get_object_or_404(Notification.objects.of(user), pk=notification)
    actions.mark_read(by=user, notification=row, now=timezone.now())
    return redirect("notifications:inbox")


@require_POST
@never_cache
@signed_in
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark as read what the page showed and all that is older."""
    user = current_account(request)
    newest = _named(Notification.objects.of(user), request.POST.get("newest", ""))
    if newest is None:
        raise Http404
    count = actions.mark_all_read(by=user, newest=newest, now=timezone.now())
    if count:
        sentence = ngettext(
            "%(count)d notification marked as read.",
            "%(count)d notifications marked as read.",
            count,
        )
        messages.success(request, sentence % {"count": count})
    else:
        messages.info(request, _("These were marked as read already."))
    return redirect("notifications:inbox")
