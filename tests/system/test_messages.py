"""The Chinese of the pages is complete, current, and fills the same places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext

from config import catalogue

ROOT = Path(settings.BASE_DIR)
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%")


def test_no_text_of_the_pages_lacks_its_chinese() -> None:
    assert catalogue.missing(catalogue.brought_up_to_date(ROOT)) == []


def test_both_files_are_what_the_code_would_write_now() -> None:
    current = catalogue.brought_up_to_date(ROOT)
    assert catalogue.po_path(ROOT).read_bytes() == catalogue.po_bytes(current)
    assert catalogue.mo_path(ROOT).read_bytes() == catalogue.mo_bytes(current)


def test_a_translation_fills_the_same_places() -> None:
    for message in catalogue.read(ROOT):
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[1]
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            for chinese in strings:
                assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(chinese)), english


def test_texts_are_found_whatever_gettext_is_called(tmp_path: Path) -> None:
    for room in catalogue.APPS:
        (tmp_path / room).mkdir()
    (tmp_path / "claims" / "a.py").write_text(
        "from django.utils.translation import gettext as lazy, ngettext\n"
        "lazy('one ' 'two')\nngettext('%(n)s a', '%(n)s b', 2)\nother('no')\n"
    )
    (tmp_path / "claims" / "b.html").write_text(
        "{% load i18n %}{% translate 'plain' %}{% blocktranslate count n=x %}{{ n }} c{% plural "
        "%}{{ n }} d{% endblocktranslate %}"
    )
    assert set(catalogue.texts_of_pages(tmp_path)) == {
        "one two",
        ("%(n)s a", "%(n)s b"),
        "plain",
        ("%(n)s c", "%(n)s d"),
    }


def test_the_command_says_what_is_out_of_date(tmp_path: Path, settings: object) -> None:
    for room in catalogue.APPS:
        (tmp_path / room).mkdir()
    (tmp_path / "claims" / "a.py").write_text(
        "from django.utils.translation import gettext as _\n_('new')\n"
    )
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="Without Chinese: 1"):
        call_command("messages", check=True)
    assert not catalogue.po_path(tmp_path).exists()
    call_command("messages")
    assert b'msgid "new"' in catalogue.po_path(tmp_path).read_bytes()


def test_django_reads_it() -> None:
    with translation.override("zh-hans"):
        assert gettext("No reply was requested yet.") == "尚未征求企业回应。"
    with translation.override("en"):
        assert gettext("No reply was requested yet.") == "No reply was requested yet."
