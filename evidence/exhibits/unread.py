"""Why a photo could not be read, in words for the person who sent it and the moderator: kept apart
by what they can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engines.decoding import Code
from evidence.exhibits.models import CustodyEvent, Exhibit
from evidence.exhibits.states import CustodyKind, ExhibitStatus

BECAUSE: Final[Mapping[str, str | Promise]] = {
    Code.NOT_AN_IMAGE: _("This file is not a picture."),
    Code.UNSUPPORTED: _(
        "This file type is not supported. Use JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF."
    ),
    Code.TOO_LARGE: _("This file is too large for a photo."),
    Code.TOO_MANY_PIXELS: _(
        "This picture is too large: the limit is 250 megapixels for JPEG, 60 for other formats."
    ),
    Code.TRUNCATED: _(
        "This picture is incomplete. The upload may have been interrupted: send it again."
    ),
    Code.DAMAGED: _("This picture is damaged and cannot be displayed."),
    Code.BOMB: _("This file unpacks to far more than a photo."),
    Code.TIMEOUT: _("Processing this picture took too long. A moderator can try again."),
    Code.MEMORY: _("Processing this picture needed too much memory. A moderator can try again."),
    Code.CRASHED: _("We could not process this picture. A moderator can try again."),
}


def unread_because(exhibits: Iterable[Exhibit]) -> dict[UUID, str]:
    """A sentence for each of those that could not be read, in one query."""
    listed = [exhibit.pk for exhibit in exhibits if exhibit.status == ExhibitStatus.UNREADABLE]
    events = CustodyEvent.objects.filter(exhibit__in=listed, kind=CustodyKind.READ).order_by(
        "happened_at", "id"
    )
    return {
        event.exhibit_id: str(BECAUSE[event.outcome])
        for event in events
        if event.outcome in BECAUSE
    }
