"""People are given a role through the pages: one proposes, another approves, the invited person
accepts."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

import ledger
from accounts import actions
from accounts.actions import invitations, roles
from accounts.models import Membership, Organisation, Role, RoleInvitation, User
from accounts.organisation_names import fold_name
from accounts.permissions import NotAllowedError
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
GUEST = "guest@mail.example"


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def appointer(name: str, *held: str) -> User:
    """Someone who may give others a role: with a confirmed mailbox."""
    user = scenes.person(name, *held)
    confirm(user)
    return user


def confirm(user: User, email: str = "") -> None:
    EmailAddress.objects.create(user=user, email=email or user.email, verified=True)


def team() -> Organisation:
    return actions.found_organisation(
        by=ledger.SYSTEM, kind="moderation_team", name="A team", now=timezone.now()
    )


def propose(by: User, body: Organisation, **more: Any) -> RoleInvitation:
    given = {"email": GUEST, "role": Role.MODERATOR, "reason": "They know cars.", **more}
    return actions.propose_invitation(by=by, organisation=body, now=timezone.now(), **given)


def guest(email: str = GUEST) -> User:
    user = User.objects.create_user(email, "correct horse battery")
    confirm(user)
    return user


class Case:
    """Two operators and a proposal of the first."""

    def __init__(self) -> None:
        self.first, self.second = (appointer(name, Role.OPERATOR) for name in ("first", "second"))
        self.body = team()
        self.row = propose(self.first, self.body)

    def sent(self) -> str:
        """Approve the proposal; the token of its link."""
        scenes.send_invitation(self.second, self.row, "the-token")
        return "the-token"

    def status(self) -> str:
        return RoleInvitation.objects.get(pk=self.row.pk).status


@pytest.fixture
def case() -> Case:
    return Case()


def refused(act: Callable[[], object], error: type[Exception], words: str) -> None:
    before = RoleInvitation.objects.count(), Membership.objects.count()
    with pytest.raises(error, match=words):
        act()
    assert (RoleInvitation.objects.count(), Membership.objects.count()) == before


# --- proposing and approving ----------------------------------------------------------------------


def test_what_cannot_be_proposed_is_refused_with_a_sentence(case: Case) -> None:
    company = actions.found_organisation(
        by=ledger.SYSTEM, kind="company", name="A maker", now=timezone.now()
    )
    unproven = scenes.person("unproven", Role.OPERATOR)
    moderator = appointer("moderator", Role.MODERATOR)
    auditor = appointer("auditor", Role.AUDITOR)
    other = {"email": "other@mail.example"}
    for by, body, given, error, words in (
        (case.first, case.body, {}, ValidationError, "open invitation for this address"),
        (case.first, case.body, {"email": f" {GUEST.upper()}"}, ValidationError, "open invitation"),
        (case.first, case.body, {"email": "first@example.org"}, NotAllowedError, "invite yourself"),
        (case.first, case.body, {"email": "no address"}, ValidationError, "valid email"),
        (case.first, case.body, {**other, "reason": "  "}, ValidationError, "Give the reason"),
        (case.first, case.body, {**other, "role": "operator"}, ValidationError, "Nobody can be"),
        (case.first, case.body, {**other, "role": "king"}, ValidationError, "Nobody can be"),
        (case.first, company, {**other, "role": "moderator"}, ValidationError, "get a seat"),
        (
            case.first,
            company,
            {**other, "role": "company_representative"},
            ValidationError,
            "get a seat",
        ),
        (unproven, case.body, other, NotAllowedError, "Confirm your email address"),
        (moderator, case.body, other, NotAllowedError, "needs the role"),
        (auditor, case.body, other, NotAllowedError, "needs the role"),
    ):
        refused(lambda a=by, b=body, c=given: propose(a, b, **c), error, words)
    confirm(case.first, "second-box@mail.example")
    refused(
        lambda: propose(case.first, case.body, email="Second-Box@mail.example"),
        NotAllowedError,
        "invite yourself",
    )
    member = guest("member@mail.example")
    actions.grant_role(
        by=ledger.SYSTEM, user=member, organisation=case.body, role="moderator", now=timezone.now()
    )
    refused(
        lambda: propose(case.first, case.body, email=member.email), ValidationError, "already has"
    )


def test_a_second_factor_is_asked_of_both_where_one_is_required(case: Case, settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    words = "Set up two-step verification"
    refused(lambda: propose(case.first, case.body, email="x@mail.example"), NotAllowedError, words)
    Authenticator.objects.create(user=case.second, type="recovery_codes", data={})
    approve = {"by": case.second, "invitation": case.row, "now": timezone.now()}
    refused(lambda: actions.approve_invitation(**approve), NotAllowedError, words)
    Authenticator.objects.create(user=case.second, type="totp", data={})
    actions.approve_invitation(**approve)
    assert case.status() == "invited"


def test_only_another_operator_or_an_auditor_approves_or_refuses(case: Case) -> None:
    now = timezone.now()
    invited_operator = appointer("third", Role.OPERATOR)
    confirm(invited_operator, GUEST)
    for by, words in (
        (case.first, "Another operator or an auditor"),
        (appointer("moderator", Role.MODERATOR), "needs the role"),
        (scenes.person("unproven", Role.AUDITOR), "Confirm your email address"),
        (invited_operator, "is for you"),
    ):
        for act in (
            lambda a=by: actions.approve_invitation(by=a, invitation=case.row, now=now),
            lambda a=by: actions.refuse_invitation(by=a, invitation=case.row, reason="x"),
        ):
            refused(act, NotAllowedError, words)
    refused(
        lambda: actions.refuse_invitation(by=case.second, invitation=case.row, reason=" "),
        ValidationError,
        "Give the reason",
    )
    refused(
        lambda: actions.withdraw_invitation(by=case.second, invitation=case.row),
        NotAllowedError,
        "Only the person who proposed",
    )
    auditor = appointer("auditor", Role.AUDITOR)
    actions.approve_invitation(by=auditor, invitation=case.row, now=now)
    row = RoleInvitation.objects.get()
    assert (row.status, row.approved_by, row.approved_alone) == ("invited", auditor, False)
    assert row.expires_at == now + timedelta(days=14)
    for again in (
        lambda: actions.approve_invitation(by=case.second, invitation=case.row, now=now),
        lambda: actions.refuse_invitation(by=case.second, invitation=case.row, reason="x"),
    ):
        refused(again, actions.InvitationClosedError, "has changed since")


def test_the_only_operator_approves_alone_and_the_entry_says_so() -> None:
    lone, body = appointer("lone", Role.OPERATOR), team()
    row = propose(lone, body)
    refused(
        lambda: actions.refuse_invitation(by=lone, invitation=row, reason="x"),
        NotAllowedError,
        "You can withdraw it",
    )
    actions.approve_invitation(by=lone, invitation=row, now=timezone.now())
    sequence()
    leaf = Leaf.parse(
        bytes(Entry.objects.filter(kind="role_invitation.approved").latest("index").leaf)
    )
    assert leaf.fields["approved_alone"] is True
    waiting = propose(lone, body, email="next@mail.example")
    scenes.person("auditor", Role.AUDITOR)
    refused(
        lambda: actions.approve_invitation(by=lone, invitation=waiting, now=timezone.now()),
        NotAllowedError,
        "Another operator or an auditor",
    )


def test_the_database_refuses_an_approval_by_the_proposer_and_a_second_open_one(case: Case) -> None:
    rows = RoleInvitation.objects.filter(pk=case.row.pk)
    with pytest.raises(IntegrityError, match="approved_by_another"), transaction.atomic():
        rows.update(approved_by=case.first)
    with pytest.raises(IntegrityError, match="role_invitation_sent"), transaction.atomic():
        rows.update(status="invited")
    again = RoleInvitation(
        organisation=case.body,
        role="moderator",
        email_key=rows.get().email_key,
        reason="x",
        proposed_by=case.second,
        created_at=timezone.now(),
    )
    with pytest.raises(IntegrityError, match="open_once"), transaction.atomic():
        again.save(force_insert=True)


# --- answering ------------------------------------------------------------------------------------


def test_accepting_makes_the_membership_once_for_exactly_that_mailbox(case: Case) -> None:
    token, now = case.sent(), timezone.now()
    wrong = guest("other@mail.example")
    unconfirmed = scenes.person("someone")
    EmailAddress.objects.create(user=unconfirmed, email=GUEST, verified=False)
    for by in (wrong, unconfirmed):
        for act in (actions.accept_invitation, actions.decline_invitation):
            refused(
                lambda a=act, b=by: a(by=b, token=token, now=now),
                NotAllowedError,
                "another email address",
            )
    refused(
        lambda: actions.accept_invitation(by=wrong, token="no such", now=now),
        RoleInvitation.DoesNotExist,
        "does not exist",
    )
    user = guest()
    late = now + timedelta(days=14, seconds=1)
    refused(
        lambda: actions.accept_invitation(by=user, token=token, now=late),
        actions.InvitationClosedError,
        "expired",
    )
    held = actions.accept_invitation(by=user, token=token, now=now)
    assert (held.user, held.organisation, held.role) == (user, case.body, "moderator")
    for act in (actions.accept_invitation, actions.decline_invitation):
        refused(
            lambda a=act: a(by=user, token=token, now=now),
            actions.InvitationClosedError,
            "accepted",
        )
    sequence()
    leaves = [bytes(entry.leaf) for entry in Entry.objects.all()]
    together = b"".join(leaves)
    for secret in (GUEST, token, actions.digest_of(token), user.pseudonym, str(user.pk)):
        assert secret.encode() not in together
    assert b"They know cars" not in together


def test_who_acts_for_a_company_cannot_accept_a_role_that_rates(case: Case) -> None:
    token, user = case.sent(), guest()
    company = actions.found_organisation(
        by=ledger.SYSTEM, kind="company", name="A maker", now=timezone.now()
    )
    actions.grant_role(
        by=ledger.SYSTEM,
        user=user,
        organisation=company,
        role="company_representative",
        now=timezone.now(),
    )
    refused(
        lambda: actions.accept_invitation(by=user, token=token, now=timezone.now()),
        ValidationError,
        "cannot both act for a company",
    )
    assert case.status() == "invited"


def test_who_proposed_or_approved_does_not_accept(case: Case) -> None:
    token = case.sent()
    for user in (case.first, case.second):
        EmailAddress.objects.filter(email=GUEST).delete()
        confirm(user, GUEST)
        refused(
            lambda a=user: actions.accept_invitation(by=a, token=token, now=timezone.now()),
            NotAllowedError,
            "proposed or approved",
        )


def test_a_link_dies_when_it_is_sent_again_withdrawn_or_too_old(case: Case) -> None:
    old, now = case.sent(), timezone.now()
    actions.resend_invitation(by=case.first, invitation=case.row, now=now)
    user = guest()
    refused(
        lambda: actions.accept_invitation(by=user, token=old, now=now),
        RoleInvitation.DoesNotExist,
        "does not exist",
    )
    assert actions.expire_invitations(by=ledger.SYSTEM, now=now) == 0
    late = now + timedelta(days=15)
    for act in (lambda: actions.resend_invitation(by=case.first, invitation=case.row, now=late),):
        refused(act, actions.InvitationClosedError, "expired")
    assert actions.expire_invitations(by=ledger.SYSTEM, now=late) == 1
    assert case.status() == "expired"
    again = propose(case.second, case.body)
    actions.approve_invitation(by=case.first, invitation=again, now=now)
    actions.withdraw_invitation(by=case.second, invitation=again)
    assert RoleInvitation.objects.get(pk=again.pk).status == "withdrawn"
    propose(case.second, case.body)


# --- races ----------------------------------------------------------------------------------------


def race(*acts: Callable[[], object]) -> list[str]:
    """Both at the same moment, each in a transaction of its own; how each ended."""
    start, ends = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            act()
            ends.append("done")
        except (ValidationError, NotAllowedError) as error:
            ends.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(ends)


@pytest.mark.django_db(transaction=True)
def test_of_two_approvals_at_once_or_accepting_against_withdrawing_one_happens() -> None:
    case = Case()
    third, now = appointer("third", Role.AUDITOR), timezone.now()
    assert race(
        lambda: actions.approve_invitation(by=case.second, invitation=case.row, now=now),
        lambda: actions.approve_invitation(by=third, invitation=case.row, now=now),
    ) == ["InvitationClosedError", "done"]
    assert len(mail.outbox) == 1
    case.row = propose(case.first, case.body, email="next@mail.example")
    token, user = case.sent(), guest("next@mail.example")
    assert race(
        lambda: actions.accept_invitation(by=user, token=token, now=now),
        lambda: actions.withdraw_invitation(by=case.first, invitation=case.row),
    ) == ["InvitationClosedError", "done"]
    assert Membership.objects.filter(user=user).count() == (case.status() == "accepted")
    twice = [lambda: propose(case.first, case.body, email="twice@mail.example")] * 2
    assert race(*twice) == ["ValidationError", "done"]


def alone_while_another_comes() -> tuple[bool, bool]:
    """Somebody becomes the second operator, not yet committed, while the only one approves alone.
    Whether it was approved, and whether that was before the other was there."""
    lone, body, now = appointer("lone", Role.OPERATOR), scenes.operator_body(), timezone.now()
    row, other = propose(lone, body), scenes.person("other")
    granted, finish = threading.Event(), threading.Event()

    def grant() -> None:
        with transaction.atomic():
            actions.grant_role(
                by=ledger.SYSTEM, user=other, organisation=body, role=Role.OPERATOR, now=now
            )
            granted.set()
            finish.wait(timeout=10)
        connection.close()

    def approve() -> None:
        with suppress(NotAllowedError):
            actions.approve_invitation(by=lone, invitation=row, now=now)
        connection.close()

    granting, approving = threading.Thread(target=grant), threading.Thread(target=approve)
    granting.start()
    assert granted.wait(timeout=10)
    approving.start()
    approving.join(timeout=1)
    early = not approving.is_alive()
    finish.set()
    granting.join(timeout=30)
    approving.join(timeout=30)
    return RoleInvitation.objects.get().status == "invited", early


@pytest.mark.django_db(transaction=True)
def test_who_approves_alone_waits_for_a_second_operator_who_is_just_coming() -> None:
    assert alone_while_another_comes() == (False, False)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_lone_approval_slips_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control of the test above."""
    for module in (roles, invitations):
        monkeypatch.setattr(module, "lock_appointing", lambda: None)
    assert alone_while_another_comes() == (True, True)


# --- pages and mails ------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def link_in(message: Any) -> str:
    return re.search(r"http://testserver(/en/account/invitations/\S+)", message.body)[1]  # type: ignore[index]  # it is there


@pytest.mark.django_db(transaction=True)
def test_from_one_operator_to_a_moderator_who_opens_the_desk() -> None:
    """By pages and mails alone, as on the first day of an installation."""
    mine = browser(appointer("lone", Role.OPERATOR))
    assert "/account/organisations/" in page_text(mine.get("/account/"))
    added = mine.post(
        "/account/organisations/", {"kind": "moderation_team", "name": "First readers"}
    )
    page = added["Location"]
    assert mine.get(page).status_code == 200
    invite = {"do": "invite", "email": GUEST, "role": "moderator", "reason": "Knows cars."}
    assert mine.post(page, invite)["Location"] == page
    assert mail.outbox == []
    row = RoleInvitation.objects.get()
    assert "First readers" in page_text(mine.get("/account/"))  # it waits
    mine.post(page, {"do": "approve", "invitation": row.pk})
    mine.post(page, {"do": "approve", "invitation": row.pk})  # a second tab
    (message,) = mail.outbox
    assert message.to == [GUEST]
    assert "Knows cars" not in message.body
    assert "审核员" in message.body
    assert "moderator" in message.body
    link = link_in(message)

    theirs = Client()
    shown = page_text(theirs.get(link))
    assert "First readers" in shown
    assert "Create an account" in shown
    signed_up = theirs.post(
        f"/en/account/signup/?next={link}",
        {"email": GUEST, "password1": "horse battery 9 x", "password2": "horse battery 9 x"},
    )
    assert signed_up["Location"] == link.removeprefix("/en")
    assert len(mail.outbox) == 1  # the link had confirmed the address
    assert EmailAddress.objects.get(email=GUEST).verified
    assert "Accept the role" in page_text(theirs.get(link))
    accepted = theirs.post(link, {"do": "accept"})
    assert accepted["Location"].endswith("/account/")
    assert theirs.post(link, {"do": "accept"}).status_code == 409
    assert "You have this role already" in page_text(theirs.get(link))
    assert theirs.get("/en/desk/").status_code == 200
    assert Membership.objects.filter(role="moderator").count() == 1


def test_a_link_says_what_happened_to_it(case: Case) -> None:
    link, now = f"/en/account/invitations/{case.sent()}/", timezone.now()
    assert "This link is not valid" in page_text(Client().get(f"{link[:-2]}/"))
    assert Client().post(link, {"do": "accept"})["Location"].startswith("/account/login/?next=")
    wrong = browser(guest("other@mail.example"))
    assert "another email address" in page_text(wrong.get(link))
    assert wrong.post(link, {"do": "accept"}).status_code == 403
    right = browser(guest())
    assert right.post(link, {"do": "dance"}).status_code == 404
    for language, words in (("en", "Permissions of this role"), ("zh", "这一角色的权限")):
        assert words in page_text(right.get(link.replace("/en/", f"/{language}/")))
    RoleInvitation.objects.update(expires_at=now)
    assert "has expired" in page_text(right.get(link))
    assert right.post(link, {"do": "accept"}).status_code == 409
    actions.withdraw_invitation(by=case.first, invitation=case.row)
    assert "was withdrawn" in page_text(right.get(link))


def test_the_organisation_shows_who_waits_for_whom_to_operators_and_auditors_alone(
    case: Case,
) -> None:
    page = f"/en/account/organisations/{case.body.pk}/"
    first, second = browser(case.first), browser(case.second)
    auditor = browser(appointer("auditor", Role.AUDITOR))
    for client in (first, second, auditor):
        shown = page_text(client.get(page))
        assert GUEST in shown
        assert "They know cars." in shown
    assert "You proposed this invitation" in page_text(first.get(page))
    assert "A team" not in page_text(first.get("/en/account/"))
    for client in (second, auditor):
        assert "Invitations waiting for you" in page_text(client.get("/en/account/"))
    member = guest("member@mail.example")
    actions.grant_role(
        by=ledger.SYSTEM, user=member, organisation=case.body, role="moderator", now=timezone.now()
    )
    theirs = browser(member)
    assert GUEST not in page_text(theirs.get(page))
    assert theirs.post(page, {"do": "approve", "invitation": case.row.pk}).status_code == 404
    assert auditor.post(page, {"do": "invite"}).status_code == 403
    assert first.post(page, {"do": "approve", "invitation": case.row.pk}).status_code == 403
    for odd in ({"do": "approve"}, {"do": "dance", "invitation": case.row.pk}, {}):
        assert second.post(page, odd).status_code == 404
    assert second.post(page, {"do": "refuse", "invitation": case.row.pk}).status_code == 400
    wrong = {"do": "invite", "email": "no address", "role": "moderator", "reason": "kept words"}
    answer = first.post(page, wrong)
    assert answer.status_code == 400
    assert "kept words" in page_text(answer)
    refusal = {"do": "refuse", "invitation": case.row.pk, "reason": "Nobody knows them."}
    assert second.post(page, refusal).status_code == 302
    assert "Nobody knows them." in page_text(first.get(page))
    assert second.post(page, refusal).status_code == 409


def test_organisations_are_searched_paged_and_added_once(
    case: Case, django_assert_max_num_queries: Any
) -> None:
    mine = browser(case.first)
    for number in range(21):
        actions.found_organisation(
            by=ledger.SYSTEM, kind="newsroom", name=f"Paper {number:02}", now=timezone.now()
        )
    start = page_text(mine.get("/en/account/organisations/?kind=newsroom"))
    assert "Paper 19" in start
    assert "Paper 20" not in start
    more = re.search(r'href="(\?[^"]+)" rel="next"', start)
    assert more
    onward = page_text(mine.get("/en/account/organisations/" + more[1].replace("&amp;", "&")))
    assert "Paper 20" in onward
    assert "Paper 19" not in onward
    assert "Paper 07" in page_text(mine.get("/en/account/organisations/?q=paper+07&after=x"))
    given = {"kind": "laboratory", "name": "PAPER-07, Ltd."}
    answer = mine.post("/en/account/organisations/", given)
    assert answer.status_code == 400
    assert "Paper 07" in page_text(answer)
    assert "similar name" in page_text(answer)
    assert mine.post("/en/account/organisations/", {**given, "another": "on"}).status_code == 302
    same = {"kind": "newsroom", "name": "Paper 07", "another": "on"}
    assert mine.post("/en/account/organisations/", same).status_code == 400
    mistaken = {"kind": "operator", "name": "Us"}
    assert mine.post("/en/account/organisations/", mistaken).status_code == 400


def test_names_fold_alike_across_case_width_and_legal_form() -> None:
    for left, right in (
        ("Ａcme Lab GmbH", "acme-lab"),
        ("某车股份有限公司", "某车"),
        ("Été", "ete"),
    ):
        assert fold_name(left) == fold_name(right)
    assert fold_name("Acme") != fold_name("Acne")
