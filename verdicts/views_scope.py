"""Saying whether a point is judged at all."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.access import current_account, requires
from accounts.models import Role
from claims.models import Aspect
from claims.states import Progress
from verdicts import actions
from verdicts.gates import GateClosedError


@require_POST
@never_cache
@requires(Role.MODERATOR)
def scope(request: HttpRequest, aspect: UUID) -> HttpResponse:
    """Rule a point out of scope, with the reason, or bring it back."""
    row = get_object_or_404(Aspect.objects.select_related("claim"), pk=aspect)
    out = row.progress != Progress.OUT_OF_SCOPE
    change = actions.rule_out if out else actions.take_up_again
    try:
        change(by=current_account(request), aspect=row, reason=request.POST.get("reason", ""))
    except GateClosedError as closed:
        messages.error(request, str(closed))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, _("The point is out of scope.") if out else _("The point is in scope again.")
        )
    return redirect("verdicts:case", row.claim.reference)
