"""Registering, correcting, placing and withdrawing what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

import ledger
from accounts.actions import found_organisation
from accounts.models import Role
from accounts.permissions import NotAllowedError
from claims import actions
from claims.editing import RowChangedError
from claims.forms import ClaimForm
from claims.forms_company import SourceForm
from claims.localized_text import write
from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Company,
    Criterion,
    Flag,
    Product,
    ProductOption,
    Source,
)
from jobs.models import Job
from ledger import history
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts.representation import represented_companies

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def register(scene: scenes.Scene, **more: Any) -> Claim:
    given = {
        "by": scene.moderator, "product": scene.product, "quote": "Made to last.",
        "quote_lang": "en", "now": NOW,
        "summary": write("en", "It lasts"),
        "aspects": [actions.NewAspect("quantity", write("en", "ten years"))],
    }  # fmt: skip
    return actions.register_claim(**{**given, **more})


def test_a_claim_is_registered_with_its_aspects_in_order(scene: scenes.Scene) -> None:
    due = date(2025, 6, 1)
    claim = register(
        scene,
        aspects=[
            actions.NewAspect("date", write("en", "by June"), due_date=due),
            actions.NewAspect(
                "quantity", write("en", "ten years"),
                criterion=actions.NewCriterion(property=write("en", "life"), comparator="at_least",
                value=Decimal(10), unit="year"),
            ),
        ],
    )  # fmt: skip
    first, second = Aspect.objects.filter(claim=claim).order_by("number")
    assert [(first.number, first.progress, first.due_date),
        (second.number, second.progress, second.due_date)] == [
        (1, "not_yet_due", due), (2, "not_yet_rated", None),
    ]  # fmt: skip
    assert Criterion.objects.get(aspect=second).value == 10
    assert claim.company == scene.company


def test_the_stake_is_the_options_price_unless_another_sum_is_given(scene: scenes.Scene) -> None:
    assert (scene.claim.stake, scene.claim.currency) == (Decimal(42000), "CNY")
    other = register(scene, option=scene.option, stake=Decimal(5000), currency="CNY")
    assert other.stake == Decimal(5000)
    assert register(scene).stake is None


def test_puffery_is_kept_without_aspects_and_nothing_else_is(scene: scenes.Scene) -> None:
    assert not register(scene, kind="puffery", aspects=[]).checkable
    with pytest.raises(ValidationError, match="no points to rate"):
        register(scene, kind="puffery")
    with pytest.raises(ValidationError, match="at least one point"):
        register(scene, aspects=[])


@pytest.mark.parametrize(
    "more",
    [
        {"quote": ""}, {"summary": {}}, {"summary": {"lang": "en"}}, {"kind": "rumour"},
        {"quote_lang": "x" * 13},
        {"stake": Decimal(1), "currency": "CN¥¥"},
        {"aspects": [actions.NewAspect("smell", write("en", "nice"))]},
        {"aspects": [actions.NewAspect("function", {})]},
    ],
)  # fmt: skip
def test_a_claim_that_is_not_whole_leaves_nothing_behind(
    scene: scenes.Scene, more: dict[str, Any]
) -> None:
    before = Claim.objects.count(), Aspect.objects.count()
    with pytest.raises(ValidationError):
        register(scene, **more)
    assert (Claim.objects.count(), Aspect.objects.count()) == before


def test_a_revised_claim_keeps_its_first_wording(scene: scenes.Scene) -> None:
    first = scene.claim.quote
    revised = actions.revise_claim(
        by=scene.second_moderator,
        claim=scene.claim,
        reason="It was cut short.",
        quote="All of it.",
        now=NOW,
    )
    sequence()
    newest, *_older = history.of("claim", [scene.claim.pk])
    assert revised.quote == "All of it."
    assert (newest.kind, newest.role, newest.name, newest.reason) == (
        "claim.revised", "moderator", scene.second_moderator.pseudonym, "It was cut short.",
    )  # fmt: skip
    assert [(one.name, one.before, one.after) for one in newest.fields] == [
        ("quote", first, "All of it.")
    ]


def test_a_correction_needs_a_reason_and_a_change(scene: scenes.Scene) -> None:
    with pytest.raises(actions.ReasonRequiredError):
        actions.revise_claim(by=scene.moderator, claim=scene.claim, reason=" ", quote="x", now=NOW)
    sequence()
    logged = len(history.of("claim", [scene.claim.pk]))
    same = actions.revise_claim(
        by=scene.moderator, claim=scene.claim, reason="Nothing.", quote=scene.claim.quote, now=NOW
    )
    sequence()
    assert same == scene.claim
    assert len(history.of("claim", [scene.claim.pk])) == logged
    with pytest.raises(ValidationError):
        actions.revise_claim(
            by=scene.moderator, claim=scene.claim, reason="Empty it.", quote="", now=NOW
        )


def test_of_two_corrections_of_one_wording_the_second_learns_of_the_first(
    scene: scenes.Scene,
) -> None:
    stale = Claim.objects.get(pk=scene.claim.pk)
    actions.revise_claim(
        by=scene.moderator, claim=scene.claim, reason="One.", quote="One.", now=NOW
    )
    with pytest.raises(RowChangedError) as caught:
        actions.revise_claim(
            by=scene.second_moderator, claim=stale, reason="Two.", quote="Two.", now=NOW
        )
    assert caught.value.row.quote == "One."


def test_a_withdrawn_claim_stays_readable_and_is_changed_no_more(scene: scenes.Scene) -> None:
    stale = Claim.objects.get(pk=scene.claim.pk)
    with pytest.raises(actions.ReasonRequiredError):
        actions.withdraw_claim(by=scene.moderator, claim=scene.claim, reason="", now=NOW)
    actions.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="Someone else said it.", now=NOW
    )
    withdrawn = Claim.objects.public().get(pk=scene.claim.pk)
    assert withdrawn.status == "withdrawn"
    for change in (
        lambda: actions.revise_claim(
            by=scene.moderator, claim=withdrawn, reason="Again.", quote="x", now=NOW
        ),
        lambda: actions.withdraw_claim(
            by=scene.moderator, claim=withdrawn, reason="Again.", now=NOW
        ),
        lambda: actions.place_claim(
            by=scene.moderator, claim=withdrawn, source=scene.source, exact="x", now=NOW
        ),
    ):
        with pytest.raises(NotAllowedError, match="withdrew"):
            change()
    with pytest.raises(RowChangedError):
        actions.withdraw_claim(by=scene.second_moderator, claim=stale, reason="Twice.", now=NOW)


def test_a_claim_is_placed_once_and_looked_for(scene: scenes.Scene) -> None:
    again = actions.place_claim(
        by=scene.moderator, claim=scene.claim, source=scene.source, exact=scenes.POST, now=NOW
    )
    assert again == Appearance.objects.get()
    for other in (
        {"exact": "another quote"},
        {"exact": scenes.POST, "note": write("en", "Read this.")},
        {"stance": "no_mention"},
    ):
        with pytest.raises(ValidationError, match="already recorded"):
            actions.place_claim(
                by=scene.moderator, claim=scene.claim, source=scene.source, now=NOW, **other
            )
    assert Job.objects.filter(kind="evidence.locate_appearance").count() == 1
    event = actions.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="launch_event",
        title=write("en", "Launch"),
        now=NOW,
    )
    spoken = actions.place_claim(
        by=scene.moderator, claim=scene.claim, source=event, fragment="t=62,75", now=NOW
    )
    assert (spoken.exact, spoken.fragment) == ("", "t=62,75")
    chat = actions.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="sales_chat",
        title=write("en", "Chat"),
        now=NOW,
    )
    with pytest.raises(ValidationError, match="where the quote is in the source"):
        actions.place_claim(by=scene.moderator, claim=scene.claim, source=chat, now=NOW)


def test_one_address_is_one_source_and_only_an_address_is_watched(scene: scenes.Scene) -> None:
    given = {
        "by": scene.moderator,
        "company": scene.company,
        "channel": "product_page",
        "title": write("en", "Page"),
        "now": NOW,
    }
    page = actions.add_source(**given, url="https://brand.example/page")
    assert actions.add_source(**given, url="https://brand.example/page") == page
    assert page.watched
    assert Job.objects.filter(kind="evidence.observe", dedupe_key=f"look:{page.pk}:first").exists()
    assert not actions.add_source(**given).watched
    with pytest.raises(ValidationError):
        actions.add_source(**given, url="javascript:alert(1)")
    actions.stop_monitoring(by=scene.moderator, source=page)
    assert not Source.objects.get(pk=page.pk).watched


@pytest.mark.parametrize(
    "url",
    [
        "ftp://brand.example/",
        "https://press:secret@brand.example/",
        "https://brand.example:99999/",
        "https:///page",
    ],
)
def test_a_source_has_an_address_that_can_be_visited_and_names_no_user(url: str) -> None:
    scene = scenes.build_claim()
    with pytest.raises(ValidationError):
        actions.add_source(
            by=scene.moderator,
            company=scene.company,
            channel="product_page",
            title=write("en", "Page"),
            now=NOW,
            url=url,
        )
    for form, name in (
        (ClaimForm({"source_url": url}), "source_url"),
        (SourceForm({"url": url}), "url"),
    ):
        assert name in form.errors, "told at its field"


def test_a_case_is_registered_whole_or_not_at_all(scene: scenes.Scene) -> None:
    case = actions.NewCase(
        quote="It lasts.", quote_lang="en", summary=write("en", "It lasts"), kind="express",
        new_company=write("en", "Maker"),
        new_product=write("en", "Thing"), new_option=write("en", "Extra"), price=Decimal(7),
        currency="EUR",
        source_url="https://maker.example/", source_title=write("en", "Page"),
        channel="product_page",
    )  # fmt: skip
    with pytest.raises(ValidationError):
        actions.register_case(by=scene.moderator, case=case, aspects=[], now=NOW)
    assert (Company.objects.count(), Product.objects.count(), Source.objects.count()) == (1, 1, 1)
    claim = actions.register_case(
        by=scene.moderator,
        case=case,
        aspects=[actions.NewAspect("function", write("en", "lasts"))],
        now=NOW,
    )
    assert (str(claim.company), claim.stake, claim.appearance_set.get().exact) == (
        "Maker",
        Decimal(7),
        "It lasts.",
    )
    other = actions.NewCase(
        quote="x",
        quote_lang="en",
        summary=write("en", "x"),
        kind="express",
        product=str(claim.product_id),
        option=str(scene.option.pk),
    )
    with pytest.raises(ValidationError, match="another product"):
        actions.register_case(
            by=scene.moderator,
            case=other,
            aspects=[actions.NewAspect("function", write("en", "x"))],
            now=NOW,
        )


def test_a_flag_keeps_its_first_time_and_can_be_raised_again_after_it_was_lifted(
    scene: scenes.Scene,
) -> None:
    first = actions.raise_flag(by=ledger.SYSTEM, claim=scene.claim, kind="deleted", now=NOW)
    assert (
        actions.raise_flag(
            by=ledger.SYSTEM, claim=scene.claim, kind="deleted", now=NOW + timedelta(days=1)
        )
        == first
    )
    actions.lift_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="deleted", now=NOW + timedelta(days=2)
    )
    actions.lift_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="deleted", now=NOW + timedelta(days=3)
    )
    again = actions.raise_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="deleted", now=NOW + timedelta(days=4)
    )
    assert list(Flag.objects.order_by("raised_at").values_list("pk", "lifted_at")) == [
        (first.pk, NOW + timedelta(days=2)), (again.pk, None),
    ]  # fmt: skip
    with pytest.raises(IntegrityError, match="flag_raised_once"), transaction.atomic():
        Flag.objects.create(claim=scene.claim, kind="deleted", raised_at=NOW)


@pytest.mark.parametrize(
    "role",
    [
        None,
        Role.CONTRIBUTOR,
        Role.FILER,
        Role.ADJUDICATOR,
        Role.COMPANY_REPRESENTATIVE,
        Role.AUDITOR,
        Role.OPERATOR,
    ],
)
def test_only_moderators_change_what_was_said(scene: scenes.Scene, role: str | None) -> None:
    by = scenes.person("someone", *([role] if role else []))
    company = scene.company
    entity = actions.add_entity(
        by=scene.moderator, company=company, name=write("en", "Ltd"), jurisdiction="CN", now=NOW
    )
    case = actions.NewCase(quote="x", quote_lang="en", summary=write("en", "x"), kind="express")
    changes = [
        lambda: actions.add_company(by=by, name=write("en", "x"), now=NOW),
        lambda: actions.add_entity(
            by=by, company=company, name=write("en", "x"), jurisdiction="CN", now=NOW
        ),
        lambda: actions.give_entity_role(
            by=by, entity=entity, kind="sold", from_date=date(2025, 1, 1), now=NOW
        ),
        lambda: actions.add_product(by=by, company=company, name=write("en", "x"), now=NOW),
        lambda: actions.add_option(
            by=by,
            product=scene.product,
            name=write("en", "x"),
            price=Decimal(1),
            currency="CNY",
            now=NOW,
        ),
        lambda: actions.add_source(
            by=by, company=company, channel="contract", title=write("en", "x"), now=NOW
        ),
        lambda: actions.stop_monitoring(by=by, source=scene.source),
        lambda: register(scene, by=by),
        lambda: actions.register_case(by=by, case=case, aspects=[], now=NOW),
        lambda: actions.revise_claim(by=by, claim=scene.claim, reason="x", quote="x", now=NOW),
        lambda: actions.withdraw_claim(by=by, claim=scene.claim, reason="x", now=NOW),
        lambda: actions.place_claim(
            by=by, claim=scene.claim, source=scene.source, exact="x", now=NOW
        ),
    ]
    sequence()
    before = history.of("claim", [scene.claim.pk])
    for change in changes:
        with pytest.raises(NotAllowedError):
            change()
    sequence()
    assert history.of("claim", [scene.claim.pk]) == before  # a refused request records nothing


# --- what a source says about a promise, and figures over time ------------------------------------


def test_a_source_that_never_mentions_it_needs_no_words_and_has_none(scene: scenes.Scene) -> None:
    contract = actions.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="contract",
        title=write("en", "Contract"),
        now=NOW,
    )
    silent = actions.place_claim(
        by=scene.moderator, claim=scene.claim, source=contract, stance="no_mention", now=NOW
    )
    assert (silent.exact, silent.stance) == ("", "no_mention")
    chat = actions.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="sales_chat",
        title=write("en", "Chat"),
        now=NOW,
    )
    for stance, exact in (("no_mention", "words"), ("says_otherwise", "")):
        with pytest.raises(ValidationError):
            actions.place_claim(
                by=scene.moderator,
                claim=scene.claim,
                source=chat,
                stance=stance,
                exact=exact,
                now=NOW,
            )
    assert Appearance.objects.filter(claim=scene.claim).count() == 2
    assert [one.source for one in Appearance.objects.saying_so().filter(claim=scene.claim)] == [
        scene.source
    ]


def test_the_database_keeps_words_away_from_a_source_that_has_none(scene: scenes.Scene) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Appearance.objects.filter(claim=scene.claim).update(stance="no_mention")


def test_a_figure_is_corrected_with_a_reason_and_never_overwritten(scene: scenes.Scene) -> None:
    series = scenes.build_series(scene)
    point = series.seriespoint_set.get(on_date=date(2025, 9, 25))
    given = {
        "by": scene.moderator,
        "series": series,
        "source": point.source,
        "on_date": point.on_date,
        "now": NOW,
    }
    assert actions.add_point(**given, value=Decimal("1548.2")) == point
    with pytest.raises(ValidationError, match="already has a figure for that day"):
        actions.add_point(**given, value=Decimal("1548.3"))
    with pytest.raises(actions.ReasonRequiredError):
        actions.correct_point(
            by=scene.moderator, point=point, value=Decimal(1), reason=" ", now=NOW
        )
    mended = actions.correct_point(
        by=scene.second_moderator, point=point, value=Decimal("1548.3"), reason="A slip.", now=NOW
    )
    assert mended.value == Decimal("1548.3")
    sequence()
    (change,) = [
        one
        for one in history.of("series_point", [point.pk])
        if one.kind == "series.point_corrected"
    ]
    assert change.reason == "A slip."


def test_a_stated_difference_names_two_days(scene: scenes.Scene) -> None:
    series = scenes.build_series(scene)
    with pytest.raises(ValidationError, match="Enter both"):
        actions.annotate_series(
            by=scene.moderator,
            series=series,
            text=write("en", "x"),
            from_date=date(2025, 9, 25),
            stated_value=Decimal(1),
            now=NOW,
        )


def test_series_and_incidents_are_read_by_anyone_at_a_constant_cost(
    scene: scenes.Scene, client: Any, django_assert_max_num_queries: Any
) -> None:
    scenes.build_series(scene)
    scenes.build_incident(scene)
    with django_assert_max_num_queries(6):
        (series,) = client.get("/api/v1/series/", {"company": str(scene.company.pk)}).json()[
            "results"
        ]
    assert [one["value"] for one in series["points"]] == ["1548.2000", "981.8000"]
    assert [(one["stated_value"], one["computed"]) for one in series["notes"]] == [
        ("530.0000", ["566.4000"])
    ]
    with django_assert_max_num_queries(4):
        (incident,) = client.get("/api/v1/incidents/", {"company": str(scene.company.pk)}).json()[
            "results"
        ]
    assert incident["care"]["first_statement_hours"] == {"at_least": "66.9", "at_most": "67.1"}
    assert incident["care"]["before_contact"] == ["family", "press"]
    for _ in range(3):
        scenes.build_series(scene)
        scenes.build_incident(scene)
    with django_assert_max_num_queries(6):
        assert len(client.get("/api/v1/series/").json()["results"]) == 4
    with django_assert_max_num_queries(4):
        assert len(client.get("/api/v1/incidents/").json()["results"]) == 4


def test_a_moderator_withdraws_a_flag_with_a_reason_once(scene: scenes.Scene) -> None:
    flag = actions.raise_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="edited_after_publication", now=NOW
    )
    with pytest.raises(actions.ReasonRequiredError):
        actions.withdraw_flag(by=scene.moderator, flag=flag, reason=" ", now=NOW)
    with pytest.raises(NotAllowedError):
        actions.withdraw_flag(by=scene.owners[0], flag=flag, reason="I say so.", now=NOW)
    actions.withdraw_flag(by=scene.moderator, flag=flag, reason="It was a wall.", now=NOW)
    assert Flag.objects.get(pk=flag.pk).lifted_at == NOW
    with pytest.raises(ValidationError, match="already removed"):
        actions.withdraw_flag(
            by=scene.second_moderator, flag=flag, reason="It was a wall.", now=NOW
        )


def test_a_flag_of_reply_or_silence_is_not_withdrawn_by_hand(scene: scenes.Scene) -> None:
    flag = actions.raise_flag(by=ledger.SYSTEM, claim=scene.claim, kind="company_silent", now=NOW)
    with pytest.raises(NotAllowedError, match="requests for a reply"):
        actions.withdraw_flag(by=scene.moderator, flag=flag, reason="They wrote to me.", now=NOW)


# --- whose figure a threshold is ------------------------------------------------------------------


def with_threshold(
    scene: scenes.Scene,
    quote: str,
    *,
    basis_kind: str = "claimed",
    lang: str = "en",
    **criterion: Any,
) -> Claim:
    given = {
        "property": write("en", "air speed", zh_Hans="风速"),
        "comparator": "at_least",
        "value": Decimal("1.5"),
        "unit": "m/s",
    }
    new = actions.NewCriterion(**{**given, "basis_kind": basis_kind, **criterion})
    return register(
        scene,
        quote=quote,
        quote_lang=lang,
        aspects=[actions.NewAspect("quantity", write("en", "air"), criterion=new)],
    )


def threshold(claim: Claim) -> Criterion:
    return Criterion.objects.select_related("aspect__claim").get(aspect__claim=claim)


def test_a_threshold_is_ours_unless_something_else_is_said(scene: scenes.Scene) -> None:
    assert threshold(scene.claim).basis_kind == "set_by_us"
    assert not threshold(scene.claim).is_claimed


def test_a_figure_is_the_companys_when_its_quote_gives_number_and_unit(scene: scenes.Scene) -> None:
    found = threshold(with_threshold(scene, "前后通风，风速可达５.４公里每小时。", lang="zh-Hans"))
    assert (found.is_claimed, found.figure) == (True, "５.４公里每小时")


@pytest.mark.parametrize(
    "quote",
    [
        "Made to last.",
        "It has 1.5 ducts. Speeds are in m/s.",
        "1.5 m long",
        "1.4 m/s",
        "1.5 m/s² of it",
        "up to 11.5 m/s",
    ],
)
def test_a_figure_that_the_words_do_not_give_is_refused_as_the_companys(
    scene: scenes.Scene, quote: str
) -> None:
    claims = Claim.objects.count()
    with pytest.raises(ValidationError, match=r"not the company’s figure\. Nothing was saved"):
        with_threshold(scene, quote)
    assert Claim.objects.count() == claims


def test_a_threshold_from_a_standard_names_it(scene: scenes.Scene) -> None:
    with pytest.raises(ValidationError, match="Name the standard"):
        with_threshold(scene, "Fast.", basis_kind="standard")
    assert (
        threshold(
            with_threshold(scene, "Fast.", basis_kind="standard", basis=write("en", "ISO 1"))
        ).basis_kind
        == "standard"
    )
    with pytest.raises(ValidationError):
        with_threshold(scene, "Fast.", basis_kind="promised")


def correct(
    scene: scenes.Scene, claim: Claim, basis_kind: str, reason: str = "Read again."
) -> Criterion:
    return actions.revise_criterion(
        by=scene.moderator,
        criterion=threshold(claim),
        basis_kind=basis_kind,
        basis=write("en", "why"),
        reason=reason,
        now=NOW,
    )


def test_a_figure_is_the_companys_when_it_says_it_where_the_claim_is_made(
    scene: scenes.Scene,
) -> None:
    claim = with_threshold(scene, "Fast.", basis_kind="set_by_us")
    with pytest.raises(ValidationError, match="not the company’s figure"):
        correct(scene, claim, "claimed")
    places = [
        ("press", "says_so", "It does 1.5 m/s."),
        ("contract", "says_otherwise", "No more than 1.5 m/s."),
        ("brochure", "says_so", "Air at 1.5 m/s."),
    ]
    for channel, stance, exact in places:
        with pytest.raises(ValidationError, match="not the company’s figure"):
            correct(scene, claim, "claimed")
        place = actions.add_source(
            by=scene.moderator,
            company=scene.company,
            channel=channel,
            title=write("en", channel),
            lang="en",
            now=NOW,
        )
        actions.place_claim(
            by=scene.moderator, claim=claim, source=place, exact=exact, stance=stance, now=NOW
        )
    found = correct(scene, claim, "claimed")
    assert (found.basis_kind, found.figure) == ("claimed", "1.5 m/s")
    assert correct(scene, claim, "set_by_us").figure == ""


def test_a_correction_of_a_threshold_needs_a_reason_a_moderator_and_what_is_saved_now(
    scene: scenes.Scene,
) -> None:
    claim = with_threshold(scene, "Air at 1.5 m/s.", basis_kind="set_by_us")
    with pytest.raises(actions.ReasonRequiredError):
        correct(scene, claim, "claimed", reason=" ")
    with pytest.raises(NotAllowedError):
        actions.revise_criterion(
            by=scene.owners[0],
            criterion=threshold(claim),
            basis_kind="claimed",
            basis={},
            reason="Read again.",
            now=NOW,
        )
    seen = threshold(claim)
    correct(scene, claim, "claimed")
    with pytest.raises(RowChangedError):
        actions.revise_criterion(
            by=scene.moderator,
            criterion=seen,
            basis_kind="set_by_us",
            basis={},
            reason="Read again.",
            now=NOW,
        )
    actions.withdraw_claim(by=scene.moderator, claim=claim, reason="A double.", now=NOW)
    with pytest.raises(NotAllowedError):
        correct(scene, claim, "set_by_us")


def test_a_quote_is_not_corrected_so_that_a_figure_would_be_the_companys_no_more(
    scene: scenes.Scene,
) -> None:
    claim = with_threshold(scene, "Air at 1.5 m/s.")
    with pytest.raises(
        ValidationError,
        match=r"the new quote does not give it\. Nothing was saved\. Correct the threshold first",
    ):
        actions.revise_claim(
            by=scene.moderator,
            claim=claim,
            quote="Air at speed.",
            reason="A word was wrong.",
            now=NOW,
        )
    revised = actions.revise_claim(
        by=scene.moderator, claim=claim, quote="Air at 5.4 km/h.", reason="Copied wrongly.", now=NOW
    )
    assert (revised.quote, threshold(claim).figure) == ("Air at 5.4 km/h.", "5.4 km/h")
    correct(scene, claim, "set_by_us")
    actions.revise_claim(
        by=scene.moderator,
        claim=revised,
        quote="Air at speed.",
        reason="A word was wrong.",
        now=NOW,
    )


@pytest.mark.parametrize(
    "change",
    [
        "basis_kind = 'claimed'",
        "basis_kind = 'claimed', figure = '1.5 m/s'",
        "basis_kind = 'promised'",
        "figure = '1.5 m/s'",
    ],
)
def test_the_database_itself_calls_no_figure_the_companys_that_its_words_do_not_give(
    scene: scenes.Scene, change: str
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE claims_criterion SET {change}")


def test_without_the_trigger_it_would(scene: scenes.Scene) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%claimed_figure%'")
        cursor.execute(f'DROP TRIGGER "{cursor.fetchone()[0]}" ON claims_criterion')
        cursor.execute("UPDATE claims_criterion SET basis_kind = 'claimed', figure = '1.5 m/s'")
    assert threshold(scene.claim).is_claimed


def test_another_number_for_a_claimed_figure_is_asked_again(scene: scenes.Scene) -> None:
    claim = with_threshold(scene, "Air at 1.5 m/s.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Criterion.objects.filter(aspect__claim=claim).update(value=2, figure="2 m/s")


# --- what belongs together ------------------------------------------------------------------------


@dataclass
class Foreign:
    """Another company with everything that a claim could be given by mistake."""

    company: Company
    product: Product
    option: ProductOption
    source: Source


@pytest.fixture
def foreign(scene: scenes.Scene) -> Foreign:
    given = {"by": scene.moderator, "now": NOW}
    company = actions.add_company(name=write("en", "Another maker"), **given)
    product = actions.add_product(company=company, name=write("en", "Another car"), **given)
    option = actions.add_option(
        product=product, name=write("en", "Paint"), price=Decimal(100), currency="CNY", **given
    )
    source = actions.add_source(
        company=company,
        channel="brochure",
        title=write("en", "Theirs"),
        url="https://another.example/",
        **given,
    )
    return Foreign(company, product, option, source)


def test_nothing_of_another_company_is_taken_for_a_claim(
    scene: scenes.Scene, foreign: Foreign
) -> None:
    given = {"by": scene.moderator, "now": NOW}
    with pytest.raises(ValidationError, match="belongs to another product"):
        register(scene, option=foreign.option)
    other = actions.add_product(company=scene.company, name=write("en", "A second car"), **given)
    with pytest.raises(ValidationError, match="belongs to another product"):
        register(scene, product=other, option=scene.option)  # of the same company even
    with pytest.raises(ValidationError, match=r"belongs to another company\. Nothing was saved"):
        actions.place_claim(claim=scene.claim, source=foreign.source, exact="x", **given)
    with pytest.raises(
        ValidationError, match=r"recorded for another company already\. Nothing was saved"
    ):
        actions.add_source(
            company=scene.company,
            channel="brochure",
            title=write("en", "Ours"),
            url=foreign.source.url,
            **given,
        )
    entity = actions.add_entity(
        company=scene.company, name=write("en", "Ltd"), jurisdiction="CN", **given
    )
    for more in ({"product": foreign.product}, {"source": foreign.source}):
        with pytest.raises(ValidationError, match="belongs to another company"):
            actions.give_entity_role(
                entity=entity, kind="sold", from_date=date(2025, 1, 1), **more, **given
            )
    series = actions.add_series(
        company=scene.company, name=write("en", "Weeks"), unit=write("en", "weeks"), **given
    )
    with pytest.raises(ValidationError, match="belongs to another company"):
        actions.add_point(
            series=series,
            source=foreign.source,
            on_date=date(2025, 1, 1),
            value=Decimal(1),
            **given,
        )
    with pytest.raises(ValidationError, match="belongs to another company"):
        actions.annotate_series(
            series=series,
            source=foreign.source,
            text=write("en", "x"),
            from_date=date(2025, 1, 1),
            **given,
        )
    incident = scenes.build_incident(scene)
    event = {
        "kind": "statement",
        "actor": "company",
        "happened_at": NOW,
        "text": write("en", "x"),
        "by": scene.moderator,
        "now": scene.now,
    }
    with pytest.raises(ValidationError, match="belongs to another company"):
        scenes.verdicts.add_event(incident=incident, source=foreign.source, **event)


def case_of(scene: scenes.Scene, **more: Any) -> actions.NewCase:
    given = {
        "quote": "Fast.",
        "quote_lang": "en",
        "summary": write("en", "It is fast"),
        "kind": "express",
        "product": str(scene.product.pk),
    }
    return actions.NewCase(**{**given, **more})


def test_a_case_says_at_which_field_something_belongs_elsewhere(
    scene: scenes.Scene, foreign: Foreign
) -> None:
    for field, value in (
        ("option", foreign.option.pk),
        ("source", foreign.source.pk),
        ("source_url", foreign.source.url),
    ):
        case = case_of(
            scene,
            **{field: str(value)},
            **({"source_title": write("en", "x")} if field == "source_url" else {}),
        )
        assert set(actions.case_faults(vars(case))) == {field}
        with pytest.raises(ValidationError):
            actions.register_case(
                by=scene.moderator,
                case=case,
                aspects=[actions.NewAspect("quantity", write("en", "speed"))],
                now=NOW,
            )
    new = case_of(
        scene,
        product="",
        new_company=write("en", "A third"),
        new_product=write("en", "A car"),
        source=str(scene.source.pk),
    )
    assert set(actions.case_faults(vars(new))) == {"source"}
    assert set(actions.case_faults(vars(case_of(scene, new_website="https://x.example/")))) == {
        "new_website"
    }


BENT = {
    "a claim's option": ("claims_claim", "option_id = '{option}'"),
    "a claim's product": ("claims_claim", "product_id = '{product}'"),
    "a claim's company": ("claims_claim", "company_id = '{company}'"),
    "an appearance's source": ("claims_appearance", "source_id = '{source}'"),
    "a product's company": ("claims_product", "company_id = '{company}'"),
    "an option's product": ("claims_productoption", "product_id = '{product}'"),
    "a source's company": ("claims_source", "company_id = '{company}'"),
}


@pytest.mark.parametrize("what", BENT)
def test_the_database_itself_joins_nothing_of_different_owners(
    scene: scenes.Scene, foreign: Foreign, what: str
) -> None:
    table, change = BENT[what]
    ids = {name: getattr(foreign, name).pk for name in ("company", "product", "option", "source")}
    mine = {"claims_claim": scene.claim.pk, "claims_product": scene.product.pk,
        "claims_productoption": scene.option.pk,
            "claims_source": scene.source.pk,
            "claims_appearance": Appearance.objects.get(claim=scene.claim).pk}[table]  # fmt: skip
    sql = f"UPDATE {table} SET {change.format(**ids)} WHERE id = '{mine}'"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    with connection.cursor() as cursor:  # control: without the triggers it would
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname ~ "
            "'ledger_(fixed|belongs)'",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}" ON {table}')
        cursor.execute(sql)
        assert cursor.rowcount == 1


# --- who answers for a company --------------------------------------------------------------------


def test_a_company_is_corrected_with_a_reason_and_its_seats_stay(scene: scenes.Scene) -> None:
    operator = scenes.person("operator", Role.OPERATOR)
    speaker = scenes.person("speaker")
    EmailAddress.objects.create(user=speaker, email="press@mail.brand.example", verified=True)
    seat = {"by": operator, "company": scene.company, "now": NOW, "reason": "Their letter."}
    with pytest.raises(NotAllowedError):
        actions.give_seat(**{**seat, "by": scene.moderator, "email": "press@mail.brand.example"})
    with pytest.raises(actions.ReasonRequiredError):
        actions.give_seat(**{**seat, "reason": " ", "email": "press@mail.brand.example"})
    with pytest.raises(ValidationError, match=r"Only an address at brand\.example can reply"):
        actions.give_seat(**seat, email="speaker@example.org")
    EmailAddress.objects.create(user=speaker, email="new@brand.example", verified=False)
    with pytest.raises(ValidationError, match="No account has confirmed this address"):
        actions.give_seat(**seat, email="new@brand.example")
    membership = actions.give_seat(**seat, email="Press@mail.brand.example")
    assert actions.give_seat(**seat, email="press@mail.brand.example") == membership
    assert represented_companies(speaker).get() == scene.company
    scene.company.refresh_from_db()
    with pytest.raises(actions.ReasonRequiredError):
        actions.revise_company(
            by=scene.moderator,
            company=scene.company,
            website="https://new.example/",
            reason="",
            now=NOW,
        )
    with pytest.raises(ValidationError, match="IP address"):
        actions.revise_company(
            by=scene.moderator,
            company=scene.company,
            website="https://10.0.0.1/",
            reason="It moved.",
            now=NOW,
        )
    scene.company.refresh_from_db()
    actions.revise_company(
        by=scene.moderator,
        company=scene.company,
        website="https://new.example/",
        reason="It moved.",
        now=NOW,
    )
    assert represented_companies(speaker).get() == scene.company  # the seat hangs on the company
    with pytest.raises(ValidationError, match=r"Only an address at new\.example can reply"):
        actions.give_seat(**seat, email="press@mail.brand.example")
    scene.company.refresh_from_db()
    actions.end_seat(
        by=operator, company=scene.company, membership=membership, reason="They left.", now=NOW
    )
    assert not represented_companies(speaker).exists()


def test_only_a_company_answers_for_one_and_only_one(scene: scenes.Scene) -> None:
    brands = [
        found_organisation(by=ledger.SYSTEM, kind="company", name=f"Brand {n}", now=NOW)
        for n in (1, 2)
    ]
    with pytest.raises(ValidationError, match="Only an organisation that is a company"):
        actions.represent_company(
            by=ledger.SYSTEM, company=scene.company, organisation=scenes.operator_body(), now=NOW
        )
    with pytest.raises(NotAllowedError):
        actions.represent_company(
            by=scene.moderator, company=scene.company, organisation=brands[0], now=NOW
        )
    for _twice in range(2):
        assert (
            actions.represent_company(
                by=ledger.SYSTEM, company=scene.company, organisation=brands[0], now=NOW
            ).organisation
            == brands[0]
        )
    with pytest.raises(ValidationError, match="Another organisation replies"):
        actions.represent_company(
            by=ledger.SYSTEM, company=scene.company, organisation=brands[1], now=NOW
        )
