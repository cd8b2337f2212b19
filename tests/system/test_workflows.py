"""Every workflow is one dict, which the database enforces, whose every arrow an action goes, and
which no action leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import pairwise, product
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

import jobs
import ledger
from accounts import actions as accounts
from accounts.models import Membership, Role, RoleInvitation, User
from claims import actions as claims
from claims.localized_text import write
from claims.models import Aspect, Claim, ClaimProposal
from claims.states import Progress
from config import documents
from evidence import erasure as evidence_erasure
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from evidence.exhibits.states import ExhibitStatus
from evidence.sources.models import Disappearance
from jobs import actions as job_actions
from jobs import work as job_work
from jobs.models import Job
from jobs.states import State
from ledger import protection, registry
from ledger.erasure import Target
from ledger.sequencing import sequence
from ledger.triggers import TransitionsTrigger, registered
from ledger.verification import Verification
from tests import scenes
from tests.workflows import unruled
from verdicts import actions as verdicts
from verdicts import gates
from verdicts.models import Invitation, Verdict

pytestmark = pytest.mark.django_db
TABLES: Final = {f"{room}.{name}": table for room, name, table in documents.transitions()}


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.DISAPPEARANCE_SPREAD = timedelta(0)


def arrows(workflow: str) -> set[tuple[str, str]]:
    return {
        (str(state), str(follower))
        for state, followers in TABLES[workflow].items()
        for follower in followers
    }


def enforced(workflow: str) -> tuple[Any, TransitionsTrigger]:
    """The model that has this workflow, and its trigger."""
    states = {str(state) for state in TABLES[workflow]}
    for model, trigger in registered.values():
        if isinstance(trigger, TransitionsTrigger) and set(trigger.arrows) == arrows(workflow):
            choices = model._meta.get_field(trigger.column).choices or ()
            if {str(value) for value, _label in choices} == states:
                return model, trigger
    raise AssertionError(f"no table of the database is held to {workflow}")


# --- the database holds to it ---------------------------------------------------------------------


def test_every_workflow_is_enforced_and_nothing_else_is() -> None:
    held = {enforced(workflow)[0] for workflow in TABLES}
    assert held == {
        model for model, trigger in registered.values() if isinstance(trigger, TransitionsTrigger)
    }
    assert len(held) == len(TABLES)
    assert protection.faults() == []


@pytest.mark.parametrize("workflow", TABLES)
def test_the_database_lets_pass_what_is_drawn_and_refuses_the_rest(workflow: str) -> None:
    """Each pair of states, through the trigger's own function and condition, on a table that has no
    other rule."""
    model, trigger = enforced(workflow)
    compiled = protection.expected()[model._meta.db_table, trigger.get_pgid(model)].sql.kwargs
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TEMPORARY TABLE held ("{trigger.column}" varchar, other int DEFAULT 0) ON '
            f"COMMIT DROP"
        )
        cursor.execute(
            f"CREATE TRIGGER held {compiled['when']} {compiled['operation']} ON held FOR EACH "
            f"ROW {compiled['condition']} EXECUTE FUNCTION {compiled['execute']}"
        )
        for before, after in product(map(str, TABLES[workflow]), repeat=2):
            cursor.execute(
                f"DELETE FROM held; INSERT INTO held (\"{trigger.column}\") VALUES ('{before}')"
            )  # inserts are free
            change = f"UPDATE held SET other = 1, \"{trigger.column}\" = '{after}'"
            if before == after or (before, after) in arrows(workflow):
                cursor.execute(change)
            else:
                with (
                    pytest.raises(IntegrityError, match=f"does not go from {before} to {after}"),
                    transaction.atomic(),
                ):
                    cursor.execute(change)


def test_what_is_not_drawn_is_refused_by_psql_too_and_only_by_the_trigger() -> None:
    scene = scenes.build_claim()
    claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="Never said.", now=scene.now
    )
    back = f"UPDATE claims_claim SET status = 'registered' WHERE id = '{scene.claim.pk}'"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pgtrigger.ignore', (SELECT array_agg(tgname)::text FROM "
            "pg_trigger), true)"
        )
        cursor.execute("SET LOCAL session_replication_role = replica")
        with (
            pytest.raises(
                IntegrityError, match="claims_claim does not go from withdrawn to registered"
            ),
            transaction.atomic(),
        ):
            cursor.execute(back)
        cursor.execute("SET LOCAL session_replication_role = origin")
        with unruled(Claim):
            cursor.execute(back)  # the control
    assert Claim.objects.get().status == "registered"


def test_the_record_says_when_the_trigger_is_off_or_never_fires() -> None:
    model, trigger = enforced("claims.claim")
    name, table = trigger.get_pgid(model), model._meta.db_table

    def said() -> list[str]:
        return [
            str(mismatch)
            for mismatch in Verification().mismatches()
            if mismatch.code in {"trigger", "right"}
        ]

    assert said() == []
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        assert said() == [f"trigger: {name} on {table} is not enabled ALWAYS"]
        for never in (
            f"BEFORE UPDATE OF status ON {table} FOR EACH ROW WHEN (false)",
            f"BEFORE UPDATE OF kind ON {table} FOR EACH ROW",
        ):
            cursor.execute(
                f"DROP TRIGGER {name} ON {table}; CREATE TRIGGER {name} {never} EXECUTE FUNCTION "
                f"{name}();ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};COMMENT ON TRIGGER "
                f"{name} ON {table} IS '{protection.expected()[table, name].hash}'"
            )
            assert said() == [f"trigger: {name} on {table} is not the one the models ask for"]
    protection.install()
    assert said() == []


def test_every_workflow_is_drawn_from_its_dict() -> None:
    page = documents.workflows()
    for workflow in TABLES:
        for before, after in arrows(workflow):
            assert f"    {before} --> {after}" in page


# --- every arrow has an action, every action an arrow ---------------------------------------------


def points(scene: scenes.Scene, count: int, *, due: bool = False) -> list[Aspect]:
    """So many points of claims of their own, one each."""
    made = []
    for number in range(count):
        claim = claims.register_claim(
            by=scene.moderator, product=scene.product, quote=f"It flies {number}.", quote_lang="en",
            now=scene.now,
            summary=write("en", "It flies", zh_Hans="会飞"),
            aspects=[
                claims.NewAspect(
                    "function", write("en", "it flies", zh_Hans="会飞"),
                    due_date=scene.now.date() + timedelta(days=1) if due else None
                )
            ],
        )  # fmt: skip
        made.append(Aspect.objects.select_related("claim").get(claim=claim))
    return made


def walk_progress() -> None:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)

    def finding(point: Aspect) -> None:
        verdicts.record_finding(
            by=scene.moderator,
            aspect=point,
            conclusion="supports",
            reasoning=write("en", "x"),
            exhibits=[],
            now=scene.now,
        )

    def invite(point: Aspect) -> Invitation:
        return verdicts.request_reply(
            by=scene.moderator,
            claim=point.claim,
            allegation=write("en", "No.", zh_Hans="没有。"),
            now=scene.now - timedelta(days=40),
        )

    def out(point: Aspect) -> None:
        verdicts.rule_out(by=scene.moderator, aspect=point, reason="A matter of taste.")

    follow: tuple[Callable[[Aspect], object], ...] = (finding, invite, out)
    fresh = points(scene, 6)
    for act, point in zip(follow, fresh, strict=False):
        act(point)
    verdicts.take_up_again(by=scene.moderator, aspect=fresh[2], reason="It can be measured.")
    for act, point in zip((invite, out), (fresh[0], fresh[3]), strict=True):
        finding(point)
        act(point)
    out(fresh[1])  # while the company may answer
    verdicts.close_window(by=ledger.SYSTEM, invitation=invite(fresh[4]), now=scene.now)
    invite(fresh[4])
    verdicts.close_window(by=ledger.SYSTEM, invitation=invite(fresh[5]), now=scene.now)
    out(fresh[5])
    for act, point in zip((invite, out), points(scene, 2, due=True), strict=True):
        act(point)
    late = points(scene, 3, due=True)
    claims.mark_overdue(by=ledger.SYSTEM, now=scene.now + timedelta(days=2))
    for act, point in zip(follow, late, strict=True):
        act(point)
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.RATED
    rated_while_the_company_may_reply()


def rated_while_the_company_may_reply() -> None:
    """A second request after the proposal does not hold it up."""
    aspect = (
        Aspect.objects.exclude(progress=Progress.RATED)
        .select_related("claim")
        .filter(claim__aspect__progress=Progress.RATED)
        .get()
    )
    people = {who.email.split("@")[0]: who for who in User.objects.all()}
    photos = list(
        Exhibit.objects.public().filter(submission__claim=aspect.claim).select_related("submission")
    )
    now = timezone.now()
    proposal = verdicts.propose_verdict(
        by=people["adjudicator"],
        aspect=aspect,
        rating="delivered",
        rationale=scenes.RATIONALE,
        exhibits=photos,
        now=now,
    )
    for number in (1, 2):
        request = verdicts.request_reply(
            by=people["moderator"],
            claim=aspect.claim,
            allegation=write("en", f"And {number}?", zh_Hans="还有？"),
            now=now,
        )
        verdicts.close_window(
            by=ledger.SYSTEM, invitation=request, now=request.deadline_at if number == 1 else now
        )
    verdicts.approve_verdict(by=people["adjudicator2"], verdict=proposal, now=now)


def walk_claim() -> None:
    scene = scenes.build_claim()
    claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="Never said.", now=scene.now
    )


def walk_disappearance() -> None:
    scene = scenes.build_claim()
    for hour, kind in enumerate(("ok", "gone", "ok", "gone", "gone", "gone", "ok")):
        scenes.look(scene, scenes.POST if kind == "ok" else "", hour * 3600, kind)


def walk_verdict() -> None:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    verdicts.reject_verdict(
        by=scene.second_adjudicator,
        verdict=scenes.propose(scene, reason="Weighed anew."),
        reason="Say more.",
        now=scene.now,
    )
    verdicts.approve_verdict(
        by=scene.second_adjudicator,
        verdict=scenes.propose(scene, reason="Weighed anew."),
        now=scene.now,
    )


def walk_invitation() -> None:
    scene = scenes.build_claim()

    def invite() -> Invitation:
        return verdicts.request_reply(
            by=scene.moderator,
            claim=scene.claim,
            allegation=write("en", "No.", zh_Hans="没有。"),
            now=scene.now - timedelta(days=40),
        )

    def reply(invitation: Invitation) -> None:
        scenes.build_reply(scene, invitation)

    silent = invite()
    verdicts.close_window(by=ledger.SYSTEM, invitation=silent, now=scene.now)
    reply(silent)
    reply(invite())
    no_more = invite()
    verdicts.close_window(by=ledger.SYSTEM, invitation=no_more, now=scene.now)
    reply(no_more)
    waived = invite()
    waiver = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=waived, reason=write("en", "It said so in public.")
    )
    verdicts.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    reply(waived)


def walk_reply() -> None:
    scene = scenes.build_claim()
    asked = scenes.build_silence(scene)
    verdicts.confirm_reply(
        by=scene.second_moderator, reply=scenes.build_letter(scene, asked), now=scene.now
    )
    mistaken = scenes.build_letter(scene, asked, body="Not theirs.")
    verdicts.discard_reply(
        by=scene.moderator, reply=mistaken, reason="It is another company's.", now=scene.now
    )


def walk_waiver() -> None:
    scene = scenes.build_claim()
    asked = verdicts.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No.", zh_Hans="没有。"),
        now=scene.now,
    )
    refused = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=asked, reason=write("en", "x")
    )
    verdicts.refuse_waiver(
        by=scene.adjudicator, waiver=refused, reason="A mistake of mine.", now=scene.now
    )
    approved = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=asked, reason=write("en", "It said so in public.")
    )
    verdicts.approve_waiver(by=scene.second_adjudicator, waiver=approved, now=scene.now)


def handed_in(scene: scenes.Scene, owner: int = 0) -> Submission:
    photo = filing.NewPhoto(
        scenes.originals().put(b"%d" % Submission.objects.count(), limit=9), "a.jpg"
    )
    return filing.file_submission(
        by=scene.owners[owner],
        claim=scene.claim,
        narrative="x",
        narrative_lang="en",
        licence="show",
        photos=[photo],
        now=scene.now,
    )


def walk_submission() -> None:
    scene = scenes.build_claim()

    def decide(one: Submission, decision: str) -> None:
        for exhibit in Exhibit.objects.filter(submission=one, status="stored"):
            filing.mark_read(
                by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="ready", status="ready"
            )
        filing.decide_submission(
            by=scene.moderator,
            submission=one,
            decision=decision,
            reason=write("en", "So."),
            now=scene.now,
        )

    def withdraw(one: Submission) -> None:
        filing.withdraw_submission(
            by=scene.owners[0], submission=one, reason="Mine.", now=scene.now
        )

    accepted, refused, withdrawn, answered, unanswered, given_up = (
        handed_in(scene) for _ in range(6)
    )
    for one, decision in (
        (accepted, "accepted"),
        (refused, "refused"),
        (answered, "returned"),
        (unanswered, "returned"),
    ):
        decide(one, decision)
    decide(given_up, "returned")
    for one in (accepted, withdrawn, given_up):
        withdraw(one)
    filing.answer_question(
        by=scene.owners[0], submission=answered, answer="On the left.", lang="en", now=scene.now
    )
    decide(unanswered, "refused")


def walk_claim_proposal() -> None:
    scene = scenes.build_claim()
    given: dict[str, Any] = {"by": scene.moderator, "now": scene.now}
    why = write("en", "So.")

    def proposed(*, returned: bool) -> ClaimProposal:
        row = scenes.build_proposal(scene)
        if returned:
            row = claims.return_proposal(**given, proposal=row, question=why)
        return row

    def register(row: ClaimProposal, kind: str) -> None:
        case = claims.NewCase(
            quote="Ten.", quote_lang="en", summary=write("en", "x"), kind=kind,
            product=str(scene.product.pk),
        )  # fmt: skip
        points = [] if kind == "puffery" else [claims.NewAspect("function", write("en", "x"))]
        claims.register_proposal(**given, proposal=row, case=case, aspects=points, reason=why)

    for returned in (False, True):
        register(proposed(returned=returned), "express")
        register(proposed(returned=returned), "puffery")
        claims.merge_proposal(
            **given, proposal=proposed(returned=returned), claim=scene.claim, reason=why
        )
        claims.refuse_proposal(**given, proposal=proposed(returned=returned), reason=why)
        claims.withdraw_proposal(
            by=scene.owners[0], proposal=proposed(returned=returned), now=scene.now
        )
    claims.answer_proposal(
        by=scene.owners[0], proposal=proposed(returned=True), answer="It is.", lang="en",
        now=scene.now,
    )  # fmt: skip


def walk_exhibit() -> None:
    scene = scenes.build_claim()

    def read(exhibit: Exhibit, status: str) -> None:
        exhibit.refresh_from_db()
        assert filing.mark_read(
            by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="x", status=status
        )

    ready, unreadable, again, stored = (
        Exhibit.objects.get(submission=handed_in(scene)) for _ in range(4)
    )
    read(ready, "ready")
    read(unreadable, "unreadable")
    read(again, "unreadable")
    again = Exhibit.objects.select_related("submission").get(pk=again.pk)
    filing.read_again(by=scene.moderator, exhibit=again, now=scene.now)
    read(again, "ready")
    for exhibit in (ready, unreadable, stored):
        evidence_erasure.forget(
            Target(evidence_erasure.EXHIBIT, str(exhibit.pk), ("digest",), "law")
        )


def walk_role_invitation() -> None:
    first, second, invited = (
        scenes.person(name, *held)
        for name, held in (("first", ["operator"]), ("second", ["operator"]), ("invited", []))
    )
    for user in (first, second, invited):
        EmailAddress.objects.create(user=user, email=user.email, verified=True)
    now = timezone.now()

    def proposal(role: str = "moderator") -> RoleInvitation:
        return accounts.propose_invitation(
            by=first,
            organisation=scenes.operator_body(),
            email=invited.email,
            role=role,
            reason="They know cars.",
            now=now,
        )

    def sent(role: str = "moderator") -> RoleInvitation:
        row = proposal(role)
        scenes.send_invitation(second, row, role)
        return row

    accounts.refuse_invitation(by=second, invitation=proposal(), reason="Nobody knows them.")
    accounts.withdraw_invitation(by=first, invitation=proposal())
    accounts.withdraw_invitation(by=second, invitation=sent("filer"))
    sent("adjudicator")
    accounts.expire_invitations(by=ledger.SYSTEM, now=now + timedelta(days=15))
    sent("auditor")
    accounts.decline_invitation(by=invited, token="auditor", now=now)
    sent()
    accounts.accept_invitation(by=invited, token="moderator", now=now)


def walk_role_ending() -> None:
    operator, second = (scenes.person(name, Role.OPERATOR) for name in ("operator", "second"))
    held = Membership.objects.get(user=scenes.person("guest", Role.MODERATOR))
    now = timezone.now()
    for decide, by in (
        (accounts.refuse_ending, second),
        (accounts.withdraw_ending, operator),
        (accounts.confirm_ending, second),
    ):
        ending = accounts.propose_ending(by=operator, membership=held, reason="x", now=now)
        decide(by=by, ending=ending, now=now)


def walk_suspension() -> None:
    operator, second = (scenes.person(name, Role.OPERATOR) for name in ("operator", "second"))
    auditor, now = scenes.person("auditor", Role.AUDITOR), timezone.now()
    for decide, by in (
        (accounts.refuse_suspension, second),
        (accounts.withdraw_suspension, operator),
        (accounts.confirm_suspension, second),
    ):
        row = accounts.suspend_account(by=operator, person=auditor, reason="x", now=now)
        decide(by=by, suspension=row, now=now)
    accounts.lift_suspension(by=second, suspension=row, reason="x", now=now)


WALKS: Final[dict[str, Callable[[], None]]] = {
    "accounts.role ending": walk_role_ending,
    "accounts.role invitation": walk_role_invitation,
    "accounts.suspension": walk_suspension,
    "claims.claim": walk_claim, "claims.progress": walk_progress,
    "evidence.disappearance": walk_disappearance,
    "claims.claim proposal": walk_claim_proposal,
    "evidence.submission": walk_submission, "evidence.exhibit": walk_exhibit,
    "verdicts.verdict": walk_verdict, "verdicts.invitation": walk_invitation,
    "verdicts.reply": walk_reply,
    "verdicts.waiver": walk_waiver,
}  # fmt: skip


def walked(workflow: str) -> set[tuple[str, str]]:
    """Every change of state that stands in the history."""
    model, trigger = enforced(workflow)
    rows = (
        registry.of(model)
        .event_model._base_manager.order_by("pgh_obj_id", "pgh_id")
        .values_list("pgh_obj_id", trigger.column)
    )
    return {
        (before, after)
        for (one, before), (other, after) in pairwise(rows)
        if one == other and before != after
    }


#: Private or derived: their arrows are walked by the test below, and by
#: tests/notifications/test_sending.py.
WITHOUT_HISTORY: Final = {"jobs.jobs", "notifications.mail"}


@pytest.mark.parametrize("workflow", [name for name in TABLES if name not in WITHOUT_HISTORY])
def test_every_arrow_has_an_action_and_every_action_an_arrow(workflow: str) -> None:
    """An action that left the drawing would be refused by the database; an arrow that no action
    goes would be missing here."""
    WALKS[workflow]()
    assert walked(workflow) == {
        (before, after) for before, after in arrows(workflow) if before != after
    }


def jobs_walked() -> Iterable[tuple[str, str]]:
    """Each way in which a job comes from one state to the next."""

    def job(state: str = State.QUEUED, **more: Any) -> Job:
        return Job.objects.create(
            kind="test.walk", queue="tick", dedupe_key=str(Job.objects.count()), state=state, **more
        )

    def claimed(one: Job) -> job_work.Work:
        work = job_work.claim(one.pk)
        assert work is not None
        return work

    def finish(one: Job) -> None:
        with claimed(one).finish():
            pass

    def overtaken(one: Job) -> None:
        claimed(one)
        Job.objects.filter(pk=one.pk).update(lease_until=timezone.now() - timedelta(hours=1))
        claimed(one)

    def last_attempt(one: Job) -> None:
        Job.objects.filter(pk=one.pk).update(attempts=2)
        claimed(one).fail(ValueError("no"))

    yield from seen(job(), claimed)
    yield from seen(job(), lambda one: job_actions.cancel(job_id=one.pk, by=None))
    for act in (finish, overtaken, last_attempt, lambda one: claimed(one).fail(ValueError("once"))):
        yield from seen(job(), act)
    for act in (job_actions.retry, job_actions.cancel):
        failed = job(State.FAILED, finished_at=timezone.now(), last_error="x")
        yield from seen(failed, lambda one, act=act: act(job_id=one.pk, by=None))


def seen(job: Job, act: Callable[[Job], object]) -> list[tuple[str, str]]:
    """The changes of state that `act` makes of a job, as the table's own trigger of this test saw
    them."""
    act(job)
    with connection.cursor() as cursor:
        cursor.execute("SELECT before, after FROM walked")
        return list(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_every_arrow_of_a_job_has_a_function_and_every_function_an_arrow() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE walked (before text, after text);CREATE FUNCTION walked() RETURNS "
            "trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO walked VALUES (OLD.state, "
            "NEW.state); RETURN NULL; END $$;CREATE TRIGGER walked AFTER UPDATE OF state ON "
            "jobs_job FOR EACH ROW EXECUTE FUNCTION walked()"
        )
        try:
            assert set(jobs_walked()) == arrows("jobs.jobs")
        finally:
            cursor.execute(
                "DROP TRIGGER walked ON jobs_job; DROP FUNCTION walked(); DROP TABLE walked"
            )


# --- what happens to a point ----------------------------------------------------------------------


def test_a_point_with_a_standing_verdict_is_rated_and_stays_so() -> None:
    scene = scenes.build_claim()
    verdict = scenes.build_verdict(scene)
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.RATED
    assert Aspect.objects.get(pk=scene.carbon.pk).progress == Progress.IN_REVIEW
    again = verdicts.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "Again.", zh_Hans="再次。"),
        now=scene.now - timedelta(days=40),
    )
    verdicts.close_window(by=ledger.SYSTEM, invitation=again, now=scene.now)
    verdicts.record_finding(
        by=scene.moderator,
        aspect=scene.ducts,
        conclusion="supports",
        reasoning=write("en", "x"),
        exhibits=[],
        now=timezone.now(),
    )
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.RATED
    with pytest.raises(gates.GateClosedError, match="This point has a verdict"):
        verdicts.rule_out(by=scene.moderator, aspect=scene.ducts, reason="No.")
    verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene, reason="Anew."), now=scene.now
    )
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.RATED
    assert Verdict.objects.get(pk=verdict.pk).status == "superseded"
    progressed = registry.of(Aspect).event_model._base_manager.filter(
        pgh_obj_id=scene.ducts.pk, pgh_label="update"
    )
    assert list(progressed.order_by("pgh_id").values_list("progress", flat=True)) == [
        "in_progress", "reply_window_open", "in_review", "rated",
    ]  # fmt: skip


def test_who_approves_has_the_point_rated_in_the_same_moment_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = scenes.build_claim()
    scenes.build_findings(scenes.build_evidence(scene))
    scenes.build_silence(scene)
    proposal = scenes.propose(scene)
    monkeypatch.setattr(jobs, "enqueue", lambda *args, **given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposal, now=scene.now)
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.IN_REVIEW
    assert Verdict.objects.get().status == "proposed"


def test_a_point_that_was_ruled_out_is_left_out_of_everything_until_it_is_back() -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    with pytest.raises(claims.ReasonRequiredError):
        verdicts.rule_out(by=scene.moderator, aspect=scene.ducts, reason=" ")
    verdicts.rule_out(by=scene.moderator, aspect=scene.ducts, reason="A matter of taste.")
    verdicts.rule_out(
        by=scene.moderator, aspect=scene.ducts, reason="A matter of taste."
    )  # twice is once
    scenes.build_silence(scene)
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == Progress.OUT_OF_SCOPE
    with pytest.raises(gates.GateClosedError, match="out of scope"):
        scenes.propose(scene)
    verdicts.take_up_again(by=scene.moderator, aspect=scene.ducts, reason="It can be measured.")
    with pytest.raises(gates.GateClosedError, match="No reply was requested on this point"):
        scenes.propose(scene)
    scenes.build_silence(scene)
    scenes.propose(scene)


# --- erasing and restoring ------------------------------------------------------------------------


def test_an_exhibit_is_withheld_from_every_state_and_comes_back_from_none() -> None:
    scene = scenes.build_claim()
    for number, status in enumerate(
        (ExhibitStatus.STORED, ExhibitStatus.READY, ExhibitStatus.UNREADABLE)
    ):
        photo = filing.NewPhoto(scenes.originals().put(bytes([number]), limit=9), "a.jpg")
        submission = filing.file_submission(
            by=scene.owners[number],
            claim=scene.claim,
            narrative="x",
            narrative_lang="en",
            licence="show",
            photos=[photo],
            now=scene.now,
        )
        exhibit = Exhibit.objects.get(submission=submission)
        if status != ExhibitStatus.STORED:
            filing.mark_read(
                by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="x", status=status
            )
        for _twice in range(2):  # an erasure that is applied again after a restore
            evidence_erasure.forget(
                Target(evidence_erasure.EXHIBIT, str(exhibit.pk), ("digest",), "law")
            )
        assert Exhibit.objects.get(pk=exhibit.pk).status == ExhibitStatus.WITHHELD
        for back in (ExhibitStatus.STORED, ExhibitStatus.READY, ExhibitStatus.UNREADABLE):
            with (
                pytest.raises(IntegrityError, match="does not go from withheld"),
                transaction.atomic(),
            ):
                Exhibit.objects.filter(pk=exhibit.pk).update(status=back)


def test_a_restore_puts_back_every_row_in_whatever_state_it_was() -> None:
    """Inserts are free: a copied row keeps its state, and what is erased again goes on from
    there."""
    scene = scenes.build_claim()
    claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="Never said.", now=scene.now
    )
    gone = Disappearance.objects.create(
        source=scene.source,
        type="gone",
        status="reversed",
        first_missing_at=scene.now,
        reversed_at=scene.now,
        created_at=scene.now,
    )
    copied = (
        "CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM evidence_disappearance; "
        "DELETE FROM evidence_disappearance"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{copied}; INSERT INTO evidence_disappearance SELECT * FROM copied")
    assert Disappearance.objects.get().pk == gone.pk
    sequence()
    assert [
        mismatch
        for mismatch in Verification().mismatches()
        if mismatch.code in {"trigger", "right"}
    ] == []


def test_a_submission_that_was_withdrawn_stays_so() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    filing.withdraw_submission(
        by=scene.owners[0], submission=scene.submissions[0], reason="Mine.", now=scene.now
    )
    with (
        pytest.raises(IntegrityError, match="does not go from withdrawn to accepted"),
        transaction.atomic(),
    ):
        Submission.objects.filter(pk=scene.submissions[0].pk).update(status="accepted")
