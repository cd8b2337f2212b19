"""In which language programs are answered: the one they ask for, else English, whatever the site
speaks to people by default."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from config.languages import asked_of
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _chinese_site(settings: Any) -> None:
    settings.LANGUAGE_CODE = "zh-hans"  # as in production


@pytest.mark.parametrize(
    "headers",
    [{}, {"accept-language": "fr"}, {"accept-language": "*"}, {"accept-language": "x" * 9000}],
)
def test_programs_that_ask_for_no_language_of_ours_are_answered_in_english(
    client: Client, headers: dict[str, str]
) -> None:
    scenes.build_verdict(scenes.build_claim())
    # control: what a person chose here is no wish of a program
    client.cookies["django_language"] = "zh-hans"
    feed = client.get("/feeds/verdicts.atom", headers=headers)
    assert 'xml:lang="en"' in page_text(feed)
    assert "Latest verdicts" in page_text(feed)
    for path in (
        "/api/v1/claims/",
        "/api/v1/schema/",
        "/api/v1/claims/?rating=wrong",
        "/api/v1/claims/?cursor=x",
        "/api/v1/nothing/",
    ):
        answer = client.get(path, headers=headers)
        assert answer["Content-Language"] == "en", path
        if answer.status_code >= 400:
            assert not re.search("[\u4e00-\u9fff]", page_text(answer)), path


def test_programs_that_ask_for_chinese_get_it_and_people_keep_their_own(client: Client) -> None:
    assert 'xml:lang="zh-hans"' in page_text(
        client.get("/feeds/verdicts.atom", headers={"accept-language": "zh-CN,en;q=0.5"})
    )
    assert '<html lang="zh-Hans"' in page_text(client.get("/"))


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "en"),
        ("zh", "zh-hans"),
        ("zh-TW", "zh-hans"),
        ("de, zh;q=0.1", "zh-hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("\x00;;q=", "en"),
    ],
)
def test_the_first_language_of_ours_counts(accepted: str, lang: str) -> None:
    assert asked_of(accepted) == lang
