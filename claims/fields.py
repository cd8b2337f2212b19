"""Form fields for texts that stand in both languages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from claims.languages import FIRST, language_name, language_tag
from claims.localized_text import LANGUAGES, read, with_equal_originals, write
from ui.languages import page_language

#: Which of two texts came first. It is asked, because neither the words nor the language of the
#: page tell.
FIRST_WRITTEN = [("", _("not stated")), ("zh-Hans", _("Simplified Chinese")), ("en", _("English"))]


class PairWidget(forms.MultiWidget):
    """One box per language, each with its `lang`, and which of them was written first."""

    template_name = "claims/pair.html"
    use_fieldset = True

    def __init__(self, rows: int = 3) -> None:
        widget: type[forms.Widget] = forms.Textarea if rows > 1 else forms.TextInput
        sized = {"rows": rows} if rows > 1 else {}
        boxes: dict[str, forms.Widget] = {
            lang.replace("-", "_"): widget(attrs={"lang": lang, **sized}) for lang in LANGUAGES
        }
        super().__init__({**boxes, "first": forms.Select(choices=FIRST_WRITTEN)})

    def decompress(self, value: Any) -> list[str]:
        """The words of a written text, one string per language, and the language it was written in
        if that was said."""
        if not isinstance(value, dict) or not value:
            return ["" for _lang in (*LANGUAGES, "first")]
        texts = {
            value["lang"]: value["text"],
            **{lang: translation["text"] for lang, translation in value["translations"].items()},
        }
        credited = all(translation["role"] for translation in value["translations"].values())
        return [
            *(texts.get(lang, "") for lang in LANGUAGES),
            value["lang"] if value["translations"] and credited else "",
        ]


class PairField(forms.MultiValueField):
    """A written text. Who types both languages may say which came first; the other is then their
    translation.

    `both` demands both languages; otherwise one is enough, or none if the field is not required.
    """

    def __init__(
        self,
        *,
        rows: int = 3,
        both: bool = False,
        max_length: int = 8000,
        required: bool = True,
        **options: Any,
    ) -> None:
        self.both = both
        fields: list[forms.Field] = [
            forms.CharField(required=False, max_length=max_length) for _lang in LANGUAGES
        ]
        fields.append(forms.ChoiceField(choices=FIRST_WRITTEN, required=False))
        super().__init__(
            fields, widget=PairWidget(rows), require_all_fields=False, required=required, **options
        )

    def compress(self, data_list: Any) -> dict[str, Any]:
        """The written text; empty is `{}`. Raises ValidationError when a language is missing."""
        *given, first = data_list or ["" for _lang in (*LANGUAGES, "first")]
        texts = dict(zip(LANGUAGES, given, strict=True))
        filled = {lang: text.strip() for lang, text in texts.items() if text and text.strip()}
        if not filled:
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return {}
        if self.both and len(filled) < len(LANGUAGES):
            raise ValidationError(_("Enter this in both languages."))
        original = (
            first
            if first in filled
            else LANGUAGES[-1]
            if LANGUAGES[-1] in filled
            else next(iter(filled))
        )
        written = write(
            original,
            filled.pop(original),
            **{lang.replace("-", "_"): text for lang, text in filled.items()},
        )
        return written if first == original else with_equal_originals(written)


class NamedChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own class takes no argument when it runs
    """A choice among rows, called by their own words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"empty_label": "—", **options})

    def label_from_instance(self, obj: Any) -> str:
        """Name or title in the page's language, else the address."""
        if hasattr(obj, "on_date"):  # a figure of a series
            return (
                f"{obj.on_date:%Y-%m-%d} · {obj.value.normalize():f} · "
                f"{self.label_from_instance(obj.source)}"
            )
        written = getattr(obj, "name", None) or getattr(obj, "title", None) or {}
        return read(written, page_language()).text or str(getattr(obj, "url", obj.pk))


class LanguageInput(forms.TextInput):
    """A box for a language's tag, in which the more frequent ones are offered by name."""

    template_name = "claims/language.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """With `offered`: tags and what their languages are called."""
        context = super().get_context(name, value, attrs)
        listed = f"{context['widget']['attrs'].get('id') or name}_languages"
        context["widget"]["attrs"] |= {
            "list": listed,
            "autocomplete": "off",
            "spellcheck": "false",
            "autocapitalize": "off",
        }
        return {
            **context,
            "listed": listed,
            "offered": [(tag, language_name(tag)) for tag in FIRST],
        }


class LanguageField(forms.CharField):
    """The language of what is quoted beside it: any there is, by its BCP 47 tag or its name. Gives
    the tag as it is written."""

    def __init__(self, **options: Any) -> None:
        help_text = _("A language tag or name: zh-Hans, en, de, Deutsch, pt-BR …")
        super().__init__(
            **{"max_length": 80, "widget": LanguageInput, "help_text": help_text, **options}
        )

    def clean(self, value: Any) -> str:
        """The tag. Raises ValidationError."""
        given = super().clean(value)
        return language_tag(given) if given else ""
