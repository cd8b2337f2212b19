"""How long a heading may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.shortening import LONGEST, shortened


@given(st.text(max_size=400))
def test_a_heading_is_the_text_or_its_beginning_and_never_longer_than_it_may_be(text: str) -> None:
    tidy, short = " ".join(text.split()), shortened(text)
    assert short == tidy or (short.endswith("…") and tidy.startswith(short[:-1]))
    assert len(short) <= LONGEST


def test_a_text_is_cut_behind_a_clause_rather_than_inside_a_word() -> None:
    clauses = "公司称以真心对待每一位车主，价格已经放得实实在在，不做任何花哨的营销"
    assert shortened(clauses + "，并且" + "会把" * 60) == f"{clauses}…"
    assert shortened("word " * 60).endswith("word…")


def test_a_text_without_any_end_is_cut_all_the_same() -> None:
    assert len(shortened("中" * 400)) == LONGEST // 2
    assert len(shortened("x" * 400)) == LONGEST - 1
