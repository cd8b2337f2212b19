"""Texts that we write, with their language and translations.

One column holds `{"lang": "en", "text": "…", "translations": {"zh-Hans": {"text": "…", "role":
"moderator", "name": "grey-heron-4821"}}}`: the original and its translations are one text for the
record, so that erasing one erases all. What owners write is in any language (BCP 47); translations
are into those of the site. `role` is that of who wrote the translation; it is empty where nobody
said which of the two texts came first, and then neither is called a translation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from claims.languages import same_language, validate_language

#: What a column of this kind holds; the form is shown above.
LocalizedText = dict[str, Any]

LANGUAGES: Final = ("zh-Hans", "en")


@dataclass(frozen=True)
class LocalizedReading:
    """A written text as shown to one reader: `translated_by` is the translator's role; None for the
    original, empty where no one said which came first."""

    text: str
    lang: str
    translated_by: str | None = None
    missing: bool = False


def write(lang: str, text: str, **translations: str) -> dict[str, Any]:
    """A written text in `lang`; translations by keyword (`en=…`, `zh_Hans=…`), marked as a
    moderator's unless added later."""
    return {
        "lang": lang,
        "text": text,
        "translations": {
            key.replace("_", "-"): {"text": value, "role": "moderator", "name": ""}
            for key, value in translations.items()
            if value
        },
    }


def with_equal_originals(value: dict[str, Any]) -> dict[str, Any]:
    """The same text where nobody said in which language it was written first."""
    return {
        **value,
        "translations": {
            lang: {**translation, "role": "", "name": ""}
            for lang, translation in value["translations"].items()
        },
    }


def credit_translations(
    value: dict[str, Any] | None, role: str, before: dict[str, Any] | None = None
) -> Any:
    """A text that someone in `role` has just given: its translations are theirs, except the words
    that stood there `before`.

    >>> duct = credit_translations(write("en", "a duct", zh_Hans="风道"), "adjudicator")
    >>> duct["translations"]["zh-Hans"]["role"]
    'adjudicator'
    """
    if not value or not value.get("translations"):
        return value
    stood = (before or {}).get("translations", {})
    kept = {
        lang: old
        for lang, old in stood.items()
        if old["text"] == value["translations"].get(lang, {}).get("text")
    }
    given = {
        lang: {**translation, "role": role if translation["role"] else ""}
        for lang, translation in value["translations"].items()
    }
    same_original = (before or {}).get("lang") == value["lang"]
    return {**value, "translations": {**given, **(kept if same_original else {})}}


def read(value: dict[str, Any] | None, lang: str) -> LocalizedReading:
    """The translation into `lang` if there is one, else the original, saying so (`missing`).

    >>> read(write("en", "a duct"), "zh-Hans").missing
    True
    """
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("text"), str)
        or not isinstance(value.get("lang"), str)
    ):
        return LocalizedReading("", lang)
    wanted = "zh-Hans" if lang.lower().startswith("zh") else lang
    if value["lang"] == wanted:
        return LocalizedReading(value["text"], wanted)
    translation = (value.get("translations") or {}).get(wanted)
    if (
        isinstance(translation, dict)
        and isinstance(translation.get("text"), str)
        and isinstance(translation.get("role"), str)
    ):
        return LocalizedReading(translation["text"], wanted, translated_by=translation["role"])
    return LocalizedReading(
        value["text"], value["lang"], missing=not same_language(value["lang"], wanted)
    )


def is_in_all_languages(value: dict[str, Any] | None) -> bool:
    """Whether the text stands in every language of the site."""
    return bool(value) and all(
        read(value, lang).text and not read(value, lang).missing for lang in LANGUAGES
    )


def validate_localized_text(value: Any) -> None:
    """Raises ValidationError unless `value` has exactly the shape shown at the top of this
    module."""
    if value in (None, {}):
        return
    fault = ValidationError(
        _(
            "A text needs a language and words. Each translation needs words and the role of its "
            "translator."
        ),
        code="written",
    )
    if not isinstance(value, dict) or set(value) != {"lang", "text", "translations"}:
        raise fault
    if (
        not isinstance(value["lang"], str)
        or not isinstance(value["text"], str)
        or not isinstance(value["translations"], dict)
    ):
        raise fault
    validate_language(value["lang"])
    for lang, translation in value["translations"].items():
        if (
            lang not in LANGUAGES
            or lang == value["lang"]
            or not isinstance(translation, dict)
            or set(translation) != {"text", "role", "name"}
        ):
            raise fault
        if not all(isinstance(part, str) for part in translation.values()):
            raise fault


class LocalizedTextField(models.JSONField):
    """A written text; empty is `{}`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("default", dict)
        options.setdefault("validators", [validate_localized_text])
        super().__init__(*args, **options)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, dict):
            validate_localized_text(value)
        return super().get_db_prep_value(value, connection, prepared)
