"""After harm: first contact, first statement, who acted first, and how many hours lay between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts.response_times import WIDTHS, IncidentEvent, read_chain, response_time
from verdicts.states import Actor, Exactness, IncidentKind

START = datetime(2025, 3, 29, 14, 44, tzinfo=UTC)
events = st.builds(
    IncidentEvent.known_to,
    st.sampled_from(IncidentKind.values),
    st.sampled_from(Actor.values),
    st.integers(0, 60 * 24 * 9).map(lambda minutes: START + timedelta(minutes=minutes)),
    st.sampled_from(Exactness.values),
)
chains = st.lists(events, max_size=12)


def at(kind: str, actor: str, hours: float, exact_to: str = "minute") -> IncidentEvent:
    return IncidentEvent.known_to(kind, actor, START + timedelta(hours=hours), exact_to)


def test_every_exactness_has_a_width() -> None:
    assert set(WIDTHS) == set(Exactness.values)


def test_the_chain_of_the_founding_case_is_read_right() -> None:
    care = read_chain(
        [
            at("contact", "company", 69), at("statement", "company", 67),
            at("happened", "other", 0), at("contact", "family", 12),
            at("statement", "press", 50),
        ]
    )  # fmt: skip
    assert care.contact_lag is not None
    assert care.statement_lag is not None
    assert care.statement_lag.hours == (Decimal("66.9"), Decimal("67.1"))
    assert care.contact_lag.least < timedelta(hours=69) < care.contact_lag.most
    assert care.action_lag is None
    assert (care.acted_first, care.before_contact) == ({"family"}, {"family", "press"})


def test_days_give_an_interval_and_name_all_who_may_have_been_first() -> None:
    care = read_chain(
        [
            at("happened", "other", 0, "day"),
            at("contact", "company", 24, "day"),
            at("statement", "press", 26, "day"),
        ]
    )
    assert care.contact_lag is not None
    assert care.contact_lag.hours == (Decimal("0.0"), Decimal("48.0"))
    assert care.acted_first == {"company", "press"}
    assert care.before_contact == set()


def test_an_empty_chain_and_one_without_harm_say_nothing_of_lags() -> None:
    assert read_chain([]).acted_first == set()
    care = read_chain([at("contact", "company", 1)])
    assert (care.harm, care.contact_lag) == (None, None)
    assert care.first_contact is not None


def test_an_unknown_exactness_is_an_error() -> None:
    with pytest.raises(KeyError):
        at("contact", "company", 1, "century")


@given(chains)
def test_the_order_of_writing_down_does_not_matter(chain: list[IncidentEvent]) -> None:
    assert (
        read_chain(chain)
        == read_chain(chain[::-1])
        == read_chain(sorted(chain, key=lambda one: (one.actor, one.start)))
    )


@given(chains)
def test_first_means_that_nobody_was_surely_earlier(chain: list[IncidentEvent]) -> None:
    care = read_chain(chain)
    for first in (care.first_contact, care.first_statement, care.first_action):
        if first is not None:
            assert first.actor == "company"
            assert not [one for one in chain if (one.kind, one.actor) == (first.kind,
                "company") and one.start < first.start
                        and (care.harm is None or one.end > care.harm.start)]  # fmt: skip
    after = [
        one
        for one in chain
        if one.kind != "happened" and (care.harm is None or one.end > care.harm.start)
    ]
    assert bool(care.acted_first) == bool(after)
    for one in after:
        if not any(other.end <= one.start for other in after):
            assert one.actor in care.acted_first


@given(events, events, st.data())
def test_the_true_lag_is_never_outside_what_is_said(
    harm: IncidentEvent, later: IncidentEvent, data: st.DataObject
) -> None:
    """Whatever minute within the two intervals is the true one."""

    def moment(one: IncidentEvent) -> datetime:
        return one.start + timedelta(
            seconds=data.draw(st.integers(0, int((one.end - one.start).total_seconds()) - 1))
        )

    true = max(timedelta(0), moment(later) - moment(harm))
    found = response_time(harm, later)
    assert timedelta(0) <= found.least <= true <= found.most
    least, most = found.hours
    assert least <= Decimal(true // timedelta(seconds=1)) / 3600 <= most
