"""The life of verdicts under whatever order people act in: two persons, the steps in their order,
the company heard first.

Hypothesis plays people who try everything at every time; what they may not do is refused with a
sentence, and after every step the rows obey rules that are written here again, apart from the code
that keeps them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import ledger
from accounts.models import Role, User
from accounts.permissions import NotAllowedError
from claims.localized_text import write
from claims.models import Aspect
from tests import scenes
from verdicts import actions, gates
from verdicts.models import Finding, Invitation, Reply, Verdict, VerdictDocument, Waiver
from verdicts.states import INVITATION_TRANSITIONS, REPLY_TRANSITIONS, VERDICT_TRANSITIONS

pytestmark = pytest.mark.django_db

REFUSALS = (
    NotAllowedError,
    ValidationError,
    actions.VerdictChangedError,
    actions.InvitationChangedError,
    actions.ReplyChangedError,
    actions.WaiverChangedError,
)
# The same lives in each run; the long form plays others every time.
SHORT = settings(
    max_examples=40, stateful_step_count=14, deadline=None, derandomize=True, database=None
)
people = st.sampled_from(
    [
        "moderator",
        "second_moderator",
        "adjudicator",
        "second_adjudicator",
        "both",
        "owner",
        "company",
    ]
)
judges = st.sampled_from(["adjudicator", "second_adjudicator", "both"])
RATINGS = ["not_delivered", "partly_delivered", "misleading", "unverifiable", "delivered"]


class Seen:
    """The rows that the rules speak of, read once for all of them."""

    def __init__(self) -> None:
        self.verdicts = rows(
            Verdict,
            "status",
            "aspect_id",
            "proposed_by_id",
            "decided_by_id",
            "proposed_at",
            "supersedes_id",
        )
        self.invitations = rows(
            Invitation,
            "status",
            "claim_id",
            "sent_at",
            "deadline_at",
            "closed_at",
            "waiver_proposed_by_id",
            "waiver_approved_by_id",
        )
        self.replies = rows(Reply, "invitation_id", "status", "recorded_by_id", "checked_by_id")
        self.findings = rows(Finding, "aspect_id", "moderator_id", "created_at")
        self.documents = {one.pk: one.body for one in rows(VerdictDocument, "body")}
        self.public = set(Verdict.objects.public().values_list("pk", flat=True))


def rows(model: type[Model], *fields: str) -> list[Any]:
    return list(model._default_manager.values_list("pk", *fields, named=True))


class Life(RuleBasedStateMachine):
    """One claim with accepted evidence; each example begins there and leaves nothing behind."""

    scene: scenes.Scene
    both: User
    company: User
    runs: list[int]  # how many examples were played
    kept = False  # whether what it did is there for those who come after
    seen: Seen

    def __init__(self) -> None:
        super().__init__()
        self.block = (
            transaction.atomic()
        )  # not a bare savepoint: what waits for the commit is to be forgotten with it
        self.block.__enter__()
        self.now = self.scene.now
        self.verdicts: dict[Any, str] = {}
        self.invitations: dict[Any, str] = {}
        self.replies: dict[Any, str] = {}
        self.documents: dict[Any, str] = {}
        self.refusals: list[str] = []
        self.moved = True
        self.runs[0] += 1

    def check_invariants(self, *given: Any) -> None:
        """Ask the rules again only after something was stored: a refused step stores nothing (its
        transaction is rolled back)."""
        if self.moved:
            self.seen = Seen()
            super().check_invariants(*given)
        self.moved = False

    def teardown(self) -> None:
        transaction.set_rollback(not self.kept)
        self.block.__exit__(None, None, None)

    def who(self, name: str) -> User:
        """A fresh account: roles are read once per instance."""
        found = {"both": self.both, "owner": self.scene.owners[0], "company": self.company}.get(
            name
        ) or getattr(self.scene, name)
        return User.objects.get(pk=found.pk)

    def aspect(self) -> Aspect:
        return Aspect.objects.select_related("claim").get(pk=self.scene.ducts.pk)

    def invitation(self) -> Invitation | None:
        return actions.latest_invitation(self.scene.claim)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """A refusal is an answer; anything else that goes wrong is not."""
        try:
            with transaction.atomic():
                yield
            self.moved = True
        except REFUSALS as refusal:
            self.refusals.append(str(refusal))

    @rule(by=people)
    def find(self, by: str) -> None:
        with self.trying():
            actions.record_finding(
                by=self.who(by), aspect=self.aspect(), conclusion="contradicts",
                reasoning=write("en", "As seen."),
                exhibits=self.scene.exhibits(), now=self.now,
            )  # fmt: skip

    @rule(by=people)
    def invite(self, by: str) -> None:
        with self.trying():
            actions.request_reply(
                by=self.who(by),
                claim=self.scene.claim,
                allegation=write("en", "No air."),
                now=self.now,
            )

    @rule(days=st.sampled_from([0, 1, 20]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days, hours=1)

    @rule()
    def close(self) -> None:
        if invitation := self.invitation():
            closed = actions.close_window(by=ledger.SYSTEM, invitation=invitation, now=self.now)
            self.moved = self.moved or closed
            assert not closed or self.now >= invitation.deadline_at

    @rule(by=people)
    def reply(self, by: str) -> None:
        if invitation := self.invitation():
            with self.trying():
                actions.record_reply(
                    by=self.who(by),
                    invitation=invitation,
                    body="We will look.",
                    lang="en",
                    now=self.now,
                )

    @rule(by=people, right=st.booleans())
    def check_the_letter(self, by: str, right: bool) -> None:
        for entered in Reply.objects.select_related("invitation__claim").order_by(
            "received_at", "pk"
        ):
            with self.trying():
                if right:
                    actions.confirm_reply(by=self.who(by), reply=entered, now=self.now)
                else:
                    actions.discard_reply(
                        by=self.who(by), reply=entered, reason="Other words.", now=self.now
                    )

    @rule(by=people)
    def ask_to_waive(self, by: str) -> None:
        if invitation := self.invitation():
            with self.trying():
                actions.propose_waiver(
                    by=self.who(by), invitation=invitation, reason=write("en", "Said in public.")
                )

    @rule(by=people)
    def waive(self, by: str) -> None:
        if invitation := self.invitation():
            with self.trying():
                waiver = (
                    Waiver.objects.select_related("invitation")
                    .filter(invitation=invitation, status="proposed")
                    .first()
                )
                if waiver:
                    actions.approve_waiver(by=self.who(by), waiver=waiver, now=self.now)

    @rule(by=people, rating=st.sampled_from(RATINGS), again=st.booleans())
    def propose(self, by: str, rating: str, again: bool) -> None:
        with self.trying():
            actions.propose_verdict(
                by=self.who(by), aspect=self.aspect(), rating=rating,
                mechanism="implied_function" if rating == "misleading" else "",
                rationale=scenes.RATIONALE, exhibits=self.scene.exhibits(), now=self.now,
                reason="It changed." if again else "",
                attempts=write("en", "We asked.", zh_Hans="已询问。"),
            )  # fmt: skip

    def _proposal(self) -> Verdict | None:
        return Verdict.objects.order_by("-proposed_at", "-id").first()

    @rule(by=people)
    def approve(self, by: str) -> None:
        if verdict := self._proposal():
            with self.trying():
                actions.approve_verdict(by=self.who(by), verdict=verdict, now=self.now)

    @rule(by=people, reason=st.sampled_from(["Say more.", " "]))
    def send_back(self, by: str, reason: str) -> None:
        if verdict := self._proposal():
            with self.trying():
                actions.reject_verdict(
                    by=self.who(by), verdict=verdict, reason=reason, now=self.now
                )

    def prepare(self) -> None:
        """The ordinary steps at once: what the short form may do in one, and half of the long form
        has behind it."""
        with self.trying():
            scenes.build_findings(self.scene)
            actions.request_reply(
                by=self.who("moderator"),
                claim=self.scene.claim,
                allegation=write("en", "No air."),
                now=self.now,
            )
            self.now += timedelta(days=30)
            invitation = self.invitation()
            assert invitation is not None
            actions.close_window(by=ledger.SYSTEM, invitation=invitation, now=self.now)

    @rule(by=judges, other=judges, rating=st.sampled_from(RATINGS), again=st.booleans())
    def judge(self, by: str, other: str, rating: str, again: bool) -> None:
        """Two steps at once, for the same reason: alone, few of a thousand lives come to a verdict
        that stands."""
        self.propose(by=by, rating=rating, again=again)
        self.approve(by=other)

    @invariant()
    def every_refusal_says_why(self) -> None:
        assert all(one.strip() for one in self.refusals)

    @invariant()
    def nobody_decides_alone(self) -> None:
        judges = {self.scene.adjudicator.pk, self.scene.second_adjudicator.pk, self.both.pk}
        for verdict in self.seen.verdicts:
            assert {verdict.proposed_by_id, verdict.decided_by_id} <= judges | {None}
            assert verdict.status == "proposed" or verdict.decided_by_id not in {
                None,
                verdict.proposed_by_id,
            }
        for invitation in self.seen.invitations:
            people = {invitation.waiver_proposed_by_id, invitation.waiver_approved_by_id, None}
            assert invitation.status != "waived" or len(people) == 3
        for reply in self.seen.replies:
            assert reply.status != "confirmed" or reply.checked_by_id not in {
                None,
                reply.recorded_by_id,
            }

    @invariant()
    def the_company_was_heard_before_every_verdict(self) -> None:
        for verdict in self.seen.verdicts:
            heard = [
                one
                for one in self.seen.invitations
                if one.claim_id == self.scene.claim.pk and one.sent_at <= verdict.proposed_at
                and one.closed_at is not None and one.closed_at <= verdict.proposed_at
            ]  # fmt: skip
            assert heard, "proposed before the company was heard"
        for invitation in self.seen.invitations:
            assert invitation.status != "silent" or invitation.closed_at >= invitation.deadline_at
            came = {
                reply.status for reply in self.seen.replies if reply.invitation_id == invitation.pk
            } & {"given", "confirmed"}
            assert invitation.status != "replied" or came
            ended = invitation.closed_at is None or invitation.closed_at >= invitation.deadline_at
            assert ended or "given" in came or invitation.waiver_approved_by_id, (
                "closed early by a letter"
            )

    @invariant()
    def someone_else_found_something_first(self) -> None:
        for verdict in self.seen.verdicts:
            before = [
                one
                for one in self.seen.findings
                if one.aspect_id == verdict.aspect_id and one.created_at <= verdict.proposed_at
            ]
            assert {one.moderator_id for one in before} - {verdict.proposed_by_id}

    @invariant()
    def steps_follow_each_other(self) -> None:
        for rows, known, transitions in (
            (self.seen.verdicts, self.verdicts, VERDICT_TRANSITIONS),
            (self.seen.invitations, self.invitations, INVITATION_TRANSITIONS),
            (self.seen.replies, self.replies, REPLY_TRANSITIONS),
        ):
            now = {row.pk: row.status for row in rows}
            assert known.keys() <= now.keys(), "nothing is ever deleted"
            for pk, status in now.items():
                before = known.get(pk)
                reached = (
                    {before} | transitions.get(before, frozenset()) if before else set(transitions)
                )
                if before == "proposed":
                    reached |= {"superseded"}  # two steps in one rule
                assert status in reached, (before, status)
            known.clear()
            known.update(now)

    @invariant()
    def one_verdict_stands_and_its_document_never_changes(self) -> None:
        status = {verdict.pk: verdict.status for verdict in self.seen.verdicts}
        assert Counter(status.values())["published"] <= 1
        assert Counter(status.values())["proposed"] <= 1
        assert (
            self.seen.documents.keys()
            == self.seen.public
            == {pk for pk, now in status.items() if now in {"published", "superseded"}}
        )
        for pk, body in self.seen.documents.items():
            assert self.documents.setdefault(pk, body) == body
            assert json.loads(body)["id"] == str(pk)
        followed = {
            verdict.supersedes_id
            for verdict in self.seen.verdicts
            if verdict.status in {"published", "superseded"}
        }
        assert {pk for pk, now in status.items() if now == "superseded"} <= followed


class PreparedLife(Life):
    """One in which the ordinary steps may come at once, so that few examples reach the end of the
    story."""

    @rule()
    def get_ready(self) -> None:
        self.prepare()


@pytest.fixture
def machine() -> type[Life]:
    scene = scenes.build_evidence(scenes.build_claim())
    both = scenes.person("both", Role.MODERATOR, Role.ADJUDICATOR)
    return type(
        "LifeOfOneClaim",
        (PreparedLife,),
        {"scene": scene, "both": both, "company": scenes.representative(scene), "runs": [0]},
    )


def test_whatever_people_try_the_rules_hold(machine: type[Life]) -> None:
    run_state_machine_as_test(machine, settings=SHORT)


def everyday(life: Life) -> None:
    """What the wrong steps below begin with: a finding, and a company that was asked and stayed
    silent."""
    life.find(by="moderator")
    life.invite(by="moderator")
    life.wait(days=20)
    life.close()


def proposed_unheard(life: Life) -> None:
    life.find(by="moderator")
    life.propose(by="adjudicator", rating="not_delivered", again=False)


def judged_by_its_finder(life: Life) -> None:
    life.find(by="both")
    life.invite(by="moderator")
    life.wait(days=20)
    life.close()
    life.propose(by="both", rating="not_delivered", again=False)


def approved_alone(life: Life) -> None:
    everyday(life)
    life.propose(by="adjudicator", rating="not_delivered", again=False)
    life.approve(by="adjudicator")


WRONG = {
    "reply_period_over": proposed_unheard,
    "findings_of_another": judged_by_its_finder,
    "four_eyes": approved_alone,
}
#: A gate that refuses the same step for a reason of its own.
ALSO = {"reply_period_over": ("company_asked",)}


def obeys(life: Life) -> None:
    """All rules of the machine, asked now."""
    life.seen = Seen()
    life.nobody_decides_alone()
    life.the_company_was_heard_before_every_verdict()
    life.someone_else_found_something_first()
    life.steps_follow_each_other()
    life.one_verdict_stands_and_its_document_never_changes()


@pytest.mark.parametrize("gate", WRONG)
def test_a_wrong_step_is_refused_and_without_its_gate_the_rules_see_it(
    machine: type[Life], gate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: each gate is what keeps its rule, and the rule (or the database) notices
    when the gate is gone."""
    guarded = machine()
    WRONG[gate](guarded)
    assert len(guarded.refusals) == 1
    obeys(guarded)
    guarded.teardown()

    for name in (gate, *ALSO.get(gate, ())):
        monkeypatch.setattr(gates, name, lambda *args: None)

    def unguarded() -> None:
        life = machine()
        try:
            WRONG[gate](life)
            obeys(life)
        finally:
            life.teardown()

    with pytest.raises((AssertionError, IntegrityError)):
        unguarded()
