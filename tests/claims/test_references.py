"""References that people write in letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.references import LENGTH, new_reference, read_reference, reference_from

seeds = st.integers(0, 2**40)


@given(seeds)
def test_every_reference_reads_back_as_itself(seed: int) -> None:
    reference = reference_from(seed)
    assert read_reference(reference) == reference
    assert len(reference) == LENGTH == 12
    assert not set(reference[3:]) & set("ILOU")


@given(seeds, st.randoms(use_true_random=False))
def test_however_a_person_types_it_it_is_understood(seed: int, random: object) -> None:
    reference = reference_from(seed)
    typed = reference.lower().replace("0", "o").replace("1", random.choice("il"))  # type: ignore[attr-defined]  # a random.Random
    for spelled in (
        typed,
        typed.replace("-", ""),
        f"  {typed} ",
        typed.replace("-", " -"),
        reference[:3] + reference[3:].replace("-", ""),
    ):
        assert read_reference(spelled) == reference


def wide(text: str) -> str:
    """In the full-width forms that Chinese keyboards write."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


@given(seeds)
def test_full_width_letters_any_dash_and_invisible_characters_are_understood(seed: int) -> None:
    reference = reference_from(seed)
    spelled = [
        wide(reference),
        wide(reference.lower()),
        *(reference.replace("-", dash) for dash in ("–", "—", "‐", "−", "\u00ad-", "－")),
    ]
    spelled += [
        reference.replace("-", "\u3000"),
        f"\ufeff{reference}\u200b",
        " ".join(reference),
        reference.replace("-", "\u00a0-\t"),
    ]
    assert {read_reference(one) for one in spelled} == {reference}


@given(seeds, st.integers(3, 11), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_character_is_noticed(seed: int, place: int, wrong: str) -> None:
    reference = reference_from(seed)
    if reference[place] in {"-", wrong}:
        return
    assert read_reference(reference[:place] + wrong + reference[place + 1 :]) is None


@given(seeds, st.integers(3, 10))
def test_two_neighbours_swapped_are_noticed(seed: int, place: int) -> None:
    reference = reference_from(seed)
    one, two = reference[place], reference[place + 1]
    if "-" in {one, two} or one == two:
        return
    assert read_reference(reference[:place] + two + one + reference[place + 2 :]) is None


@given(st.text(max_size=30))
def test_no_text_makes_it_fail(text: str) -> None:
    found = read_reference(text)
    assert found is None or read_reference(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AC-",
        "AC-7F3K-Q2M",
        "AC-7F3K-Q2MXX",
        "AC-UUUU-UUUU",
        "XX-7F3K-Q2MX",
        "AC-7F3K_Q2MX",
        "AC-٣٣٣٣-٣٣٣٣",
        "AC-7F3K-Q2MX\nx",
    ],
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert read_reference(text) is None


def test_new_references_differ_and_say_nothing_of_their_order() -> None:
    drawn = [new_reference() for _ in range(500)]
    assert len(set(drawn)) == 500
    assert drawn != sorted(drawn)
    assert all(read_reference(one) == one for one in drawn)
