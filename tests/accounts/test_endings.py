"""The end of a role takes two people, or its holder leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import actions
from accounts.models import Membership, Role, RoleEnding, User
from accounts.permissions import NotAllowedError
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def ann() -> User:
    return scenes.person("ann", Role.OPERATOR)


@pytest.fixture
def bo() -> User:
    return scenes.person("bo", Role.OPERATOR)


@pytest.fixture
def held() -> Membership:
    return Membership.objects.get(user=scenes.person("mo", Role.MODERATOR))


def propose(by: User, held: Membership, reason: str = "Moved away.") -> RoleEnding:
    return actions.propose_ending(by=by, membership=held, reason=reason, now=timezone.now())


def has_ended(held: Membership) -> bool:
    held.refresh_from_db()
    return held.ended_at is not None


def last_leaf() -> Leaf:
    sequence()
    entry = Entry.objects.filter(object_label="membership").latest("index")
    return Leaf.parse(bytes(entry.leaf))


def test_a_role_ends_when_a_second_person_agrees(ann: User, bo: User, held: Membership) -> None:
    ending = propose(ann, held)
    assert not has_ended(held)
    for by, sentence in ((ann, "You proposed this"), (held.user, "needs the role")):
        with pytest.raises(NotAllowedError, match=sentence):
            actions.confirm_ending(by=by, ending=ending, now=timezone.now())
    with pytest.raises(actions.EndingDecidedError, match="proposed already"):
        propose(bo, held)
    actions.confirm_ending(by=bo, ending=ending, now=timezone.now())
    assert has_ended(held)
    leaf = last_leaf()
    assert (leaf.kind, leaf.fields["alone"]) == ("role.ended", False)
    for change in (actions.confirm_ending, actions.refuse_ending):
        with pytest.raises(actions.EndingDecidedError):
            change(by=bo, ending=ending, now=timezone.now())
    with pytest.raises(actions.EndingDecidedError, match="has ended already"):
        propose(ann, held)


def test_who_is_concerned_decides_nothing_about_their_own_role(ann: User, bo: User) -> None:
    of_bo = Membership.objects.get(user=bo)
    ending = propose(ann, of_bo)
    with pytest.raises(NotAllowedError, match="your own role"):
        actions.confirm_ending(by=bo, ending=ending, now=timezone.now())
    with pytest.raises(NotAllowedError, match="You can leave it"):
        propose(bo, of_bo)
    auditor = scenes.person("eve", Role.AUDITOR)
    with pytest.raises(NotAllowedError, match="needs the role"):
        propose(auditor, of_bo)  # an auditor is the second person alone
    actions.confirm_ending(by=auditor, ending=ending, now=timezone.now())
    assert has_ended(of_bo)


def test_a_proposal_is_declined_or_withdrawn_and_the_role_goes_on(
    ann: User, bo: User, held: Membership
) -> None:
    actions.refuse_ending(by=bo, ending=propose(ann, held), now=timezone.now())
    ending = propose(ann, held)
    with pytest.raises(NotAllowedError, match="can withdraw"):
        actions.withdraw_ending(by=bo, ending=ending, now=timezone.now())
    actions.withdraw_ending(by=ann, ending=ending, now=timezone.now())
    assert not has_ended(held)
    assert not RoleEnding.objects.waiting().exists()


def test_one_person_alone_ends_a_role_and_the_entry_says_so(ann: User, held: Membership) -> None:
    with pytest.raises(ValidationError, match="Give the reason"):
        propose(ann, held, " \n ")
    assert propose(ann, held).alone
    assert has_ended(held)
    leaf = last_leaf()
    assert (leaf.kind, leaf.fields["alone"]) == ("role.ended", True)


def test_nobody_is_alone_by_closing_the_account_of_the_second(
    ann: User, bo: User, held: Membership
) -> None:
    User.objects.filter(pk=bo.pk).update(is_active=False)
    assert not propose(ann, held).alone
    assert not has_ended(held)


def test_a_person_leaves_at_once_and_the_log_does_not_name_them(
    ann: User, bo: User, held: Membership
) -> None:
    ending = propose(ann, held)
    with pytest.raises(NotAllowedError, match="not your role"):
        actions.leave_role(by=bo, membership=held, now=timezone.now())
    actions.leave_role(by=held.user, membership=held, now=timezone.now())
    assert has_ended(held)
    leaf = last_leaf()
    assert (leaf.kind, leaf.name) == ("role.left", "account holder")
    ending.refresh_from_db()
    assert ending.status == "withdrawn"


def test_the_last_operator_stays(ann: User, bo: User) -> None:
    auditor = scenes.person("eve", Role.AUDITOR)
    ending = propose(ann, Membership.objects.get(user=bo))
    actions.leave_role(by=ann, membership=Membership.objects.get(user=ann), now=timezone.now())
    with pytest.raises(ValidationError, match="last operator"):
        actions.leave_role(by=bo, membership=Membership.objects.get(user=bo), now=timezone.now())
    with pytest.raises(ValidationError, match="last operator"):
        actions.confirm_ending(by=auditor, ending=ending, now=timezone.now())
    assert User.objects.get(pk=bo.pk).has_role(Role.OPERATOR)


def test_only_the_seats_of_a_company_are_ended_by_one(ann: User, held: Membership) -> None:
    with pytest.raises(ValidationError, match="by two people"):
        actions.end_seat(by=ann, membership=held, now=timezone.now(), reason="Left.")
    assert not has_ended(held)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"proposed_by": "mo"}, "role_ending_proposed_by_another"),
        ({"status": "done", "decided_by": "ann"}, "role_ending_decided_by_a_second_person"),
        ({"status": "done", "decided_by": "mo"}, "role_ending_decided_by_a_second_person"),
        ({"status": "refused", "decided_by": "ann"}, "role_ending_decided_by_a_second_person"),
        ({"status": "refused", "decided_by": None}, "role_ending_decided_all_or_none"),
        ({"decided_by": "bo"}, "role_ending_decided_all_or_none"),
        ({"status": "done", "decided_by": "bo"}, ""),  # the control
    ],
)
def test_the_database_holds_the_two_people_apart(
    ann: User, bo: User, held: Membership, values: dict[str, Any], constraint: str
) -> None:
    people = {"ann": ann, "bo": bo, "mo": held.user, None: None}
    row = {"status": "proposed", "proposed_by": "ann", "decided_by": None, **values}
    row |= {name: people[row[name]] for name in ("proposed_by", "decided_by")}
    now = timezone.now()

    def make() -> None:
        RoleEnding.objects.create(
            membership=held,
            person=held.user,
            reason="x",
            proposed_at=now,
            decided_at=now if row["decided_by"] else None,
            alone=False,
            **row,
        )

    if constraint:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            make()
    else:
        make()


def page(user: User, held: Membership, language: str = "en") -> tuple[Client, str, str]:
    client = Client()
    client.force_login(user)
    path = f"/{language}/account/roles/{held.pk}/end/"
    return client, path, page_text(client.get(path))


def test_two_operators_end_a_role_through_the_pages(ann: User, bo: User, held: Membership) -> None:
    client, path, text = page(ann, held)
    assert "Propose end of role" in text
    overview = f"/en/account/organisations/{held.organisation_id}/"
    assert path in client.get(overview).content.decode()
    assert client.post(path, {"do": "propose", "reason": " "}).status_code == 400
    assert client.post(path, {"do": "abc"}).status_code == 400
    assert client.post(path, {"do": "end"}).status_code == 409
    assert client.post(path, {"do": "propose", "reason": "Moved away."}).status_code == 302
    assert "awaiting a second person" in page_text(client.get(overview))
    assert client.post(path, {"do": "end"}).status_code == 403
    other, path, text = page(bo, held, "zh")
    assert "Moved away." in text
    assert "终止角色" in text
    assert other.post(path, {"do": "end"}).status_code == 302
    assert has_ended(held)


def test_a_member_leaves_through_their_account_and_sees_no_proposal(
    ann: User, bo: User, held: Membership
) -> None:
    propose(ann, held, "A secret reason.")
    client, path, text = page(held.user, held)
    assert path in client.get("/en/account/").content.decode()
    assert "Leave role" in text
    assert "A secret reason." not in text
    assert client.post(path, {"do": "end"}).status_code == 403
    assert client.post(path, {"do": "leave"}).status_code == 302
    assert has_ended(held)
    stranger, path, _text = page(scenes.person("stranger", Role.ADJUDICATOR), held)
    assert stranger.get(path).status_code == 404
