"""The desk's doors for what the record knows of a company: each form calls its action, once, and
keeps what was typed when it is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

import ledger
from accounts.models import Role
from claims.editing import version
from claims.localized_text import write
from claims.models import (
    Appearance,
    Claim,
    Criterion,
    EntityRole,
    Flag,
    LegalEntity,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


@pytest.fixture
def client(scene: scenes.Scene) -> Client:
    client = Client()
    client.force_login(scene.moderator)
    return client


def sent(client: Client, path: str, do: str, **fields: Any) -> str:
    """Post one form of a page that must take it, follow it, and give the page after."""
    answer = client.post(path, {"do": do, **fields}, follow=True)
    assert answer.redirect_chain == [(path, 302)], page_text(answer)
    return page_text(answer)


def test_legal_persons_and_what_they_did_are_recorded_and_stand_on_the_company_page(
    client: Client, scene: scenes.Scene
) -> None:
    path = f"/desk/companies/{scene.company.pk}/entities/"
    assert "Start with the contracting party" in page_text(client.get(path))
    wrong = client.post(path, {"do": "entity", "name_en": "A seller", "jurisdiction": "China"})
    assert wrong.status_code == 400
    assert "A seller" in page_text(wrong)
    sent(
        client,
        path,
        "entity",
        name_en="A seller",
        name_zh_Hans="销售公司",
        jurisdiction="CN",
        registration="1",
        seat_en="A far town",
    )
    entity = LegalEntity.objects.get()
    role = {
        "entity": entity.pk,
        "kind": "answers",
        "product": scene.product.pk,
        "from_date": "2025-01-01",
    }
    assert client.post(path, {"do": "role", **role, "until_date": "2024-01-01"}).status_code == 400
    page = sent(client, path, "role", **role, source=scene.source.pk, note_en="before a far court")
    assert "before a far court" in page
    assert EntityRole.objects.get().source == scene.source
    public = page_text(Client().get(f"/companies/{scene.company.pk}/"))
    assert "A seller" in public
    assert "A far town" in public


def test_figures_notes_and_corrections_of_a_series(client: Client, scene: scenes.Scene) -> None:
    sent(
        client,
        f"/desk/companies/{scene.company.pk}/figures/",
        "series",
        name_en="Weeks shown",
        name_zh_Hans="显示的周数",
        unit_en="weeks",
    )
    path = f"/desk/series/{Series.objects.get().pk}/"
    sent(client, path, "point", on_date="2025-05-01", value="36", source=scene.source.pk)
    sent(client, path, "point", on_date="2025-06-01", value="40", source=scene.source.pk)
    other = client.post(
        path, {"do": "point", "on_date": "2025-05-01", "value": "37", "source": scene.source.pk}
    )
    assert "Correct it and give a reason." in page_text(other)
    note = {"text_en": "A headline", "from_date": "2025-05-01", "stated_value": "5"}
    # a difference is between two days
    assert client.post(path, {"do": "note", **note}).status_code == 400
    assert "5" in sent(client, path, "note", **note, until_date="2025-06-01")
    point = SeriesPoint.objects.get(on_date="2025-05-01")
    assert (
        client.post(
            path, {"do": "correct", "point": f"{point.pk}.{version(point)}", "value": "35"}
        ).status_code
        == 400
    )
    sent(
        client,
        path,
        "correct",
        point=f"{point.pk}.{version(point)}",
        value="35",
        reason="Copied wrongly.",
    )
    point.refresh_from_db()
    assert (point.value, SeriesNote.objects.count()) == (35, 1)


def test_a_source_without_an_address_is_recorded_and_says_otherwise_beside_the_claim(
    client: Client, scene: scenes.Scene
) -> None:
    title = {"title_en": "The contract", "title_zh_Hans": "合同"}
    sent(
        client,
        f"/desk/companies/{scene.company.pk}/sources/",
        "source",
        channel="contract",
        lang="zh-Hans",
        **title,
    )
    contract = Source.objects.get(channel="contract")
    assert not contract.watched
    path = f"/desk/claims/{scene.claim.reference}/places/"
    page = page_text(client.get(path))
    assert f'value="{contract.pk}"' in page
    assert f'value="{scene.source.pk}"' not in page, "the post stands in the table already"
    place = {"source": contract.pk, "stance": "no_mention", "exact": "一句"}
    wrong = client.post(path, {"do": "place", **place})
    assert "has no quote" in page_text(wrong)
    sent(client, path, "place", **{**place, "stance": "says_otherwise"}, note_en="It decides.")
    assert Appearance.objects.get(source=contract).stance == "says_otherwise"
    assert "All sources of this company are already in the table." in page_text(client.get(path))
    assert "It decides." in page_text(Client().get(f"/claims/{scene.claim.reference}/"))


def test_what_is_chosen_belongs_to_the_company(client: Client, scene: scenes.Scene) -> None:
    other = scenes.claims.add_company(
        by=scene.moderator, name=scenes.write("en", "Another"), now=scene.now
    )
    foreign = scenes.claims.add_entity(
        by=scene.moderator,
        company=other,
        name=scenes.write("en", "Theirs"),
        jurisdiction="CN",
        now=scene.now,
    )
    path = f"/desk/companies/{scene.company.pk}/entities/"
    sent(client, path, "entity", name_en="Ours", jurisdiction="CN")
    answer = client.post(
        path, {"do": "role", "entity": foreign.pk, "kind": "sold", "from_date": "2025-01-01"}
    )
    assert answer.status_code == 400
    assert not EntityRole.objects.exists()


def test_a_withdrawn_claim_is_placed_nowhere_any_more(client: Client, scene: scenes.Scene) -> None:
    scenes.claims.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="brochure",
        title=scenes.write("en", "B"),
        now=scene.now,
    )
    scenes.claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="A double.", now=scene.now
    )
    path = f"/desk/claims/{scene.claim.reference}/places/"
    assert "<button disabled>" in page_text(client.get(path))
    brochure = Source.objects.get(channel="brochure")
    assert (
        client.post(
            path, {"do": "place", "source": brochure.pk, "stance": "says_so", "exact": "x"}
        ).status_code
        == 403
    )


def test_a_flag_is_withdrawn_on_its_desk_page_and_the_reason_is_public(
    client: Client, scene: scenes.Scene
) -> None:
    flag = scenes.claims.raise_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="edited_after_publication", now=scene.now
    )
    scenes.claims.raise_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="company_silent", now=scene.now
    )
    path = f"/desk/claims/{scene.claim.reference}/flags/"
    assert path in page_text(client.get(f"/desk/claims/{scene.claim.reference}/"))
    assert "cannot be changed by hand" in page_text(client.get(path))
    assert client.post(path, {"do": str(flag.pk), "reason": " "}).status_code == 400
    assert client.post(path, {"do": "x'", "reason": "x"}).status_code == 404
    assert client.post(path, {"do": "x\x00'", "reason": "x"}).status_code == 400
    sent(client, path, str(flag.pk), reason="It was a wall, not the post.")
    again = client.post(path, {"do": str(flag.pk), "reason": "It was a wall, not the post."})
    assert "already removed" in page_text(again)
    assert Flag.objects.raised().get().kind == "company_silent"
    sequence()
    shown = page_text(Client().get("/corrections/"))
    assert "It was a wall, not the post." in shown
    assert "Edited after publication" in shown


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"product": "product", "new_company_en": "Other"}, "new_company"),
        ({"product": "product", "new_product_en": "Other", "company": "company"}, "new_product"),
        (
            {"company": "company", "new_company_en": "Other", "new_product_en": "Other"},
            "new_company",
        ),
        ({"product": "product", "price": "12"}, "price"),
        ({"product": "product", "source_title_en": "Other"}, "source_title"),
        (
            {
                "product": "product",
                "source": "source",
                "source_url": "https://brand.example/x",
                "source_title_en": "Other",
            },
            "source_url",
        ),
        ({"product": "product", "aspect-2-due_date": "2026-05-01"}, "statement"),
        ({"product": "product", "aspect-2-basis_en": "The page"}, "basis"),
    ],
)
def test_nothing_that_was_typed_is_left_out_of_a_new_claim_without_a_word(
    client: Client, scene: scenes.Scene, typed: dict[str, str], field: str
) -> None:
    client.force_login(scene.moderator)
    known = {
        "product": str(scene.product.pk),
        "company": str(scene.company.pk),
        "source": str(scene.source.pk),
    }
    fields = {
        "quote": "It comes in May.", "quote_lang": "en", "summary_en": "It comes in May",
        "kind": "express", "currency": "CNY",
        "channel": "social_post", "aspect-1-kind": "date",
        "aspect-1-statement_en": "it comes in May", "aspect-2-kind": "date",
        "aspect-3-kind": "date", "aspect-1-comparator": "at_least",
        "aspect-2-comparator": "at_least", "aspect-3-comparator": "at_least",
    }  # fmt: skip
    given = fields | {name: known.get(value, value) for name, value in typed.items()}
    before = Claim.objects.count()
    refused = client.post("/desk/claims/new/", given)
    assert refused.status_code == 400
    faulty = [refused.context["form"], *refused.context["aspects"]]
    assert field in {name for form in faulty for name in form.errors}
    assert Claim.objects.count() == before
    # control
    assert (
        client.post("/desk/claims/new/", fields | {"product": known["product"]}).status_code == 302
    )


def test_whose_figure_a_threshold_is_is_corrected_on_its_desk_page(
    client: Client, scene: scenes.Scene
) -> None:
    path, criterion = (
        f"/desk/claims/{scene.claim.reference}/thresholds/",
        Criterion.objects.get(aspect=scene.ducts),
    )
    assert path in page_text(client.get(f"/desk/claims/{scene.claim.reference}/"))
    given = {
        "version": version(criterion),
        "basis_en": "The least that moves air",
        "reason": "It was not said.",
    }
    refused = client.post(path, {"do": str(criterion.pk), **given, "basis_kind": "claimed"})
    assert refused.status_code == 400
    assert "not the company’s figure. Nothing was saved." in page_text(refused)
    assert "It was not said." in page_text(refused)
    sent(client, path, str(criterion.pk), **given, basis_kind="standard")
    assert "From a standard" in page_text(Client().get(f"/claims/{scene.claim.reference}/"))
    sequence()
    corrections = page_text(Client().get("/corrections/"))
    assert "Threshold corrected" in corrections
    assert "It was not said." in corrections
    found = [
        one
        for one in Client().get("/api/v1/corrections/").json()["results"]
        if one["type"] == "criterion"
    ]
    assert [one["reason"] for one in found] == ["It was not said."]
    assert "Threshold corrected" in page_text(Client().get("/feeds/corrections.atom"))


def test_the_form_of_a_new_claim_refuses_a_figure_that_its_quote_does_not_give(
    client: Client, scene: scenes.Scene
) -> None:
    given = {
        "product": str(scene.product.pk), "quote": "Air at full speed.", "quote_lang": "en",
        "summary_en": "It moves air",
        "kind": "express",
        "aspect-1-kind": "quantity", "aspect-1-statement_en": "air",
        "aspect-1-property_en": "air speed", "aspect-1-comparator": "at_least",
        "aspect-1-value": "1.5", "aspect-1-unit": "m/s", "aspect-1-basis_kind": "claimed",
        "aspect-2-kind": "function", "aspect-3-kind": "function",
    }  # fmt: skip
    refused = client.post("/desk/claims/new/", given)
    assert refused.status_code == 400
    assert "not the company’s figure. Nothing was saved." in page_text(refused)
    assert (
        client.post("/desk/claims/new/", {**given, "quote": "Air at 1,5 m/s!"}).status_code == 302
    )
    assert Criterion.objects.exclude(aspect=scene.ducts).get().figure == "1,5 m/s"


def test_a_new_company_made_on_the_pages_can_reply(client: Client, scene: scenes.Scene) -> None:
    given = {
        "new_company_en": "A new maker", "new_website": "https://www.newmaker.example/",
        "new_product_en": "A kettle",
        "quote": "Boils fast.", "quote_lang": "en", "summary_en": "It boils fast",
        "kind": "express", "aspect-1-kind": "function",
        "aspect-1-statement_en": "it boils", "aspect-2-kind": "function",
        "aspect-3-kind": "function",
    }  # fmt: skip
    refused = client.post("/desk/claims/new/", {**given, "new_website": "https://10.0.0.1/"})
    assert "Enter the host name, not its IP address." in page_text(refused)
    assert client.post("/desk/claims/new/", given).status_code == 302
    claim = Claim.objects.exclude(pk=scene.claim.pk).get()
    speaker, operator = scenes.person("speaker"), scenes.person("operator", "operator")
    EmailAddress.objects.create(user=speaker, email="press@newmaker.example", verified=True)
    seats = Client()
    seats.force_login(operator)
    path = f"/desk/companies/{claim.company_id}/seats/"
    assert "newmaker.example" in page_text(seats.get(path))
    page = sent(
        seats, path, "give", email="press@newmaker.example", reason="Their letter of 1 May."
    )
    assert speaker.pseudonym in page
    assert "Public at once" not in page  # the reason of a seat is not
    scenes.verdicts.request_reply(
        by=scene.moderator,
        claim=claim,
        allegation=scenes.write("en", "It does not.", zh_Hans="没有。"),
        now=scene.now,
    )
    company = Client()
    company.force_login(speaker)
    assert claim.reference in page_text(company.get("/reply/"))
    assert (
        company.post(
            f"/reply/{claim.reference}/", {"do": "publish", "body": "It does.", "lang": "en"}
        ).status_code
        == 302
    )
    assert "It does." in page_text(Client().get(f"/claims/{claim.reference}/"))
    sent(seats, path, str(speaker.membership_set.get().pk), reason="They left.")
    assert company.get(f"/reply/{claim.reference}/").status_code in {403, 404}


def test_a_company_without_a_website_gets_one_by_a_correction(
    client: Client, scene: scenes.Scene
) -> None:
    other = scenes.claims.add_company(
        by=scene.moderator, name=scenes.write("en", "Another"), now=scene.now
    )
    path = f"/desk/companies/{other.pk}/"
    assert "No website yet" in page_text(client.get(path))
    typed = {"version": version(other), "name_en": "Another", "reason": "It has one."}
    wrong = client.post(path, {"do": "revise", **typed, "website": "https://another.example:8080/"})
    assert wrong.status_code == 400
    assert "Remove the port." in page_text(wrong)
    assert "https://another.example/" in sent(
        client, path, "revise", **typed, website="https://another.example/"
    )
    clash = client.post(path, {"do": "revise", **typed, "website": "https://other.example/"})
    assert clash.status_code == 409
    assert "https://another.example/" in page_text(Client().get(f"/companies/{other.pk}/"))


def test_what_the_form_offers_stands_under_its_owner(client: Client, scene: scenes.Scene) -> None:
    page = page_text(client.get("/desk/claims/new/"))
    assert '<optgroup label="A car maker">' in page
    assert '<optgroup label="Sports saloon">' in page


def test_a_long_summary_is_no_headline_and_its_missing_translation_is_said_once_outside_of_links(
    scene: scenes.Scene,
) -> None:
    long = "The company says that the hood is made like the one of its racing car. " * 6
    with ledger.act("claim.revised", by=scene.moderator, role=Role.MODERATOR, reason="Longer."):
        Claim.objects.filter(pk=scene.claim.pk).update(summary=write("en", long))
    page = page_text(Client().get(f"/zh/claims/{scene.claim.reference}/"))
    heading = page.partition("<h1>")[2].partition("</h1>")[0]
    assert "The company says" in heading
    assert "…" in heading
    assert len(heading) < 200
    assert f'<p class="in-full" lang="en">{long.strip()}</p>' in page.replace(" </p>", "</p>")
    assert page.count("暂无译文") == 1
    row = page_text(Client().get("/zh/claims/")).partition(f"/claims/{scene.claim.reference}/")[2]
    assert "暂无译文" not in row.partition("</a>")[0]
    assert "暂无译文" in row.partition("</li>")[0]
    assert long.strip() not in row
