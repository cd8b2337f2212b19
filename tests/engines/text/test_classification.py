"""Looks: the same words are a tombstone where they are all a page says, and nothing at all inside a
live text."""

import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.fetching import failures
from engines.text import classification, deletion_notices
from engines.text.classification import FAILURES, Classification, ObservationResult, classify
from engines.text.extraction import extract

ASKED = "https://brand.example/posts/4711"
POST = "我们的前机盖采用双风道设计，直接为刹车散热，内部结构也一起改了。首批交付预计36周。"


def page(text: str, title: str = "", around: str = "") -> bytes:
    """A page with this text as its paragraphs, and what stands around them."""
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title>"
        f"<body>{around}<div>{paragraphs}</div>"
    ).encode()


def look(
    body: bytes, *, previous: str | None = POST, status: int = 200, final: str = ASKED, **more: str
) -> Classification:
    return classify(
        asked=ASKED,
        status=status,
        headers=[("Content-Type", "text/html; charset=utf-8")],
        final_url=final,
        body=body,
        previous=previous,
        **more,
    )


TOMBSTONES = [
    "抱歉，此微博已被作者删除。查看帮助：http://t.cn/Rfd3rQV",
    "该内容已被发布者删除",
    "此内容因违规无法查看",
    "此内容被投诉且经审核涉嫌侵权，无法查看。",
    "该账号因被投诉违反法律法规和《微博社区公约》的相关规定，现已无法查看",
    "该账号已自主注销，内容无法查看",
    "很抱歉，该贴已被删除。",
    "视频已失效",
    "该文章已被作者删除\n返回首页",
    "抱歉！\n您访问的内容已被删除。\n5秒后自动跳转到首页",
    "作者已设置仅展示半年内微博，此微博已不可见",
    "由于博主设置，目前内容暂不可见",
    "该商品已下架",
    "这条动态已经被作者删除了，去看看别的吧",
    "This Post was deleted by the Post author. Learn more",
    "This Tweet is no longer available.",
    "Sorry, this post was deleted by the person who originally posted it.",
    "This video has been removed by the uploader",
    (
        "This video is no longer available because the YouTube account associated with this video "
        "has been terminated."
    ),
    "This video is private",
    "[removed]",
    "Account suspended\nX suspends accounts which violate the X Rules",
    "The author deleted this story.",
    "Sorry, this page has been removed.\nGo back to the home page",
]

NOT_FOUND = [
    "你访问的页面不存在",
    "很抱歉，您查看的宝贝不存在，可能已下架或者被转移。",
    "啊叻？视频不见了？",
    "页面不存在或已被删除\n返回首页",
    "404\n抱歉，找不到您要访问的页面，请检查网址是否正确",
    "当前笔记暂时无法浏览",
    "404 Not Found",
    "Page not found\nThe link you followed may be broken, or the page may have been removed.",
    "Hmm...this page doesn’t exist. Try searching for something else.",
    "Sorry, this page isn't available.",
    (
        "This content isn't available right now\nWhen this happens, it's usually because the owner "
        "shared it with few people."
    ),
    "The requested URL was not found on this server.",
    "Video unavailable",
]

LIVE = [
    "此微博已被作者删除。我们保留了截图，原文是：内部结构也一起改了。",
    "官方的那条帖子写着“该内容已被发布者删除”，可是截图还在。",
    "该内容已被发布者删除？不，我们一个字都没有删，原文就在下面。",
    "视频已失效的原因有三个。第一，平台规则变了。",
    "该商品已下架\n碳纤维双风道前机盖\n¥42,000",
    "404 是一种浪漫。",
    "页面不存在的三个理由，我们今天来聊聊。",
    "请登录后查看物流；发货需要36周，详见合同第五条。",
    "我们删除了一些不准确的表述。",
    "我们已经删除该帖子，并向大家道歉。",
    "谢谢大家！",
    (
        "This post was deleted by the founder yesterday. Here is what it said: the inner structure "
        "was changed too."
    ),
    "Why this video has been removed from our channel and what we do next.",
    "We removed two words from the page; this is the whole statement.",
    "Sorry, we were wrong about the ducts.",
    "The page not found in our brochure was the one on brakes, and we have printed it again.",
    "Sign in to your car with the new app, and unlock it from anywhere. It is that easy.",
    "Access denied: a novel in three parts. Chapter one begins on a rainy night.",
    "Our site is under maintenance on Sundays, please plan your orders.",
]


@pytest.mark.parametrize("text", TOMBSTONES)
def test_the_platforms_own_words_alone_on_a_page_are_a_tombstone(text: str) -> None:
    assert look(page(text, "微博")).type is ObservationResult.TOMBSTONE
    around = (
        "<header><a href='/'>首页</a></header><nav><ul><li><a href='/hot'>热门</a></li></ul></nav>"
    )
    assert look(page(text, "提示信息 - 微博", around)).type is ObservationResult.TOMBSTONE


@pytest.mark.parametrize("text", TOMBSTONES + NOT_FOUND)
def test_the_same_words_inside_a_live_page_are_nothing(text: str) -> None:
    for live in (
        f"{POST}\n{text}",
        f"{text}\n{POST}",
        f"用户问：{text}\n我们答：没有这回事，原帖还在。",
    ):
        assert look(page(live, "创始人 - 微博")).type is ObservationResult.OK, live


@pytest.mark.parametrize("text", LIVE)
def test_a_live_text_about_deletion_is_live(text: str) -> None:
    assert look(page(text, "品牌动态")).type is ObservationResult.OK


@pytest.mark.parametrize("text", LIVE)
def test_a_title_in_the_platforms_words_over_a_live_text_is_no_tombstone(text: str) -> None:
    assert look(page(text, "该内容已被发布者删除 - 新闻")).type is ObservationResult.OK


@pytest.mark.parametrize("text", NOT_FOUND)
def test_a_page_that_says_only_not_found_is_a_soft_404(text: str) -> None:
    assert look(page(text, "品牌")).type is ObservationResult.SOFT_404


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        (
            "404 Not Found",
            "Oops! We looked under the hood and everywhere. See our popular products instead.",
            ObservationResult.SOFT_404,
        ),
        ("页面不存在 - 品牌官网", "你来晚了一步，车已经开走。", ObservationResult.SOFT_404),
        ("该内容已被发布者删除", "", ObservationResult.TOMBSTONE),
        ("微博 - 该微博已被删除", "返回首页", ObservationResult.TOMBSTONE),
        ("登录", "", ObservationResult.LOGIN_WALL),
        ("品牌官网", "", ObservationResult.EMPTY),
        ("页面不存在", POST, ObservationResult.UNCHANGED),
    ],
)
def test_the_title_decides_only_where_the_text_does_not(
    title: str, text: str, expected: ObservationResult
) -> None:
    assert look(page(text, title)).type is expected


def test_a_not_found_title_over_the_known_post_is_an_edit() -> None:
    assert look(page(POST + "补充：谢谢大家。", "404")).type is ObservationResult.OK


@pytest.mark.parametrize(
    "text",
    [
        "请登录后查看",
        "登录后即可查看全文\n注册/登录",
        "扫码登录\n密码登录\n忘记密码\n立即注册",
        "Please log in to continue.\nForgot password\nSign up",
        "You must log in to continue.",
        "Sign in to see this post",
    ],
)
def test_a_page_that_only_asks_to_log_in_is_a_login_wall(text: str) -> None:
    assert look(page(text, "微博")).type is ObservationResult.LOGIN_WALL


def test_a_redirect_to_a_login_page_is_a_login_wall() -> None:
    for final in (
        "https://passport.brand.example/visitor?url=x",
        "https://brand.example/login?next=/posts/4711",
        "https://sso.example/signin",
    ):
        assert (
            look(page("欢迎回来，请输入口令，然后继续您的旅程。"), final=final).type
            is ObservationResult.LOGIN_WALL
        )


def test_a_login_form_with_a_login_title_is_a_login_wall() -> None:
    form = "<form><input type=text><input type=password><button>进入</button></form>"
    assert look(page("欢迎来到品牌社区", "登录 - 品牌", form)).type is ObservationResult.LOGIN_WALL
    assert look(page("欢迎来到品牌社区", "社区 - 品牌", form)).type is ObservationResult.OK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Just a moment...", ObservationResult.BLOCKED),
        ("请完成安全验证后继续访问", ObservationResult.BLOCKED),
        ("您的访问过于频繁，请稍后再试", ObservationResult.BLOCKED),
        ("Access Denied", ObservationResult.BLOCKED),
        ("系统繁忙，请稍后再试", ObservationResult.TRANSIENT),
        ("Something went wrong. Try again later.", ObservationResult.TRANSIENT),
        ("出错了\n404", ObservationResult.TRANSIENT),
        ("You need to enable JavaScript to run this app.", ObservationResult.EMPTY),
        ("正在加载...", ObservationResult.EMPTY),
    ],
)
def test_what_may_pass_by_itself_is_no_disappearance(
    text: str, expected: ObservationResult
) -> None:
    assert look(page(text, "品牌")).type is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, ObservationResult.GONE),
        (410, ObservationResult.GONE),
        (401, ObservationResult.LOGIN_WALL),
        (403, ObservationResult.BLOCKED),
        (429, ObservationResult.BLOCKED),
        (451, ObservationResult.BLOCKED),
        (418, ObservationResult.BLOCKED),
        (500, ObservationResult.TRANSIENT),
        (503, ObservationResult.TRANSIENT),
        (408, ObservationResult.TRANSIENT),
        (301, ObservationResult.MOVED),
        (304, ObservationResult.UNCHANGED),
        (204, ObservationResult.EMPTY),
    ],
)
def test_the_status_decides_before_the_page(status: int, expected: ObservationResult) -> None:
    assert look(page(POST), status=status).type is expected


def test_every_way_a_fetch_can_fail_has_a_type_and_none_is_ok() -> None:
    assert set(FAILURES) == set(get_args(failures.Kind))
    for kind, expected in FAILURES.items():
        found = classify(asked=ASKED, failure=kind)
        assert found.type is expected
        assert found.type not in {
            ObservationResult.OK,
            ObservationResult.UNCHANGED,
            ObservationResult.GONE,
        }
    with pytest.raises(ValueError, match="unknown failure"):
        classify(asked=ASKED, failure="boredom")
    with pytest.raises(ValueError, match="status"):
        classify(asked=ASKED)


def test_a_challenge_is_a_block_whatever_its_status() -> None:
    headers = [("CF-Mitigated", "challenge")]
    for status in (200, 403, 503):
        assert (
            classify(asked=ASKED, status=status, headers=headers, body=page(POST)).type
            is ObservationResult.BLOCKED
        )


@pytest.mark.parametrize(
    ("final", "expected"),
    [
        (ASKED, ObservationResult.OK),
        ("http://www.brand.example/posts/4711/?utm_source=x", ObservationResult.OK),
        ("https://m.brand.example/posts/4711/the-two-ducts", ObservationResult.OK),
        ("https://brand.example/", ObservationResult.SOFT_404),
        ("https://brand.example/posts/", ObservationResult.SOFT_404),
        ("https://brand.example/posts/index.html", ObservationResult.SOFT_404),
        ("https://brand.example/news/4711", ObservationResult.MOVED),
        ("https://brand.example/posts/4711?page=2", ObservationResult.MOVED),
        ("https://brand.example:8443/posts/4711", ObservationResult.MOVED),
        ("https://other.example/posts/4711", ObservationResult.MOVED),
        ("https://[broken", ObservationResult.SOFT_404),
    ],
)
def test_where_the_visit_ended_counts(final: str, expected: ObservationResult) -> None:
    assert look(page("全新的文字，与从前没有一句相同。"), final=final).type is expected


def test_the_same_text_at_another_address_is_unchanged() -> None:
    assert (
        look(page(POST), final="https://brand.example/news/4711").type
        is ObservationResult.UNCHANGED
    )


def test_a_source_that_always_redirected_has_not_moved() -> None:
    elsewhere = "https://brand.example/news/4711"
    assert look(page("新的文字。"), final=elsewhere, previous=None).type is ObservationResult.OK
    assert (
        look(page("新的文字。"), final=elsewhere, previous_url=elsewhere).type
        is ObservationResult.OK
    )


def test_an_empty_page_that_sends_its_readers_on_has_moved() -> None:
    body = b'<meta http-equiv=refresh content="0; url=https://other.example/new"><body></body>'
    assert look(body).type is ObservationResult.MOVED
    body = b'<meta http-equiv=refresh content="0; url=/login"><body></body>'
    assert look(body).type is ObservationResult.LOGIN_WALL
    body = (
        f'<meta charset=utf-8><meta http-equiv=refresh content="5; url={ASKED}">'
        f"<body><p>{POST}</p></body>"
    ).encode()
    assert look(body, previous=None).type is ObservationResult.OK


def test_unchanged_and_ok_and_empty() -> None:
    assert look(page(POST)).type is ObservationResult.UNCHANGED
    assert look(page(POST), previous=None).type is ObservationResult.OK
    assert look(page(POST.replace("内部结构也一起改了", ""))).type is ObservationResult.OK
    assert look(b"").type is ObservationResult.EMPTY
    assert (
        look(b"<html><body><script>render()</script></body></html>").type is ObservationResult.EMPTY
    )
    pdf = classify(
        asked=ASKED, status=200, headers=[("content-type", "application/pdf")], body=b"%PDF-1.7"
    )
    assert (pdf.type, "application/pdf" in pdf.reason) == (ObservationResult.EMPTY, True)
    assert (
        classify(
            asked=ASKED, status=200, extract=extract(page(POST), "text/html"), previous=POST
        ).type
        is ObservationResult.UNCHANGED
    )
    assert (
        classify(asked=ASKED, status=200, body=b"<html>" + b"<i>" * 600_000).type
        is ObservationResult.TOO_LARGE
    )


def test_the_first_visit_cannot_be_answered_with_nothing_changed() -> None:
    assert look(b"", status=304, previous=None).type is ObservationResult.TRANSIENT


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")),
    st.text(max_size=30),
    st.integers(200, 599),
    st.none() | st.text(max_size=20),
)
def test_any_answer_gets_a_type_and_a_short_reason(
    body: bytes, final: str, status: int, previous: str | None
) -> None:
    found = classify(asked=ASKED, status=status, final_url=final, body=body, previous=previous)
    assert isinstance(found.type, ObservationResult)
    assert 0 < len(found.reason) <= 300


def test_no_pattern_can_be_made_to_work_for_long() -> None:
    hostile = [
        "抱歉,",
        "该",
        "此内容因",
        "微博已",
        "被",
        "违规",
        "sorry ",
        "this page ",
        "(",
        "已经已",
        "请登录",
        "oops ",
        "hmm",
        "404",
        "a ",
        ",",
        "或",
        "x" * 5,
    ]
    patterns = [
        deletion_notices.TOMBSTONES,
        deletion_notices.NOT_FOUND,
        deletion_notices.BLOCKS,
        deletion_notices.TROUBLES,
        deletion_notices.LOGINS,
        deletion_notices.SCRIPTS,
        deletion_notices.FURNITURE,
    ]
    started = time.monotonic()
    for pattern in patterns:
        for unit in hostile:
            for tail in ("", "!", "无法", "。"):
                pattern.fullmatch(
                    (unit * classification.LONGEST_STATEMENT)[: classification.LONGEST_STATEMENT]
                    + tail
                )
    # 0.1 s on one core for the 500 of them.
    assert time.monotonic() - started < 5


def test_the_patterns_are_all_that_stands_between_a_tombstone_and_a_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: with no notices known, a deleted post passes for an edit."""
    monkeypatch.setattr(classification, "_KINDS", ())
    assert look(page("该内容已被发布者删除")).type is ObservationResult.OK
