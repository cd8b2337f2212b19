"""Quotes: found again where they stood, recognised in other words, missed when they are gone."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.text import anchors
from engines.text.anchors import (
    REWORDED_FROM,
    Quote,
    QuoteMatch,
    Sight,
    anchor,
    fold,
    locate,
    sight,
)

POST = (
    "SU7 Ultra 的选装前机盖，42,000元。\n"
    "采用双风道设计，直接为刹车散热，内部结构也一起改了，重量只增加1.3kg。\n"
    "感谢每一位朋友的支持！首批交付预计36周。\n"
)
EDITED = POST.replace("内部结构也一起改了，", "")
ENGLISH = (
    "The optional hood costs CNY 42,000. Its two air ducts were made to cool the brakes, and the "
    "inner structure was changed too, adding only 1.3 kg. Deliveries begin in about 36 weeks. "
    "Thank you all for your support."
)
ENGLISH_EDITED = ENGLISH.replace(", and the inner structure was changed too", "")

HARD = (
    "改了内部结构，,。.\n\u3000\u00a0\u200b "
    '1２aＡe\u0301é“"\ud800\udc00\u200d\u202e👨🇨\u1100\u1161\uac00'
)
any_text = st.text(alphabet=HARD, max_size=50) | st.text(st.characters(), max_size=40)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, int, int]:
    text = draw(any_text.filter(bool))
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


@settings(deadline=None, max_examples=200)
@given(spans())
def test_an_anchored_quote_is_found_exactly_where_it_was(span: tuple[str, int, int]) -> None:
    text, start, end = span
    quote = anchor(text, start, end)
    assert (
        text[start - len(quote.prefix) : end + len(quote.suffix)]
        == quote.prefix + quote.exact + quote.suffix
    )
    assert locate(quote, text) == (start, end)
    assert sight(quote, text) == QuoteMatch(Sight.VERBATIM, start, end, text[start:end], 1000)


@settings(deadline=None, max_examples=200)
@given(any_text, any_text, any_text, any_text)
def test_any_quote_in_any_text_gives_a_passage_of_that_text(
    exact: str, prefix: str, suffix: str, text: str
) -> None:
    found = sight(Quote(exact, prefix, suffix), text)
    assert 0 <= found.start <= found.end <= len(text)
    assert found.passage == text[found.start : found.end]
    assert isinstance(found.similarity, int)
    assert 0 <= found.similarity <= 1000
    located = locate(Quote(exact, prefix, suffix), text)
    if found.kind in {Sight.VERBATIM, Sight.ELSEWHERE}:
        assert located == (found.start, found.end)
    elif located is not None:  # the words stand there, and what stands beside them turns them
        assert found.kind is Sight.REWORDED
        assert found.start <= located[0] < located[1] <= found.end
    assert sight(Quote(exact, prefix, suffix), text) == found


@settings(deadline=None, max_examples=300)
@given(any_text)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(any_text, any_text, any_text)
def test_a_quote_survives_being_typed_in_other_widths(
    before: str, middle: str, behind: str
) -> None:
    middle = f"双风道，{middle}（散热）"
    wide = middle.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    found = sight(Quote(middle), f"{before}。{wide}。{behind}")
    assert found.kind is Sight.VERBATIM
    assert fold(found.passage) == fold(middle)


@pytest.mark.parametrize(
    ("quote", "passage"),
    [
        ("双风道设计，直接为刹车散热", "双风道设计，直接为刹车散热"),
        ("双风道设计,直接为刹车散热", "双风道设计，直接为刹车散热"),
        ("双风道设计， 直接为\n刹车散热", "双风道设计，直接为刹车散热"),
        ("重量只增加 1.3 kg.", "重量只增加1.3kg。"),
        ("重量只增加１．３ｋｇ", "重量只增加1.3kg"),
        ("SU7  Ultra的选装", "SU7 Ultra 的选装"),
        ("支持!首批\u200b交付", "支持！首批交付"),
    ],
)
def test_width_and_white_space_do_not_make_a_difference(quote: str, passage: str) -> None:
    found = sight(Quote(quote), POST)
    assert (found.kind, found.passage) == (Sight.VERBATIM, passage)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("续航增加4.2", "续航增加4.25千米每小时"),
        ("5 weeks", "delivery in 35 weeks"),
        ("2万元", "只要4.2万元"),
        ("定金5000", "定金50000元"),
        ("the duct", "the ducts are decorative"),
        ("42 000元", "42000元"),
        ("Air Ducts", "air ducts"),
        ("风道、散热", "风道，散热"),
        ("newly made", "new lymade"),
    ],
)
def test_what_does_make_a_difference(quote: str, text: str) -> None:
    assert locate(Quote(quote), text) is None
    assert sight(Quote(quote), text).kind is not Sight.VERBATIM


def test_a_quote_that_was_cut_inside_a_word_by_its_author_is_still_verbatim() -> None:
    text = "delivery in 35 weeks"
    at = text.index("5 weeks")
    assert locate(anchor(text, at, len(text)), text) == (at, len(text))


def test_the_context_chooses_among_equal_passages() -> None:
    text = (
        "价格四万元。甲版：内部结构也一起改了。价格五万元。乙版：内部结构也一起改了。价格六万元。"
    )
    second = text.rindex("内部")
    quote = anchor(text, second, second + 9)
    assert locate(quote, text) == (second, second + 9)
    moved = text.replace("价格四万元。甲版", "价格四万五千元。丙版").replace("六", "九")
    assert locate(quote, moved) == (moved.rindex("内部"), moved.rindex("内部") + 9)


def test_context_grows_until_the_quote_is_unique_and_no_further() -> None:
    line = "同一行文字，一遍又一遍。"
    text = line * 20 + "尾" + line * 20
    quote = anchor(text, 5 * len(line), 6 * len(line))
    assert anchors.CONTEXT < len(quote.suffix) <= anchors.LONGEST_CONTEXT
    assert locate(quote, text) == (5 * len(line), 6 * len(line))
    assert len(anchor("啊" * 100_000, 50_000, 50_010).prefix) == anchors.LONGEST_CONTEXT


def test_an_empty_quote_cannot_be_made_and_is_nowhere() -> None:
    for start, end in ((3, 3), (-1, 2), (0, len(POST) + 1), (5, 2)):
        with pytest.raises(ValueError, match="span"):
            anchor(POST, start, end)
    for nothing in ("", " \n\u200b"):
        assert sight(Quote(nothing), POST) == QuoteMatch(Sight.ABSENT, 0, 0, "", 0)
    assert sight(Quote("双风道"), "") == QuoteMatch(Sight.ABSENT, 0, 0, "", 0)
    assert sight(Quote("？！"), POST).kind is Sight.ABSENT


@pytest.mark.parametrize(
    ("quote", "text", "passage"),
    [
        (
            "直接为刹车散热，内部结构也一起改了，重量只增加1.3kg",
            EDITED,
            "直接为刹车散热，重量只增加1.3kg",
        ),
        (
            "双风道设计，直接为刹车散热",
            "采用双风道的设计，可以为刹车散热。",
            "双风道的设计，可以为刹车散热",
        ),
        ("首批交付预计36周", "首批的交付预计48周。", "首批的交付预计48周"),
        (
            (
                "two air ducts were made to cool the brakes, and the inner structure was changed "
                "too, adding only 1.3 kg"
            ),
            ENGLISH_EDITED,
            "two air ducts were made to cool the brakes, adding only 1.3 kg",
        ),
        (
            "the inner structure was changed too",
            "The structure inside was changed; the inner structure has changed too.",
            None,
        ),
    ],
)
def test_a_quote_in_other_words_is_reworded_with_its_passage(
    quote: str, text: str, passage: str | None
) -> None:
    found = sight(Quote(quote), text)
    assert found.kind is Sight.REWORDED
    assert REWORDED_FROM <= found.similarity < 1000
    if passage is not None:
        # A changed number at the edge is no word of the quote, so the passage may end before it.
        assert passage.startswith(found.passage)
        assert len(found.passage) >= len(passage) - 3


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("内部结构也一起改了", EDITED),
        ("and the inner structure was changed too", ENGLISH_EDITED),
        ("定金可以随时退还", POST),
        ("Customers may get their deposit back at any time", ENGLISH),
        ("碳纤维机盖", "碳纤维轮毂"),
    ],
)
def test_a_vanished_quote_is_absent_and_the_nearest_sentence_is_named(
    quote: str, text: str
) -> None:
    found = sight(Quote(quote), text)
    assert found.kind is Sight.ABSENT
    assert found.similarity < 800
    assert found.passage == text[found.start : found.end]


def test_the_nearest_sentence_of_an_absent_quote_is_whole() -> None:
    found = sight(Quote("朋友们支持退还全部定金"), POST)
    assert (found.kind, found.passage) == (Sight.ABSENT, "感谢每一位朋友的支持！")


def test_offsets_lead_back_into_a_decomposed_text() -> None:
    text = "Le cafe\u0301 rouge, 완\u1100\u1161!"
    found = sight(Quote("café"), text)
    assert (found.kind, found.passage) == (Sight.VERBATIM, "cafe\u0301")
    assert sight(Quote("가"), text).passage == "\u1100\u1161"


def long_text(words: list[str], size: int) -> str:
    dice = random.Random(7)
    pieces: list[str] = []
    while len(pieces) * 12 < size:
        pieces.append("".join(dice.choices(words, k=5)) + dice.choice("，。"))
    return "".join(pieces)


def test_long_and_hostile_texts_take_bounded_time() -> None:
    text = long_text(
        [
            "我们",
            "内部",
            "结构",
            "风道",
            "刹车",
            "散热",
            "碳纤维",
            "选装",
            "价格",
            "交付",
            "的",
            "了",
        ],
        100_000,
    )
    cases = [
        (Quote("定金可以随时退还给每一位用户"), text),
        (anchor(text, 50_000, 50_400), text.replace("内部", "里面")),
        (Quote("啊" * 500 + "哦"), "啊" * 100_000),
        (Quote("啊" * 20, "哦", "哦"), "啊" * 100_000),
        (Quote("the ducts"), "the duct " * 12_000),
        (Quote("的" * 20_000), text),
        (Quote("e\u0301" * 20), "e\u0301" * 50_000),
    ]
    for quote, body in cases:
        anchors._folded.cache_clear()
        started = time.monotonic()
        sight(quote, body)
        # 0.02 to 0.2 s each on one core; the bound only has to catch a square.
        assert time.monotonic() - started < 3, quote.exact[:10]


def test_a_threshold_of_zero_would_call_everything_reworded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the thresholds: without them a vanished quote passes for reworded."""
    monkeypatch.setattr(anchors, "REWORDED_FROM", 1)
    monkeypatch.setattr(anchors, "REWORDED_FROM_IF_SHORT", 1)
    assert sight(Quote("内部结构也一起改了"), EDITED).kind is Sight.REWORDED
