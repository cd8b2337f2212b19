"""The diff: exact to the last code point, and marked where a reader would mark it."""

import json
import random
import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engines.text import alignment
from engines.text.diffing import DIFF_FORMAT, Diff, Kind, Run, Side, diff, links_changed
from engines.text.sentences import WordBounds, clauses, sentences, tokens, words

POST_OLD = (
    "SU7 Ultra 的选装前机盖，42,000元。\n"
    "采用双风道设计，直接为刹车散热，内部结构也一起改了，重量只增加1.3kg。\n"
    "感谢每一位朋友的支持！首批交付预计36周。\n"
)
POST_NEW = (
    "SU7 Ultra 的选装前机盖，42,000元。\n"
    "采用双风道设计，直接为刹车散热，重量只增加1.3kg。\n"
    "感谢每一位朋友的支持！首批交付预计48周。\n"
)  # fmt: skip

# Everything that breaks naive code: lone surrogates, joiners,
# marks, flags, bidi controls, odd line ends.
HARD = '改了内部结构，。！；\n\r\u2028\x00 ab1.;,”"\ud800\udc00\u200d\u202e👨👩🇨🇳\u0301\ufe0f\u3000'
PASSAGES = [
    "第一段说明这是一个很长的段落，用来测试移动。",
    "两个风道直接为刹车散热！",
    "\n",
    "内部结构也一起改了，",
    "我们的朋友。",
    "The hood has two ducts. ",
    "the inner structure was changed too, ",
    "42,000元",
]
any_text = st.one_of(
    st.text(alphabet=HARD, max_size=60),
    st.text(st.characters(), max_size=40),
    st.lists(
        st.sampled_from(PASSAGES) | st.text(alphabet="改了，a\n", max_size=3), max_size=14
    ).map("".join),
)


def marked(found: Diff) -> str:
    """The inline diff as one line: [-gone-], {+came+}, <moved>."""
    signs = {Kind.SAME: "{}", Kind.GONE: "[-{}-]", Kind.CAME: "{{+{}+}}", Kind.MOVED: "<{}>"}
    return "".join(signs[run.kind].format(run.text) for run in found.inline())


@settings(deadline=None, max_examples=200)
@given(any_text, any_text)
def test_both_texts_are_rebuilt_exactly(old: str, new: str) -> None:
    found = diff(old, new)
    assert found.old() == old
    assert found.new() == new
    assert "".join(op.text for op in found.exact if op.kind is not Kind.CAME) == old
    assert "".join(op.text for op in found.exact if op.kind is not Kind.GONE) == new
    assert bool(found) == (old != new)
    rows = found.side_by_side()
    assert "".join(run.text for row in rows for run in row.old) == old
    assert "".join(run.text for row in rows for run in row.new) == new


@settings(deadline=None, max_examples=200)
@given(any_text, any_text)
@example(  # the mark of an added clause, widened to its word, met the place that a sentence left
    "两个风道直接为刹车散热！The hood has two ducts. "
    "两个风道直接为刹车散热！第一段说明这是一个很长的段落，用来测试移动。",
    "两个风道直接为刹车散热！两个风道直接为刹车散热！the inner structure was changed too, "
    "两个风道直接为刹车散热！The hood has two ducts. ",
)
def test_changes_add_up_and_point_where_they_say(old: str, new: str) -> None:
    found = diff(old, new)
    assert [change.number for change in found.changes] == list(range(1, len(found.changes) + 1))
    assert sum(change.characters_gone for change in found.changes) == found.characters_gone
    assert sum(change.characters_came for change in found.changes) == found.characters_came
    assert (
        found.characters_old - found.characters_gone == found.characters_new - found.characters_came
    )
    for change in found.changes:
        assert old[change.old_start : change.old_end] == change.gone
        assert new[change.new_start : change.new_end] == change.came
    # Each excerpt is a piece of the whole, in order, and together
    # with what was skipped it is the whole.
    excerpts = found.only_changes()
    if excerpts:
        shown = sum(len(run.text) for excerpt in excerpts for run in excerpt.runs)
        skipped = sum(excerpt.skipped + excerpt.after for excerpt in excerpts)
        assert shown + skipped == sum(len(run.text) for run in found.runs)


@settings(deadline=None, max_examples=100)
@given(any_text, any_text)
def test_the_same_texts_always_give_the_same_diff_and_no_floats(old: str, new: str) -> None:
    first, second = diff(old, new), diff(old, new)
    assert first == second
    assert first.to_json() == second.to_json()

    def check(value: object) -> None:
        assert isinstance(value, (dict, list, str, int))
        assert not isinstance(value, float)
        for inner in (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        ):
            check(inner)

    check(first.to_json())


@given(any_text)
@settings(deadline=None)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    found = diff(text, text)
    assert not found
    assert found.changes == ()
    assert found.only_changes() == ()
    assert not any(row.changed for row in found.side_by_side())


@given(any_text)
@settings(deadline=None)
def test_every_cut_joins_to_the_text_again(text: str) -> None:
    for cut in (sentences, clauses, tokens, lambda text: list(words(text))):
        assert "".join(cut(text)) == text
        assert all(cut(text))


@given(any_text)
@settings(deadline=None)
def test_a_text_cut_in_one_go_is_cut_as_one_whose_full_stops_are_weighed(text: str) -> None:
    # An English sentence behind it leaves every other bound where it was.
    if not text.endswith("\r"):
        assert sentences(text + "\nIt ends. So it does.") == [
            *sentences(text),
            "\n",
            "It ends. ",
            "So it does.",
        ]


@given(any_text)
@settings(deadline=None)
def test_word_bounds_are_those_of_the_words_of_each_sentence(text: str) -> None:
    bounds, at = {0}, 0
    for word in (word for sentence in sentences(text) for word in words(sentence)):
        at += len(word)
        bounds.add(at)
    asked = WordBounds(text)
    assert {
        position
        for position in range(len(text) + 1)
        if asked.around(position) == (position, position)
    } == bounds


@given(any_text, any_text, any_text)
@settings(deadline=None, derandomize=True)
def test_one_stretch_that_vanished_is_all_that_vanished(
    before: str, stretch: str, after: str
) -> None:
    found = diff(before + stretch + after, before + after)
    assert (found.characters_gone + found.characters_moved, found.characters_came) == (
        len(stretch),
        0,
    )


@given(any_text, st.integers(0, 80))
@settings(deadline=None)
def test_word_bounds_enclose_the_position(text: str, position: int) -> None:
    start, end = WordBounds(text).around(position)
    assert start <= position <= end
    assert (start == position) == (end == position)


def test_a_vanished_clause_is_shown_as_exactly_that_clause() -> None:
    found = diff(POST_OLD, POST_NEW)
    first, second = found.changes
    assert (first.kind, first.gone, first.came, first.characters_gone) == (
        Kind.GONE,
        "内部结构也一起改了，",
        "",
        10,
    )
    assert (second.gone, second.came, second.characters_gone, second.characters_came) == (
        "36周",
        "48周",
        2,
        2,
    )
    assert "直接为刹车散热，[-内部结构也一起改了，-]重量只增加" in marked(found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("双风道，内部结构也一起改了。", "双风道。", "双风道[-，内部结构也一起改了-]。"),
        ("选装价42,000元。", "选装价4,200元。", "选装价[-42,000元-]{+4,200元+}。"),
        ("选装价4.2万元起。", "选装价4.5万元起。", "选装价[-4.2万元-]{+4.5万元+}起。"),
        ("我们的产品不会起火。", "我们的产品会起火。", "我们的产品[-不会-]{+会+}起火。"),
        ("内部结构改了", "内部的结构改了", "内部{+的+}结构改了"),
        (
            "top speed 350 km/h today",
            "top speed 35 km/h today",
            "top speed [-350 km/h-]{+35 km/h+} today",
        ),
        (
            "The hood has two air ducts made to cool the brakes.",
            "The hood has two decorative air ducts inspired by racing.",
            (
                "The hood has two {+decorative +}air ducts [-made to cool the brakes-]{+inspired "
                "by racing+}."
            ),
        ),
        (
            "The inner structure, too, was changed, and it is light.",
            "The inner structure is light.",
            None,
        ),
        ("👨‍👩‍👧 ok", "👨‍👩‍👦 ok", "[-👨‍👩‍👧-]{+👨‍👩‍👦+} ok"),
        ("cafe\u0301 open", "cafe open", "[-cafe\u0301-]{+cafe+} open"),
        ("🇨🇳x", "🇨🇭x", "[-🇨🇳-]{+🇨🇭+}x"),
    ],
)
def test_marks_cover_whole_words_numbers_and_units(
    old: str, new: str, expected: str | None
) -> None:
    found = diff(old, new)
    assert found.old() == old
    assert found.new() == new
    if expected is not None:
        assert marked(found) == expected


def test_the_exact_diff_stays_narrower_than_its_mark() -> None:
    found = diff("选装价42,000元。", "选装价42,800元。")
    assert [op for op in found.exact if op.kind is not Kind.SAME] == [
        (Kind.GONE, "0"),
        (Kind.CAME, "8"),
    ]
    assert found.changes[0].gone == "42,000元"
    assert (found.characters_gone, found.characters_came) == (1, 1)


def test_a_moved_paragraph_is_one_change_at_two_places() -> None:
    stays = "第一段说明这是一个很长的段落，用来测试移动。\n第二段也不短，写满了一整行文字。\n"
    moves = "第三段也有一些文字在这里，够长了吧。\n"
    found = diff(f"{stays}{moves}结束。", f"{moves}{stays}结束。")
    (change,) = found.changes
    assert (change.kind, change.gone, change.came) == (Kind.MOVED, moves, moves)
    assert (found.characters_gone, found.characters_came, found.characters_moved) == (
        0,
        0,
        len(moves),
    )
    assert [(run.number, run.side) for run in found.runs if run.kind is Kind.MOVED] == [
        (1, Side.NEW),
        (1, Side.OLD),
    ]


def test_a_short_repeated_sentence_elsewhere_is_not_called_a_move() -> None:
    found = diff("谢谢！我们发布了全新的前机盖产品。", "我们发布了全新的前机盖产品。谢谢！")
    assert Kind.MOVED not in {change.kind for change in found.changes}


def test_unrelated_sentences_are_not_torn_to_shreds() -> None:
    found = diff("两个风道直接为刹车提供散热的气流。", "前机盖的造型致敬赛道精神，请以实物为准。")
    assert len(found.changes) == 1


def test_side_by_side_pairs_the_lines() -> None:
    rows = diff(POST_OLD, POST_NEW).side_by_side()
    assert [(row.old_line, row.new_line, row.changed) for row in rows] == [
        (1, 1, False),
        (2, 2, True),
        (3, 3, True),
    ]
    rows = diff("甲。\n乙。\n丙。", "甲。\n丙。").side_by_side()
    assert [(row.old_line, row.new_line, row.changed) for row in rows] == [
        (1, 1, False),
        (2, None, True),
        (3, 2, False),
    ]
    assert rows[1].old == (Run(Kind.GONE, "乙。\n", 1, Side.OLD),)


def test_only_changes_leaves_out_what_is_far_away() -> None:
    far = "".join(f"这是第{number}句没有变化的话。" for number in range(20))
    found = diff(far + "价格四万元。" + far, far + "价格五万元。" + far)
    (excerpt,) = found.only_changes(context=1)
    text = "".join(run.text for run in excerpt.runs)
    assert text.startswith("这是第19句没有变化的话。价格")
    assert excerpt.skipped == len(far) - len("这是第19句没有变化的话。")
    assert excerpt.after > 0
    assert "第5句" not in text


def test_the_json_form_is_what_the_docstring_shows() -> None:
    found = diff("双风道设计，内部结构也一起改了，更轻。", "双风道设计，更轻。")
    assert json.loads(json.dumps(found.to_json())) == {
        "format": DIFF_FORMAT,
        "characters": {"old": 19, "new": 9, "gone": 10, "came": 0, "moved": 0},
        "changes": [
            {
                "number": 1,
                "kind": "gone",
                "old": [6, 16],
                "new": [6, 6],
                "gone": "内部结构也一起改了，",
                "came": "",
                "characters_gone": 10,
                "characters_came": 0,
            }
        ],
        "runs": [
            {"kind": "same", "text": "双风道设计，", "number": 0, "side": "both"},
            {"kind": "gone", "text": "内部结构也一起改了，", "number": 1, "side": "old"},
            {"kind": "same", "text": "更轻。", "number": 0, "side": "both"},
        ],
    }


def test_links_that_went_and_came() -> None:
    old = [
        ("详情", "https://a.example/1"),
        ("购买", "https://a.example/2"),
        ("购买", "https://a.example/2"),
    ]
    new = [("购买", "https://a.example/2"), ("详情", "https://a.example/9")]
    gone, came = links_changed(old, new)
    assert gone == (("详情", "https://a.example/1"), ("购买", "https://a.example/2"))
    assert came == (("详情", "https://a.example/9"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("价格4.2万元！“真的？”他问。", ["价格4.2万元！", "“真的？”", "他问。"]),
        ("第一行\n第二行……完；了", ["第一行", "\n", "第二行……", "完；", "了"]),
        (
            "Mr. Lei paid 42,000.50 yuan, e.g. in the U.S. It works. OK.",
            ["Mr. Lei paid 42,000.50 yuan, e.g. in the U.S. It works. ", "OK."],
        ),
        (
            'He said "yes." Then he left. See a.example.com now',
            ['He said "yes." ', "Then he left. ", "See a.example.com now"],
        ),
        ("Really?! Yes.然后", ["Really?! ", "Yes.", "然后"]),
        ("版本2.0发布", ["版本2.0发布"]),
    ],
)
def test_sentences_end_where_a_reader_says(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def edited(size: int, edits: int) -> tuple[str, str]:
    """A made-up Chinese text and an edited copy."""
    dice = random.Random(size)
    vocabulary = list("也了在是的") + re.findall(
        r"\S+",
        "我们 内部 结构 一起 改了 风道 刹车 散热 碳纤维 机盖 选装 价格 交付 用户 42,000元 SU7",
    )
    parts: list[str] = []
    while sum(map(len, parts[-1:])) + len(parts) * 40 < size:
        clause = [
            "".join(dice.choices(vocabulary, k=dice.randrange(3, 8)))
            for _ in range(dice.randrange(2, 6))
        ]
        parts.append("，".join(clause) + dice.choice("。。。！？\n"))
    changed = list(parts)
    for _ in range(edits):
        index = dice.randrange(len(changed))
        changed[index] = dice.choice(
            ["", changed[index].replace("的", "之"), changed[index] + "新加的一句话。"]
        )
    return "".join(parts), "".join(changed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        edited(200_000, 400),
        ("啊" * 100_000, "啊" * 60_000 + "哦" + "啊" * 20_000),
        ("甲" * 100_000, "乙" * 100_000),
        ("。" * 100_000, "。" * 50_000 + "好" + "。" * 40_000),
        ("好。" * 40_000, "好。" * 10_000 + "坏。" + "好。" * 30_000),
        tuple("".join(random.Random(seed).choices("甲乙丙丁。，", k=60_000)) for seed in (1, 2)),
        tuple("".join(random.Random(seed).choices("ab ", k=60_000)) for seed in (1, 2)),
    ],
    ids=["edited", "one-character", "disjoint", "only-ends", "periodic", "confetti", "letters"],
)
def test_hostile_texts_take_bounded_time(old: str, new: str) -> None:
    started = time.monotonic()
    found = diff(old, new)
    elapsed = time.monotonic() - started
    assert found.old() == old
    assert found.new() == new
    # About 0.1 to 0.5 s on one core; the bound only has to catch a square.
    assert elapsed < 6


@pytest.mark.parametrize(
    "letters",
    ["ab", "风道制动真双左右", "abcdefgh ", "".join(map(chr, range(0x4E00, 0x4E00 + 200)))],
)
def test_texts_made_to_be_dear_are_compared_in_bounded_time(letters: str) -> None:
    """At any length: what shares letters and no passage is shown as replaced, exactly all the
    same."""
    dice = random.Random(7)
    old, new = ("".join(dice.choices(letters, k=400_000)) for _ in range(2))
    began = time.process_time()
    found = diff("Same beginning. " + old, "Same beginning. " + new)
    assert (found.old(), found.new()) == ("Same beginning. " + old, "Same beginning. " + new)
    assert time.process_time() - began < 1.5


def test_without_that_bound_they_would_take_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "LARGEST_GAP", 10**9)
    monkeypatch.setattr(alignment, "ALL_GAPS", 10**9)
    dice = random.Random(7)
    old, new = ("".join(dice.choices("风道制动真双左右", k=200_000)) for _ in range(2))
    began = time.process_time()
    assert diff(old, new).old() == old
    assert time.process_time() - began > 1
