"""Which pictures look like which others, with the rows behind the fingerprints: the same file twice
is one witness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models.fields.json import KeyTextTransform

from engines.decoding.fingerprints import QUALITY, neighbours
from evidence.exhibits.models import Exhibit

MOST = 12


@dataclass(frozen=True)
class SimilarPicture:
    """Another exhibit that shows the same picture: the same file byte for byte, or `distance` of
    256 bits apart."""

    exhibit: Exhibit
    same_file: bool
    distance: int


def similar_pictures(exhibits: Sequence[Exhibit]) -> dict[UUID, list[SimilarPicture]]:
    """For each of `exhibits` the others that show the same picture, nearest first, at most MOST; an
    empty list where there is none.

    Fingerprints of low quality match nothing, because all blank pictures look alike. One query for
    the files, one for the fingerprints and one for the rows that were found, however many exhibits
    there are.
    """
    distances: dict[UUID, dict[UUID, int]] = {exhibit.pk: {} for exhibit in exhibits}
    keys = {exhibit.duplicate_key for exhibit in exhibits} - {""}
    files: dict[str, set[UUID]] = {}
    for pk, key in Exhibit.objects.filter(duplicate_key__in=keys).values_list(
        "pk", "duplicate_key"
    ):
        files.setdefault(key, set()).add(pk)
    usable = [
        exhibit for exhibit in exhibits if exhibit.pdq and (exhibit.pdq_quality or 0) >= QUALITY
    ]
    if usable:
        rows = Exhibit.objects.filter(pdq_quality__gte=QUALITY, pdq__isnull=False).annotate(
            upright=KeyTextTransform("0", "pdq")
        )
        known = list(rows.values_list("pk", "upright"))
        hashes = [upright for _pk, upright in known]
        for exhibit in usable:
            nearby = distances[exhibit.pk]
            for place, distance in neighbours(exhibit.pdq or [], hashes):
                if known[place][0] != exhibit.pk and len(nearby) < MOST:
                    nearby[known[place][0]] = distance
    for exhibit in exhibits:
        for pk in files.get(exhibit.duplicate_key, set()) - {exhibit.pk}:
            distances[exhibit.pk][pk] = 0
    others = Exhibit.objects.filter(
        pk__in={pk for nearby in distances.values() for pk in nearby}
    ).select_related("submission")
    by_pk = {exhibit.pk: exhibit for exhibit in others}
    return {
        exhibit.pk: sorted(
            (
                SimilarPicture(
                    by_pk[pk],
                    bool(exhibit.duplicate_key)
                    and by_pk[pk].duplicate_key == exhibit.duplicate_key,
                    distance,
                )
                for pk, distance in distances[exhibit.pk].items()
            ),
            key=lambda picture: (
                not picture.same_file,
                picture.distance,
                picture.exhibit.reference,
            ),
        )
        for exhibit in exhibits
    }


def witnesses(exhibits: Iterable[Exhibit]) -> dict[UUID, UUID]:
    """For each contributor to `exhibits` the witness that they are: contributors who handed in the
    same file are one.

    Whoever hands in what another one did has not seen more than that, and two accounts of one
    person show the same photos. Only equal bytes count: photos that look alike are also what two
    owners take of two items of one kind. Gives the smallest id of each group.
    """
    rows = list(exhibits)
    files: dict[str, list[UUID]] = {}
    for exhibit in rows:
        if exhibit.duplicate_key:
            files.setdefault(exhibit.duplicate_key, []).append(exhibit.submission.contributor_id)
    witness_of = {
        exhibit.submission.contributor_id: exhibit.submission.contributor_id for exhibit in rows
    }
    for group in files.values():
        joined = {witness_of[contributor] for contributor in group}
        witness_of = {
            contributor: min(joined) if witness in joined else witness
            for contributor, witness in witness_of.items()
        }
    return witness_of
