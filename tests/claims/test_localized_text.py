"""Texts in one language with translations."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from claims.fields import PairField, PairWidget
from claims.localized_text import (
    LANGUAGES,
    LocalizedTextField,
    credit_translations,
    is_in_all_languages,
    read,
    validate_localized_text,
    with_equal_originals,
    write,
)

words = st.text(min_size=1, max_size=20)
written = st.builds(
    lambda lang, text,
    other: write(lang, text, **({("en" if lang != "en" else "zh_Hans"): other} if other else {})),
    st.sampled_from(LANGUAGES), words, st.none() | words,
)  # fmt: skip


@given(written)
def test_what_write_makes_is_valid_and_reads_back(value: dict[str, Any]) -> None:
    validate_localized_text(value)
    original = read(value, value["lang"])
    assert (original.text, original.lang, original.translated_by, original.missing) == (
        value["text"],
        value["lang"],
        None,
        False,
    )
    for lang in LANGUAGES:
        reading = read(value, lang)
        there = lang == value["lang"] or lang in value["translations"]
        assert reading.missing == (not there)
        assert reading.lang == (lang if there else value["lang"])
        assert (reading.translated_by is not None) == (lang in value["translations"])
    assert is_in_all_languages(value) == (set(LANGUAGES) == {value["lang"], *value["translations"]})


def test_every_kind_of_chinese_asks_for_the_one_we_write() -> None:
    value = write("en", "a duct", zh_Hans="风道")
    assert [
        read(value, lang).text for lang in ("zh-Hans", "zh-hans", "zh", "zh-CN", "zh-Hant")
    ] == ["风道"] * 5
    assert (read(value, "fr").text, read(value, "fr").missing) == ("a duct", True)


@pytest.mark.parametrize(
    ("lang", "to_english"),
    [("pt-BR", True), ("ja", True), ("ar", True), ("zh-Hant", True), ("en-GB", False)],
)
def test_an_owner_writes_in_any_language_and_it_is_read_as_that(
    lang: str, to_english: bool
) -> None:
    value = write(lang, "Carga completa, 25 km/h.")
    validate_localized_text(value)
    assert (read(value, "en").lang, read(value, "en").missing) == (lang, to_english)
    assert read(value, "zh-Hans").missing
    assert not is_in_all_languages(value)


def test_nothing_written_reads_as_nothing() -> None:
    for empty in (None, {}):
        assert read(empty, "en").text == ""
        assert not is_in_all_languages(empty)
        validate_localized_text(empty)


def test_a_translation_without_words_is_none() -> None:
    assert write("en", "a duct", zh_Hans="")["translations"] == {}
    assert not is_in_all_languages({"lang": "en", "text": "", "translations": {}})


@pytest.mark.parametrize(
    "value",
    [
        "a text", [], 7, {"lang": "en"},
        {"lang": "klingon!", "text": "x", "translations": {}},
        {"lang": "pt-br", "text": "x", "translations": {}},
        {"lang": 7, "text": "x", "translations": {}}, {"lang": "en", "text": 1, "translations": {}},
        {"lang": "en", "text": "x", "translations": []},
        {"lang": "en", "text": "x", "translations": {}, "more": 1},
        {"lang": "en", "text": "x",
        "translations": {"en": {"text": "x", "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x",
        "translations": {"de": {"text": "x", "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x",
        "translations": {"zh-Hans": {"text": "x", "role": "moderator"}}},
        {"lang": "en", "text": "x",
        "translations": {"zh-Hans": {"text": None, "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x", "translations": {"zh-Hans": "x"}},
    ],
)  # fmt: skip
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        validate_localized_text(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["lang", "text", "translations", "en", "zh-Hans", "x"]), inner
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_no_value_gets_past_the_check_that_reading_cannot_read(value: Any) -> None:
    try:
        validate_localized_text(value)
    except ValidationError:
        return
    for lang in LANGUAGES:
        assert isinstance(read(value, lang).text, str)


@pytest.mark.django_db
def test_the_field_refuses_a_malformed_text_even_from_an_update() -> None:
    from django.db import connection

    with pytest.raises(ValidationError):
        LocalizedTextField().get_db_prep_value({"lang": "en"}, connection)


def typed(lang: str, **texts: str) -> Any:
    """What a pair of boxes gives on a page in `lang`; `first` says which was written first."""

    class Form(forms.Form):
        summary = PairField()

    with override(lang):
        form = Form({f"summary_{name}": text for name, text in texts.items()})
        assert form.is_valid(), form.errors
        return form.cleaned_data["summary"]


def test_which_text_came_first_does_not_follow_from_the_language_of_the_page() -> None:
    both = {"en": "a duct", "zh_Hans": "风道"}
    assert typed("en", **both) == typed("zh-hans", **both)
    for lang in ("en", "zh-hans"):
        assert all(
            read(typed(lang, **both), shown).translated_by in {None, ""} for shown in LANGUAGES
        )  # nobody said that one is a translation
        stated = typed(lang, **both, first="en")
        assert (stated["lang"], stated["translations"]["zh-Hans"]["role"]) == ("en", "moderator")
        assert typed(lang, en="a duct", first="zh-Hans") == write("en", "a duct")


def test_a_form_that_is_opened_and_saved_changes_nothing_of_a_text() -> None:
    for value in (
        write("en", "a duct", zh_Hans="风道"),
        with_equal_originals(write("en", "a duct", zh_Hans="风道")),
        write("en", "a duct"),
    ):
        chinese, english, first = PairWidget().decompress(value)
        for lang in ("en", "zh-hans"):
            assert typed(lang, zh_Hans=chinese, en=english, first=first) == value


def test_a_text_that_is_needed_is_not_given_by_its_language_alone() -> None:
    class Form(forms.Form):
        summary = PairField()

    assert not Form({"summary_first": "en"}).is_valid()


def test_a_translation_is_credited_to_who_gave_it() -> None:
    value = write("en", "a duct", zh_Hans="风道")
    mine = credit_translations(value, "adjudicator")
    assert mine["translations"]["zh-Hans"]["role"] == "adjudicator"
    assert credit_translations(value, "moderator", mine) == mine  # the same words stay theirs
    assert (
        credit_translations(write("en", "a duct", zh_Hans="管道"), "moderator", mine)[
            "translations"
        ]["zh-Hans"]["role"]
        == "moderator"
    )
    assert credit_translations(with_equal_originals(value), "moderator") == with_equal_originals(
        value
    )
    assert credit_translations({}, "moderator") == {}
