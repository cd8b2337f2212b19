"""Texts in one language with translations."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from claims.written import LANGUAGES, WrittenField, complete, read, validate_written, write

words = st.text(min_size=1, max_size=20)
written = st.builds(
    lambda lang, text, other: write(lang, text, **({("en" if lang != "en" else "zh_Hans"): other} if other else {})),
    st.sampled_from(LANGUAGES), words, st.none() | words,
)  # fmt: skip


@given(written)
def test_what_write_makes_is_valid_and_reads_back(value: dict[str, Any]) -> None:
    validate_written(value)
    original = read(value, value["lang"])
    assert (original.text, original.lang, original.translated_by, original.missing) == (value["text"], value["lang"], None, False)
    for lang in LANGUAGES:
        reading = read(value, lang)
        there = lang == value["lang"] or lang in value["translations"]
        assert reading.missing == (not there)
        assert reading.lang == (lang if there else value["lang"])
        assert (reading.translated_by is not None) == (lang in value["translations"])
    assert complete(value) == (set(LANGUAGES) == {value["lang"], *value["translations"]})


def test_every_kind_of_chinese_asks_for_the_one_we_write() -> None:
    value = write("en", "a duct", zh_Hans="风道")
    assert [read(value, lang).text for lang in ("zh-Hans", "zh-hans", "zh", "zh-CN", "zh-Hant")] == ["风道"] * 5
    assert (read(value, "fr").text, read(value, "fr").missing) == ("a duct", True)


def test_nothing_written_reads_as_nothing() -> None:
    for empty in (None, {}):
        assert read(empty, "en").text == ""
        assert not complete(empty)
        validate_written(empty)


def test_a_translation_without_words_is_none() -> None:
    assert write("en", "a duct", zh_Hans="")["translations"] == {}
    assert not complete({"lang": "en", "text": "", "translations": {}})


@pytest.mark.parametrize(
    "value",
    [
        "a text", [], 7, {"lang": "en"}, {"lang": "fr", "text": "x", "translations": {}}, {"lang": "en", "text": 1, "translations": {}},
        {"lang": "en", "text": "x", "translations": []}, {"lang": "en", "text": "x", "translations": {}, "more": 1},
        {"lang": "en", "text": "x", "translations": {"en": {"text": "x", "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x", "translations": {"de": {"text": "x", "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x", "translations": {"zh-Hans": {"text": "x", "role": "moderator"}}},
        {"lang": "en", "text": "x", "translations": {"zh-Hans": {"text": None, "role": "moderator", "name": ""}}},
        {"lang": "en", "text": "x", "translations": {"zh-Hans": "x"}},
    ],
)  # fmt: skip
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        validate_written(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["lang", "text", "translations", "en", "zh-Hans", "x"]), inner)
    ),
    max_leaves=8,
)


@given(json_values)
def test_no_value_gets_past_the_check_that_reading_cannot_read(value: Any) -> None:
    try:
        validate_written(value)
    except ValidationError:
        return
    for lang in LANGUAGES:
        assert isinstance(read(value, lang).text, str)


@pytest.mark.django_db
def test_the_field_refuses_a_malformed_text_even_from_an_update() -> None:
    from django.db import connection

    with pytest.raises(ValidationError):
        WrittenField().get_db_prep_value({"lang": "en"}, connection)
