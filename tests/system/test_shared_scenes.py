"""A kept scene is as it was built for whoever asks for it, and not there for anyone else."""

from __future__ import annotations

import pytest

from claims.models import Claim
from evidence.exhibits.models import Exhibit
from evidence.stores import originals
from ledger import unseal
from tests import scenes
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_evidence(scenes.build_claim())


@pytest.mark.parametrize("time", [1, 2, 3])
def test_what_one_test_does_is_gone_for_the_next(scene: scenes.Scene, time: int) -> None:
    assert (scene.claim.quote, Claim.objects.get().quote) == (scenes.POST, scenes.POST)
    files = [originals().path(str(unseal(one, "digest"))) for one in Exhibit.objects.all()]
    assert [file.exists() for file in files] == [True, True, True]
    files[0].unlink()
    scene.claim.quote = "Other words."
    scenes.person(f"visitor{time}")
    scenes.build_claim_beside(scene)
    assert Claim.objects.count() == 2


def test_who_asks_for_none_sees_none() -> None:
    assert not Claim.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_who_commits_has_one_of_his_own(scene: scenes.Scene) -> None:
    assert Claim.objects.get().pk == scene.claim.pk
