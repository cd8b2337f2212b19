"""Every page in a language that no one speaks: each text that passes through gettext comes out as
⟦text⟧, whatever is left was forgotten.

Pages are found by following links from the front page as each role, two of every route. Content
keeps its own language (`lang`), and what has none (numbers, references, digests, code) is told by
the element it stands in; the short list below holds the rest, with reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any, Final, Literal
from urllib.parse import urljoin, urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import trans_real

from accounts.labels import Pair
from accounts.models import Role, User
from ledger import registry
from reports.wording import report_strings as reports_words
from tests import scenes
from tests.clients import page_at
from tests.punctuation import foreign_marks
from ui.languages import without_language

pytestmark = pytest.mark.django_db(transaction=True)

#: Elements whose text is no sentence of ours: code, what was typed, moments, drawings' insides.
NOT_WORDS: Final = {"code", "pre", "kbd", "samp", "time", "script", "style", "textarea", "svg"}
#: Classes that say the same: digests, figures, what a person or a program wrote.
NOT_WORDS_BY_CLASS: Final = {"mono", "num", "mark"}
#: Attributes that are read out or shown.
SPOKEN: Final = ("alt", "aria-label", "title", "placeholder", "content")
VOID: Final = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}

#: What may stand outside ⟦⟧, and why.
ALLOWED: Final = {
    r"AC-[0-9A-Z]{4}-[0-9A-Z]{4}": "a reference, the same in every language",
    r"[a-z]+-[a-z]+-\d{4}": "a pseudonym",
    r"[\w.+-]+@[\w.-]+": "an e-mail address",
    r"https?://\S+": "an address",
    r"[\w.-]+\.(?:json|pdf|html|svg|md|atom|csv|jpe?g|xml|js|example|localhost\S*)\b": (
        "a file or a host"
    ),
    (
        r"\b(?:UTC|SHA-256|PDF|JSON|OpenAPI|API|VIN|HMAC|Ed25519|Atom|ClaimReview|RFC|HTTP|WARC"
        r"|WACZ)\b"
    ): "a name used as it is everywhere",
    r"\bP[0-5]\b": "a level of provenance",
    r"\b[A-F][1-6]?\b": "a grade of evidence, or the letter of an owner's car",
    r"(?<![A-Za-z])(?:m/s|km/h|kWh|MP|kB|MB|GB|mm|cm|kg|ms|s|m|K|u|w|k|d)(?![A-Za-z])": (
        "a unit or a symbol"
    ),
    r"\bCar \d\b": "what an owner called a unit",
    r"\b(?:AsClaimed|Python)\b": "a name",
    r"[0-9a-f]{8,}(?:-[0-9a-f]+)*": "an id or a digest",
    r"\b[A-Z]{2}\b": "a code of a country or a currency",
}


class Pseudo(trans_real.DjangoTranslation):
    """A catalogue that has every text, each in brackets."""

    def __init__(self, real: trans_real.DjangoTranslation) -> None:
        self.__dict__.update(real.__dict__)

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧" if message else ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """English is nobody's language for a while."""
    real = trans_real.translation("en")
    monkeypatch.setitem(trans_real._translations, "en", Pseudo(real))
    monkeypatch.setattr(trans_real, "_default", None)
    # Labels are pairs of both languages, which cannot lack one (accounts.labels).
    monkeypatch.setattr(Pair, "to", lambda pair, lang: f"⟦{pair.en}⟧")
    with translation.override("en"):
        yield


class Reader(HTMLParser):
    """Collects what a page says, leaving out content and code, and the links of the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.said: list[str] = []
        self.links: list[str] = []
        self.html = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        classes = set(known.get("class", "").split())
        own = (
            (tag != "html" and "lang" in known)
            or tag in NOT_WORDS
            or bool(classes & NOT_WORDS_BY_CLASS)
        )
        if not own and not self.silent:
            for name in SPOKEN:
                if name in known and (name != "content" or known.get("name") == "description"):
                    self.said.append(known[name])
            if tag == "input" and known.get("type") in {"submit", "button"}:
                self.said.append(known.get("value", ""))
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            name, _own = self.open.pop()
            if name == tag:
                break

    @property
    def silent(self) -> bool:
        return any(own for _tag, own in self.open)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def content() -> set[str]:
    """What people typed in the case, and the fixed words of reports, which exist in both languages
    by their type.

    In a title, an option or an attribute it can't carry a `lang` of its own.
    """

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield from (line.strip() for line in value.splitlines())
        elif isinstance(value, dict):
            for name, one in value.items():
                if name not in {"lang", "role"}:
                    yield from texts(one)
        elif isinstance(value, list | tuple):
            for one in value:
                yield from texts(one)

    found: set[str] = set()
    for record in registry.recorded.values():
        names = [
            name
            for name in (*record.text, "name", "label")
            if name in record.names and name != "agent"
        ]
        for values in record.model._default_manager.values_list(*names) if names else ():
            found.update(texts(list(values)))
    pairs = [*reports_words.PHRASES.values(), *reports_words.DOES_NOT_PROVE.values()]
    found.update(pair.en for pair in pairs if isinstance(pair, reports_words.Pair))
    return {text for text in found if len(text) > 2 and re.search(r"[^\W\d_]", text)}


def forgotten(said: list[str], known: Iterable[str] = ()) -> list[str]:
    """The texts among `said` with letters that no catalogue gave and that are none of the `known`
    contents."""
    contents = sorted(known, key=len, reverse=True)
    # Texts are joined first: a translated sentence may have markup inside, which cuts it into
    # several pieces.
    depth, outside = 0, []
    for piece in said:
        kept = []
        for character in piece:
            if character == "⟦":
                depth += 1
            elif character == "⟧":
                depth -= 1
            elif not depth:
                kept.append(character)
        outside.append("".join(kept).strip())
    found = []
    for text in outside:
        rest = text
        if not re.search(r"[A-Za-z\u00c0-\u024f\u4e00-\u9fff]", rest):
            continue
        for one in contents:
            rest = rest.replace(one, " ")
        for pattern in ALLOWED:
            rest = re.sub(pattern, " ", rest)
        if re.search(r"[A-Za-z\u00c0-\u024f\u4e00-\u9fff]", rest):
            found.append(text)
    return found


def read(response: object) -> Reader:
    reader = Reader()
    reader.html = response.content.decode()  # type: ignore[attr-defined]  # a response of the test client
    reader.feed(reader.html)
    return reader


SKIPPED: Final = (
    "/static/", "/api/v1/", "/ledger/", "/media/", "/feeds/", "/account/logout/",
    "/api/docs/?lang=",
    "/glossary/",  # a document of its own in both languages: tests/reports/test_glossary.py
)  # fmt: skip


def crawl(
    client: Client, start: list[str], most: int = 2, lang: Literal["en", "zh"] = "en"
) -> Iterator[tuple[str, Reader]]:
    """The pages that can be reached, at most `most` of each route."""
    seen: Counter[str] = Counter()
    waiting = [page_at(path, lang) for path in start]
    known = set(waiting)
    while waiting:
        path = waiting.pop(0)
        try:
            route = resolve(urlsplit(path).path).route + "?" * bool(urlsplit(path).query)
        except Resolver404:
            continue
        if seen[route] >= most:
            continue
        seen[route] += 1
        response = client.get(path, headers={"accept-language": lang}, follow=True)
        if response.streaming or not response.headers.get("Content-Type", "").startswith(
            "text/html"
        ):
            # A file; reports speak both their languages by reports.wording.report_strings.
            response.close()
            continue
        reader = read(response)
        yield path, reader
        for link in reader.links:
            target = urljoin(path, link).partition("#")[0]
            plain = without_language(target)
            of_other_language = plain != target and not target.startswith(f"/{lang}/")
            if (
                target.startswith("/")
                and not of_other_language
                and not plain.startswith(SKIPPED)
                and target not in known
            ):
                known.add(target)
                waiting.append(target)


#: Pages that no link leads to.
UNLINKED: Final = [
    "/account/login/", "/account/signup/", "/account/password/reset/",
    "/account/password/reset/done/", "/account/password/reset/key/done/",
    "/account/password/reset/key/x-y/", "/account/confirm-email/", "/account/confirm-email/x/",
    "/account/inactive/", "/no/such/page/",
    "/account/reauthenticate/", "/account/email/", "/account/password/change/", "/account/keys/",
    "/corrections/", "/record/verify/",
    "/operations/jobs/", "/api/docs/",
]  # fmt: skip


@pytest.fixture
def people(transactional_db: None) -> dict[str, User | None]:
    """The case, and someone in every role."""
    scene = scenes.build_case()
    operator = scenes.person("operator", Role.OPERATOR)
    found: dict[str, User | None] = {
        "anonymous": None,
        "filer": scene.owners[0],
        "moderator": scene.moderator,
        "adjudicator": scene.second_adjudicator,
        "company": scenes.person("company", Role.COMPANY_REPRESENTATIVE),
        "operator": operator,
    }
    for one in found.values():
        if one is not None:
            EmailAddress.objects.create(user=one, email=one.email, verified=True, primary=True)
    return found


def test_no_page_says_anything_that_no_catalogue_gave(
    people: dict[str, User | None], pseudo: None
) -> None:
    found: dict[str, str] = {}
    pages: Counter[str] = Counter()
    known = content()
    for role, user in people.items():
        client = Client(raise_request_exception=True)
        if user is not None:
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        for path, reader in crawl(client, ["/", *UNLINKED]):
            pages[role] += 1
            assert any("⟦" in text for text in reader.said), (
                f"{path} was not rendered in the pseudo-language"
            )
            for text in forgotten(reader.said, known):
                found.setdefault(text, f"{role} {path}")
    assert not found, "\n".join(f"{text!r} at {where}" for text, where in found.items())
    assert pages["anonymous"] > 25, pages
    assert min(pages.values()) > 20, pages


def test_chinese_pages_have_the_marks_of_chinese(people: dict[str, User | None]) -> None:
    found: dict[str, str] = {}
    pages = 0
    for role in ("anonymous", "moderator", "operator"):
        client, user = Client(), people[role]
        if user is not None:
            client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        for path, reader in crawl(client, ["/", *UNLINKED], most=1, lang="zh"):
            pages += 1
            for marks in foreign_marks(reader.html):
                found.setdefault(marks, f"{role} {path}")
    assert not found, "\n".join(f"{text!r} at {where}" for text, where in found.items())
    assert pages > 80, pages


@pytest.mark.parametrize(
    "html",
    [
        "<p>限值: 不低于 1.5 m/s</p>",
        "<p>限值<b>:</b> <span lang=zh-Hans>风速</span></p>",
        "<p><span lang=zh-Hans>风速</span>; <span lang=zh-Hans>车辆静止</span></p>",
        "<p>已无法访问 (平台显示已删除)</p>",
        "<p>AC-1, 言实录</p>",
        '<img alt="标注 1: 风道">',
    ],
)
def test_a_mark_of_ascii_beside_chinese_would_be_found(html: str) -> None:
    assert foreign_marks(html)


def test_no_mark_is_found_in_figures_code_and_what_people_said() -> None:
    """Nor between blocks, nor beside words in another script."""
    assert not foreign_marks(
        "<p>42,000元，09:14（北京时间）</p><p>k = 2: P3 (2.8 MB)</p><p lang=zh-Hans>原话: 是</p>"
        "<q>是, 是</q><code>中:文</code><p>中</p><p>: a</p>"
    )


def test_a_text_that_was_forgotten_would_be_found() -> None:
    """The negative control of the test above."""
    reader = Reader()
    reader.feed(
        '<html lang="en"><p>⟦Said⟧ <b>Forgotten</b> <span lang="zh-Hans">内容</span> '
        '<code>code</code></p><img alt="A picture">'
    )
    assert forgotten(reader.said) == ["Forgotten", "A picture"]
    nested = Reader()
    nested.feed("<p>⟦One sentence <a>with a link⟦ and another ⟧</a> in it⟧ AC-12TY-J8W2 12 m/s</p>")
    assert forgotten(nested.said) == []
