"""A verdict is replaced: the form begins with what stands, and everyone at the desk sees what would
be different."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from claims.localized_text import write
from tests import scenes
from tests.pages import page_text
from verdicts import actions, previews
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def standing() -> tuple[scenes.Scene, Verdict]:
    scene = scenes.build_claim()
    return scene, scenes.build_verdict(scene)


def signed_in(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_form_begins_with_what_stands(standing: tuple[scenes.Scene, Verdict]) -> None:
    scene, verdict = standing
    client = signed_in(scene.adjudicator)
    path = f"/desk/aspects/{scene.ducts.pk}/verdict/"
    page = page_text(client.get(path))
    assert "No air reaches the brakes." in page
    assert "没有空气到达制动。" in page
    (rating,) = [
        tag for tag in page.split("<input") if 'name="rating"' in tag and " checked" in tag
    ]
    assert 'value="not_delivered"' in rating
    assert page.count('name="exhibits"') == len(scene.exhibits())
    for reference in verdict.verdictexhibit_set.values_list("exhibit__reference", flat=True):
        (tag,) = [each for each in page.split("<input") if f'value="{reference}"' in each]
        assert " checked" in tag.partition(">")[0]


def test_both_adjudicators_see_the_difference_and_nobody_else(
    standing: tuple[scenes.Scene, Verdict],
) -> None:
    scene, _verdict = standing
    public = f"/claims/{scene.claim.reference}/"
    before = page_text(Client().get(public, follow=True))
    sent = {
        "rating": "partly_delivered",
        "rationale_en": "Little air reaches the brakes.",
        "rationale_zh_Hans": "没有空气到达制动。",
        "exhibits": [scene.exhibits()[0].reference],
        "reason": "Another car was measured.",
    }
    client = signed_in(scene.adjudicator)
    path = f"/desk/aspects/{scene.ducts.pk}/verdict/"
    preview = page_text(client.post(path, {**sent, "do": "preview"}))
    answer = client.post(path, sent)
    assert answer.status_code == 302, page_text(answer)
    decision = page_text(signed_in(scene.second_adjudicator).get(answer["Location"], follow=True))
    for page in (preview, decision):
        assert "Compared with the current verdict" in page
        assert "<del>No</del><ins>Little</ins> air reaches the brakes." in page
        assert "<del>没有" not in page, "what is the same in Chinese is not told"
        assert "<del>Not as claimed</del> → <ins>Partly as claimed</ins>" in page
    proposed = Verdict.objects.get(status="proposed")
    assert page_text(Client().get(public, follow=True)) == before
    actions.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=scene.now)
    assert "Partly as claimed" in page_text(Client().get(public, follow=True))


def test_what_is_the_same_is_said_to_be(standing: tuple[scenes.Scene, Verdict]) -> None:
    scene, verdict = standing
    pinned = list(verdict.verdictexhibit_set.values_list("exhibit__reference", flat=True))
    same = Verdict(
        rating=verdict.rating, mechanism=verdict.mechanism, rationale=verdict.rationale,
        attempts=verdict.attempts,
    )  # fmt: skip
    assert previews.replaced(verdict, same, pinned) == []
    # by hand: one language more is a difference in that language alone
    same.rationale = write("en", "No air reaches the brakes.")
    (row,) = previews.replaced(verdict, same, pinned)
    assert (row.name, row.lang) == ("rationale", "zh-Hans")
    (row,) = previews.replaced(verdict, verdict, [])
    assert (row.name, row.before, row.after) == ("exhibits", ", ".join(sorted(pinned)), "")
    assert scene
