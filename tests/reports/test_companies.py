"""The pages of companies and products: counts that stay honest, who did what, what came after harm,
figures side by side."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from claims import actions as claims
from claims.localized_text import write
from reports.drawing import palette, trends
from reports.pages import companies
from tests import scenes
from tests.pages import page_text
from verdicts.models import Occurrence

pytestmark = pytest.mark.django_db


def paper(scene: scenes.Scene, channel: str) -> Any:
    return claims.add_source(
        by=scene.moderator,
        company=scene.company,
        channel=channel,
        title=write("en", channel),
        now=scene.now,
    )


def pages(client: Client, scene: scenes.Scene) -> dict[str, str]:
    paths = {
        "list": "/companies/",
        "company": f"/companies/{scene.company.pk}/",
        "product": f"/products/{scene.product.pk}/",
    }
    return {
        name: page_text(client.get(path, headers={"accept-language": "en"}))
        for name, path in paths.items()
    }


def test_a_company_of_which_little_is_known_says_so_on_each_point(client: Client) -> None:
    scene = scenes.build_claim()
    shown = pages(client, scene)
    for sentence in (
        "Nothing rated yet",
        "Nothing compared yet",
        "No incident",
        "No reply requested yet",
    ):
        assert sentence in shown["company"]
    assert "That does not mean that there were none." in shown["company"]
    assert "verdicts.en" not in shown["company"], "no picture of nothing"
    assert "no verdict yet" in shown["list"]
    assert "Carbon hood" in shown["product"]
    assert "CNY\u00a042,000" in shown["product"]


def test_two_verdicts_are_counted_and_no_share_is_told(client: Client) -> None:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    card = companies.scorecard(scene.company)["advertising"]
    assert (card.judged, card.waiting, card.total, card.enough) == (
        [("not_delivered", 1)],
        1,
        1,
        False,
    )
    shown = pages(client, scene)["company"]
    assert "<b>1</b> point rated" in shown
    assert "Too few for a percentage." in shown
    assert "matched the claim" not in shown
    assert "<b>1</b> reply request, no reply" in shown
    assert f"/companies/{scene.company.pk}/verdicts.en.wide.svg?v=" in shown


def test_a_share_is_told_once_there_is_enough() -> None:
    """Negative control: the same part with one verdict less tells none."""
    enough = companies.Advertising(
        5, 0, [("delivered", 6), ("delivered_late", 1), ("not_delivered", 3)], 0, 0, 0, 9
    )
    less = companies.Advertising(5, 0, [("delivered", 6), ("not_delivered", 3)], 0, 0, 0, 9)
    assert (enough.enough, enough.delivered, enough.total) == (True, 7, 10)
    assert not less.enough


def test_papers_that_bind_stand_beside_what_was_promised_elsewhere(client: Client) -> None:
    scene = scenes.build_claim()
    given = {"by": scene.moderator, "claim": scene.claim, "now": scene.now}
    claims.place_claim(
        **given,
        source=paper(scene, "contract"),
        stance="says_otherwise",
        exact="No function is promised.",
    )
    claims.place_claim(
        **given,
        source=paper(scene, "app_screen"),
        stance="no_mention",
        note=write("en", "ObservationData through."),
    )
    claims.place_claim(
        **given,
        source=paper(scene, "press"),
        stance="says_otherwise",
        exact="A newspaper doubts it.",
    )
    contract = companies.scorecard(scene.company)["contract"]
    assert (contract.claims, contract.same, contract.otherwise, contract.silent) == (1, 0, 1, 1), (
        "a newspaper binds nobody"
    )
    page = page_text(
        client.get(f"/claims/{scene.claim.reference}/", headers={"accept-language": "en"})
    )
    table = page[page.index('id="elsewhere"') :]
    assert (
        table.index("beside-says_so")
        < table.index("beside-says_otherwise")
        < table.index("beside-no_mention")
    )
    for words in (
        "No function is promised.",
        "ObservationData through.",
        "Different",
        "Not mentioned",
    ):
        assert words in table
    assert f"/products/{scene.product.pk}/" in page


def test_a_claim_made_only_in_the_contract_is_no_promise_made_elsewhere() -> None:
    scene = scenes.build_claim()
    other = claims.register_claim(
        by=scene.moderator, product=scene.product, quote="Ten years.", quote_lang="en",
        summary=write("en", "It lasts"), now=scene.now,
        aspects=[claims.NewAspect("quantity", write("en", "ten years"))],
    )  # fmt: skip
    claims.place_claim(
        by=scene.moderator,
        claim=other,
        source=paper(scene, "contract"),
        exact="Ten years.",
        now=scene.now,
    )
    assert companies.scorecard(scene.company)["contract"].laid == []


def test_what_came_after_harm_stands_in_order_with_its_hours(client: Client) -> None:
    scene = scenes.build_claim()
    incident = scenes.build_incident(scene)
    shown = pages(client, scene)["company"]
    assert (
        shown.index("The family called the hotline.")
        < shown.index("The company spoke in public.")
        < shown.index("The company called")
    )
    assert "<b>" in shown
    assert "69 h 0 min" in shown
    assert "at least 68 h 59 min, at most 69 h 1 min" in shown
    assert (
        "acted before that: the family, the press" in shown
        or "acted before that: the family and the press" in shown
    )
    assert "One incident does not show a pattern." in shown
    Occurrence.objects.filter(incident=incident, actor="company").update(exact_to="day")
    coarse = pages(client, scene)["company"]
    assert "69 h 0 min" not in coarse, "what is known to the day is not told to the minute"


def test_both_figures_stand_side_by_side(client: Client) -> None:
    scene = scenes.build_claim()
    series = scenes.build_series(scene)
    shown = pages(client, scene)["company"]
    block = shown[shown.index(f'id="series-{series.pk}"') :]
    for figure in ("<b>530</b>", "566.4", "1,548.2", "981.8"):
        assert figure in block
    for lang in ("en", "zh-Hans"):
        for size in ("wide", "narrow"):
            answer = client.get(f"/series/{series.pk}/chart.{lang}.{size}.svg")
            assert answer["Content-Type"] == "image/svg+xml"
            told = page_text(answer)
            assert "1,548.2" in told
            assert "530" in told
            assert "566.4" in told
            assert "prefers-color-scheme: dark" in told
            assert "<text" not in told, "letters are outlines"
    for wrong in ("chart.fr.wide.svg", "chart.en.huge.svg"):
        assert client.get(f"/series/{series.pk}/{wrong}").status_code == 404


def test_a_picture_is_kept_for_ever_only_under_what_it_shows(client: Client) -> None:
    scene = scenes.build_claim()
    series = scenes.build_series(scene)
    (drawn,) = companies.series_of(pk=series.pk)
    path = f"/series/{series.pk}/chart.en.wide.svg"
    assert "immutable" in client.get(f"{path}?v={drawn.digest}")["Cache-Control"]
    assert "immutable" not in client.get(f"{path}?v=0")["Cache-Control"]
    point = series.seriespoint_set.order_by("on_date").first()
    claims.correct_point(
        by=scene.moderator, point=point, value=Decimal(1500), reason="A slip.", now=scene.now
    )
    assert companies.series_of(pk=series.pk)[0].digest != drawn.digest


def test_who_did_what_is_told_for_every_part_and_says_what_is_not_known(client: Client) -> None:
    scene = scenes.build_claim()
    for number, kind in enumerate(("sold", "took_money")):
        entity = claims.add_entity(
            by=scene.moderator, company=scene.company, name=write("en", f"Maker {number}"),
            jurisdiction="CN", seat=write("en", "Linyu"),
            now=scene.now,
        )  # fmt: skip
        claims.give_entity_role(
            by=scene.moderator,
            entity=entity,
            kind=kind,
            from_date=date(2025, 1, 1),
            note=write("en", "too far in time"),
            now=scene.now,
        )
    mapped = companies.map_of(scene.company)
    assert [part.kind for part in mapped.parts if part.known] == ["sold", "took_money"]
    shown = pages(client, scene)["company"]
    assert "too far in time" in shown
    assert shown.count("not known yet") == len(companies.PARTS) - 2


def test_more_of_everything_costs_no_more_queries(client: Client) -> None:
    scene = scenes.build_claim()

    def more() -> None:
        scenes.build_series(scene)
        scenes.build_incident(scene)
        entity = claims.add_entity(
            by=scene.moderator,
            company=scene.company,
            name=write("en", "x"),
            jurisdiction="CN",
            now=scene.now,
        )
        claims.give_entity_role(
            by=scene.moderator,
            entity=entity,
            kind="sold",
            product=scene.product,
            from_date=date(2025, 1, 1),
            now=scene.now,
        )
        claims.add_company(by=scene.moderator, name=write("en", "another"), now=scene.now)

    def cost() -> list[int]:
        counts = []
        for path in (
            "/companies/",
            f"/companies/{scene.company.pk}/",
            f"/products/{scene.product.pk}/",
        ):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            counts.append(len(queries))
        return counts

    more()
    few = cost()
    for _ in range(4):
        more()
    assert cost() == few
    assert max(few) <= 32, few


# --- pictures -------------------------------------------------------------------------------------


def test_a_picture_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one verdict"):
        trends.verdicts_over_time([], "en")
    with pytest.raises(ValueError, match="at least one figure"):
        trends.figures_over_time("Market value", "HK$ bn", [], [], "en")


@pytest.mark.parametrize("days", [0, 1, 6, 20, 90, 400, 4000, 40000])
def test_an_axis_has_few_dates_in_order_and_within_it(days: int) -> None:
    first = date(1990, 1, 3)
    last = date.fromordinal(first.toordinal() + days)
    dates = trends.dated(first, last, 6)
    assert dates == sorted(set(dates))
    assert len(dates) <= 6
    assert all(first <= one <= last for one in dates)
    assert dates or days > 36500


def test_every_rating_has_a_colour_of_the_style_sheet_in_both_schemes() -> None:
    assert {trends.hue(rating) for rating in trends.RATINGS} <= set(palette.light().values())
    for name in ("ink", "ink-2", "ink-3", "sheet", "hairline", "delivered", "not-delivered"):
        assert palette.light()[name] != palette.dark()[name]
    told = palette.in_both_schemes(
        '<svg xmlns="http://www.w3.org/2000/svg"><rect fill="#16181d"/></svg>'
    )
    assert f'[fill="{palette.light()["ink"]}"]{{fill:{palette.dark()["ink"]}}}' in told
