"""Which encoding a page is in: what it says, unless its bytes say better, and statistics where it
says nothing.

The labels are those of the WHATWG Encoding Standard (section 4.2), and no others: a label is chosen
by the page, and Python knows codecs that are no encodings of text. Bytes that are UTF-8 to the last
are UTF-8, whatever label stands on them: templates carry wrong labels for years, and no text in
another encoding passes for UTF-8 by accident beyond a few characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Final

# Where a page may still say which encoding it is in (browsers read 1,024 bytes).
META_REACH = 4_096
#: Statistics are made over so many bytes.
SAMPLE: Final = 20_000

_NAMES: Final = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8",
    "gb18030": (
        "gb18030 gbk gb2312 gb_2312 gb_2312-80 csgb2312 iso-ir-58 x-gbk cp936 chinese "
        "csiso58gb231280 hz-gb-2312"
    ),
    "big5hkscs": "big5 big5-hkscs cn-big5 x-x-big5 csbig5",
    "cp932": "shift_jis shift-jis sjis ms932 ms_kanji windows-31j x-sjis csshiftjis",
    "euc_jp": "euc-jp x-euc-jp cseucpkdfmtjapanese",
    "iso2022_jp": "iso-2022-jp csiso2022jp",
    "cp949": (
        "euc-kr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 "
        "ksc_5601 windows-949"
    ),
    "cp1252": (
        "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 iso88591 iso_8859-1 latin1 latin-1 l1 "
        "us-ascii ascii ansi_x3.4-1968 cp819"
    ),
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "cp1253": "windows-1253 cp1253 x-cp1253",
    "cp1254": "windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 latin5 l5",
    "cp1255": "windows-1255 cp1255 x-cp1255",
    "cp1256": "windows-1256 cp1256 x-cp1256",
    "cp1257": "windows-1257 cp1257 x-cp1257",
    "cp1258": "windows-1258 cp1258 x-cp1258",
    "cp874": "windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620",
    "iso8859-2": "iso-8859-2 iso8859-2 iso88592 iso_8859-2 latin2 l2 csisolatin2",
    "iso8859-3": "iso-8859-3 iso8859-3 iso88593 iso_8859-3 latin3 l3",
    "iso8859-4": "iso-8859-4 iso8859-4 iso88594 iso_8859-4 latin4 l4",
    "iso8859-5": "iso-8859-5 iso8859-5 iso88595 iso_8859-5 cyrillic csisolatincyrillic",
    "iso8859-6": "iso-8859-6 iso8859-6 iso88596 iso_8859-6 arabic ecma-114 asmo-708",
    "iso8859-7": "iso-8859-7 iso8859-7 iso88597 iso_8859-7 greek greek8 elot_928 ecma-118",
    "iso8859-8": "iso-8859-8 iso8859-8 iso88598 iso_8859-8 hebrew visual iso-8859-8-i logical",
    "iso8859-10": "iso-8859-10 iso8859-10 iso885910 latin6 l6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "iso-8859-15 iso8859-15 iso885915 iso_8859-15 latin9 latin-9 l9",
    "iso8859-16": "iso-8859-16 iso8859-16",
    "koi8-r": "koi8-r koi8 koi8_r koi cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "cp866": "ibm866 cp866 866 csibm866",
    "mac-roman": "macintosh mac x-mac-roman csmacintosh",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "utf-16-le": "utf-16 utf-16le ucs-2 unicode csunicode iso-10646-ucs-2 unicodefeff",
    "utf-16-be": "utf-16be unicodefffe",
}
ENCODINGS: Final = {label: codec for codec, labels in _NAMES.items() for label in labels.split()}
_HEADER_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([^\s\"';]+)", re.IGNORECASE)
_META_CHARSET = re.compile(
    rb"<meta\s[^>]{0,200}?charset\s*+=\s*+[\"']?+\s*+([a-z0-9_:\-]{1,40})", re.IGNORECASE
)
_XML_ENCODING = re.compile(
    rb"\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([a-z0-9_:\-]{1,40})", re.IGNORECASE
)
_LANG = re.compile(
    rb"<html\s[^>]{0,400}?(?:xml:)?lang\s*+=\s*+[\"']?+\s*+([a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3})",
    re.IGNORECASE,
)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE_CODECS: Final = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"})


def decode_page(body: bytes, content_type: str) -> str:
    """The characters of a page of markup, which may say its own encoding."""
    return _decoded(
        body,
        content_type,
        (_META_CHARSET.search(body[:META_REACH]), _XML_ENCODING.match(body[:META_REACH])),
    )


def decode_text(body: bytes, content_type: str) -> str:
    """The characters of plain text."""
    return _decoded(body, content_type, ())


def _decoded(body: bytes, content_type: str, own_words: tuple[re.Match[bytes] | None, ...]) -> str:
    """Byte order mark; UTF-8 if it is; header; the page's own word; statistics. What cannot be read
    becomes U+FFFD."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = []
    if header := _HEADER_CHARSET.search(content_type[:500]):
        declared.append(ENCODINGS.get(header.group(1).lower(), ""))
    for own in filter(None, own_words):
        encoding = ENCODINGS.get(own.group(1).decode("ascii").lower(), "")
        # A page whose declaration we could read as single bytes is not in UTF-16, whatever it says.
        declared.append("utf-8" if encoding.startswith("utf-16") else encoding)
    declared = [encoding for encoding in declared if encoding]
    utf8 = None if body.isascii() and "iso2022_jp" in declared else _strictly(body, "utf-8")
    for encoding in declared:
        if (
            utf8 is not None
            and (encoding == "utf-8" or not encoding.startswith("utf-16"))
            and _is_surely_utf8(utf8, encoding)
        ):
            return utf8
        if (text := _strictly(body, encoding)) is not None:
            return text
    if utf8 is not None:
        return utf8
    if declared:
        return body.decode(declared[0], "replace")
    return _likeliest(body)


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_surely_utf8(text: str, declared: str) -> bool:
    """Whether bytes that are UTF-8 throughout are no accident. Two bytes may be one letter in UTF-8
    and one character of GBK; three in a row that fit are none."""
    if declared == "utf-8" or text.isascii():
        return True
    return declared not in _WIDE_CODECS or any(character > "\u07ff" for character in text)


# --- Statistics -----------------------------------------------------------------------------------

#: What is frequent in each language, as the codec's own order has it: the first level of a standard
#: holds the common characters.
_COMMON: Final[dict[str, Callable[[bytes], bool]]] = {
    "gb18030": lambda two: (
        len(two) == 2 and (0xB0 <= two[0] <= 0xD7 or 0xA1 <= two[0] <= 0xA3) and two[1] >= 0xA1
    ),
    "big5hkscs": lambda two: len(two) == 2 and (0xA4 <= two[0] <= 0xC6 or 0xA1 <= two[0] <= 0xA2),
    "cp932": lambda two: len(two) == 2 and (0x88 <= two[0] <= 0x97 or 0x81 <= two[0] <= 0x83),
    "euc_jp": lambda two: len(two) == 2 and (0xB0 <= two[0] <= 0xCF or 0xA1 <= two[0] <= 0xA5),
    "cp949": lambda two: (
        len(two) == 2 and (0xB0 <= two[0] <= 0xC8 or 0xA1 <= two[0] <= 0xA3) and two[1] >= 0xA1
    ),
}
#: Languages whose pages are in one of these: primary subtag or tag → codec.
_HINTS: Final = {
    "zh-tw": "big5hkscs", "zh-hk": "big5hkscs", "zh-mo": "big5hkscs", "zh-hant": "big5hkscs",
    "zh": "gb18030", "ja": "cp932", "ko": "cp949",
    **dict.fromkeys(["pl", "cs", "sk", "hu", "sl", "hr", "ro", "sq", "bs"], "cp1250"),
    **dict.fromkeys(["ru", "uk", "be", "bg", "sr", "mk"], "cp1251"),
    "el": "cp1253", **dict.fromkeys(["tr", "az"], "cp1254"), "he": "cp1255",
    **dict.fromkeys(["ar", "fa", "ur"], "cp1256"),
    **dict.fromkeys(["lt", "lv", "et"], "cp1257"), "vi": "cp1258", "th": "cp874",
    **dict.fromkeys(["de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "no", "fi", "is", "en"],
    "cp1252"),
}  # fmt: skip
_FITS_WELL: Final = 0.75
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_CYRILLIC: Final = re.compile("[а-яёіїєґў]")
_HAN_OR_KANA: Final = re.compile("[\u3040-\u30ff]")


def _likeliest(body: bytes) -> str:
    """The text in the encoding that fits it best, by how many of its characters are common ones,
    and by the page's language."""
    match = _LANG.search(body[:META_REACH])
    lang = match.group(1).decode("ascii").lower() if match else ""
    hint = _HINTS.get("-".join(lang.split("-")[:2])) or _HINTS.get(lang.split("-")[0]) or ""
    # A page of UTF-8 with a damaged byte or two has few of these, another encoding many.
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") * 50 <= sum(not character.isascii() for character in text):
        return text
    sample = (
        body[:SAMPLE] if len(body) <= SAMPLE else body[: body.rfind(b"\n", 0, SAMPLE) + 1 or SAMPLE]
    )
    runs = [len(run) for run in _HIGH.findall(sample)]
    single = sum(length == 1 for length in runs) * 2 > len(runs)
    wide = {codec: _score(sample, codec) for codec in _COMMON}
    # The second byte of Big5 and Shift_JIS is often a letter of ASCII: a text that fits well is
    # none in single bytes all the same.
    single = single and max(wide.values()) < _FITS_WELL
    scores = {} if single else wide
    scores |= {codec: _cyrillic(sample, codec) for codec in ("cp1251", "koi8-r")}
    if hint:
        scores[hint] = scores.get(hint, 0.35 if single or hint not in _COMMON else 0.0) + 0.3
    if single:
        scores.setdefault("cp1252", 0.3)
    best = max(scores, key=lambda codec: scores[codec])
    if scores[best] <= 0:
        best = "cp1252" if single else "gb18030"
    return body.decode(best, "replace")


def _score(sample: bytes, codec: str) -> float:
    """The share of common characters among those beyond ASCII; nothing where bytes do not fit, or
    stand for private characters."""
    text = sample.decode(codec, "replace")
    beyond = [character for character in text if not character.isascii()]
    if not beyond:
        return 0.0
    misfits = sum(
        character == "\ufffd" or "\ue000" <= character <= "\uf8ff" for character in beyond
    )
    if misfits * 20 > len(beyond):
        return 0.0
    is_common = _COMMON[codec]
    common = 0
    for character in beyond:
        try:
            common += is_common(character.encode(codec))
        except UnicodeEncodeError:
            continue
    share = common / len(beyond)
    if codec in {"cp932", "euc_jp"} and not _HAN_OR_KANA.search(text):
        share *= 0.6  # Japanese without one kana is none
    return share


def _cyrillic(sample: bytes, codec: str) -> float:
    """How much of what is beyond ASCII is small Cyrillic letters: capitals everywhere are the other
    of the two encodings."""
    text = sample.decode(codec, "replace")
    beyond = sum(not character.isascii() for character in text)
    return 0.95 * len(_CYRILLIC.findall(text)) / beyond if beyond else 0.0
