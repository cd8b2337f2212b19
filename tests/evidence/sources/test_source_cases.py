"""Small inputs that were read wrongly once, each with the right value, and more of each kind.

Page → text, look → type, quote → sighting, two pages → one text.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from claims.models import Flag
from engines.text import anchors, extraction
from engines.text.anchors import Quote, Sight, anchor, locate, sight
from engines.text.classification import ObservationResult, classify
from engines.text.extraction import extract
from evidence.sources.actions import locate_appearance
from evidence.sources.models import Alert, Sighting
from tests import scenes
from tests.evidence.sources.test_actions import HOUR, look

CASES: Final[dict[str, Any]] = json.loads(
    Path(__file__).with_name("source_cases.json").read_text(encoding="utf-8")
)
KNOWN: Final[str] = CASES["previous_text"]


def named(kind: str) -> list[Any]:
    return [pytest.param(one, id=one["id"]) for one in CASES[kind]]


def body_of(case: dict[str, Any]) -> bytes:
    given = case["body"]
    return base64.b64decode(given["base64"]) if "base64" in given else given["utf8"].encode()


def html(body: str, head: str = "") -> bytes:
    page = f"<html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return f"<!doctype html>{page}".encode()


@pytest.mark.parametrize("case", named("text"))
def test_a_page_says_what_it_shows(case: dict[str, Any]) -> None:
    text = extract(body_of(case), case["content_type"]).text
    assert [one for one in case["must_hold"] if one not in text] == []
    assert [one for one in case["must_not_hold"] if one in text] == []


@pytest.mark.parametrize("case", named("look"))
def test_a_look_is_typed_as_what_came(case: dict[str, Any]) -> None:
    found = classify(
        asked=CASES["asked"], status=case["status"],
        headers=[("Content-Type", case["content_type"])], final_url=case["final_url"],
        body=body_of(case), previous=KNOWN,
    )  # fmt: skip
    assert found.type in case["type_one_of"], found


@pytest.mark.parametrize("case", named("quote"))
def test_a_quote_is_sighted_as_what_became_of_it(case: dict[str, Any]) -> None:
    at = case["before"].index(case["quote"])
    quote = anchor(case["before"], at, at + len(case["quote"]))
    assert sight(quote, case["before"]).kind is Sight.VERBATIM  # control
    assert sight(quote, case["after"]).kind in case["sighting_one_of"]


@pytest.mark.parametrize("case", named("same"))
def test_what_passes_by_itself_is_no_edit(case: dict[str, Any]) -> None:
    first, second = (
        extract(case[name].encode(), "text/html; charset=utf-8") for name in ("first", "second")
    )
    assert first.text == second.text != ""


# --- more of each kind ----------------------------------------------------------------------------

PROMISE: Final = "三年内免费更换机盖"


@pytest.mark.parametrize(
    "body",
    [
        f"<svg><title/><desc/><text>图</text></svg><p>{PROMISE}</p>",
        f"<math><mi/><mtext>x</mtext></math><p>{PROMISE}</p>",
        f"<svg><style/><script/></svg><p>{PROMISE}</p>",
        f"<div hidden=until-found><p>{PROMISE}</p></div>",
        f"<button data-bs-target='#b'>看</button><div id=b style='display:none'>{PROMISE}</div>",
        f"<div style='visibility:hidden'><p>{PROMISE}，写进合同。</p></div>",
        f"<x-card><template shadowrootmode=open><p>{PROMISE}</p></template></x-card>",
        f"<article><h1>题</h1><p>文。</p></article><section><ul><li>{PROMISE}</li></ul></section>",
        f"<nav><a href=/a>首页</a></nav><footer><a href=/b>我们承诺{PROMISE}。</a></footer>",
        f"<div role=dialog><p>{PROMISE}，价格42,000元。</p></div>",
    ],
)
def test_no_statement_is_swallowed(body: str) -> None:
    assert PROMISE in extract(html(body), "text/html; charset=utf-8").text


@pytest.mark.parametrize(
    ("text", "encoding", "lang"),
    [
        ("價格是四萬二千元，三年內免費更換。", "big5", "zh-TW"),
        ("價格是四萬二千元，三年內免費更換。", "big5", ""),
        ("価格は四万二千円です。三年間無料で交換します。", "cp932", "ja"),
        ("価格は四万二千円です。三年間無料で交換します。", "euc_jp", ""),
        ("가격은 사만 이천 위안이며 삼 년간 무료 교체합니다.", "cp949", "ko"),
        ("价格是四万二千元，三年内免费更换。", "gb18030", ""),
        ("Цена сорок две тысячи рублей, замена бесплатно.", "cp1251", "ru"),
        ("Цена сорок две тысячи рублей, замена бесплатно.", "koi8-r", ""),
        ("Prix: quarante-deux mille euros, échange gratuit à l’usine", "cp1252", "fr"),
        ("części są ważne, źle żółć", "cp1250", "pl"),
    ],
)  # fmt: skip
def test_an_encoding_that_nobody_declared_is_found(text: str, encoding: str, lang: str) -> None:
    page = f"<html lang='{lang}'><p>".encode() + text.encode(encoding)
    found = extract(page, "text/html").text
    assert found == text
    assert not any("\ue000" <= one <= "\uf8ff" for one in found)


@pytest.mark.parametrize(
    "label", ["gb2312", "big5", "iso-8859-1", "windows-1251", "shift_jis", "euc-kr", "x-no-such"]
)
def test_what_is_utf8_to_the_last_byte_is_utf8_whatever_is_written_on_it(label: str) -> None:
    assert (
        extract(
            f"<meta charset={label}><p>{PROMISE}，一分钱不收。".encode(),
            f"text/html; charset={label}",
        ).text
        == f"{PROMISE}，一分钱不收。"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>功率1,548<sup>2</sup>马力</p>", "功率1,548²马力"),
        ("<p>现价<del>5万</del>4万元</p>", "现价~~5万~~4万元"),
        ("<p>约<strike>36</strike><b>40</b>周</p>", "约~~36~~40周"),
        ("<p>面积9m<sup>2</sup></p>", "面积9m2"), ("<s></s><p>字</p>", "字"),
    ],
)  # fmt: skip
def test_two_numbers_never_become_one(body: str, expected: str) -> None:
    assert extract(html(body), "text/html; charset=utf-8").text == expected


@pytest.mark.parametrize(
    "line",
    [
        "播放 1.2万",
        "3小时前",
        "1,204 views",
        "© 2019–2026 Brand Ltd",
        "12 comments",
        "发布于 昨天",
        "点赞 99",
    ],
)
def test_lines_that_change_by_themselves_are_left_out(line: str) -> None:
    text = f"<p>{KNOWN}</p>"
    assert (
        extract(html(f"{text}<span>{line}</span>"), "text/html").text
        == extract(html(text), "text/html").text
    )


@pytest.mark.parametrize(
    "line",
    [
        "价格 42,000元",
        "36周交付",
        "续航 700 km",
        "阅读灯价格 3,000元",
        "© 2026 某车，机盖38,000元",
        "三年前购买的也换",
    ],
)
def test_no_figure_or_statement_is_taken_for_furniture(line: str) -> None:
    assert line in extract(html(f"<p>{KNOWN}</p><span>{line}</span>"), "text/html").text


def typed(
    body: str,
    status: int = 200,
    final: str = CASES["asked"],
    previous: str | None = KNOWN,
    content_type: str = "text/html; charset=utf-8",
) -> str:
    return classify(
        asked=CASES["asked"],
        status=status,
        headers=[("Content-Type", content_type)],
        final_url=final,
        body=html(body),
        previous=previous,
    ).type


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>请稍候…</h1><p>正在检查您的浏览器，请稍候。</p>", {"blocked"}),
        ("<p>Verifying you are human. This may take a few seconds.</p>", {"blocked"}),
        (
            (
                "<h1>We value your privacy</h1><p>We and our partners store cookies on your "
                "device.</p><button>Accept all</button>"
            ),
            {"blocked"},
        ),
        ("<h1>系统维护中</h1><p>系统正在升级维护，预计今晚恢复，敬请谅解。</p>", {"transient"}),
        ("<h1>Database error</h1>", {"transient"}),
        ("<h1>502 Bad Gateway</h1>", {"transient"}),
        ("<p>商品可能已下架</p>", {"soft_404", "tombstone"}),
        ("<p>The page you requested has been removed.</p>", {"soft_404", "tombstone"}),
        (
            "<div id=root></div><footer>客服热线 400-123-4567</footer><script src=/a.js></script>",
            {"empty"},
        ),
    ],
)
def test_walls_errors_and_shells_are_no_page(body: str, expected: set[str]) -> None:
    assert typed(body) in expected


@pytest.mark.parametrize(
    "body",
    [
        f"<p>我们正在检查您的浏览器兼容性。</p><p>{KNOWN}</p>",
        f"<p>This site uses cookies.</p><p>{KNOWN}</p>",
        f"<div id=app><p>{KNOWN}</p></div>",
        f"<h1>404号车型</h1><p>{KNOWN}</p>",
        "<div id=root><p>首批交付预计36周，三年内免费更换机盖。</p></div>",
        "<p>本店今晚升级展厅，明天恢复营业，新机盖价格38,000元。</p>",
    ],
)  # fmt: skip
def test_a_live_page_that_speaks_of_such_things_is_live(body: str) -> None:
    assert typed(body) in {"ok", "unchanged"}


@pytest.mark.parametrize(
    "path",
    [
        "/404",
        "/404.html",
        "/error",
        "/errors/500",
        "/home",
        "/en/",
        "/zh-cn/404",
        "/not-found",
        "/search",
        "/index.html",
    ],
)
def test_a_redirect_to_where_everything_is_sent_is_a_soft_404(path: str) -> None:
    assert (
        typed("<p>欢迎来到某品牌官网，这里有新车和活动。</p>", final=f"https://brand.example{path}")
        == ObservationResult.SOFT_404
    )
    if path != "/index.html":  # which is the front page
        assert (
            typed(f"<p>{KNOWN}</p>", final=f"https://brand.example{path}")
            != ObservationResult.SOFT_404
        )  # control: the text we know


@pytest.mark.parametrize(
    "magic",
    [b"%PDF-1.7\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\x1f\x8b\x08"],
)
@pytest.mark.parametrize(
    "content_type", ["text/html", "text/plain", "application/octet-stream", ""]
)
def test_a_file_that_is_no_text_is_none_whatever_its_type_says(
    magic: bytes, content_type: str
) -> None:
    found = classify(
        asked=CASES["asked"],
        status=200,
        headers=[("Content-Type", content_type)],
        final_url=CASES["asked"],
        body=magic + b"x" * 99,
        previous=KNOWN,
    )
    assert found.type is ObservationResult.EMPTY


BEFORE: Final = (
    "机盖：\n选装价4.2万元，三年内免费更换。双风道为刹车散热。The hood cools the brakes."
)


@pytest.mark.parametrize(
    ("quote", "after", "expected"),
    [
        ("双风道为刹车散热", BEFORE.replace("双风道为", "从未说过双风道为"), Sight.REWORDED),
        ("双风道为刹车散热", BEFORE.replace("刹车散热", "刹车散热的说法不实"), Sight.REWORDED),
        (
            "The hood cools the brakes",
            BEFORE.replace("The hood cools", "We never said: The hood cools"),
            Sight.REWORDED,
        ),
        (
            "The hood cools the brakes",
            BEFORE.replace("the brakes.", "the brakes only on the track."),
            Sight.REWORDED,
        ),
        (
            "双风道为刹车散热",
            BEFORE.replace("双风道为刹车散热", "~~双风道为刹车散热~~"),
            Sight.REWORDED,
        ),
        ("双风道为刹车散热", BEFORE.replace("三年内", "五年内"), Sight.VERBATIM),
        ("双风道为刹车散热", BEFORE + "我们不接受退货。", Sight.VERBATIM),
        ("双风道为刹车散热", "公告：本页面不提供试驾。" + BEFORE, Sight.VERBATIM),
        ("选装价4.2万元，三年内免费更换。", BEFORE.replace("4.2", "3.8"), Sight.REWORDED),
    ],
)
def test_words_put_beside_a_quote_count_and_words_elsewhere_do_not(
    quote: str, after: str, expected: Sight
) -> None:
    at = BEFORE.index(quote)
    assert sight(anchor(BEFORE, at, at + len(quote)), after).kind is expected


def test_a_negation_that_stood_there_from_the_first_turns_nothing() -> None:
    text = "我们不仅换机盖，双风道也为刹车散热。"
    at = text.index("双风道")
    assert sight(anchor(text, at, at + 9), text).kind is Sight.VERBATIM
    assert sight(Quote("双风道也为刹车散热"), text).kind is Sight.VERBATIM


@pytest.mark.parametrize("dash", ["-", "–", "—", "――", "——", "‑"])
def test_which_dash_it_is_makes_no_difference(dash: str) -> None:
    assert locate(Quote("交付—36周"), f"交付{dash}36周") is not None


def test_without_its_place_the_same_words_elsewhere_would_pass_for_the_quote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of `elsewhere`."""
    case = next(one for one in CASES["quote"] if one["id"] == "same-words-elsewhere")
    at = case["before"].index(case["quote"])
    quote = anchor(case["before"], at, at + len(case["quote"]))
    assert sight(quote, case["after"]).kind is Sight.ELSEWHERE
    monkeypatch.setattr(anchors, "_left_its_place", lambda *_: False)
    assert sight(quote, case["after"]).kind is Sight.VERBATIM


def test_without_the_rule_of_furniture_a_counter_would_be_an_edit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extraction, "_passes", lambda line: False)
    first, second = (
        extract(html(f"<p>{KNOWN}</p><span>阅读 {n}</span>"), "text/html").text
        for n in ("10万+", "10.2万")
    )
    assert first != second


@pytest.mark.django_db
def test_the_same_words_in_another_place_alert_a_moderator_and_raise_no_flag() -> None:
    scene = scenes.build_claim()
    before = "机盖：三年内免费更换。\n轮毂：三年内免费更换。"
    look(scene.source, at=scene.now, text=before)
    appearance = scenes.claims.place_claim(
        by=scene.moderator, claim=scenes.build_claim_beside(scene), source=scene.source,
        now=scene.now, exact="三年内免费更换。",
        prefix="机盖：", suffix="\n轮毂：三年内免费更换。",
    )  # fmt: skip
    locate_appearance(by=scene.moderator, appearance=appearance, now=scene.now, role="moderator")
    look(scene.source, at=scene.now + HOUR, text="机盖：不再提供更换服务。\n轮毂：三年内免费更换。")
    kinds = list(
        Sighting.objects.filter(appearance=appearance)
        .order_by("version__number")
        .values_list("kind", flat=True)
    )
    assert kinds == ["verbatim", "elsewhere"]
    assert Alert.objects.filter(kind="quote_vanished", claim=appearance.claim).count() == 1
    assert not Flag.objects.filter(claim=appearance.claim).exists()
    assert timedelta(hours=1) == HOUR
