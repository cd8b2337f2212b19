"""Many proposals at once, from a file or by key: first what would be made, then all or none."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actions import create_key
from claims.bulk_files import COLUMNS, MOST_ROWS, FileUnreadableError, read_rows, read_text
from claims.models import ClaimProposal
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db

ROW = {
    "quote": "一次充电跑1000公里。", "quote_lang": "zh-Hans", "company_name": "远方电车",
    "product_name": "", "channel": "launch_event", "address": "", "place": "第40分钟",
    "why": "只有430公里。",
}  # fmt: skip
OTHER = ROW | {"quote": "The doors close without a sound.", "quote_lang": "en"}


def as_csv(*rows: dict[str, str], separator: str = ",") -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


@shared_scene
def scene() -> scenes.Scene:
    scene = scenes.build_claim()
    scenes.confirmed(scene.owners[0])
    return scene


@pytest.fixture
def page(scene: scenes.Scene) -> Client:
    client = Client()
    client.force_login(scene.owners[0])
    return client


@pytest.fixture
def by_key(scene: scenes.Scene) -> Any:
    _key, secret = create_key(
        by=scene.owners[0], label="group", scopes=["read", "submit"], now=scene.now
    )
    headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}

    def send(path: str, body: object = None, key: str = "") -> Any:
        if body is None:
            return Client().get(f"/api/v1/proposals/{path}", **headers)
        more = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        return Client().post(
            f"/api/v1/proposals/{path}", json.dumps(body), "application/json", **headers, **more
        )

    return send


# --- reading files --------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_are_read_from_csv_as_spreadsheets_save_it(separator: str) -> None:
    text = as_csv(ROW, OTHER | {"why": 'It says "click",\nloudly.'}, separator=separator)
    for saved in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("gb18030")):
        rows = read_rows(read_text(saved))
        assert rows[0] == ROW
        assert rows[1]["why"] == 'It says "click",\nloudly.'


def test_rows_are_read_from_json_and_what_is_left_out_is_empty() -> None:
    given = {name: value for name, value in ROW.items() if value}
    assert read_rows(json.dumps([given])) == [ROW]


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "[]", "[1]", "{}", "[", "[" * 50_000, '[{"quote": 1}]', '[{"quotation": "x"}]',
        "quote,quote\na,b", "quote,why\na", 'quote\n"a', "quote,nobody\na,b", "a\0b",
        json.dumps([ROW] * (MOST_ROWS + 1)),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(FileUnreadableError, match=r"\.$"):
        read_rows(text)


# --- the page -------------------------------------------------------------------------------------


def test_a_file_is_checked_first_and_then_proposed_whole(page: Client) -> None:
    file = SimpleUploadedFile("claims.csv", as_csv(ROW, OTHER).encode())
    answer = page.post("/proposals/import/", {"do": "check", "file": file})
    assert "Propose all rows" in page_text(answer)
    assert "Can be proposed." in page_text(answer)
    assert ClaimProposal.objects.count() == 0
    content = answer.context["form"]["content"].value()
    done = page.post("/proposals/import/", {"do": "propose", "content": content}, follow=True)
    assert "Proposed: 2 claims." in page_text(done)
    assert ClaimProposal.objects.count() == 2


def test_each_row_says_what_is_wrong_with_it_and_none_is_proposed(
    page: Client, scene: scenes.Scene
) -> None:
    rows = [
        OTHER, ROW | {"channel": "telepathy"}, ROW | {"quote_lang": "klingonish"},
        ROW | {"quote": scenes.POST, "company_name": "某车企股份有限公司"}, OTHER,
    ]  # fmt: skip
    answer = page.post("/proposals/import/", {"do": "propose", "content": json.dumps(rows)})
    assert answer.status_code == 400
    text = page_text(answer)
    assert "Nothing was proposed." in text
    assert "The same quote stands in row 1." in text
    assert f"/claims/{scene.claim.reference}/" in text
    assert "Propose all rows" not in text
    faulty = [result.number for result in answer.context["results"] if result.errors]
    assert faulty == [2, 3, 5]
    assert ClaimProposal.objects.count() == 0


def test_more_than_the_daily_limit_is_refused_whole(page: Client, settings: Any) -> None:
    settings.PROPOSALS_PER_DAY = 1
    answer = page.post("/proposals/import/", {"do": "propose", "content": as_csv(ROW, OTHER)})
    assert answer.status_code == 429
    assert ClaimProposal.objects.count() == 0


# --- by key ---------------------------------------------------------------------------------------


def test_a_claim_is_proposed_by_key_once_and_read_by_its_own(
    by_key: Any, scene: scenes.Scene
) -> None:
    first, again = by_key("", ROW, "k"), by_key("", ROW, "k")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert by_key("", OTHER, "k").status_code == 409
    reference = first.json()["reference"]
    assert by_key(f"{reference}/").json()["status"] == "proposed"
    assert len(by_key("").json()["results"]) == 1
    other = scenes.build_proposal(scene, scene.owners[1])
    assert by_key(f"{other.reference}/").status_code == 404


def test_what_is_wrong_is_refused_by_its_name(by_key: Any, settings: Any) -> None:
    for wrong, name in (
        (ROW | {"quotation": "x"}, "quotation"), (ROW | {"channel": "x"}, "channel"),
        (ROW | {"place": ""}, "address"), (ROW | {"address": "https://yard.test/"}, "address"),
    ):  # fmt: skip
        answer = by_key("", wrong)
        assert answer.status_code == 400
        assert name in answer.content.decode(), answer.content
    settings.PROPOSALS_PER_DAY = 1
    assert by_key("", ROW).status_code == 201
    assert by_key("", OTHER).status_code == 429


def test_many_by_key_are_told_first_and_made_together(by_key: Any, scene: scenes.Scene) -> None:
    rows = [OTHER, ROW | {"quote": scenes.POST, "company_name": "某车企"}]
    dry = by_key("bulk/", {"proposals": rows})
    assert dry.status_code == 200
    assert [row["similar"] for row in dry.json()["rows"]] == [[], [scene.claim.reference]]
    assert ClaimProposal.objects.count() == 0
    real: dict[str, Any] = {"csv": as_csv(*rows), "dry_run": False}
    made, again = by_key("bulk/", real, "k"), by_key("bulk/", real, "k")
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()
    assert ClaimProposal.objects.count() == 2
    wrong = by_key("bulk/", {"proposals": [ROW, ROW | {"why": ""}], "dry_run": False})
    assert wrong.status_code == 400
    assert "row 2" in wrong.content.decode()
    assert ClaimProposal.objects.count() == 2
    for odd in ({}, {"proposals": [1]}, {"proposals": [ROW], "csv": "x"}, {"proposals": "x"}):
        assert by_key("bulk/", odd).status_code == 400, odd
