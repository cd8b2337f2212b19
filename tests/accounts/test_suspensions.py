"""An account is suspended and restored: by one operator, an overseer's by two people."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import actions
from accounts.actions import roles, suspensions
from accounts.models import Membership, Role, Suspension, User
from accounts.permissions import NotAllowedError
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"  # of accounts of the tests
REASON = "Somebody else uses this account."


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def ann() -> User:
    return scenes.person("ann", Role.OPERATOR)


@pytest.fixture
def mo() -> User:
    user = scenes.person("mo", Role.MODERATOR)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def suspend(by: User, person: User, reason: str = REASON) -> Suspension:
    return actions.suspend_account(by=by, person=person, reason=reason, now=timezone.now())


def lift(by: User, row: Suspension, reason: str = "It was not them.") -> None:
    actions.lift_suspension(by=by, suspension=row, reason=reason, now=timezone.now())


def confirm(by: User, row: Suspension) -> None:
    actions.confirm_suspension(by=by, suspension=row, now=timezone.now())


def is_active(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_active


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def by_key(secret: str) -> int:
    return (
        Client()
        .get("/api/v1/submissions/", headers={"authorization": f"Bearer {secret}"})
        .status_code
    )


def test_a_suspended_person_is_out_everywhere_at_once_and_reads_why(ann: User, mo: User) -> None:
    _key, secret = actions.create_key(by=mo, label="x", scopes=["read"], now=timezone.now())
    phone, laptop = signed_in(mo), signed_in(mo)
    assert (phone.get("/en/desk/").status_code, by_key(secret)) == (200, 200)  # the control
    row = suspend(ann, mo)
    for client in (phone, laptop):
        assert client.get("/en/desk/").status_code == 302
    assert by_key(secret) == 401
    assert not User.objects.get(pk=mo.pk).has_role(Role.MODERATOR)
    wrong = Client().post("/en/account/login/", {"login": mo.email, "password": "not this one"})
    assert REASON not in page_text(wrong)
    answer = Client().post("/en/account/login/", {"login": mo.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert REASON in page_text(answer)
    assert "This account is suspended" in page_text(answer)
    lift(scenes.person("bo", Role.OPERATOR), row)
    assert phone.get("/en/desk/").status_code == 302, "an old session does not come back"
    assert by_key(secret) == 200
    again = Client()
    assert again.post("/en/account/login/", {"login": mo.email, "password": PASSWORD})
    assert again.get("/en/desk/").status_code == 200


def test_the_log_says_who_suspended_and_never_whom(ann: User, mo: User) -> None:
    lift(ann, suspend(ann, mo))
    sequence()
    leaves = [bytes(row.leaf).decode() for row in Entry.objects.filter(object_label="suspension")]
    assert [kind for kind in ("account.suspended", "account.restored") if kind in "".join(leaves)]
    assert all(ann.pseudonym in leaf for leaf in leaves)
    for hidden in (mo.pseudonym, str(mo.pk), REASON):
        assert not any(hidden in leaf for leaf in leaves)
    for entry in Entry.objects.filter(object_label="suspension"):
        text = page_text(Client().get(f"/en/record/entries/{entry.index}/"))
        assert "ccount" in text
        assert not any(hidden in text for hidden in (mo.pseudonym, str(mo.pk), REASON))


def test_what_is_no_suspension_is_refused_with_a_sentence(ann: User, mo: User) -> None:
    eve = scenes.person("eve", Role.AUDITOR)
    for by, person, reason, error, words in (
        (ann, ann, REASON, NotAllowedError, "your own account"),
        (eve, mo, REASON, NotAllowedError, "needs the role"),
        (mo, eve, REASON, NotAllowedError, "needs the role"),
        (ann, mo, " \n", ValidationError, "Give the reason"),
    ):
        with pytest.raises(error, match=words):
            suspend(by, person, reason)
    row = suspend(ann, mo)
    with pytest.raises(actions.SuspensionDecidedError):
        suspend(ann, mo)
    with pytest.raises(NotAllowedError):
        lift(scenes.person("stranger"), row)
    with pytest.raises(ValidationError, match="Give the reason"):
        lift(eve, row, " ")
    lift(eve, row)
    with pytest.raises(actions.SuspensionDecidedError):
        lift(eve, row)
    assert is_active(mo)


def test_an_operator_or_auditor_is_suspended_by_two_people(ann: User) -> None:
    bo, eve = scenes.person("bo", Role.OPERATOR), scenes.person("eve", Role.AUDITOR)
    for person, second in ((bo, eve), (eve, bo)):
        row = suspend(ann, person)
        assert (row.by_two, is_active(person)) == (True, True)
        for by, words in ((ann, "You proposed this"), (person, "your own account")):
            with pytest.raises(NotAllowedError, match=words):
                confirm(by, row)
        confirm(second, row)
        assert not is_active(person)
        with pytest.raises(actions.SuspensionDecidedError):
            confirm(second, row)
        lift(second, row)
    actions.refuse_suspension(by=eve, suspension=suspend(ann, bo), now=timezone.now())
    row = suspend(ann, bo)
    with pytest.raises(NotAllowedError, match="can withdraw"):
        actions.withdraw_suspension(by=eve, suspension=row, now=timezone.now())
    actions.withdraw_suspension(by=ann, suspension=row, now=timezone.now())
    assert is_active(bo)


def test_two_operators_alone_cannot_suspend_each_other_and_read_what_to_do(ann: User) -> None:
    bo = scenes.person("bo", Role.OPERATOR)
    with pytest.raises(ValidationError, match="Invite an auditor first"):
        suspend(ann, bo)
    suspended = scenes.person("eve", Role.AUDITOR)
    User.objects.filter(pk=suspended.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="Invite an auditor first"):
        suspend(ann, bo)


def test_the_last_operator_is_not_suspended_and_a_suspended_one_decides_nothing(ann: User) -> None:
    bo = scenes.person("bo", Role.OPERATOR)
    eve, kim = (scenes.person(name, Role.AUDITOR) for name in ("eve", "kim"))
    against_ann, against_bo = suspend(bo, ann), suspend(ann, bo)
    against_kim = suspend(bo, kim)
    assert bo.has_role(Role.OPERATOR)  # as a request remembers it that began before
    confirm(eve, against_bo)
    with pytest.raises(NotAllowedError):
        suspend(bo, kim)
    with pytest.raises(ValidationError, match="last operator"):
        confirm(eve, against_ann)
    with pytest.raises(ValidationError, match="last operator"):
        actions.leave_role(by=ann, membership=Membership.objects.get(user=ann), now=timezone.now())
    confirm(ann, against_kim)
    assert (is_active(ann), is_active(bo), is_active(kim)) == (True, False, False)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"proposed_by": "mo"}, "suspension_by_another"),
        ({"decided_by": "mo"}, "suspension_by_another"),
        ({"by_two": True}, "suspension_decided_by_a_second_person"),
        ({"decided_by": None}, "suspension_decided_all_or_none"),
        ({"status": "proposed"}, "suspension_decided_all_or_none"),
        ({"status": "lifted"}, "suspension_lifted_all_or_none"),
        ({"lifted_by": "ann"}, "suspension_lifted_all_or_none"),
        ({}, ""),  # the control
    ],
)
def test_the_database_holds_the_people_apart(
    ann: User, mo: User, values: dict[str, Any], constraint: str
) -> None:
    people = {"ann": ann, "mo": mo}
    given = {"status": "in_force", "by_two": False, "proposed_by": "ann", "decided_by": "ann"}
    row = {name: people.get(str(value), value) for name, value in (given | values).items()}
    now = timezone.now()
    made = Suspension(
        person=mo, reason="x", proposed_at=now,
        decided_at=now if row["decided_by"] else None, **row,
    )  # fmt: skip
    if constraint:
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            made.save(force_insert=True)
    else:
        made.save(force_insert=True)


def test_it_is_done_through_a_page(ann: User, mo: User) -> None:
    client, path = signed_in(ann), "/en/account/suspensions/"
    assert path in client.get("/en/account/").content.decode()
    assert "No account was suspended so far." in page_text(client.get(path))
    for sent, status, words in (
        ({"do": "abc"}, 400, "Choose what to do"),
        ({"do": "suspend", "account": "nobody", "reason": "x"}, 400, "No account has this"),
        ({"do": "suspend", "account": mo.email, "reason": " "}, 400, "required"),
        ({"do": "suspend", "account": ann.pseudonym, "reason": "x"}, 403, "your own account"),
        ({"do": "confirm", "suspension": "x"}, 404, ""),
    ):
        answer = client.post(path, sent)
        assert (answer.status_code, words in page_text(answer)) == (status, True), sent
    sent = {"do": "suspend", "account": f" {mo.email.upper()} ", "reason": REASON}
    assert client.post(path, sent).status_code == 302
    assert client.post(path, sent).status_code == 409
    assert REASON in page_text(client.get(path))
    auditor = signed_in(scenes.person("eve", Role.AUDITOR))
    assert path in auditor.get("/en/account/").content.decode()
    page = auditor.get("/zh/account/suspensions/")
    assert "恢复账户" in page_text(page)
    row = Suspension.objects.get()
    assert auditor.post(path, {"do": "suspend", "account": "x"}).status_code == 403
    lifted = {"do": "lift", "suspension": row.pk, "reason": "Not them."}
    assert auditor.post(path, lifted).status_code == 302
    assert "Not them." in page_text(client.get(path))
    assert is_active(mo)


# --- at the same time -----------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[str]:
    """What each of `acts` came to, run at the same time."""
    both, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        both.wait()
        try:
            act()
            results.append("done")
        except (ValidationError, NotAllowedError) as error:
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


class TwoOperators:
    """Each is proposed to be suspended, and an auditor of their own is about to confirm it."""

    def __init__(self) -> None:
        ann, bo = (scenes.person(name, Role.OPERATOR) for name in ("ann", "bo"))
        eve, kim = (scenes.person(name, Role.AUDITOR) for name in ("eve", "kim"))
        rows = suspend(ann, bo), suspend(bo, ann)
        self.result = at_once(lambda: confirm(eve, rows[0]), lambda: confirm(kim, rows[1]))
        self.left = Membership.objects.overseeing().filter(role=Role.OPERATOR).count()


@pytest.mark.django_db(transaction=True)
def test_two_operators_suspended_at_once_leave_one() -> None:
    case = TwoOperators()
    assert (case.result, case.left) == (["ValidationError", "done"], 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_locks_both_would_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    both, check = threading.Barrier(2), suspensions.check_an_operator_stays

    def late(user: User) -> None:
        check(user)
        both.wait()

    for name in ("lock_appointing", "lock_operators"):
        monkeypatch.setattr(roles, name, lambda: None)
    monkeypatch.setattr(suspensions, "check_an_operator_stays", late)
    case = TwoOperators()
    assert (case.result, case.left) == (["done", "done"], 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_suspend_one_account_at_once_one_does() -> None:
    ann, bo = (scenes.person(name, Role.OPERATOR) for name in ("ann", "bo"))
    mo = scenes.person("mo", Role.MODERATOR)
    result = at_once(lambda: suspend(ann, mo), lambda: suspend(bo, mo))
    assert result == ["SuspensionDecidedError", "done"]
    assert Suspension.objects.count() == 1
