"""Form fields for texts that stand in both languages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from claims.languages import FIRST, language_name, language_tag
from claims.written import LANGUAGES, read, write


def page_language() -> str:
    """The language of the page as written texts name it."""
    return "en" if (get_language() or "").lower().startswith("en") else "zh-Hans"


class PairWidget(forms.MultiWidget):
    """One box per language, each with its `lang`."""

    template_name = "claims/pair.html"
    use_fieldset = True

    def __init__(self, rows: int = 3) -> None:
        widget: type[forms.Widget] = forms.Textarea if rows > 1 else forms.TextInput
        sized = {"rows": rows} if rows > 1 else {}
        super().__init__({lang.replace("-", "_"): widget(attrs={"lang": lang, **sized}) for lang in LANGUAGES})

    def decompress(self, value: Any) -> list[str]:
        """The words of a written text, one string per language."""
        if not isinstance(value, dict) or not value:
            return ["" for _lang in LANGUAGES]
        texts = {value["lang"]: value["text"], **{lang: one["text"] for lang, one in value["translations"].items()}}
        return [texts.get(lang, "") for lang in LANGUAGES]


class PairField(forms.MultiValueField):
    """A written text. The page's language is its original if words stand in it, the other its translation.

    `both` demands both languages; otherwise one is enough, or none if the field is not required.
    """

    def __init__(self, *, rows: int = 3, both: bool = False, max_length: int = 8000, required: bool = True, **options: Any) -> None:
        self.both = both
        fields = [forms.CharField(required=False, max_length=max_length) for _lang in LANGUAGES]
        super().__init__(fields, widget=PairWidget(rows), require_all_fields=False, required=required, **options)

    def compress(self, data_list: Any) -> dict[str, Any]:
        """The written text; empty is `{}`. Raises ValidationError when a language is missing."""
        texts = dict(zip(LANGUAGES, data_list or ["" for _lang in LANGUAGES], strict=True))
        filled = {lang: text.strip() for lang, text in texts.items() if text and text.strip()}
        if not filled:
            return {}
        if self.both and len(filled) < len(LANGUAGES):
            raise ValidationError(_("This is needed in both languages."))
        original = page_language() if page_language() in filled else next(iter(filled))
        return write(original, filled.pop(original), **{lang.replace("-", "_"): text for lang, text in filled.items()})


class NamedChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's own class takes no argument when it runs
    """A choice among rows, called by their own words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"empty_label": "—", **options})

    def label_from_instance(self, obj: Any) -> str:
        """Name or title in the page's language, else the address."""
        if hasattr(obj, "on_date"):  # a figure of a series
            return f"{obj.on_date:%Y-%m-%d} · {obj.value.normalize():f} · {self.label_from_instance(obj.source)}"
        written = getattr(obj, "name", None) or getattr(obj, "title", None) or {}
        return read(written, page_language()).text or str(getattr(obj, "url", obj.pk))


class LanguageInput(forms.TextInput):
    """A box for a language's tag, in which the more frequent ones are offered by name."""

    template_name = "claims/language.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """With `offered`: tags and what their languages are called."""
        context = super().get_context(name, value, attrs)
        listed = f"{context['widget']['attrs'].get('id') or name}_languages"
        context["widget"]["attrs"] |= {"list": listed, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        return {**context, "listed": listed, "offered": [(tag, language_name(tag)) for tag in FIRST]}


class LanguageField(forms.CharField):
    """The language of what is quoted beside it: any there is, by its BCP 47 tag or its name. Gives the tag as it is written."""

    def __init__(self, **options: Any) -> None:
        help_text = _("A language tag or name: zh-Hans, en, de, Deutsch, pt-BR …")
        super().__init__(**{"max_length": 80, "widget": LanguageInput, "help_text": help_text, **options})

    def clean(self, value: Any) -> str:
        """The tag. Raises ValidationError."""
        given = super().clean(value)
        return language_tag(given) if given else ""
