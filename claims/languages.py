"""The languages of what others said: any language there is, named by its BCP 47 tag (RFC 5646),
never guessed.

What we write ourselves stands in the languages of the site (`claims.localized_text`); quotes,
replies and stories stand in whatever language they were said, so the tag is given by who enters
them, checked here, and kept.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info, override
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

#: What every program that holds tags can hold (RFC 5646, section 4.4.1).
LONGEST: Final = 35
_TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
)
#: The languages with a code of two letters (ISO 639-1). One of three letters (ISO 639-3) is taken
#: as it is: there are eight thousand.
_TWO_LETTERS: Final = frozenset(
    re.findall(
        r"\S+",
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu "
        "cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi "
        "ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks "
        "ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl "
        "nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl "
        "sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve "
        "vi vo wa wo xh yi yo za zh zu ",
    )
)
#: Three letters for a language that has two: RFC 5646 (section 2.2.1) knows the short one alone.
_SHORT: Final = {
    "deu": "de", "ger": "de", "eng": "en", "zho": "zh", "chi": "zh", "cmn": "zh", "fra": "fr",
    "fre": "fr", "spa": "es", "ita": "it",
    "por": "pt", "rus": "ru", "jpn": "ja", "kor": "ko", "ara": "ar", "nld": "nl", "dut": "nl",
    "pol": "pl", "tur": "tr", "ukr": "uk",
    "vie": "vi", "tha": "th", "hin": "hi", "swe": "sv", "dan": "da", "fin": "fi", "nor": "no",
    "ces": "cs", "cze": "cs", "ell": "el",
    "gre": "el", "hun": "hu", "heb": "he", "ind": "id", "may": "ms", "msa": "ms", "fas": "fa",
    "per": "fa", "ron": "ro", "rum": "ro",
    "iw": "he", "in": "id", "ji": "yi",
}  # fmt: skip
_NAMED: Final = {
    "und": lazy("language not known"),
    "mul": lazy("several languages"),
    "zxx": lazy("no language"),
}
#: Offered to whoever fills in a form, before any other.
FIRST: Final = (
    "zh-Hans",
    "en",
    "zh-Hant",
    "ja",
    "ko",
    "de",
    "fr",
    "es",
    "it",
    "pt-BR",
    "ru",
    "ar",
    "hi",
    "id",
    "nl",
    "pl",
    "sv",
    "th",
    "tr",
    "uk",
    "vi",
)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    """What languages are called, in themselves, in English and in Chinese → tag."""
    codes: dict[str, str] = {}
    for code, info in LANG_INFO.items():
        if "name" not in info:
            continue
        names = [info["name"], info["name_local"]]
        with override("zh-hans"):
            names.append(str(get_language_info(code)["name_translated"]))
        for name in names:
            codes.setdefault(name.casefold(), code)
    return codes | {
        "chinese": "zh-hans",
        "中文": "zh-hans",
        "汉语": "zh-hans",
        "mandarin": "zh-hans",
    }


def language_tag(given: str) -> str:
    """The tag as RFC 5646 (section 2.1.1) writes it: `de-AT`, `zh-Hant-TW`. A language's name is as
    good.

    Chinese always says its script. Raises ValidationError for what names no language.
    """
    text = unicodedata.normalize("NFKC", given[:200]).strip()
    text = _by_name().get(text.casefold(), text).lower().replace("_", "-")
    match = _TAG.fullmatch(text)
    language = _SHORT.get(match["language"], match["language"]) if match else ""
    if match is None or (len(language) == 2 and language not in _TWO_LETTERS):
        raise ValidationError(
            _(
                "“%(given)s” is not a language. Enter its tag, such as zh-Hans, en, de or pt-BR. "
                "Nothing was saved."
            )
            % {"given": given[:40]},
            code="language",
        )
    script, region = (match["script"] or "").title(), (match["region"] or "").upper()
    if language == "zh" and not script:
        script = "Hant" if region in {"TW", "HK", "MO"} else "Hans"
    if (language, script, region) == ("zh", "Hans", "CN"):
        region = ""  # as the site itself writes it
    tag = "-".join(filter(None, (language, script, region))) + match["variants"]
    if len(tag) > LONGEST:
        raise ValidationError(
            _("This language tag is too long. Remove its variants."), code="language"
        )
    return tag


def validate_language(value: str) -> None:
    """Of a column: the tag, spelled as `language_tag` spells it. Raises ValidationError."""
    if language_tag(value) != value:
        raise ValidationError(
            _("Write this language as %(tag)s.") % {"tag": language_tag(value)}, code="language"
        )


def language_name(tag: str) -> str:
    """What a language is called in the language of the page; its tag where there is no name, or
    where the tag says more."""
    if tag in _NAMED:
        return str(_NAMED[tag])
    parts = tag.lower().split("-")
    for count in range(min(len(parts), 2), 0, -1):
        code = "-".join(parts[:count])
        if "name" in LANG_INFO.get(code, {}):
            name = str(get_language_info(code)["name_translated"])
            return name if count == len(parts) else f"{name} ({tag})"
    return tag


def same_language(tag: str, other: str) -> bool:
    """Whether who reads one reads the other: the same language in the same script, whatever the
    region.

    >>> same_language("en-GB", "en"), same_language("zh-Hant", "zh-Hans"), same_language("de", "en")
    (True, False, False)
    """
    return _read_as(tag) == _read_as(other)


def _read_as(tag: str) -> str:
    match = _TAG.match(tag.lower())
    if match is None:
        return tag
    script = match["script"] or ("hans" if match["language"] == "zh" else "")
    return f"{match['language']}-{script}" if script not in {"", "latn"} else match["language"]
