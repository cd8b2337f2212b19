"""From the bytes of a page to its text: the same text for the same bytes, and all of it.

What is wanted here is not "the article" but everything the page says, because the sentence that
matters may be a footnote, an option in a table, a button or a post of nine words. Two readers were
weighed and set aside for it:

- **trafilatura** is made for articles. Its choice of what counts depends on lengths and densities,
  so that an edit in one place can make text in another come or go, which would show as an edit that
  nobody made; short posts and repeated blocks are dropped.
- **selectolax** (lexbor) builds the tree that a browser builds, and with it the browser's costs:
  100,000 nested `<div>` (800 kB) take it 17 seconds and ten megabytes would take half an hour, and
  unclosed formatting elements multiply the tree. Its text of ordinary pages is what our tests are
  held against.

So this module reads the token stream (WHATWG HTML, section 13.2.5) once, keeps a stack of open
elements of limited depth and no tree: linear time, whatever comes. What it keeps:

1. Blocks, one per line, white space as `normalise` says. Cells of a table row share a line, parted
   by tabs, as in a browser's `innerText`; a row with several blocks in a cell is not laid out like
   that.
2. Nothing of `script`, `style`, `template`, `noscript`, media fallbacks, or elements with the
   `hidden` attribute. Stylesheets are not read: text hidden by a class is kept. So is closed
   `<details>`, what a button opens (`aria-controls`), `hidden=until-found`, a shadow root that
   stands in the page, and of a block hidden by an inline `display: none` or `visibility: hidden`
   what is a statement: pages show it on request, or once their scripts have run. Labels of buttons
   and options are text; `alt` texts are not, they are not shown.
3. The main text is `<main>` (or `role=main`) if that holds any; else the page's only outermost
   `<article>` with its only `<h1>`; else the whole body. These rules look at structure alone, never
   at lengths. Paragraphs and statements beside it follow it.
4. In navigation and in the page's own header, footer and sidebar, blocks that are links and nothing
   else are left out, unless they are statements. What else a page footer says is kept after the
   main text, for that is where "for illustration only" is written.
5. Furniture is left out: counters ("阅读 10万+"), relative times, lines of copyright, and dialogues
   about cookies. No rule that leaves text out ever leaves out a number with a unit, a price or a
   sentence.
6. Text that is struck through stands between `~~`, so that a price before and a price after stay
   two; a digit set above a number's end is written as such (`700¹`).

`Extract.core` is the main text without the page footer, which `classification` reads.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby, islice
from urllib.parse import urljoin

from engines.text.encodings import decode_page, decode_text
from engines.text.marks import few_marks

EXTRACTOR = "blocks"
EXTRACTOR_VERSION = "2"

# Deeper elements are read but no longer remembered as open, as browsers do (Blink at 512).
MOST_DEPTH = 2_000
# More tags than this are no page that a person reads (one tag costs about 10 µs); the page is then
# too large.
MOST_TAGS = 200_000
# Nor is a page of more bytes than this, markup included, or of more characters than a thick book.
# Reading costs up to 20 bytes of memory for one of the page, and whoever serves 50 MB of words at
# each look would fill the database with versions that nobody can compare.
MOST_BYTES = 8 * 1024 * 1024
MOST_TEXT = 500_000
MOST_ATTRIBUTES = 64
MOST_LINKS = 2_000
MOST_META = 64
LONGEST_META = 2_000
LONGEST_TAG = 12  # of a language, as `Version.lang` holds it


@dataclass(frozen=True, slots=True)
class Extract:
    """What a page says.

    `lang` is "zh-Hans", "zh-Hant", "en", another BCP 47 tag that the page names, or "und".
    `published` is the ISO 8601 date or time that the page itself gives, as it is written there.
    `links` are (text, absolute address) in the main text.
    """

    title: str
    text: str
    lang: str
    links: tuple[tuple[str, str], ...] = ()
    published: str | None = None
    extractor: str = EXTRACTOR
    version: str = EXTRACTOR_VERSION
    # What follows serves the judgement of a look and is no part of a version.
    media_type: str = "text/html"
    core: str = ""
    headings: tuple[str, ...] = ()
    meta: tuple[tuple[str, str], ...] = ()
    asks_password: bool = False
    refresh: str = ""
    too_large: bool = False
    # There is a place that scripts fill with what the page says (`<div id=app>`).
    is_shell: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal: equal for equal texts, whatever else changed on the
        page."""
        return text_digest(self.text)


def text_digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def extract(body: bytes, content_type: str, url: str = "") -> Extract:
    """The text of a page in HTML or plain text; nothing raises.

    Any other type gives an empty text and its own `media_type`, a page of more than MOST_TAGS tags,
    MOST_BYTES bytes or MOST_TEXT characters an empty text and `too_large`.
    """
    media_type = content_type.split(";", 1)[0].strip().lower()
    if binary := sniffed(body):
        return Extract("", "", "und", media_type=binary)
    if not media_type or media_type == "application/octet-stream":
        media_type = "text/html" if _LOOKS_LIKE_HTML.match(body) else "text/plain"
    if media_type in {"text/html", "application/xhtml+xml"}:
        is_xml = media_type == "application/xhtml+xml"
        return (
            _bounded(_Reader(decode(body, content_type), url, xml=is_xml).read())
            if len(body) <= MOST_BYTES
            else _TOO_LARGE
        )
    if media_type in {"text/plain", "text/markdown"}:
        if len(body) > 4 * MOST_TEXT:  # no encoding has more bytes for a character
            return _TOO_LARGE
        text = normalise(decode_text(body, content_type))
        return _bounded(Extract("", text, language("", text), media_type=media_type, core=text))
    return Extract("", "", "und", media_type=media_type)


_TOO_LARGE = Extract("", "", "und", too_large=True)


def _bounded(page: Extract) -> Extract:
    return _TOO_LARGE if len(page.text) > MOST_TEXT else page


# --- Text -----------------------------------------------------------------------------------------

_LINE_ENDS = re.compile(r"\r\n?|[\n\v\f\x85\u2028\u2029]")
# Control characters, and characters that nobody sees and that carry no meaning in any script.
# Joiners, variation selectors and bidirectional controls change what is seen and stay.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u180e\u200b\u2060\ufeff]")
_BLANK = re.compile(r"[^\S\n]+")


def normalise(text: str) -> str:
    """The text in NFC, lines without blanks at their ends, no empty lines, runs of blanks as one
    space (a tab if one is in it).

    Full-width punctuation, digits and quotation marks stay as they are: they are what the page
    says. Twice is once.
    """
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    text = unicodedata.normalize("NFC", few_marks(text))
    text = _BLANK.sub(lambda run: "\t" if "\t" in run.group() else " ", text)
    return "\n".join(filter(None, (line.strip() for line in text.split("\n"))))


_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\S+",
        "the and of to in is for that with on are was it this as by from at be or an your you we "
        "our",
    )
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN_WORD = re.compile("[A-Za-z]+")
_SAMPLE = 20_000


def language(declared: str, text: str) -> str:
    """The language as a tag. What is written decides; what the page declares only where that could
    be several languages.

    Chinese pages made from English templates declare "en" every day, so Han characters outweigh the
    declaration.
    """
    sample = text[:_SAMPLE]
    tag = declared.strip().replace("_", "-")[:35]
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*", tag):
        tag = ""
    while (
        len(tag) > LONGEST_TAG
    ):  # from its end, part by part, as RFC 4647, section 3.4 shortens one
        tag = tag.rpartition("-")[0]
    primary = tag.split("-", 1)[0].lower()
    han, kana, hangul = (
        len(_HAN.findall(sample)),
        len(_KANA.findall(sample)),
        len(_HANGUL.findall(sample)),
    )
    words = _LATIN_WORD.findall(sample)
    if han + kana + hangul >= max(1, len(words)):
        if kana * 10 > han:
            return "ja"
        if hangul > han:
            return "ko"
        return _chinese(tag, sample)
    if primary and primary not in {"zh", "ja", "ko", "und"}:
        return "en" if primary == "en" else tag
    common = sum(word.lower() in _FUNCTION_WORDS for word in words)
    return "en" if common * 12 >= max(len(words), 1) else "und"


def _chinese(tag: str, sample: str) -> str:
    """Simplified or traditional: by the characters that only one of GB 2312 and Big5 can write,
    then by the tag."""
    simplified = traditional = 0
    for character in set(_HAN.findall(sample)):
        in_gb, in_big5 = _writes("gb2312", character), _writes("big5", character)
        simplified += in_gb and not in_big5
        traditional += in_big5 and not in_gb
    if simplified != traditional:
        return "zh-Hans" if simplified > traditional else "zh-Hant"
    return "zh-Hant" if re.search(r"-(?:hant|tw|hk|mo)\b", tag, re.IGNORECASE) else "zh-Hans"


def _writes(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


# --- Kinds of files -------------------------------------------------------------------------------

_LOOKS_LIKE_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<"
    rb"(?:!doctype\s+html|html|head|body|!--|meta|title|div|p|main|article)[\s>]",
    re.IGNORECASE,
)
# Whatever the server calls them: how files begin that are no text.
_MAGIC = (
    (b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"),
    (b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"), (b"RIFF", "application/octet-stream"),
    (b"\x1f\x8b", "application/gzip"), (b"\xd0\xcf\x11\xe0", "application/msword"),
    (b"Rar!", "application/vnd.rar"), (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"\x00\x00\x00", "application/octet-stream"),
    (b"OggS", "application/ogg"), (b"ID3", "audio/mpeg"), (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x7fELF", "application/octet-stream"),
)  # fmt: skip


def sniffed(body: bytes) -> str:
    """The media type of a file that is no text, by how it begins; empty for what may be text."""
    return next((kind for magic, kind in _MAGIC if body.startswith(magic)), "")


def decode(body: bytes, content_type: str = "") -> str:
    """The characters of an HTML page (`engines.text.encodings`)."""
    return decode_page(body, content_type)


# --- Markup ---------------------------------------------------------------------------------------

_OPENING = re.compile(r"<(?=[A-Za-z/!?])")
_TAG_START = re.compile(r"</?[A-Za-z]")
# Possessive throughout: a tag is read once, and where it does not end the page does.
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*+)"
    r"(?P<attributes>(?:[\s/]++|[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+)*+)>"
)
_ATTRIBUTE = re.compile(
    r"([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+"
)
_COMMENT_END = re.compile("--!?>")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9A-Fa-f]{9,});?")
_WHITE = re.compile(r"[ \t\n\r\f]+")
_HIDING_STYLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))(?![\w-])",
    re.IGNORECASE,
)
_PLACES_OF_SCRIPTS = frozenset(
    {"app", "root", "__next", "__nuxt", "q-app", "react-root", "main-app", "app-root", "svelte"}
)
_ISO_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_LINKED_DATA_DATE = re.compile(r"\"datePublished\"\s*:\s*\"([^\"\\]{4,40})\"")
_REFRESH = re.compile(
    r"\s*(\d{1,3})(?:\.\d*)?\s*[;,]\s*url\s*=\s*[\"']?([^\"']{1,2000})", re.IGNORECASE
)

_FOREIGN = frozenset({"svg", "math"})
#: What is named by an element that opens it, and what platforms show by their own script.
_CONTROLS = re.compile(
    r"(?:aria-controls|data-(?:bs-)?target)\s*+=\s*+[\"']?+#?+([\w-]{1,80})", re.IGNORECASE
)
_SHOWN_BY_SCRIPT = frozenset({"js_content"})
#: A statement: it is punctuated as a sentence, or gives a figure with its unit, a price, a share.
_SENTENCE = re.compile(r"[，。；！？]|[,;] |[.!?](?:\s|\Z)")
_FIGURE = re.compile(
    r"[¥￥$€£]\s?[0-9]|[0-9][0-9.,]{0,14}+\s?"
    r"(?:[%％‰°℃]|[元万亿千百年月日天周岁时分秒公里克斤升度倍折项个台辆件名位]"
    r"|(?:km|kg|kwh|kw|mph|mm|cm|ml|hp|ps|nm|wh|mah|gb|tb|mb|usd|eur|cny|rmb"
    r"|years?|months?|weeks?|days?|hours?|percent)\b)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"cookie|consent|gdpr|个人信息|隐私", re.IGNORECASE)
_CONSENT_BOX = re.compile(r"cookie|consent|gdpr|onetrust|cmp-", re.IGNORECASE)
_AMOUNT = r"[0-9][0-9.,]{0,14}\s?[万亿千kKmMwW]?\s?\+?"
_COUNTED = (
    "阅读|阅读量|阅读数|浏览|浏览量|播放|播放量|观看|点赞|赞|在看|评论|转发|收藏|分享|粉丝|关注"
    "|喜欢|人看过|人赞过|次观看|次播放|次浏览|次阅读|条评论|views?|likes?|comments?|shares?|reposts?"
    "|followers?|reads?|plays?|favou?rites?|replies"
)
#: A whole line that changes by itself: a counter, how long ago, whose copyright since when.
_PASSING = re.compile(
    rf"(?:(?:{_COUNTED})\s{{0,3}}[:：]?\s{{0,3}}(?:{_AMOUNT})|{_AMOUNT}\s?(?:{_COUNTED})"
    r"|(?:发布于|发表于|更新于|编辑于|posted|updated|published)?\s{0,3}"
    r"(?:刚刚|昨天|前天|just now|yesterday|[0-9]{1,4}\s?(?:秒|分钟|小时|天|周|个月|年)前"
    r"|(?:[0-9]{1,4}|an?|one)\s(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\sago)"
    r"|(?:©|\(c\)|copyright|版权所有)[^。.!！?？]{0,80})\.?",
    re.IGNORECASE,
)
_PRICED = re.compile(r"[¥￥$€£%％元]")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_STRUCK = frozenset({"s", "del", "strike"})
STRIKE = "~~"

_VOID = frozenset(
    re.findall(
        r"\S+",
        "area base br col embed hr img input link meta param source track wbr basefont bgsound "
        "frame keygen",
    )
)
_RAW = frozenset(
    re.findall(r"\S+", "script style xmp iframe noembed noframes textarea title plaintext")
)
_UNSEEN_ELEMENTS = frozenset(
    re.findall(
        r"\S+",
        "template noscript video audio canvas object applet datalist rp defs desc metadata "
        "annotation annotation-xml",
    )
)
_BLOCKS = frozenset(
    re.findall(
        r"\S+",
        "address article aside blockquote body button caption center dd details dialog dir div "
        "dl dt fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup "
        "hr html legend li listing main menu nav ol optgroup option p pre search section select "
        "summary table tbody textarea tfoot thead tr ul",
    )
)
# An element that ends where another begins: name of the new one → names it ends, and where the
# search for them stops.
_CELLS = frozenset({"td", "th"})
_ENDED_BY = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu", "dir"})),
    "dt": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "dd": (frozenset({"dt", "dd"}), frozenset({"dl"})),
    "option": (frozenset({"option"}), frozenset({"select", "optgroup", "datalist"})),
    "optgroup": (frozenset({"option", "optgroup"}), frozenset({"select"})),
    "tr": (frozenset({"tr"}), frozenset({"table"})),
    "tbody": (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"})),
    "thead": (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"})),
    "tfoot": (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"})),
    "td": (_CELLS, frozenset({"tr", "table"})),
    "th": (_CELLS, frozenset({"tr", "table"})),
    "a": (frozenset({"a"}), frozenset({"td", "th", "table"})),
}
_ENDS_PARAGRAPH = _BLOCKS - {
    "html",
    "body",
    "button",
    "option",
    "optgroup",
    "select",
    "tr",
    "tbody",
    "thead",
    "tfoot",
    "caption",
    "legend",
}
_PARAGRAPH = (frozenset({"p"}), frozenset({"button", "td", "th", "caption", "table", "object"}))
# How far up the stack an element is looked for that ends without its end tag.
_IMPLIED_REACH = 12
# An end tag does not reach beyond these ("has an element in scope").
_SCOPES = frozenset(re.findall(r"\S+", "applet caption html table td th marquee object template"))

_HIDDEN, _PRE, _LINK, _HEADING = 1, 2, 4, 8
_NAV, _HEADER, _FOOTER, _ASIDE = 16, 32, 64, 128
_MAIN, _ARTICLE, _SECTION, _TOP_HEADING = 256, 512, 1024, 2048
#: On request only; a paragraph or a row of a list; a dialogue; a digit set above the line.
_REQUEST, _PARAGRAPHS, _DIALOGUE, _ABOVE = 4096, 8192, 16384, 32768
_PROSE = frozenset(
    re.findall(r"\S+", "p li dd dt td th blockquote h1 h2 h3 h4 h5 h6 figcaption caption")
)
_FURNITURE = _NAV | _HEADER | _FOOTER | _ASIDE
_ROLES = {
    "main": _MAIN,
    "navigation": _NAV,
    "banner": _HEADER,
    "contentinfo": _FOOTER,
    "complementary": _ASIDE,
    "article": _ARTICLE,
    "search": _NAV,
}


@dataclass(slots=True)
class _Block:
    text: str
    flags: int
    article: int
    only_links: bool


@dataclass(slots=True)
class _Link:
    pieces: list[str]
    href: str
    flags: int
    article: int


class _Reader:
    """Reads one page. `flags` say where in the page we are; each open element remembers what they
    were outside it."""

    def __init__(self, page: str, url: str, *, xml: bool = False) -> None:
        """`xml`: elements end where they say so themselves (`<script/>`), as in XHTML that is sent
        as such."""
        self._xml = xml
        self._opened = {
            name.lower() for name in islice(_CONTROLS.findall(page), MOST_LINKS)
        } | _SHOWN_BY_SCRIPT
        self._foreign = 0
        self._strikes = 0
        self._has_place = False
        self._filled: tuple[int, int] | None = (
            None  # a place of scripts: how deep, and how much was said before
        )
        self._said = 0
        self._page = page
        self._url = url
        self._base = url
        self._stack: list[tuple[str, int]] = []
        self._open: list[dict[str, int]] = [
            {}
        ]  # counts of open elements by name, one dict per scope
        self._tags = 0
        self._overflow = 0
        self._flags = 0
        self._articles = 0
        self._pieces: list[str] = []
        self._linked = self._unlinked = 0
        self._blocks: list[_Block] = []
        self._rows: list[list[list[_Block]]] = []
        self._links: list[_Link] = []
        self._link: _Link | None = None
        self._title = ""
        self._lang = ""
        self._meta: dict[str, str] = {}
        self._dates: list[str] = []
        self._times: list[tuple[str, int]] = []
        self._asks_password = False
        self._refresh = ""

    def read(self) -> Extract:
        for start, end in self._texts():
            self._text(self._page[start:end])
        if self._tags > MOST_TAGS:
            return _TOO_LARGE
        while self._stack:
            self._pop()
        self._flush()
        self._blocks = _without_furniture(self._blocks)
        chosen, article = self._chosen()
        core = normalise("\n".join(block.text for block in chosen))
        taken = set(map(id, chosen))
        beside = [
            block for block in self._blocks if id(block) not in taken and _stands_beside(block)
        ]
        footer = [block for block in beside if block.flags & _FOOTER]
        rest = [block for block in beside if not block.flags & _FOOTER] + footer
        text = normalise("\n".join([core, *(block.text for block in rest)])) if rest else core
        headings = tuple(normalise(block.text) for block in self._blocks if block.flags & _HEADING)
        title = (
            self._title
            or _one_line(self._meta.get("og:title", ""))
            or (headings[0] if headings else "")
        )
        return Extract(
            title=title[:LONGEST_META],
            text=text,
            lang=language(self._lang or self._meta.get("content-language", ""), text or title),
            links=self._chosen_links(chosen, article),
            published=self._published(),
            core=core,
            headings=headings[:8],
            meta=tuple(self._meta.items()),
            asks_password=self._asks_password,
            refresh=self._refresh,
            is_shell=self._has_place,
        )

    # Choosing

    def _chosen(self) -> tuple[list[_Block], int]:
        """The blocks of the main text, and the number of the article they are (0: not one article);
        rules 3 and 4."""
        seen = [
            block
            for block in self._blocks
            if not (block.flags & _FURNITURE and block.only_links and not _is_statement(block.text))
        ]
        main = [block for block in seen if block.flags & _MAIN]
        if main:
            return main, 0
        top = [block for block in self._blocks if block.flags & _TOP_HEADING]
        if self._articles == 1 and len(top) == 1 and top[0].article == 1:
            return [block for block in seen if block.article == 1], 1
        return [block for block in seen if not block.flags & _FOOTER], 0

    def _chosen_links(self, chosen: list[_Block], article: int) -> tuple[tuple[str, str], ...]:
        inside = _MAIN if chosen and chosen[0].flags & _MAIN else 0
        links: list[tuple[str, str]] = []
        for link in self._links:
            if (
                link.flags & (_FURNITURE | _HIDDEN)
                or (inside and not link.flags & inside)
                or (article and link.article != article)
            ):
                continue
            address = self._absolute(link.href)
            if address and not link.href.lstrip().startswith("#"):
                links.append((_one_line("".join(link.pieces)), address))
        return tuple(links)

    def _published(self) -> str | None:
        names = (
            "article:published_time",
            "og:published_time",
            "datepublished",
            "publishdate",
            "pubdate",
            "dc.date",
            "dc.date.issued",
        )
        times = {time for time, flags in self._times if not flags & _FURNITURE}
        stated: tuple[str, ...] = (
            *(self._meta.get(name, "") for name in names),
            *self._dates,
            *(times if len(times) == 1 else ()),
        )
        for candidate in stated:
            date = candidate.strip()
            if _is_date(date):
                return date
        return None

    def _absolute(self, href: str) -> str:
        """The address in full if it is one of the web, else nothing."""
        try:
            address = urljoin(self._base, href.strip())
        except ValueError:
            return ""
        return (
            address
            if address.lower().startswith(("http://", "https://")) and len(address) <= LONGEST_META
            else ""
        )

    # The token stream

    def _texts(self) -> Iterator[tuple[int, int]]:
        """The spans of text between the markup; the markup is dealt with on the way."""
        page = self._page
        position = start = 0
        while (opening := _OPENING.search(page, position)) is not None:
            at = opening.start()
            if at > start:
                yield start, at
            start = position = self._markup(at)
            self._tags += 1
            if position < 0 or self._tags > MOST_TAGS:
                return
        if start < len(page):
            yield start, len(page)

    def _markup(self, at: int) -> int:
        """Deals with the markup at this place and says where it ends, -1 where it never does."""
        page = self._page
        if page.startswith("<!--", at):
            end = _COMMENT_END.search(page, at + 2)
            return end.end() if end else -1
        if _TAG_START.match(page, at) is None:
            return page.find(">", at) + 1 or -1
        tag = _TAG.match(page, at)
        if tag is None:
            return -1
        name = tag["name"].lower()
        if tag["close"]:
            self._end(name)
            return tag.end()
        attributes = _attributes(tag["attributes"]) if tag["attributes"] else {}
        alone = (self._foreign > 0 or self._xml or name in _FOREIGN) and tag["attributes"].endswith(
            "/"
        )
        if alone and (name not in _VOID or self._foreign):
            if not self._foreign and name in _BLOCKS:
                self._flush()
            return tag.end()
        if name in _RAW and not (self._foreign and name in {"title", "textarea"}):
            return self._raw(name, attributes, tag.end())
        self._start(name, attributes)
        return tag.end()

    def _raw(self, name: str, attributes: dict[str, str], start: int) -> int:
        """Elements whose content is not markup."""
        end = (
            re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE).search(self._page, start)
            if name != "plaintext"
            else None
        )
        content = self._page[start : end.start() if end else len(self._page)]
        if name == "title" and not self._title and not self._counted("svg"):
            self._title = _one_line(_characters(content[:LONGEST_META]))
        elif name in {"textarea", "xmp", "plaintext"} and not _hides(attributes):
            self._flush()
            flags, self._flags = self._flags, self._flags | _PRE
            self._text(content)
            self._flush()
            self._flags = flags
        elif (
            name == "script" and attributes.get("type", "").strip().lower() == "application/ld+json"
        ):
            self._dates.extend(
                match.group(1) for match in _LINKED_DATA_DATE.finditer(content[:200_000])
            )
        if end is None:
            return -1
        return self._page.find(">", end.end()) + 1 or -1

    # Elements

    def _start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: C901 — one branch for each rule of HTML that a start tag meets
        if name in _ENDED_BY:
            self._imply(*_ENDED_BY[name])
        elif name in _ENDS_PARAGRAPH and self._open[-1].get("p"):
            self._imply(*_PARAGRAPH)
        block = name in _BLOCKS
        if block or name == "br" or (name in _CELLS and not self._rows):
            self._flush()
        if name in _VOID:
            self._void(name, attributes)
            return
        if name == "html" and not self._lang:
            self._lang = attributes.get("lang") or attributes.get("xml:lang", "")
        if len(self._stack) >= MOST_DEPTH:
            self._overflow += 1
            return
        if name in _STRUCK and not self._flags & _HIDDEN:
            self._pieces.append(STRIKE)
        self._stack.append((name, self._flags))
        self._flags |= self._place(name, attributes)
        self._foreign += name in _FOREIGN
        if (
            self._flags & _REQUEST
            and "id" in attributes
            and attributes["id"].lower() in self._opened
        ):
            self._flags &= ~_REQUEST
        counts = self._open[-1]
        counts[name] = counts.get(name, 0) + 1
        if name in _SCOPES:
            self._open.append({})
        if name == "tr":
            self._rows.append([])
        elif name in _CELLS and self._rows:
            self._flush()
            self._rows[-1].append([])
        elif name == "a" and "href" in attributes:
            self._begin_link(attributes["href"])
        elif name == "time" and attributes.get("datetime") and len(self._times) < MOST_META:
            self._times.append((attributes["datetime"][:40], self._flags))
            if "pubdate" in attributes or attributes.get("itemprop", "").lower() == "datepublished":
                self._dates.append(attributes["datetime"][:40])

    def _place(self, name: str, attributes: dict[str, str]) -> int:  # noqa: C901 — one branch for each rule of where text belongs
        """What entering this element adds to the flags."""
        flags = _ROLES.get(attributes.get("role", "").strip().lower(), 0) if attributes else 0
        inner = self._flags & (_MAIN | _ARTICLE | _SECTION)
        if name == "main":
            flags |= _MAIN
        elif name == "nav":
            flags |= _NAV
        elif name == "article":
            flags |= _ARTICLE
        elif name == "section":
            flags |= _SECTION
        elif name == "header" and not inner:
            flags |= _HEADER
        elif name == "footer" and not inner:
            flags |= _FOOTER
        elif name == "aside" and not inner:
            flags |= _ASIDE
        elif name in {"h1", "h2"}:
            flags |= _HEADING | (_TOP_HEADING if name == "h1" else 0)
        elif name in {"pre", "listing"}:
            flags |= _PRE
        elif name == "a" and "href" in attributes:
            flags |= _LINK
        elif name == "sup":
            flags |= _ABOVE
        elif (name in _UNSEEN_ELEMENTS and "shadowrootmode" not in attributes) or (
            name == "title" and self._foreign
        ):
            flags |= _HIDDEN
        if name in _PROSE:
            flags |= _PARAGRAPHS
        if attributes:
            flags |= self._hiding(name, attributes)
            if (
                name == "dialog"
                or attributes.get("role", "").lower() in {"dialog", "alertdialog"}
                or _is_consent_box(attributes)
            ):
                flags |= _DIALOGUE
            if attributes.get("id", "").lower() in _PLACES_OF_SCRIPTS:
                self._filled = len(self._stack), self._said
        if flags & _ARTICLE and not self._flags & _ARTICLE and not (flags | self._flags) & _HIDDEN:
            self._articles += 1
        return flags

    def _hiding(self, name: str, attributes: dict[str, str]) -> int:
        """Hidden for good, on request, or not at all."""
        if not _hides(attributes) or attributes.get("hidden", "").lower() == "until-found":
            return 0
        if attributes.get("id", "").lower() in self._opened:
            return 0
        if "hidden" in attributes or name not in _BLOCKS:
            return _HIDDEN
        return _REQUEST

    def _void(self, name: str, attributes: dict[str, str]) -> None:
        if name == "meta" and not self._flags & _HIDDEN:
            self._remember(attributes)
        elif name == "base" and attributes.get("href") and self._base == self._url:
            self._base = self._absolute(attributes["href"]) or self._base
        elif name == "input" and not self._flags & (_HIDDEN | _REQUEST) and not _hides(attributes):
            kind = attributes.get("type", "").lower()
            if kind == "password":
                self._asks_password = True
            elif kind in {"submit", "button", "reset"}:
                self._flush()
                self._text(html.escape(attributes.get("value", "")))
                self._flush()

    def _remember(self, attributes: dict[str, str]) -> None:
        content = attributes.get("content", "")[:LONGEST_META]
        directive = attributes.get("http-equiv", "").lower()
        if directive == "refresh" and not self._refresh:
            match = _REFRESH.match(content)
            if match and int(match.group(1)) <= 10:
                self._refresh = self._absolute(html.unescape(match.group(2)))
        name = (
            attributes.get("property")
            or attributes.get("name")
            or attributes.get("itemprop")
            or directive
        ).lower()
        if name and content and len(self._meta) < MOST_META:
            self._meta.setdefault(name[:100], content)

    def _end(self, name: str) -> None:
        if name in _VOID or name in {"html", "body"}:
            if name == "br":
                self._flush()
            return
        if self._overflow:
            self._overflow -= 1
            if name in _BLOCKS:
                self._flush()
            return
        if not self._counted(name):
            return
        while self._pop() != name:
            pass

    def _counted(self, name: str) -> bool:
        """Whether an element of this name is open in scope. Scopes themselves are looked for
        through all scopes."""
        if name not in _SCOPES:
            return self._open[-1].get(name, 0) > 0
        return any(counts.get(name, 0) for counts in self._open[-_IMPLIED_REACH:])

    def _imply(self, ended: frozenset[str], stops: frozenset[str]) -> None:
        """Ends the nearest of these elements if it is near and nothing stands between that would
        keep it open."""
        for up in range(1, min(_IMPLIED_REACH, len(self._stack)) + 1):
            name = self._stack[-up][0]
            if name in ended:
                for _ in range(up):
                    self._pop()
                return
            if name in stops:
                return

    def _pop(self) -> str:
        name, flags = self._stack[-1]
        if name in _BLOCKS or name in _CELLS:
            self._flush()
        self._stack.pop()
        if name in _SCOPES and len(self._open) > 1:
            self._open.pop()
        self._open[-1][name] -= 1
        if self._filled and self._filled[0] == len(self._stack) + 1:
            self._has_place |= self._filled[1] == self._said
            self._filled = None
        if name in _STRUCK and not flags & _HIDDEN:
            self._pieces.append(STRIKE)
        self._foreign -= name in _FOREIGN
        self._flags = flags
        if name == "tr":
            self._row()
        elif name == "a":
            self._link = None
        return name

    def _row(self) -> None:
        """A row of cells with one block each is one line; any other row is layout, and its blocks
        are lines of their own."""
        cells = self._rows.pop()
        blocks = [block for cell in cells for block in cell]
        if blocks and len(cells) > 1 and all(len(cell) <= 1 for cell in cells):
            first = blocks[0]
            text = "\t".join(cell[0].text for cell in cells if cell)
            blocks = [
                _Block(text, first.flags, first.article, all(block.only_links for block in blocks))
            ]
        self._put(blocks)

    # Text

    def _text(self, raw: str) -> None:
        if self._flags & _HIDDEN:
            return
        text = _characters(raw)
        if not self._flags & _PRE:
            text = _WHITE.sub(" ", text)
        if (
            self._flags & _ABOVE
            and text.strip().isdecimal()
            and text.isascii()
            and self._ends_in_a_digit()
        ):
            text = text.strip().translate(_RAISED)  # "700" with a note 1 is not 7001
        words = text.strip()
        if words:
            self._said += 1
            if self._flags & _LINK:
                self._linked += 1
            elif any(character.isalnum() for character in words):
                self._unlinked += 1
        self._pieces.append(text)
        if self._link is not None:
            self._link.pieces.append(text)

    def _ends_in_a_digit(self) -> bool:
        return bool(self._pieces) and self._pieces[-1][-1:].isdigit()

    def _begin_link(self, href: str) -> None:
        if len(self._links) < MOST_LINKS:
            self._link = _Link(
                [], href, self._flags, self._articles if self._flags & _ARTICLE else 0
            )
            self._links.append(self._link)

    def _flush(self) -> None:
        """Ends the block that is being read."""
        if not self._pieces:
            return
        text = "".join(self._pieces).replace(STRIKE * 2, "")
        only_links = self._linked > 0 and not self._unlinked
        if self._flags & _REQUEST and (only_links or not _is_statement(text)):
            text = ""
        if text.strip().strip(STRIKE):
            article = self._articles if self._flags & _ARTICLE else 0
            self._put([_Block(text, self._flags, article, only_links)])
        if self._link is not None:
            self._link.pieces.append(" ")
        self._pieces = []
        self._linked = self._unlinked = 0

    def _put(self, blocks: list[_Block]) -> None:
        if self._rows and self._rows[-1]:
            self._rows[-1][-1].extend(blocks)
        else:
            self._blocks.extend(blocks)


def _is_statement(text: str) -> bool:
    return _SENTENCE.search(text) is not None or _FIGURE.search(text) is not None


def _stands_beside(block: _Block) -> bool:
    """Whether a block beside the main text is part of what the page says (rules 3 and 4)."""
    if block.flags & _FOOTER:
        return not block.only_links or _is_statement(block.text)
    if block.flags & _FURNITURE or block.only_links:
        return _is_statement(block.text) and bool(_FIGURE.search(block.text))
    return bool(block.flags & _PARAGRAPHS) or _is_statement(block.text)


def _is_consent_box(attributes: dict[str, str]) -> bool:
    return (
        _CONSENT_BOX.search(f"{attributes.get('id', '')} {attributes.get('class', '')}"[:400])
        is not None
    )


def _passes(line: str) -> bool:
    return len(line) <= 120 and _PASSING.fullmatch(line) is not None and not _PRICED.search(line)


def _without_furniture(blocks: list[_Block]) -> list[_Block]:
    """The blocks without what changes by itself, and without dialogues about cookies (rule 5)."""
    kept: list[_Block] = []
    for is_dialogue, run in groupby(blocks, key=lambda block: bool(block.flags & _DIALOGUE)):
        group = list(run)
        if is_dialogue:
            words = " ".join(block.text for block in group)
            if _CONSENT.search(words) and not _FIGURE.search(words):
                continue
        kept += [block for block in group if not _passes(block.text.strip())]
    return kept


def _is_date(text: str) -> bool:
    """Whether this is a date, or date and time, in ISO 8601 that exists in the calendar."""
    if _ISO_DATE.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _attributes(source: str) -> dict[str, str]:
    """Attributes by name in small letters; of two with one name the first counts."""
    values: dict[str, str] = {}
    for match in islice(_ATTRIBUTE.finditer(source), MOST_ATTRIBUTES):
        value = match.group(2) or ""
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        values.setdefault(
            match.group(1).lower(),
            _REFERENCE.sub(lambda reference: html.unescape(reference.group()), value),
        )
    return values


def _hides(attributes: dict[str, str]) -> bool:
    return "hidden" in attributes or (
        "style" in attributes and _HIDING_STYLE.search(attributes["style"]) is not None
    )


def _characters(raw: str) -> str:
    """Text with its character references resolved. Numbers too long for any character would make
    `html.unescape` raise."""
    if "&" not in raw:
        return raw
    return html.unescape(_LONG_NUMBER.sub("\ufffd", raw))


def _one_line(text: str) -> str:
    return " ".join(normalise(text).split())
