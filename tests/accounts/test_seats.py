"""Nobody holds a company's seat beside a role that judges: the action says so, and the database
refuses it."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

import ledger
from accounts import actions, seats
from accounts.actions import roles
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from ledger import protection
from tests import scenes
from tests.workflows import unruled

pytestmark = pytest.mark.django_db


def brand() -> Organisation:
    return actions.found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.COMPANY, name="Brand", now=timezone.now()
    )


def sit(user: User, organisation: Organisation, role: str, **more: Any) -> Membership:
    """A membership by a way that asks nobody."""
    return Membership.objects.create(
        user=user, organisation=organisation, role=role, created_at=timezone.now(), **more
    )


def test_the_words_here_are_roles_and_kinds_of_the_accounts() -> None:
    assert {seats.SEAT, *seats.JUDGING} <= set(Role.values)
    assert seats.COMPANY in OrganisationKind.values


@pytest.mark.parametrize("judging", seats.JUDGING)
def test_the_second_of_two_seats_is_refused_whichever_comes_first(judging: str) -> None:
    company, body = brand(), scenes.operator_body()
    for number, (first, second) in enumerate(
        [((body, judging), (company, seats.SEAT)), ((company, seats.SEAT), (body, judging))]
    ):
        user = scenes.person(f"someone{number}")
        actions.grant_role(
            by=ledger.SYSTEM, user=user, organisation=first[0], role=first[1], now=timezone.now()
        )
        with pytest.raises(ValidationError, match="cannot both act for a company and rate"):
            actions.grant_role(
                by=ledger.SYSTEM,
                user=user,
                organisation=second[0],
                role=second[1],
                now=timezone.now(),
            )
        with (
            pytest.raises(IntegrityError, match="beside a role that judges") as caught,
            transaction.atomic(),
        ):
            sit(user, *second)
        assert caught.value.__cause__.sqlstate == "23P01"
        assert user.membership_set.count() == 1


def test_any_role_in_a_company_is_a_seat_and_a_representative_has_one_anywhere() -> None:
    company, body = brand(), scenes.operator_body()
    with pytest.raises(ValidationError, match="cannot give anyone a role that rates"):
        actions.grant_role(
            by=ledger.SYSTEM,
            user=scenes.person("a"),
            organisation=company,
            role=Role.MODERATOR,
            now=timezone.now(),
        )
    judge = scenes.person("judge", Role.MODERATOR)
    for refused in (
        (scenes.person("b"), company, Role.MODERATOR),
        (judge, company, Role.CONTRIBUTOR),
        (judge, body, seats.SEAT),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            sit(*refused)
    user, now = scenes.person("c"), timezone.now()
    both = [
        Membership(user=user, organisation=of, role=role, created_at=now)
        for of, role in ((body, Role.AUDITOR), (company, seats.SEAT))
    ]
    with pytest.raises(IntegrityError), transaction.atomic():  # in one statement
        Membership.objects.bulk_create(both)


def test_who_left_the_one_may_take_the_other_and_cannot_come_back() -> None:
    company, now = brand(), timezone.now()
    user = scenes.person("someone", Role.ADJUDICATOR)
    before = Membership.objects.get(user=user)
    actions.leave_role(by=user, membership=before, now=now)
    actions.grant_role(by=ledger.SYSTEM, user=user, organisation=company, role=seats.SEAT, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=before.pk).update(ended_at=None)
    # nor by handing one's own seat to a judge
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=user, ended_at=None).update(
            user=scenes.person("judge", Role.AUDITOR)
        )


@pytest.mark.parametrize("judging", seats.JUDGING)
def test_who_acted_for_a_company_judges_nothing_for_two_years(judging: str) -> None:
    company, body, user = brand(), scenes.operator_body(), scenes.person("someone")
    left = timezone.now()
    seat = actions.grant_role(
        by=ledger.SYSTEM, user=user, organisation=company, role=seats.SEAT, now=left
    )
    Membership.objects.filter(pk=seat.pk).update(ended_at=left)
    early, late = left + timedelta(days=729), left + timedelta(days=732)
    with pytest.raises(ValidationError, match="acted for a company until"):
        actions.grant_role(by=ledger.SYSTEM, user=user, organisation=body, role=judging, now=early)
    with pytest.raises(IntegrityError, match="beside a role that judges"), transaction.atomic():
        Membership.objects.create(user=user, organisation=body, role=judging, created_at=early)
    actions.grant_role(
        by=ledger.SYSTEM, user=user, organisation=body, role=Role.CONTRIBUTOR, now=early
    )
    actions.grant_role(by=ledger.SYSTEM, user=user, organisation=body, role=judging, now=late)


def test_a_seat_that_ended_on_a_leap_day_bars_for_two_years_and_a_day() -> None:
    left = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert roles._years_after(left) == datetime(2030, 3, 1, 12, tzinfo=UTC)
    assert roles._years_after(left.replace(day=28)) == datetime(2030, 2, 28, 12, tzinfo=UTC)


def test_an_organisation_with_a_judge_in_it_does_not_become_a_company() -> None:
    group = actions.found_organisation(
        by=ledger.SYSTEM, kind="consumer_group", name="A group", now=timezone.now()
    )
    judge = scenes.person("judge", Role.MODERATOR)
    actions.grant_role(
        by=ledger.SYSTEM, user=judge, organisation=group, role=Role.CONTRIBUTOR, now=timezone.now()
    )
    with pytest.raises(IntegrityError, match="beside a role that judges"), transaction.atomic():
        Organisation.objects.filter(pk=group.pk).update(kind="company")
    Organisation.objects.filter(pk=group.pk).update(kind="newsroom")
    Membership.objects.filter(user=judge, organisation=group).update(ended_at=timezone.now())
    Organisation.objects.filter(pk=group.pk).update(kind="company")


@pytest.mark.django_db(transaction=True)
def test_of_two_grants_at_once_one_is_refused() -> None:
    assert race() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_both_grants_go_through() -> None:
    """Negative control of the test above."""
    with unruled(Membership, "ledger_seats_apart"):
        assert race() == 2
    assert not protection.faults()


def race() -> int:
    """Both seats are taken at the same moment, each in a transaction of its own; how many there are
    afterwards."""
    company, body, user = brand(), scenes.operator_body(), scenes.person("someone")
    written = threading.Barrier(2)

    def take(organisation: Organisation, role: str) -> None:
        try:
            with transaction.atomic():
                sit(user, organisation, role)
                # the other has written as well, unless it waits for this one
                with suppress(threading.BrokenBarrierError):
                    written.wait(timeout=1)
        except IntegrityError:
            pass
        finally:
            connection.close()

    threads = [
        threading.Thread(target=take, args=args)
        for args in ((company, seats.SEAT), (body, Role.MODERATOR))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return Membership.objects.filter(user=user).count()
