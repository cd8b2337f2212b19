"""Regions and comparisons: by moderators on pictures of others, inside the picture, public with
their submissions alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Role
from accounts.permissions import NotAllowedError
from claims.editing import RowChangedError, version
from claims.localized_text import write
from evidence.exhibits.actions import pointing
from evidence.exhibits.models import Comparison, Exhibit, Region
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.workflows import force

pytestmark = pytest.mark.django_db
WORDS = write("en", "The outlet", zh_Hans="出口")


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_evidence(scenes.build_claim())


def mark(scene: scenes.Scene, **changes: Any) -> Region:
    given = {
        "by": scene.moderator,
        "exhibit": scene.exhibits()[0],
        "x": 100,
        "y": 200,
        "width": 300,
        "height": 250,
        "caption": WORDS,
    }
    return pointing.mark_region(**{**given, **changes})


def test_regions_are_numbered_as_they_come_and_a_number_is_not_given_twice(
    scene: scenes.Scene,
) -> None:
    first, second = mark(scene), mark(scene)
    pointing.remove_region(by=scene.moderator, region=first)
    assert [first.number, second.number, mark(scene).number] == [1, 2, 3]
    sequence()
    kinds = list(
        Entry.objects.filter(object_label="region").order_by("index").values_list("kind", flat=True)
    )
    assert kinds == [
        "exhibit.region_marked",
        "exhibit.region_marked",
        "exhibit.region_removed",
        "exhibit.region_marked",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"x": 701},
        {"y": 751},
        {"x": -1},
        {"caption": {}},
        {"caption": write("en", " ")},
    ],
    ids=str,
)
def test_a_region_lies_inside_the_picture_and_says_something(
    scene: scenes.Scene, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        mark(scene, **wrong)
    assert not Region.objects.exists()
    assert mark(scene, x=700, y=750).number == 1  # the edge itself is inside


def test_the_database_holds_the_edges_too(scene: scenes.Scene) -> None:
    region = mark(scene)
    with pytest.raises(IntegrityError), transaction.atomic():
        Region.objects.filter(pk=region.pk).update(x=701)
    with pytest.raises(IntegrityError), transaction.atomic():
        Region.objects.filter(pk=region.pk).update(height=0)


def test_nobody_points_at_what_they_filed_or_cannot_see(scene: scenes.Scene) -> None:
    exhibit = scene.exhibits()[0]
    with pytest.raises(NotAllowedError):
        mark(scene, by=scene.adjudicator)
    filer = exhibit.submission.filed_by
    scenes.grant_role(
        by=scenes.ledger.SYSTEM,
        user=filer,
        organisation=scenes.operator_body(),
        role=Role.MODERATOR,
        now=scene.now,
    )
    with pytest.raises(NotAllowedError, match="submitted this yourself"):
        mark(scene, by=type(filer).objects.get(pk=filer.pk))
    Exhibit.objects.filter(pk=exhibit.pk).update(status="withheld")
    with pytest.raises(NotAllowedError, match="no picture"):
        mark(scene)


def test_two_exhibits_of_one_claim_are_compared_once(scene: scenes.Scene) -> None:
    before, after = scene.exhibits()[:2]
    first = pointing.compare_exhibits(by=scene.moderator, before=before, after=after, title=WORDS)
    # whoever did not see the title that stands does not replace it
    with pytest.raises(RowChangedError):
        pointing.compare_exhibits(
            by=scene.moderator, before=before, after=after, title=write("en", "Another title")
        )
    again = pointing.compare_exhibits(
        by=scene.moderator,
        before=before,
        after=after,
        title=write("en", "Another title"),
        version=version(first),
    )
    assert first.pk == again.pk
    assert Comparison.objects.get().title["text"] == "Another title"
    with pytest.raises(ValidationError):
        pointing.compare_exhibits(by=scene.moderator, before=before, after=before, title=WORDS)
    pointing.remove_comparison(by=scene.moderator, comparison=first)
    assert not Comparison.objects.exists()


def test_what_is_pointed_at_is_public_only_with_its_submissions(client: Client) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    comparison = scenes.build_pointing(scene)
    path, exhibit = (
        f"/api/v1/comparisons/{comparison.pk}/",
        f"/api/v1/exhibits/{comparison.after.reference}/",
    )
    assert client.get(path).json()["before"] == comparison.before.reference
    assert client.get(exhibit).json()["regions"] == [
        {"number": 1, "x": 100, "y": 200, "width": 300, "height": 250, "caption": WORDS}
    ]
    scenes.Submission.objects.filter(pk=comparison.before.submission_id).update(status="withdrawn")
    assert client.get(path).status_code == 404
    assert client.get("/api/v1/comparisons/").json()["results"] == []
    assert not Region.objects.public().filter(exhibit=comparison.before).exists()
    assert Region.objects.public().count() == 1


def test_the_desk_marks_compares_and_takes_back(client: Client, scene: scenes.Scene) -> None:
    before, after = scene.exhibits()[:2]
    client.force_login(scene.second_moderator)
    page = f"/desk/exhibits/{after.reference}/regions/"
    wrong = client.post(page, {"x": 900, "y": 0, "width": 200, "height": 10, "caption_en": "x"})
    assert wrong.status_code == 400
    assert "must lie inside the picture" in page_text(wrong)
    form = {
        "x": 1,
        "y": 2,
        "width": 3,
        "height": 4,
        "caption_en": "A screw",
        "caption_zh_Hans": "螺钉",
    }
    assert client.post(page, form).status_code == 302
    assert "A screw" in page_text(client.get(f"/exhibits/{after.reference}/"))
    pair = {"other": str(before.pk), "place": "after", "title_en": "Promised and delivered"}
    assert client.post(f"/desk/exhibits/{after.reference}/comparisons/", pair).status_code == 302
    shown = page_text(client.get(f"/exhibits/{before.reference}/"))
    assert "Promised and delivered" in shown
    assert (Comparison.objects.get().before, Comparison.objects.get().after) == (before, after)
    # without saying which mark was seen: nothing is taken off
    assert client.post(f"{page}1/remove/").status_code == 302
    assert (
        client.post(f"{page}1/remove/", {"version": version(Region.objects.get())}).status_code
        == 302
    )
    assert (
        client.post(f"/desk/comparisons/{Comparison.objects.get().pk}/remove/").status_code == 302
    )
    assert not Region.objects.exists()
    assert not Comparison.objects.exists()


def test_a_picture_that_is_not_there_says_why(client: Client) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    for status, sentence in (
        ("withheld", "The file was permanently deleted"),
        ("stored", "processing this file"),
        ("unreadable", "could not be processed safely"),
    ):
        force(
            Exhibit.objects.filter(pk=exhibit.pk),
            status=status,
            grade_source="",
            grade_information="",
        )
        exhibit.rendition_set.all().delete()
        assert sentence in page_text(client.get(f"/exhibits/{exhibit.reference}/"))
