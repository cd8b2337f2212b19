"""From bytes to text: complete, the same every time, and bounded whatever comes."""

import html
import re
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from engines.text.extraction import (
    EXTRACTOR,
    EXTRACTOR_VERSION,
    MOST_BYTES,
    MOST_TAGS,
    MOST_TEXT,
    Extract,
    decode,
    extract,
    language,
    normalise,
    text_digest,
)
from engines.text.marks import few_marks
from evidence.sources.models import Version

PRODUCT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>碳纤维双风道前机盖 &amp; 价格 | 品牌</title>
<meta property="article:published_time" content="2025-02-27T19:00:00+08:00">
<style>.price::before { content: "¥" }</style></head>
<body>
<header><a href="/">首页</a> <a href="/cars">车型</a></header>
<nav><ul><li><a href="/news">新闻<li><a href="/shop">商城</a></ul></nav>
<main>
  <h1>碳纤维双风道前机盖</h1>
  <p>采用双风道设计，<b>直接</b>为刹车
     散热，<br>内部结构也一起改了。</p>
  <p hidden>尚未公开</p><p style="color: red; display : none">仅内部可见</p>
  <table><caption>选装价格</caption>
    <tr><th>选装件<th>价格<th>交付
    <tr><td>前机盖<td><p>42,000元</p><td>36周
    <tr><td>尾翼<td>18,000元
  </table>
  <label>颜色 <select><option>黑色<option selected>亮面碳纤维 +3,000元</select></label>
  <dl><dt>重量<dd>增加1.3kg</dl>
  <ul><li>赛道套件<li>隔热罩</ul>
  <button>立即锁单</button><input type="submit" value="支付定金"><input type="hidden" value="token">
  <details><summary>说明</summary><p>图片仅供参考。</p></details>
  <a href="details?id=1&copy=2#top">查看<b>详情</b></a> <a href="javascript:void(0)">弹窗</a>
  <a href="#a">跳转</a>
  <script>document.write("<p>脚本里的字</p>")</script>
  <noscript>请开启脚本</noscript><template><p>模板</p></template>
</main>
<aside><a href="/related">相关推荐</a></aside>
<footer><a href="/about">关于我们</a><p>* 实际效果以实物为准。</p></footer>
</body></html>"""

PRODUCT_TEXT = """碳纤维双风道前机盖
采用双风道设计，直接为刹车 散热，
内部结构也一起改了。
选装价格
选装件\t价格\t交付
前机盖\t42,000元\t36周
尾翼\t18,000元
颜色
黑色
亮面碳纤维 +3,000元
重量
增加1.3kg
赛道套件
隔热罩
立即锁单
支付定金
说明
图片仅供参考。
查看详情 弹窗 跳转
* 实际效果以实物为准。"""


def read(source: str, content_type: str = "text/html; charset=utf-8") -> Extract:
    return extract(source.encode(), content_type, "https://brand.example/hood/")


def test_a_product_page_keeps_every_value_that_it_shows() -> None:
    found = read(PRODUCT)
    assert found.text == PRODUCT_TEXT
    assert found.title == "碳纤维双风道前机盖 & 价格 | 品牌"
    assert found.lang == "zh-Hans"
    assert found.published == "2025-02-27T19:00:00+08:00"
    assert found.links == (("查看详情", "https://brand.example/hood/details?id=1&copy=2#top"),)
    assert (found.extractor, found.version) == (EXTRACTOR, EXTRACTOR_VERSION)
    assert found.headings == ("碳纤维双风道前机盖",)
    assert found.core == PRODUCT_TEXT.rpartition("\n")[0]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<div class=post><div>内部结构也一起改了。</div></div>", "内部结构也一起改了。"),
        ("<p>好", "好"),
        ("只有文字，没有标签", "只有文字，没有标签"),
        ("<p>一<p>二<div>三</div>四", "一\n二\n三\n四"),
        ("<p>4.2<span>万</span><em>元</em></p>", "4.2万元"),
        ("<pre>一\n  二\t三</pre><p>四\n五</p>", "一\n二\t三\n四 五"),
        ("<textarea>合同 &amp; 条款\n第一条</textarea>", "合同 & 条款\n第一条"),
        (
            "a&nbsp;b&#12288;c&#x4e8c;&lt;p&gt;&amp;amp;&unknown;&#xD800;",
            "a b c二<p>&amp;&unknown;\ufffd",
        ),
        ("<p>1 < 2 > 0 <3 </p>", "1 < 2 > 0 <3"),
        ("<!-- <p>注释</p> --><p>正文</p><!-->x<!--->y<!-- 到底", "正文\nxy"),
        ("<p title='a > b' data-x=\"</p>\">字</p>", "字"),
        ("<svg><title>图标</title><text>图中字</text></svg><p>字", "图中字\n字"),
        ("<table><tr><td>一<table><tr><td>甲<td>乙</table><td>二</table>", "一\n甲\t乙\n二"),
        ("<table><tr><td><p>一</p><p>二</p><td>三</table>", "一\n二\n三"),
        ("<P>大写<BR/>换行</P><SCRIPT>x</SCRIPT>", "大写\n换行"),
        ("<p>soft\u00adhyphen zero\u200bwidth\ufeff</p>", "softhyphen zerowidth"),
        ("<p>👨\u200d👩\u200d👧 الع\u200fربية</p>", "👨\u200d👩\u200d👧 الع\u200fربية"),
        ("<p hidden>藏<p>露", "露"),
        ("<div style='DISPLAY:none'><p>藏</div>露", "露"),
        ("<span hidden>藏<span>藏</span>藏</span>露", "露"),
        ("<ul><li hidden>藏<li>露</ul>", "露"),
        ("<p style='display:none-such'>露</p><p style='x-display:none'>露</p>", "露\n露"),
        ("</中文><p>字</p></></ p>", "字"),
        ("<p>开始<a b='没有结束", "开始"),
    ],
)
def test_markup_is_read_as_a_browser_shows_it(source: str, expected: str) -> None:
    assert read(source).text == expected


def test_main_comes_first_then_the_only_article_then_everything() -> None:
    body = "<div>旁边的字</div>"
    assert read(f"{body}<main>正文</main>").text == "正文"
    assert read(f"{body}<div role=main>正文</div>").text == "正文"
    assert read(f"{body}<main> </main>").text == "旁边的字"
    assert read(f"{body}<article><h1>题</h1>正文</article>").text == "题\n正文"
    assert read(f"{body}<article>正文</article>").text == "旁边的字\n正文"
    assert (
        read(f"{body}<article><h1>题</h1>一</article><article>二</article>").text
        == "旁边的字\n题\n一\n二"
    )


def test_lengths_do_not_choose_the_main_text() -> None:
    """An edit in one place may not make text in another come or go."""
    for words in (1, 10, 1_000, 20_000):
        found = read(f"<div>价格42,000元</div><div>{'字' * words}</div><footer>以实物为准</footer>")
        assert found.text == f"价格42,000元\n{'字' * words}\n以实物为准"


def test_furniture_loses_only_its_links() -> None:
    source = (
        "<nav><a href=/a>新闻</a><p>选装指南</p></nav><div>正文</div>"
        "<footer><p><a href=/b>关于</a> | <a href=/c>招聘</a></p><p>以实物为准</p></footer>"
    )
    assert read(source).text == "选装指南\n正文\n以实物为准"
    assert read(f"<main>{source}</main>").text == "选装指南\n正文\n关于 | 招聘\n以实物为准"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("双风道，42,000元".encode("gb18030"), "text/html; charset=gb2312"),
        ("<meta charset=gbk>双风道，42,000元".encode("gbk"), "text/html"),
        (
            b"<meta http-equiv=Content-Type content='text/html; charset=GB18030'>"
            + "双风道，42,000元".encode("gb18030"),
            "text/html",
        ),
        ("双风道，42,000元".encode("gb18030"), "text/html"),
        ("双风道，42,000元".encode(), "text/html"),
        ("\ufeff双风道，42,000元".encode("utf-16-le"), "text/html; charset=gbk"),
        ("\ufeff双风道，42,000元".encode("utf-16-be"), ""),
        ("\ufeff双风道，42,000元".encode(), "text/html; charset=gbk"),
        (
            "<?xml version='1.0' encoding='GBK'?><p>双风道，42,000元".encode("gbk"),
            "application/xhtml+xml",
        ),
        ("<meta charset=utf-16>双风道，42,000元".encode(), "text/html"),
        ("双风道，42,000元".encode(), "text/html; charset=zip_codec"),
        ("<meta charset=gbk>双风道，42,000元".encode("gbk"), "text/html; charset=utf-8"),
        ("双风道，42,000元".encode("gb18030"), "text/plain; charset=GBK"),
    ],
)
def test_the_encoding_is_found(body: bytes, content_type: str) -> None:
    assert extract(body, content_type).text == "双风道，42,000元"


def test_one_damaged_byte_does_not_turn_a_page_into_another() -> None:
    text = "采用双风道设计，直接为刹车散热。" * 20
    damaged = text.encode()[:-1] + b"\xff"
    for content_type in ("text/html; charset=utf-8", "text/html"):
        assert decode(damaged, content_type).startswith(text[:-1])


def test_the_marked_rare_characters_of_gb18030_survive() -> None:
    rare = "㐀䶵𠀀€㎡"
    assert extract(f"<p>{rare}".encode("gb18030"), "text/html; charset=gb18030").text == rare


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("en", "采用双风道设计，直接为刹车散热。", "zh-Hans"),
        ("zh-CN", "SU7 Ultra 的前机盖", "zh-Hans"),
        ("", "採用雙風道設計，直接為煞車散熱。", "zh-Hant"),
        ("zh-TW", "一二三", "zh-Hant"),
        ("zh", "一二三", "zh-Hans"),
        ("", "The hood has two ducts to cool the brakes.", "en"),
        ("en-GB", "Two ducts.", "en"),
        ("de-DE", "Zwei Luftkanäle kühlen die Bremsen.", "de-DE"),
        ("", "Zwei Luftkanäle kühlen Bremsen.", "und"),
        ("", "ブレーキを冷やすための二つのダクト", "ja"),
        ("", "브레이크를 식히는 두 개의 덕트", "ko"),
        ("", "", "und"),
        ("'; drop", "42,000", "und"),
    ],
)
def test_the_language_is_what_is_written(declared: str, text: str, expected: str) -> None:
    assert language(declared, text) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("<meta property='article:published_time' content='2025-02-27'>", "2025-02-27"),
        (
            '<script type="application/ld+json">{"datePublished": "2025-02-27T19:00:00Z"}</script>',
            "2025-02-27T19:00:00Z",
        ),
        ("<time datetime='2025-02-27 19:00'>昨天</time>", "2025-02-27 19:00"),
        ("<time datetime='2025-02-27'></time><time datetime='2025-02-28'></time>", None),
        ("<meta name=pubdate content='昨天'>", None),
        ("<meta name=pubdate content='2025-02-30'>", None),
        ("<footer><time datetime='2025-02-27'></time></footer>", None),
    ],
)
def test_the_date_is_the_one_that_the_page_gives(head: str, expected: str | None) -> None:
    assert read(f"{head}<p>字").published == expected


def test_other_types_give_no_text_and_plain_text_gives_its_lines() -> None:
    for content_type in ("application/pdf", "image/png", "application/json; charset=utf-8"):
        found = extract(b"<p>text", content_type)
        assert (found.text, found.lang, found.media_type) == ("", "und", content_type.split(";")[0])
    assert extract(" 一 \r\n\r\n 二\t三 <p>".encode(), "text/plain").text == "一\n二\t三 <p>"
    assert extract("<!DOCTYPE html><p>字".encode(), "application/octet-stream").text == "字"
    assert extract("<不是标签".encode(), "").text == "<不是标签"


def test_addresses_that_are_none_are_left_out() -> None:
    source = "<base href='https://cdn.example/x/'>" + "".join(
        f"<a href='{href}'>字</a>"
        for href in (
            "y",
            "//z.example/",
            "http://[",
            "mailto:a@b.example",
            "data:text/html,x",
            "",
            "ftp://a.example/",
            " /w ",
        )
    )
    assert [address for _, address in read(source).links] == [
        "https://cdn.example/x/y",
        "https://z.example/",
        "https://cdn.example/x/",
        "https://cdn.example/w",
    ]


def test_the_signs_that_looking_reads() -> None:
    found = read("<meta http-equiv=refresh content='0; url=/next'><input type=password><p>字")
    assert (found.refresh, found.asks_password) == ("https://brand.example/next", True)
    scripted = "<noscript><meta http-equiv=refresh content='0;url=/js'></noscript>"
    found = read(
        f"<meta http-equiv=refresh content='900'>{scripted}<p hidden><input type=password>"
    )
    assert (found.refresh, found.asks_password) == ("", False)


def test_the_digest_is_that_of_the_text_alone() -> None:
    one, other = read("<title>甲</title><p>字</p>"), read("<title>乙</title><div><b>字</b></div>")
    assert one.digest == other.digest == text_digest("字")
    assert len(text_digest("\ud800")) == 64


# --- Properties -----------------------------------------------------------------------------------

pieces = st.sampled_from(
    re.findall(
        r"\S+",
        "<p> </p> <div> </div> <span> </span> <b> </b> <i> <table> </table> <tr> <td> </td> "
        "<th> <ul> <li> </ul> <main> </main> <article> </article> <nav> </nav> <footer> "
        "</footer> <h1> </h1> <br> <hr> <a_href=/x> </a> <pre> </pre> <select> <option> "
        "</select> <p_hidden> <div_style=display:none> <script> </script> <style> <textarea> "
        "</textarea> <title> </title> <template> </template> <!-- --> <!x> </ < > & &amp; "
        "&#x4e8c; &#99999999999; <svg> </svg> <button> <body> </body> <html_lang=zh> "
        "<input_type=submit_value=买> 内部结构 也改了 。 a \" ' = / \u0301 \u200d",
    )
).map(lambda piece: piece.replace("_", " "))
pages = st.lists(pieces | st.text(max_size=4), max_size=40).map("".join)


@settings(deadline=None, max_examples=200)
@given(pages)
def test_any_markup_gives_clean_lines_and_the_same_ones_again(source: str) -> None:
    body = source.encode("utf-8", "replace")
    found = extract(body, "text/html; charset=utf-8", "https://brand.example/")
    assert found == extract(body, "text/html; charset=utf-8", "https://brand.example/")
    assert normalise(found.text) == found.text
    assert found.text.startswith(found.core)
    assert "\n" not in found.title


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=20))
def test_any_bytes_of_any_type_give_a_text(body: bytes, content_type: str, url: str) -> None:
    for kind in (content_type, "text/html;" + content_type, "text/plain"):
        found = extract(body, kind, url)
        found.text.encode()


@settings(deadline=None, max_examples=200)
@given(
    st.text(
        alphabet="改了 \t\n\r\u3000\u00a0\u200b\u2028\x00\x85aＡe\u0301\u1100\u1161\ud800\u2000，.",
        max_size=60,
    )
    | st.text(max_size=40)
)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert all(line and line == line.strip() for line in once.split("\n") if once)


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.text(alphabet="改了内部，。a1&<> ", min_size=1, max_size=8).map(html.escape),
        lambda inner: st.builds(
            lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
            st.sampled_from(["div", "section", "ul", "blockquote", "b", "span", "em", "i"]),
            st.lists(inner, max_size=4),
        ),
        max_leaves=20,
    )
)
def test_well_formed_pages_hold_the_text_that_a_browsers_parser_sees(source: str) -> None:
    """selectolax (lexbor) as the reference: the same characters in the same order, white space
    aside."""
    tree = LexborHTMLParser(f"<html><body>{source}</body></html>")
    seen = tree.body.text() if tree.body else ""
    assert "".join(read(f"<html><body>{source}</body></html>").text.split()) == "".join(
        seen.split()
    )


# --- Hostile pages --------------------------------------------------------------------------------

MEGABYTE = 1_000_000
HALF = MEGABYTE // 2


def filled(unit: str, size: int = HALF) -> bytes:
    return (unit * (size // len(unit.encode()) + 1)).encode()[:size]


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 100_000 + "深".encode() + b"</div>" * 100_000,
        filled("<b><i><u>x"),
        filled("<b a=1><b a=2><p>x"),
        filled("<div><table></div></table>"),
        filled("<table><tr><td>"),
        filled("<p>x"),
        filled("<li>x"),
        filled("<a href=/x>y"),
        filled('<a b="'),
        filled("<a b='\""),
        filled("<!--"),
        filled("<script><!--"),
        filled("<title>"),
        filled("<textarea>"),
        filled("<"),
        filled("&"),
        filled("&#9"),
        b"&#" + b"9" * MEGABYTE,
        b"<a " + b"x=y " * 250_000 + b">",
        b"<p style='" + b"display " * 100_000 + b"'>x",
        b"<meta " + b"content=" * 100_000,
        filled("e\u0315\u0300"),
        b"\x00" * MEGABYTE,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_hostile_pages_take_bounded_time(body: bytes) -> None:
    started = time.process_time()
    extract(body, "text/html; charset=utf-8", "https://brand.example/")
    # 0.05 to 0.5 s each on one core; the bound only has to catch a square.
    assert time.process_time() - started < 5


def test_a_hostile_page_takes_bounded_memory() -> None:
    body = filled("<div hidden><a href=/x>y", HALF // 2)
    tracemalloc.start()
    extract(body, "text/html; charset=utf-8")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30 * MEGABYTE


def test_ten_megabytes_of_nesting_are_too_large_and_said_to_be() -> None:
    started = time.monotonic()
    found = extract(b"<div>" * (10 * MEGABYTE // 5), "text/html")
    assert time.monotonic() - started < 15
    assert (found.too_large, found.text) == (True, "")
    assert not extract(b"<i>" * (MOST_TAGS // 10) + b"x", "text/html").too_large


def test_more_text_than_a_book_is_too_large_and_a_book_is_not() -> None:
    for kind in ("text/html", "text/plain"):
        assert len(extract(b"word " * (MOST_TEXT // 5), kind).text) == MOST_TEXT - 1
        assert extract(b"word " * (MOST_TEXT // 5 + 1), kind) == extract(
            b"a" * (MOST_BYTES + 1), kind
        )
    assert extract(b"a" * (MOST_BYTES + 1), "text/html").too_large


def test_a_long_language_tag_is_shortened_part_by_part() -> None:
    found = extract(
        b"<html lang='fr-Latn-FR-1694acad-boite'><p>Deux conduits, rien dedans.</p>",
        "text/html; charset=utf-8",
    )
    assert found.lang == "fr-Latn-FR"
    assert len(found.lang) <= Version._meta.get_field("lang").max_length


def test_too_many_marks_on_one_character_are_cut() -> None:
    assert few_marks("e" + "\u0301" * 5) == "e" + "\u0301" * 5
    assert few_marks("e" + "\u0315\u0300" * 50 + "x") == "e" + "\u0315\u0300" * 15 + "x"
