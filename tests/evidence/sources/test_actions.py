"""What follows from a look: versions, sightings, disappearances, flags and alerts, in whatever
order the looks come in."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client

import jobs
from claims import actions as claims
from claims.localized_text import write
from claims.models import Flag, Source
from claims.states import FlagKind
from engines.text.extraction import Extract
from evidence.sources import actions as source_actions
from evidence.sources.actions import (
    WATCHER,
    ObservationData,
    handle_alert,
    locate_appearance,
    record_observation,
)
from evidence.sources.models import Alert, Capture, Disappearance, Observation, Sighting, Version
from evidence.sources.states import DisappearanceStatus, ObservationResult, SightingKind
from jobs.models import Job
from tests import scenes
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
EDITED = scenes.POST.replace("内部结构也一起改了，", "")
A, B, C = "甲。共同的一句话。", "乙。共同的一句话。", "丙。共同的一句话。"
WALL = "欢迎访问，请稍等片刻，我们正在确认您的浏览器。"


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def seen(text: str, at: datetime, **more: object) -> ObservationData:
    """A look that found this text."""
    digest = f"{abs(hash(text)):064x}"[:64]
    found = Extract("", text, "zh-Hans")
    return ObservationData(
        **{
            "type": "ok",
            "looked_at": at,
            "status": 200,
            "extract": found,
            "digest": digest,
            "size": len(text),
            **more,
        }
    )


def look(
    source: Source, *, at: datetime, text: str | None = None, kind: str = "gone", **more: object
) -> Observation:
    looked = (
        seen(text, at, **more)
        if text is not None
        else ObservationData(type=kind, looked_at=at, **more)
    )
    return record_observation(by=WATCHER, source=source, looked=looked, now=at)


def flags(scene: scenes.Scene) -> set[str]:
    return set(Flag.objects.raised().filter(claim=scene.claim).values_list("kind", flat=True))


def test_a_text_that_comes_back_is_a_third_version(scene: scenes.Scene) -> None:
    times = [scene.now + n * HOUR for n in range(5)]
    for at, text in zip(times, [A, A, B, B, A], strict=True):
        look(scene.source, at=at, text=text)
    versions = list(Version.objects.in_order())
    assert [(one.number, one.body) for one in versions] == [(1, A), (2, B), (3, A)]
    assert versions[0].digest == versions[2].digest
    assert [(one.not_before, one.not_after) for one in versions] == [
        (None, times[0]),
        (times[1], times[2]),
        (times[3], times[4]),
    ]
    assert list(Observation.objects.order_by("looked_at").values_list("type",
        "version__number")) == [
        ("ok", 1), ("unchanged", 1), ("ok", 2), ("unchanged", 2), ("ok", 3),
    ]  # fmt: skip
    assert Capture.objects.count() == 3, "what was found unchanged is not stored again"


def test_a_language_that_no_page_tells_is_that_of_the_source(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text="42", extract=Extract("", "42", "und"))
    assert Version.objects.get().lang == "zh-Hans"


def test_an_answer_that_nothing_changed_points_at_the_newest_version(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=A)
    observation = look(scene.source, at=scene.now + HOUR, kind="unchanged", status=304)
    assert (observation.type, observation.version.number) == ("unchanged", 1)


def test_where_the_source_changed_meanwhile_the_bytes_are_fetched_again(
    scene: scenes.Scene,
) -> None:
    """The fetch found the version it knew, so it stored no bytes; before it was written down, a
    newer version was."""
    look(scene.source, at=scene.now, text=A)
    look(scene.source, at=scene.now + HOUR, text=B)
    with pytest.raises(jobs.Retry):
        look(scene.source, at=scene.now + 2 * HOUR, text=A, type="unchanged", digest="")
    assert Version.objects.count() == 2


def test_words_that_vanish_raise_a_flag_and_an_alert_once(scene: scenes.Scene) -> None:
    for hour, text in enumerate([scenes.POST, EDITED, EDITED + "又及。"]):
        look(scene.source, at=scene.now + hour * HOUR, text=text)
    assert flags(scene) == {FlagKind.EDITED_AFTER_PUBLICATION}
    look(scene.source, at=scene.now + 3 * HOUR, text=scenes.POST)
    kinds = list(Sighting.objects.order_by("version__number").values_list("kind", flat=True))
    assert kinds == [
        SightingKind.VERBATIM,
        SightingKind.REWORDED,
        SightingKind.REWORDED,
        SightingKind.VERBATIM,
    ]
    assert flags(scene) == set(), "the words are back, so it falls"
    assert Flag.objects.get().lifted_at == scene.now + 3 * HOUR
    alert = Alert.objects.get()
    assert (alert.kind, alert.version.number) == ("quote_vanished", 2)
    passage = Sighting.objects.get(version__number=2)
    assert Version.objects.get(number=2).body[passage.start : passage.end] == passage.passage


def test_a_claim_placed_later_is_looked_for_in_every_version(scene: scenes.Scene) -> None:
    for hour, text in enumerate(["双风道散热。随车交付。", "随车交付。"]):
        look(scene.source, at=scene.now + hour * HOUR, text=text)
    for hour in (2, 5, 9):
        look(scene.source, at=scene.now + hour * HOUR)
    claim = claims.register_claim(
        by=scene.moderator, product=scene.product, quote="双风道散热", quote_lang="zh-Hans",
        summary=write("en", "ducts"), kind="puffery",
        aspects=[], now=scene.now,
    )  # fmt: skip
    appearance = claims.place_claim(
        by=scene.moderator, claim=claim, source=scene.source, exact="双风道散热", now=scene.now
    )
    assert [
        one.kind for one in locate_appearance(by=WATCHER, appearance=appearance, now=scene.now)
    ] == ["verbatim", "absent"]
    again = locate_appearance(by=WATCHER, appearance=appearance, now=scene.now)
    assert len(again) == Sighting.objects.filter(appearance=appearance).count() == 2
    assert set(Flag.objects.raised().filter(claim=claim).values_list("kind", flat=True)) == {
        FlagKind.EDITED_AFTER_PUBLICATION, FlagKind.DELETED,
    }  # fmt: skip


def test_a_disappearance_takes_several_looks_spread_over_time(
    scene: scenes.Scene, settings
) -> None:
    settings.DISAPPEARANCE_CONFIRMATIONS, settings.DISAPPEARANCE_SPREAD = 3, 6 * HOUR
    look(scene.source, at=scene.now, text=scenes.POST)
    minute = timedelta(minutes=1)
    for number in range(4):
        look(scene.source, at=scene.now + HOUR + number * minute)
    assert Disappearance.objects.get().status == DisappearanceStatus.SUSPECTED, (
        "four looks within four minutes are one"
    )
    assert flags(scene) == set()
    look(scene.source, at=scene.now + 8 * HOUR, kind="tombstone")
    going = Disappearance.objects.get()
    assert (going.status, going.type, going.confirmations) == ("confirmed", "tombstone", 5)
    assert (going.last_seen_at, going.first_missing_at, going.confirmed_at) == (
        scene.now,
        scene.now + HOUR,
        scene.now + 8 * HOUR,
    )
    assert flags(scene) == {FlagKind.DELETED}
    assert Alert.objects.get().kind == "source_gone"
    look(scene.source, at=scene.now + 9 * HOUR)
    assert Disappearance.objects.get().confirmations == 5
    assert Job.objects.filter(kind="reports.snapshot").count() == 1


@pytest.mark.parametrize("kind", ["gone", "tombstone", "soft_404", "blocked"])
def test_a_page_that_was_never_found_is_not_said_to_be_gone(
    scene: scenes.Scene, client: Client, kind: str
) -> None:
    for hour in (0, 2, 5, 9, 13):
        look(scene.source, at=scene.now + hour * HOUR, kind=kind)
    assert not Disappearance.objects.exists()
    assert flags(scene) == set()
    assert Alert.objects.get().kind == "source_unfound", (
        "a person is told, once: the address may be mistyped"
    )
    page = client.get(f"/claims/{scene.claim.reference}/").content.decode()
    assert "not found at any check so far" in page
    assert "no longer available" not in page.lower()
    look(scene.source, at=scene.now + 14 * HOUR, text=scenes.POST)
    for hour in (15, 18, 22):
        look(scene.source, at=scene.now + hour * HOUR)
    assert flags(scene) == {FlagKind.DELETED}, "once it was seen, it can go"


@pytest.mark.parametrize(
    "kind",
    sorted(
        {*ObservationResult.values}
        - {"ok", "unchanged", "gone", "tombstone", "soft_404", "suspect"}
    ),
)
def test_a_failed_visit_never_counts_as_a_disappearance(scene: scenes.Scene, kind: str) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    for hour in (1, 5, 9, 13):
        look(scene.source, at=scene.now + hour * HOUR, kind=kind)
    assert not Disappearance.objects.exists()
    assert flags(scene) == set()


def test_what_is_back_is_reversed_and_stays_in_the_history(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    for hour in (1, 5, 9):
        look(scene.source, at=scene.now + hour * HOUR)
    assert flags(scene) == {FlagKind.DELETED}
    look(scene.source, at=scene.now + 10 * HOUR, kind="unchanged", status=304)
    going = Disappearance.objects.get()
    assert (going.status, going.reversed_at, going.confirmed_at) == (
        "reversed",
        scene.now + 10 * HOUR,
        scene.now + 9 * HOUR,
    )
    assert flags(scene) == set()
    assert Flag.objects.get().lifted_at is not None
    assert list(Alert.objects.order_by("pk").values_list("kind", flat=True)) == [
        "source_gone",
        "source_back",
    ]
    look(scene.source, at=scene.now + 11 * HOUR)
    assert Disappearance.objects.count() == 2, "gone again is another disappearance"


def test_a_claim_stays_deleted_while_another_of_its_sources_is_gone(scene: scenes.Scene) -> None:
    other = claims.add_source(
        by=scene.moderator, company=scene.company, channel="product_page",
        title=write("en", "page"), url="https://brand.example/p",
        now=scene.now, watched=False,
    )  # fmt: skip
    claims.place_claim(
        by=scene.moderator, claim=scene.claim, source=other, exact="风道", now=scene.now
    )
    for source in (scene.source, other):
        look(source, at=scene.now, text=scenes.POST if source == scene.source else "风道")
        for hour in (1, 5, 9):
            look(source, at=scene.now + hour * HOUR)
    look(scene.source, at=scene.now + 10 * HOUR, text=scenes.POST)
    assert flags(scene) == {FlagKind.DELETED}
    look(other, at=scene.now + 10 * HOUR, text="风道")
    assert flags(scene) == set()


def test_a_suspicion_that_was_wrong_is_dropped_without_a_word(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    look(scene.source, at=scene.now + HOUR)
    look(scene.source, at=scene.now + 2 * HOUR, text=scenes.POST)
    assert Disappearance.objects.get().status == DisappearanceStatus.REVERSED
    assert not Alert.objects.exists()
    assert not Flag.objects.exists()


def test_a_look_that_was_overtaken_changes_no_version(scene: scenes.Scene) -> None:
    """Two looks were under way at once, and the earlier one is written down last."""
    look(scene.source, at=scene.now, text=A)
    look(scene.source, at=scene.now + 2 * HOUR, text=B)
    known = look(scene.source, at=scene.now + HOUR, text=A)
    assert (known.type, known.version.number) == ("unchanged", 1)
    unknown = look(scene.source, at=scene.now + HOUR / 2, text=C)
    assert (unknown.type, unknown.version, unknown.capture.digest) == (
        "transient",
        None,
        seen(C, scene.now).digest,
    )
    look(scene.source, at=scene.now + HOUR / 3, kind="gone")
    assert Version.objects.count() == 2
    assert not Disappearance.objects.exists()


def test_an_alert_is_handled_once(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    look(scene.source, at=scene.now + HOUR, text=EDITED)
    handle_alert(by=scene.moderator, alert=Alert.objects.get(), now=scene.now)
    handle_alert(by=scene.second_moderator, alert=Alert.objects.get(), now=scene.now + HOUR)
    assert (Alert.objects.get().handled_by, Alert.objects.get().handled_at) == (
        scene.moderator,
        scene.now,
    )


def test_nothing_of_a_look_is_kept_when_the_record_cannot_be_written(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("no record")

    monkeypatch.setattr(source_actions, "_locate", broken)
    with pytest.raises(RuntimeError, match="no record"):
        look(scene.source, at=scene.now, text=scenes.POST)
    assert not Observation.objects.exists()
    assert not Version.objects.exists()
    assert not Capture.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_looks_at_once_number_their_versions_one_after_the_other(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock on the source both find the same newest version: the test can fail."""
    scene = scenes.build_claim()
    look(scene.source, at=scene.now, text=A)
    both = threading.Barrier(2, timeout=10)
    if not guarded:
        monkeypatch.setattr(
            "django.db.models.query.QuerySet.select_for_update", lambda self, **options: self
        )
        real = source_actions._capture

        def together(*args: object) -> object:
            both.wait()
            return real(*args)

        monkeypatch.setattr(source_actions, "_capture", together)
    ends: list[str] = []

    def visit(hour: int) -> None:
        try:
            look(scene.source, at=scene.now + HOUR, text=f"{hour}。共同的一句话。")
            ends.append("stored")
        except Exception as error:  # whatever it is, the assertion below names it
            ends.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=visit, args=(hour,)) for hour in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if guarded:
        assert ends == ["stored", "stored"]
        numbers = list(Version.objects.in_order().values_list("number", flat=True))
        assert numbers == [1, 2, 3]
        assert all(a.not_after <= b.not_after for a, b in pairwise(Version.objects.in_order()))
    else:
        assert sorted(ends) == ["IntegrityError", "stored"]


# --- nobody is accused falsely --------------------------------------------------------------------


def test_an_answer_that_shares_nothing_with_the_page_makes_no_version_and_no_flag(
    scene: scenes.Scene,
) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    wall = look(scene.source, at=scene.now + HOUR, text=WALL)
    assert (wall.type, wall.version, wall.capture.digest) == (
        "suspect",
        None,
        seen(WALL, scene.now).digest,
    ), "its bytes are kept"
    assert look(scene.source, at=scene.now + 2 * HOUR, text=scenes.POST).type == "unchanged"
    assert Version.objects.count() == 1
    assert not Flag.objects.exists()
    assert not Alert.objects.exists()


def test_without_the_doubt_a_wall_accuses_the_company(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the guard off, one wall page raises the flag."""
    monkeypatch.setattr(source_actions, "continues", lambda text, previous: True)
    look(scene.source, at=scene.now, text=scenes.POST)
    look(scene.source, at=scene.now + HOUR, text=WALL)
    assert flags(scene) == {FlagKind.EDITED_AFTER_PUBLICATION}


def test_three_looks_over_hours_that_agree_are_a_version_counted_from_the_first(
    scene: scenes.Scene,
) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    for hour in (1, 2):
        assert look(scene.source, at=scene.now + hour * HOUR, text=WALL).type == "suspect"
    look(scene.source, at=scene.now + 2.5 * HOUR, kind="transient")
    third = look(scene.source, at=scene.now + 3 * HOUR, text=WALL)
    assert (third.type, third.version.number) == ("ok", 2)
    assert (third.version.not_before, third.version.not_after) == (scene.now, scene.now + HOUR)
    assert flags(scene) == {FlagKind.EDITED_AFTER_PUBLICATION}
    assert look(scene.source, at=scene.now + 4 * HOUR, text=WALL).type == "unchanged"


def test_looks_within_minutes_or_of_different_texts_do_not_agree(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    for minute in range(1, 9):
        look(scene.source, at=scene.now + minute * HOUR / 60, text=WALL)
    look(scene.source, at=scene.now + HOUR, text=scenes.POST)
    for hour in (2, 3):
        look(scene.source, at=scene.now + hour * HOUR, text=WALL)
    assert Version.objects.count() == 1, "the page was seen in between, so the count begins again"
    for hour in range(4, 9):
        look(scene.source, at=scene.now + hour * HOUR, text=f"另一个页面，编号{hour}，与此无关。")
    assert Version.objects.count() == 1
    assert Alert.objects.get().kind == "source_suspect", (
        "a person is told, once, of what never agrees"
    )
    assert not Flag.objects.exists()


def test_a_suspect_look_is_neither_a_disappearance_nor_the_end_of_one(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    for hour in (1, 5, 9):
        look(scene.source, at=scene.now + hour * HOUR)
    look(scene.source, at=scene.now + 10 * HOUR, text=WALL)
    assert Disappearance.objects.get().status == "confirmed"


@pytest.mark.parametrize(
    "text",
    [
        scenes.POST.replace("，", "、"),
        scenes.POST.replace("。", "！"),
        scenes.POST.replace("，内部结构", "内部结构"),
        f"“{scenes.POST}”",
        scenes.POST.replace("双风道", "（双风道）"),
        scenes.POST.replace("，", ", ").replace("。", "."),
        scenes.POST.replace("，", "\n"),
    ],
)
def test_punctuation_alone_raises_no_flag_and_no_alert(scene: scenes.Scene, text: str) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    look(scene.source, at=scene.now + HOUR, text=text)
    assert Sighting.objects.get(version__number=2).stands
    assert flags(scene) == set()
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("quote", "before", "after"),
    [
        (
            "工作温度-5℃起。",
            "工作温度-5℃起。随车交付的说明书里有。",
            "工作温度5℃起。随车交付的说明书里有。",
        ),
        (
            "选装价¥42,000。",
            "选装价¥42,000。随车交付的说明书里有。",
            "选装价$42,000。随车交付的说明书里有。",
        ),
        (
            "降温20%以上。",
            "降温20%以上。随车交付的说明书里有。",
            "降温20℃以上。随车交付的说明书里有。",
        ),
        (
            "Peak load 5 MW",
            "Peak load 5 MW. It is in the manual of the car.",
            "Peak load 5 mW. It is in the manual of the car.",
        ),
        (
            "the hood is 1.3 kg",
            "the hood is 1.3 kg. It is in the manual of the car.",
            "the hood is 13 kg. It is in the manual of the car.",
        ),
    ],
)
def test_a_sign_a_currency_or_a_unit_is_no_punctuation(
    scene: scenes.Scene, quote: str, before: str, after: str
) -> None:
    claim = claims.register_claim(
        by=scene.moderator, product=scene.product, quote=quote, quote_lang="en",
        summary=write("en", "it"), kind="puffery", aspects=[],
        now=scene.now,
    )  # fmt: skip
    claims.place_claim(
        by=scene.moderator, claim=claim, source=scene.source, exact=quote, now=scene.now
    )
    look(scene.source, at=scene.now, text=before)
    look(scene.source, at=scene.now + HOUR, text=after)
    assert list(Flag.objects.filter(claim=claim).values_list("kind", flat=True)) == [
        FlagKind.EDITED_AFTER_PUBLICATION
    ]


def read_by(text: str, version: str) -> Extract:
    return Extract("", text, "zh-Hans", version=version)


def test_another_extractor_accuses_nobody(scene: scenes.Scene) -> None:
    """The bytes of the old version cannot be read any more, so nobody can say whose doing the
    difference is."""
    look(scene.source, at=scene.now, text=scenes.POST)
    look(scene.source, at=scene.now + HOUR, text=EDITED, extract=read_by(EDITED, "later"))
    assert [one.kind for one in Sighting.objects.order_by("version__number")] == [
        "verbatim",
        "reworded",
    ]
    assert flags(scene) == set()
    assert not Alert.objects.exists()


def test_what_another_extractor_reads_in_the_same_bytes_is_a_technical_version(
    scene: scenes.Scene,
) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    reread = read_by(EDITED, "later")
    found = look(scene.source, at=scene.now + HOUR, text=EDITED, extract=reread, reread=reread)
    first, second = Version.objects.in_order()
    assert (found.type, found.version) == ("unchanged", second)
    assert (second.capture, second.not_before, second.not_after) == (
        first.capture,
        first.not_before,
        first.not_after,
    )
    assert flags(scene) == set()
    assert not Alert.objects.exists()


def test_an_edit_is_found_although_the_extractor_changed_too(scene: scenes.Scene) -> None:
    look(scene.source, at=scene.now, text=scenes.POST)
    look(
        scene.source,
        at=scene.now + HOUR,
        text=EDITED,
        extract=read_by(EDITED, "later"),
        reread=read_by(scenes.POST + "页脚。", "later"),
    )
    assert [(one.number, one.body) for one in Version.objects.in_order()] == [
        (1, scenes.POST),
        (2, scenes.POST + "页脚。"),
        (3, EDITED),
    ]
    assert Version.objects.get(number=3).not_before == scene.now, (
        "the looks at the first are looks at the bytes that were read again"
    )
    assert flags(scene) == {FlagKind.EDITED_AFTER_PUBLICATION}


def test_a_flag_stays_while_the_words_are_gone_from_another_source(scene: scenes.Scene) -> None:
    other = claims.add_source(
        by=scene.moderator, company=scene.company, channel="product_page",
        title=write("en", "page"), url="https://brand.example/p",
        now=scene.now, watched=False,
    )  # fmt: skip
    claims.place_claim(
        by=scene.moderator, claim=scene.claim, source=other, exact=scenes.POST, now=scene.now
    )
    for source in (scene.source, other):
        look(source, at=scene.now, text=scenes.POST)
        look(source, at=scene.now + HOUR, text=EDITED)
    look(other, at=scene.now + 2 * HOUR, text=scenes.POST)
    assert flags(scene) == {FlagKind.EDITED_AFTER_PUBLICATION}
    look(scene.source, at=scene.now + 2 * HOUR, text=scenes.POST + "又及。")
    assert flags(scene) == set()
