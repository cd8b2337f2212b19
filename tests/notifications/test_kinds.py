"""The table of what people are told of is complete, and says nothing that may not stand in a
mail."""

from __future__ import annotations

import re
from typing import Final

import pytest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import override

from notifications.kinds import GROUPS, KINDS, Delivery, Group, Kind, KindEntry, kinds_of
from tests.repository.sources import texts

#: What a sentence may name.
NAMED: Final = {"%(reference)s"}


def test_every_kind_and_every_group_stands_in_its_table() -> None:
    assert set(KINDS) == set(Kind)
    assert set(GROUPS) == set(Group)
    assert sorted(kind for group in Group for kind in kinds_of(group)) == sorted(Kind)
    assert all(entry.recipients for entry in KINDS.values())


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_has_its_sentence_in_both_languages_and_leads_somewhere(kind: Kind) -> None:
    entry = KINDS[kind]
    words = {}
    for language in ("en", "zh-hans"):
        with override(language):
            words[language] = str(entry.sentence), str(entry.todo)
            assert leads_somewhere(entry)
    for english, chinese in zip(words["en"], words["zh-hans"], strict=True):
        assert (english == chinese == "") or english != chinese
        assert set(re.findall(r"%\(\w+\)s", english)) <= NAMED
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", chinese))


def leads_somewhere(entry: KindEntry) -> bool:
    """Whether the address of the kind can be composed, out of a reference or an id."""
    for argument in ("AC-0000000", "018f4f5e-0000-7000-8000-000000000000"):
        try:
            return bool(reverse(entry.leads_to, args=[argument]))
        except NoReverseMatch:
            continue
    return False


def test_a_page_that_is_not_there_is_found() -> None:
    assert not leads_somewhere(KindEntry(Group.WORK, "nobody", "x", "evidence:nowhere"))


def test_every_kind_is_told_somewhere() -> None:
    code = "\n".join(
        text
        for name, text in texts(".py")
        if not name.startswith(("tests/", "notifications/kinds.py"))
    )
    assert [kind.name for kind in Kind if not re.search(rf"\bKind\.{kind.name}\b", code)] == []


def test_what_cannot_be_turned_off_comes_at_once() -> None:
    critical = [entry for entry in GROUPS.values() if entry.critical]
    assert {entry.delivery for entry in critical} == {Delivery.AT_ONCE}
