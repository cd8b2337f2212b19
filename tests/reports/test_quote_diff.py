"""A quote beside what stands there today."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from engines.text.diffing import Kind, Side
from reports.pages.quote_diff import diff_quote, unchanged_quote

SAID = "新前舱盖照着赛道原型车来做，内部结构也一起改了，双风道给制动系统散热。"


def gone(quote: str, passage: str) -> list[str]:
    return [run.text for run in diff_quote(quote, passage).runs if run.kind is Kind.GONE]


def test_the_vanished_words_are_struck_and_no_other() -> None:
    quoted = diff_quote(SAID, SAID.replace("内部结构也一起改了，", ""))
    assert gone(SAID, SAID.replace("内部结构也一起改了，", "")) == ["内部结构也一起改了，"]
    assert (quoted.gone, quoted.came, quoted.vanished) == (10, 0, True)


def test_a_stop_that_the_passage_lacks_is_no_change() -> None:
    assert not diff_quote(SAID, SAID.rstrip("。")).vanished
    assert not diff_quote("“Light and strong.”", "Light and strong").vanished
    assert diff_quote(SAID, SAID.replace("双", "单")).vanished


def test_a_quote_without_any_passage_is_struck_as_a_whole() -> None:
    assert gone(SAID, "") == [SAID]
    assert gone(SAID, "。") == [SAID]
    assert not unchanged_quote(SAID).vanished


@given(some.text(max_size=60), some.text(max_size=60))
def test_what_is_shown_of_the_quote_is_the_quote(quote: str, passage: str) -> None:
    runs = diff_quote(quote, passage).runs
    assert "".join(run.text for run in runs if run.side is not Side.NEW) == quote
