"""Moderators point at what is to be seen: marked regions of a picture, and two pictures set against
each other."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

import ledger
from accounts.models import Role, User
from claims.editing import compare, lock_seen
from claims.localized_text import LocalizedText
from evidence.exhibits.models import Comparison, Exhibit, Region
from evidence.exhibits.permissions import check_compare, check_point

MOST_REGIONS = 20


@transaction.atomic
def mark_region(
    *, by: User, exhibit: Exhibit, x: int, y: int, width: int, height: int, caption: LocalizedText
) -> Region:
    """Add an annotation to a picture, in per mille of its width and height from the upper left.
    It gets the next number.

    Raises NotAllowedError, ValidationError.
    """
    held = (
        Exhibit.objects.select_for_update(of=("self",))
        .select_related("submission")
        .get(pk=exhibit.pk)
    )
    check_point(by, held)
    if not caption.get("text", "").strip():
        raise ValidationError(_("Say what is visible there."))
    if min(x, y) < 0 or min(width, height) < 1 or x + width > 1000 or y + height > 1000:
        raise ValidationError(_("The annotation must lie inside the picture."))
    regions = Region.objects.filter(exhibit=held)
    if regions.count() >= MOST_REGIONS:
        raise ValidationError(
            _("At most %(count)d annotations on one picture.") % {"count": MOST_REGIONS}
        )
    number = (regions.aggregate(last=Max("number"))["last"] or 0) + 1
    region = Region(
        exhibit=held, number=number, x=x, y=y, width=width, height=height, caption=caption
    )
    region.full_clean(validate_constraints=False)
    with ledger.act("exhibit.region_marked", by=by, role=Role.MODERATOR):
        region.save(force_insert=True)
    return region


@transaction.atomic
def remove_region(*, by: User, region: Region, version: str = "") -> None:
    """Remove an annotation from a picture. The log keeps that it existed. Raises NotAllowedError,
    RowChangedError.

    `version` is the mark that was seen: its number may belong to another by now.
    """
    check_point(by, region.exhibit)
    lock_seen(region, version)
    with ledger.act("exhibit.region_removed", by=by, role=Role.MODERATOR):
        Region.objects.filter(pk=region.pk).delete()


@transaction.atomic
def compare_exhibits(
    *, by: User, before: Exhibit, after: Exhibit, title: LocalizedText, version: str = ""
) -> Comparison:
    """Compare what was advertised (`before`) with what was received (`after`). Idempotent.

    Another title replaces the one that stands only if `version` says that it was seen. Raises
    NotAllowedError, ValidationError, RowChangedError.
    """
    held = {exhibit.pk: exhibit for exhibit in _held(before.pk, after.pk)}
    before, after = held[before.pk], held[after.pk]
    check_compare(by, before, after)
    if before.pk == after.pk or before.submission.claim_id != after.submission.claim_id:
        raise ValidationError(_("Choose two different exhibits of one claim."))
    if not title.get("text", "").strip():
        raise ValidationError(_("Say what is compared."))
    standing = Comparison.objects.select_for_update().filter(before=before, after=after).first()
    if standing is not None and standing.title == title:
        return standing
    if standing is not None:
        compare(standing, version)
    with ledger.act("exhibit.compared", by=by, role=Role.MODERATOR):
        comparison, _made = Comparison.objects.update_or_create(
            before=before,
            after=after,
            defaults={"title": title},
            create_defaults={"title": title, "claim": before.submission.claim},
        )
    return comparison


def _held(*exhibits: UUID) -> QuerySet[Exhibit]:
    """These exhibits as they are now, locked: a photo may have been erased since the page was
    made."""
    return (
        Exhibit.objects.select_for_update(of=("self",))
        .select_related("submission")
        .filter(pk__in=exhibits)
        .order_by("pk")
    )


@transaction.atomic
def remove_comparison(*, by: User, comparison: Comparison) -> None:
    """Remove a comparison of two exhibits. The log keeps that it existed. Raises
    NotAllowedError."""
    check_compare(by, comparison.before, comparison.after)
    with ledger.act("exhibit.comparison_removed", by=by, role=Role.MODERATOR):
        Comparison.objects.filter(pk=comparison.pk).delete()
