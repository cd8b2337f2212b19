"""Photos sent ahead of their form: each by itself, so that a lost connection costs one photo and
not the evening.

Steps: 1. ask the quotas; 2. store the bytes under their SHA-256; 3. name them by a row. Killed
after 2, the sender sends again and the row names the same bytes. The form then takes its rows
(`take`) in the transaction that files it. What is never sent is swept after `STAGED_KEPT_FOR`, with
its bytes if nothing else names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from claims.models import Claim
from engines.storage.blobs import Readable, StoredBlob
from evidence.exhibits import keyed
from evidence.exhibits.models import StagedPhoto
from evidence.exhibits.permissions import check_file
from evidence.stores import originals

DAY = timedelta(days=1)


class QuotaReachedError(Exception):
    """The account sent ahead, or filed, as much as it may in a day. Views answer 429."""


@dataclass(frozen=True)
class NewPhoto:
    """A photo whose bytes are in the store already (`receive`, `stage`)."""

    stored: StoredBlob
    filename: str = ""
    caption: dict[str, Any] = field(default_factory=dict)


def plain_name(name: str) -> str:
    """The name of a file as its owner knows it, for showing: no path before it, no character that
    is not seen (NUL, controls, those that turn the direction of writing), at most 200
    characters."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(character for character in last if character.isprintable()).strip()[:200]


def receive(stream: Readable) -> StoredBlob:
    """Store the bytes of one photo, before anything looks inside. Raises engines.storage.blobs'
    TooLargeError and StorageUnavailableError."""
    return originals().put(stream, limit=settings.EXHIBIT_MAX_BYTES)


def check_quota(*, by: User, form_key: str, coming: int, now: datetime) -> None:
    """Raises QuotaReachedError if `coming` more bytes would be more than the account may send
    ahead, ValidationError if the form is full."""
    mine = StagedPhoto.objects.filter(user=by)
    if mine.kept().filter(form_key=form_key).count() >= settings.SUBMISSION_MAX_EXHIBITS:
        raise ValidationError(
            _("At most %(count)d photos in one submission.")
            % {"count": settings.SUBMISSION_MAX_EXHIBITS}
        )
    sent = mine.filter(created_at__gt=now - DAY).aggregate(count=Count("pk"), size=Sum("size"))
    if (
        sent["count"] >= settings.STAGED_MAX_PHOTOS
        or (sent["size"] or 0) + coming > settings.STAGED_MAX_BYTES
    ):
        raise QuotaReachedError


def staged_before(*, by: User, form_key: str, file_key: str) -> StagedPhoto | None:
    """The photo that was sent under this key, if it can still be used."""
    return StagedPhoto.objects.kept().filter(user=by, form_key=form_key, file_key=file_key).first()


@transaction.atomic
def stage(
    *,
    by: User,
    claim: Claim,
    form_key: str,
    file_key: str,
    stored: StoredBlob,
    filename: str,
    now: datetime,
) -> StagedPhoto:
    """Name bytes that are in the store by a row of the form. The same `file_key` again is the same
    row.

    Raises NotAllowedError, QuotaReachedError, ValidationError.
    """
    check_file(by, claim)
    # One at a time for an account, so that many at once can't pass the quota together.
    User.objects.select_for_update().get(pk=by.pk)
    if photo := staged_before(by=by, form_key=form_key, file_key=file_key):
        return photo
    check_quota(by=by, form_key=form_key, coming=stored.size, now=now)
    keyed.make()  # a photo on its way counts as a use of the key, so it may not come before it
    return StagedPhoto.objects.create(
        user=by, claim=claim, form_key=form_key, file_key=file_key, digest=stored.sha256,
        size=stored.size, filename=plain_name(filename),
        created_at=now,
    )  # fmt: skip


def take(*, by: User, form_key: str, chosen: Sequence[UUID], now: datetime) -> list[NewPhoto]:
    """The chosen photos of the form, in their order, closed so that nobody takes them twice. Runs
    in the transaction that files them.

    Raises ValidationError when one is no longer there.
    """
    if not chosen:
        return []
    rows = (
        StagedPhoto.objects.kept()
        .filter(user=by, form_key=form_key, pk__in=chosen)
        .select_for_update()
    )
    photos = {photo.pk: photo for photo in rows}
    wanted = list(dict.fromkeys(chosen))
    if len(photos) != len(wanted):
        raise ValidationError(
            _(
                "A photo was deleted, because photos that are not submitted are kept only for a "
                "time. Please choose it again."
            ),
            code="staged_gone",
        )
    # What the exhibit keeps sealed does not stay open here: only the size, for the quota.
    StagedPhoto.objects.filter(pk__in=wanted).update(closed_at=now, digest="", filename="")
    return [
        NewPhoto(StoredBlob(photos[pk].digest, photos[pk].size, False), photos[pk].filename)
        for pk in wanted
    ]


def still_staged(*, by: User, form_key: str, chosen: Sequence[UUID]) -> bool:
    """Whether one of the chosen photos waits to be filed."""
    return StagedPhoto.objects.kept().filter(user=by, form_key=form_key, pk__in=chosen).exists()


def discard(*, by: User, photo: UUID, now: datetime) -> bool:
    """Take a staged photo off its form; False if it is not there. Its bytes go with the next
    sweep."""
    return StagedPhoto.objects.kept().filter(user=by, pk=photo).update(closed_at=now) == 1
