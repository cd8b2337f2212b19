"""What numbers come to, against cases worked by hand: no number of one item is told of all, and who
contradicts another is said to."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts.conformity import Conformity, Decision, MeasuredValue, Threshold, assess
from verdicts.outcome import numbers_of, outcome, outcome_text, with_summary
from verdicts.outcome.results import result_rows, scatter_lines

Row = tuple[str, str, str, str]  # value, expanded uncertainty (k = 2), item, laboratory


def of(*rows: Row, comparator: str = "at_least", limit: str = "8000") -> Conformity:
    """The conformity of measured pressures."""
    return assess(
        Threshold(comparator, Decimal(limit), "Pa"),
        [
            MeasuredValue(
                Decimal(value),
                Decimal(expanded) / 2,
                "Pa",
                item,
                contributor=f"owner {number}",
                laboratory=laboratory or None,
            )
            for number, (value, expanded, item, laboratory) in enumerate(rows)
        ],
    )


GOOD, BETTER, BAD, NEAR = (
    ("8150", "80", "A", ""),
    ("8300", "60", "B", ""),
    ("7300", "80", "C", ""),
    ("8010", "80", "D", ""),
)

#: Rows, the decision, the whole sentence in both languages: worked by hand.
CASES: list[tuple[list[Row], Decision, str, str]] = [
    (
        [GOOD, BETTER, BAD],
        Decision.DISAGREE,
        (
            "2 of 3 items meet the threshold, 1 does not. Items disagree. If these "
            "items are typical, 20% to 94% of all such items meet it (95% Wilson interval). "
            "The least favourable measurement is 7300 ± 80 Pa, the most favourable "
            "8300 ± 60 Pa (k = 2). Probability of meeting the threshold: from < 0.000001 "
            "to > 0.999999."
        ),
        (
            "3件样品中2件达到限值，1件未达到。样品之间结果不一致。如果这些样品有"
            "代表性，全部同类样品中有20%至94%达到限值（95%威尔逊区间）。最不利的"
            "实测值为7300 ± 80 Pa，最有利的为8300 ± 60 Pa（k = 2）。达到限值的概"
            "率：从< 0.000001到> 0.999999。"
        ),
    ),
    (
        [GOOD],
        Decision.CONFORMS,
        (
            "1 of 1 item meets the threshold. The measurement is 8150 ± 80 Pa (k = "
            "2). Probability of meeting the threshold: 0.999912."
        ),
        (
            "1件样品中1件达到限值。实测值为8150 ± 80 Pa（k = 2）。达到限值的概率"
            "：0.999912。"
        ),
    ),
    (
        [BAD],
        Decision.DOES_NOT_CONFORM,
        (
            "0 of 1 item meets the threshold, 1 does not. The measurement is 7300 ± "
            "80 Pa (k = 2). Probability of meeting the threshold: < 0.000001."
        ),
        (
            "1件样品中0件达到限值，1件未达到。实测值为7300 ± 80 Pa（k = 2）。达"
            "到限值的概率：< 0.000001。"
        ),
    ),
    (
        [NEAR],
        Decision.UNDECIDED,
        (
            "0 of 1 item meets the threshold, 1 is inconclusive. The measurement is "
            "8010 ± 80 Pa (k = 2). Probability of meeting the threshold: 0.598706."
        ),
        (
            "1件样品中0件达到限值，1件无法判定。实测值为8010 ± 80 Pa（k = 2）。"
            "达到限值的概率：0.598706。"
        ),
    ),
    (
        [GOOD, BAD],
        Decision.DISAGREE,
        (
            "1 of 2 items meets the threshold, 1 does not. Items disagree. If these "
            "items are typical, 9% to 91% of all such items meet it (95% Wilson interval). "
            "The least favourable measurement is 7300 ± 80 Pa, the most favourable "
            "8150 ± 80 Pa (k = 2). Probability of meeting the threshold: from < 0.000001 "
            "to 0.999912."
        ),
        (
            "2件样品中1件达到限值，1件未达到。样品之间结果不一致。如果这些样品有"
            "代表性，全部同类样品中有9%至91%达到限值（95%威尔逊区间）。最不利的"
            "实测值为7300 ± 80 Pa，最有利的为8150 ± 80 Pa（k = 2）。达到限值的概"
            "率：从< 0.000001到0.999912。"
        ),
    ),
    (
        [GOOD, NEAR],
        Decision.UNDECIDED,
        (
            "1 of 2 items meets the threshold, 1 is inconclusive. If these items are "
            "typical, 9% to 100% of all such items meet it (95% Wilson interval). The "
            "least favourable measurement is 8010 ± 80 Pa, the most favourable 8150 "
            "± 80 Pa (k = 2). Probability of meeting the threshold: from 0.598706 to "
            "0.999912."
        ),
        (
            "2件样品中1件达到限值，1件无法判定。如果这些样品有代表性，全部同类样"
            "品中有9%至100%达到限值（95%威尔逊区间）。最不利的实测值为8010 ± 80 "
            "Pa，最有利的为8150 ± 80 Pa（k = 2）。达到限值的概率：从0.598706到0.999912。"
        ),
    ),
    (
        [BAD, ("7300", "80", "E", "")],
        Decision.DOES_NOT_CONFORM,
        (
            "0 of 2 items meet the threshold, 2 do not. If these items are typical, "
            "0% to 66% of all such items meet it (95% Wilson interval). Each measurement "
            "is 7300 ± 80 Pa (k = 2). Probability of meeting the threshold: < 0.000001."
        ),
        (
            "2件样品中0件达到限值，2件未达到。如果这些样品有代表性，全部同类样品"
            "中有0%至66%达到限值（95%威尔逊区间）。各次实测值均为7300 ± 80 Pa（"
            "k = 2）。达到限值的概率：< 0.000001。"
        ),
    ),
    (
        [GOOD, BETTER, ("8300", "60", "E", "")],
        Decision.CONFORMS,
        (
            "3 of 3 items meet the threshold. If these items are typical, 43% to 100% "
            "of all such items meet it (95% Wilson interval). The least favourable "
            "measurement is 8150 ± 80 Pa, the most favourable 8300 ± 60 Pa (k = 2). "
            "Probability of meeting the threshold: from 0.999912 to > 0.999999."
        ),
        (
            "3件样品中3件达到限值。如果这些样品有代表性，全部同类样品中有43%至100%达"
            "到限值（95%威尔逊区间）。最不利的实测值为8150 ± 80 Pa，最有利的为8300 "
            "± 60 Pa（k = 2）。达到限值的概率：从0.999912到> 0.999999。"
        ),
    ),
    (
        [("8150", "80", "A", "lab 1"), ("7300", "80", "A", "lab 2")],
        Decision.DISAGREE,
        (
            "0 of 1 item meets the threshold, the measurements of 1 contradict each "
            "other. Laboratories disagree. Results for one item differ by more than "
            "their uncertainties explain: E_n up to 7.51, where at most 1 is expected. "
            "The least favourable measurement is 7300 ± 80 Pa, the most favourable "
            "8150 ± 80 Pa (k = 2). Probability of meeting the threshold: from < 0.000001 "
            "to 0.999912."
        ),
        (
            "1件样品中0件达到限值，1件的实测结果互相矛盾。检测机构之间结果不一致"
            "。同一件样品的结果相差超出测量不确定度能解释的范围：E_n最大为7.51，"
            "正常不超过1。最不利的实测值为7300 ± 80 Pa，最有利的为8150 ± 80 Pa（"
            "k = 2）。达到限值的概率：从< 0.000001到0.999912。"
        ),
    ),
    (
        [GOOD, ("7300", "80", "A", ""), BETTER],
        Decision.DISAGREE,
        (
            "1 of 2 items meets the threshold, the measurements of 1 contradict each "
            "other. If these items are typical, 9% to 100% of all such items meet it (95% "
            "Wilson interval). The least favourable measurement is 7300 ± 80 Pa, the most "
            "favourable 8300 ± 60 Pa (k = 2). Probability of meeting the threshold: from "
            "< 0.000001 to > 0.999999."
        ),
        (
            "2件样品中1件达到限值，1件的实测结果互相矛盾。如果这些样品有代表性，全"
            "部同类样品中有9%至100%达到限值（95%威尔逊区间）。最不利的实测值为"
            "7300 ± 80 Pa，最有利的为8300 ± 60 Pa（k = 2）。达到限值的概率：从"
            "< 0.000001到> 0.999999。"
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "decision", "english", "chinese"), CASES)
def test_the_sentence_is_the_one_worked_by_hand(
    rows: list[Row], decision: Decision, english: str, chinese: str
) -> None:
    conformity = of(*rows)
    assert conformity.decision == decision
    assert outcome(conformity.to_json(), "en") == english
    assert outcome(conformity.to_json(), "zh-Hans") == chinese


def test_the_least_favourable_of_an_upper_limit_is_the_largest() -> None:
    said = outcome(of(GOOD, BAD, comparator="at_most").to_json(), "en")
    assert "least favourable measurement is 8150 ± 80 Pa, the most favourable 7300 ± 80 Pa" in said


def test_the_least_favourable_value_is_that_of_the_table_however_uncertain_it_is() -> None:
    said = outcome(
        of(("7900", "20", "A", ""), ("7800", "900", "B", ""), ("7950", "900", "C", "")).to_json(),
        "en",
    )
    assert (
        "The least favourable measurement is 7800 ± 900 Pa, the most favourable 7950 ± 900 Pa"
        in said
    )
    assert "from < 0.000001 to 0.455764." in said, "the most doubtful value is the most probable"


def test_laboratories_that_measured_different_items_are_not_said_to_disagree() -> None:
    said = outcome(of(("8150", "80", "A", "lab 1"), ("7300", "80", "B", "lab 2")).to_json(), "en")
    assert "Items disagree" in said
    assert "Laboratories" not in said


def test_repetitions_of_one_laboratory_are_one_result_named_by_its_mean() -> None:
    # Mean 8150, s = 10, s/√3 = 5.7735; t(2) = 4.53: 26.154; U = √(26.154² + 80²) = 84.167.
    rows = [(value, "80", "A", "lab 1") for value in ("8140", "8150", "8160")]
    conformity = of(*rows)
    assert conformity.decision == Decision.CONFORMS
    english, chinese = (outcome(conformity.to_json(), lang) for lang in ("en", "zh-Hans"))
    assert "The mean of 3 repetitions is 8150 ± 84.2 Pa." in english
    assert "3次重复测量的平均值为8150 ± 84.2 Pa" in chinese
    assert "The least favourable measurement is 8140 ± 80 Pa" in english, "nothing is averaged away"


def test_with_two_limits_the_least_favourable_is_nearest_to_one_of_them() -> None:
    threshold = Threshold("between", Decimal(6), "m/s", value_to=Decimal(8))
    values = [
        MeasuredValue(Decimal(value), Decimal("0.1"), "m/s", f"Item {value}", "a")
        for value in ("6.9", "7.6", "6.5")
    ]
    said = outcome(assess(threshold, values).to_json(), "en")
    assert said.startswith("3 of 3 items meet the threshold.")
    assert "least favourable measurement is 7.6 ± 0.2 m/s, the most favourable 6.9 ± 0.2" in said


def test_one_laboratory_that_contradicts_itself_disagrees_with_no_other() -> None:
    conformity = of(("8150", "80", "A", "lab 1"), ("7300", "80", "A", "lab 1"))
    assert (conformity.decision, conformity.laboratories_disagree) == (Decision.DISAGREE, False)


values = st.decimals(Decimal(1), Decimal(20000), places=1)
rows = st.lists(
    st.tuples(values, st.decimals(Decimal("0.1"), Decimal(500), places=1), st.sampled_from("ABC")),
    min_size=1,
    max_size=5,
)


@given(rows, st.sampled_from(["at_least", "at_most"]))
def test_every_number_in_the_sentence_is_true_of_what_it_is_said_of(
    found: list[tuple[Decimal, Decimal, str]], comparator: str
) -> None:
    conformity = of(
        *((str(value), str(doubt), item, "") for value, doubt, item in found), comparator=comparator
    )
    said = outcome(conformity.to_json(), "en")
    meet, total = (int(number) for number in re.match(r"(\d+) of (\d+) item", said).groups())  # type: ignore[union-attr]  # or it fails
    items = {one.physical_unit for one in conformity.judged}
    meets = {
        item
        for item in items
        if all(one.decision == "conforms" for one in conformity.judged if one.physical_unit == item)
    }
    assert (meet, total) == (len(meets), len(items))
    if any(one.decision != Decision.CONFORMS for one in conformity.judged):
        assert meet < total
    named = [
        Decimal(value)
        for value in re.findall(
            r"(?:least favourable measurement is|most favourable|measurement is) ([\d.]+) ±", said
        )
    ]
    sign = 1 if comparator == "at_least" else -1
    if named:
        assert (sign * named[0], sign * named[-1]) == (
            min(sign * one.value for one in conformity.judged),
            max(sign * one.value for one in conformity.judged),
        )
    assert ("disagree" in said or "contradict" in said) == (
        conformity.decision == Decision.DISAGREE
    )
    assert not re.search(
        r"\b1 items|\b[02-9] item\b|items meets? the threshold, 1 do\b",
        said.replace("of 1 item", ""),
    )


def test_a_converted_value_is_rounded_for_reading_and_whole_in_the_table() -> None:
    conformity = assess(
        Threshold("at_least", Decimal(1), "m/s"),
        [MeasuredValue(Decimal("1.1"), Decimal("0.1"), "km/h", "A", "a")],
    ).to_json()
    assert "0.3056 ± 0.0556 m/s" in outcome(conformity, "en")
    assert len(conformity["measurements"][0]["value"]) > 20


def test_the_span_holds_both_ends_and_without_a_measurement_there_is_none() -> None:
    numbers = numbers_of(of(GOOD, BAD).to_json())
    assert numbers is not None
    assert (numbers.span, numbers.units) == ("7300–8150", 2)
    assert numbers_of(None) is None
    assert with_summary(None) is None


def test_the_published_text_stands_in_both_languages() -> None:
    text = outcome_text(of(GOOD).to_json())
    assert text["text"].startswith("1 of 1 item")
    assert text["translations"]["zh-Hans"]["text"].startswith("1件样品")


def test_laboratories_have_a_row_each_and_a_sentence_about_how_far_they_are_apart() -> None:
    rows = [
        ("8150", "80", "A", "lab 1"), ("8170", "80", "A", "lab 1"), ("7300", "80", "A", "lab 2"),
        ("8300", "60", "B", ""),
    ]  # fmt: skip
    held = of(*rows).to_json()
    english = [
        (row.item, row.measured_by, row.repetitions, row.value, row.decision)
        for row in result_rows(held, "en")
    ]
    assert english == [
        ("A", "laboratory 1", 2, "8160", "conforms"),
        ("A", "laboratory 2", 1, "7300", "does_not_conform"),
        ("B", "contributor", 1, "8300", "conforms"),
    ]
    assert [row.measured_by for row in result_rows(held, "zh-Hans")] == [
        "检测机构1", "检测机构2", "证据提供者",
    ]  # fmt: skip
    # By hand: U₁² = (13.97 · 10)² + 80² = 25916.09; E_n = 860 / √(25916.09 + 6400) = 4.78.
    # m = 7873.33, s_d² = 2·286.67² + 573.33² = 493066.7, s_r² = 200, n̄ = 3 − 5/3 = 4/3: s_L = 608.
    (line,) = scatter_lines(held, "en")
    assert line == (
        "A: 2 results, standard deviation between them 608 Pa, within one 14.1 Pa. E_n: "
        "laboratory 1 and laboratory 2 4.78."
    )
    assert scatter_lines(held, "zh-Hans") == [
        "A：2个结果，相互间的标准差为608 Pa，各自重复14.1 Pa。E_n：检测机构1与检测机构2为4.78。"
    ]


def test_where_the_measurements_say_it_all_there_is_no_second_table() -> None:
    held = of(GOOD, BETTER).to_json()
    assert (result_rows(held, "en"), scatter_lines(held, "en")) == ([], [])
    same_name = assess(
        Threshold("at_least", Decimal(1), "m/s"),
        [
            MeasuredValue(
                Decimal(value), Decimal("0.1"), "m/s", "Car", "a", "lab", unit_identity=value
            )
            for value in ("0", "9")
        ],
    )
    assert [row.item for row in result_rows(same_name.to_json(), "en")] == ["Car (1)", "Car (2)"]
