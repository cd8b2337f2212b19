"""The guide's commands run as they stand."""

from __future__ import annotations

import html
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.actions import create_key
from config.api.guide import SECTIONS, operations
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db(transaction=True)


def commands(client: Client, language: str = "en") -> list[list[str]]:
    """Every curl command of the page, as its words."""
    page = page_text(client.get("/api/docs/", headers={"accept-language": language}))
    shown = [html.unescape(one) for one in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    lines = "\n".join(shown).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("curl ")]


def run(client: Client, words: list[str], secret: str) -> Any:
    """What curl would do, by the test client."""
    address, headers, fields = "", {}, {}
    rest = iter(words[1:])
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value.replace("ac_…", secret)
        elif word == "-F":
            name, _, value = next(rest).partition("=")
            fields[name] = (
                SimpleUploadedFile(value[1:], scenes.picture(1), "image/jpeg")
                if value.startswith("@")
                else value
            )
        elif word == "-o":
            next(rest)
        else:
            address = word
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}" == "http://testserver"
    path = f"{parts.path}?{parts.query}"
    return (
        client.post(path, fields, headers=headers) if fields else client.get(path, headers=headers)
    )


def test_every_command_of_the_guide_runs_as_it_stands() -> None:
    scene = scenes.build_case()
    _key, secret = create_key(
        by=scene.owners[0], label="guide", scopes=["read", "submit"], now=timezone.now()
    )
    found = commands(Client())
    assert len(found) == sum(len(examples) for _target, _heading, _text, examples in SECTIONS)
    for words in found:
        answer = run(Client(), words, secret)
        assert answer.status_code in {200, 201}, (words, answer.content)
    assert commands(Client(), "zh-hans") == found


def test_a_command_that_does_not_run_would_be_found() -> None:
    """The negative control of the test above."""
    assert run(Client(), ["curl", "http://testserver/api/v1/nowhere/"], "").status_code == 404
    assert (
        run(
            Client(),
            [
                "curl",
                "-F",
                "claim=x",
                "-H",
                "Authorization: Bearer ac_…",
                "http://testserver/api/v1/submissions/",
            ],
            "no",
        ).status_code
        == 401
    )


def test_the_guide_opens_before_anything_is_published_and_lists_every_operation(
    client: Client,
) -> None:
    page = page_text(client.get("/api/docs/"))
    assert "AC-XXXX-XXXX" in page
    for one in operations():
        assert f"<code>{one['method']} {one['path']}</code>" in page
