"""Nothing changes outside the record: every model is recorded or says why not, every action acts
inside it or changes nothing."""

from __future__ import annotations

import functools
import importlib
import inspect
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, models
from django.test.utils import isolate_apps

import ledger
from accounts import actions as accounts
from accounts.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    RoleInvitation,
    User,
)
from claims import actions as claims
from claims.localized_text import write
from claims.models import Claim, Company
from evidence.exhibits.actions import filing, pointing
from evidence.exhibits.models import Exhibit
from evidence.sources import actions as source_actions
from evidence.sources.models import Alert, Version
from ledger import protection, registry
from ledger.models import Entry
from ledger.recording import REASON
from ledger.sequencing import sequence
from tests import scenes
from verdicts import actions as verdicts

APPS = ("accounts", "notifications", "claims", "evidence", "verdicts", "reports")
MODULES = (
    "accounts.actions.deletion",
    "accounts.actions.invitations",
    "accounts.actions.keys", "accounts.actions.organisations", "accounts.actions.roles",
    "accounts.actions.second_factors", "accounts.actions.sign_up",
    "accounts.actions.suspensions",
    "claims.actions.cases", "claims.actions.claims", "claims.actions.companies",
    "claims.actions.flags", "claims.actions.proposals", "claims.actions.series",
    "claims.actions.sources",
    "evidence.exhibits.actions.filing",
    "evidence.sources.actions",
    "evidence.exhibits.actions.pointing",
    "verdicts.actions.deadlines", "verdicts.actions.findings", "verdicts.actions.incidents",
    "verdicts.actions.replies", "verdicts.actions.verdicts",
)  # fmt: skip


def own_models() -> list[type[models.Model]]:
    """The models of the apps, without the event models that recording makes for them."""
    return [
        model
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        if not hasattr(model, "pgh_tracked_model")
    ]


# --- models ---------------------------------------------------------------------------------------


def test_every_model_is_recorded_or_says_why_not() -> None:
    assert [m._meta.label for m in own_models() if not registry.known(m)] == []
    assert not registry.names.keys() & registry.derived.keys()
    assert len([m for m in own_models() if m._meta.label_lower in registry.names]) > 30


def test_every_reason_for_not_recording_says_something() -> None:
    reasons = {
        label: registry.derived[label]
        for model in own_models()
        if (label := model._meta.label_lower) in registry.derived
    }
    assert all(len(reason.split()) >= 4 for reason in reasons.values()), reasons


@pytest.mark.parametrize("record", list(registry.records()), ids=lambda record: record.name)
def test_every_field_of_a_recorded_model_is_of_exactly_one_kind(record: registry.Record) -> None:
    named = [
        *record.plain,
        *record.text,
        *record.sealed,
        *([record.document] if record.document else []),
    ]
    assert sorted(named) == sorted(
        field.name for field in record.model._meta.local_concrete_fields if not field.primary_key
    )
    assert set(record.closed) <= {*record.text, *(() if record.clear else record.plain), REASON}


def test_a_model_with_a_field_of_no_kind_does_not_load() -> None:
    def declare(**kinds: list[str]) -> None:
        with isolate_apps("claims"):

            @ledger.recorded(name="forgetful", **kinds)
            class Forgetful(models.Model):
                status = models.CharField(max_length=3)
                remark = models.TextField()

                class Meta:
                    app_label = "claims"

    before = dict(registry.recorded)
    for kinds, fault in (
        ({"plain": ["status"]}, "of no declared kind .*: remark"),
        ({"plain": ["status", "remark"], "text": ["remark"]}, "recorded twice: remark"),
        ({"plain": ["status", "gone"], "text": ["remark"]}, "no field: gone"),
    ):
        with pytest.raises(ImproperlyConfigured, match=fault):
            declare(**kinds)
    assert registry.recorded == before


def test_a_model_is_left_out_only_with_a_reason() -> None:
    with pytest.raises(ImproperlyConfigured, match="only with a reason"):
        ledger.derived(reason=" ")


# --- triggers -------------------------------------------------------------------------------------

FOLLOWED = {
    "pgtrigger_ledger_insert",
    "pgtrigger_ledger_update",
    "pgtrigger_ledger_delete",
    "pgtrigger_ledger_identity",
}


def standing() -> dict[str, dict[str, str]]:
    """Per table, each trigger of the record by the start of its name, and whether it fires ALWAYS
    ("A")."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, regexp_replace(t.tgname, '_[0-9a-f]{5}$', ''), t.tgenabled FROM "
            "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
        )
        found: dict[str, dict[str, str]] = {}
        for table, name, enabled in cursor.fetchall():
            found.setdefault(table, {})[name] = enabled
    return found


@pytest.mark.django_db
def test_every_recorded_table_and_its_history_are_guarded_always() -> None:
    """Read from the database itself, beside ledger.protection, which compares bodies too."""
    found = standing()
    for record in registry.records():
        table = found[record.model._meta.db_table]
        assert set(table) >= FOLLOWED | {"pgtrigger_ledger_no_truncate"}, record.name
        events = found[record.event_model._meta.db_table]
        assert len(events) >= 3, (
            record.name
        )  # nothing is changed, deleted or truncated; each row is announced
        assert "pgtrigger_ledger_no_truncate" in events, record.name
        assert set(table.values()) | set(events.values()) == {"A"}, record.name
    assert protection.faults() == []


@pytest.mark.django_db
def test_a_trigger_that_is_only_enabled_is_a_fault() -> None:
    """Negative control."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'claims_claim'::regclass AND tgname "
            "LIKE 'pgtrigger_ledger_update%'"
        )
        (name,) = cursor.fetchone()
        cursor.execute(f'ALTER TABLE claims_claim ENABLE TRIGGER "{name}"')
    assert [fault.why for fault in protection.faults()] == ["is not enabled ALWAYS"]
    assert standing()["claims_claim"]["pgtrigger_ledger_update"] == "O"


# --- actions --------------------------------------------------------------------------------------


def all_actions() -> dict[str, Callable[..., Any]]:
    """Every public action: what takes `by` and opens a transaction (`transaction.atomic` wraps
    it)."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for called, function in inspect.getmembers(module, inspect.isfunction):
            public = function.__module__ == name and not called.startswith("_")
            if (
                public
                and "by" in inspect.signature(function).parameters
                and hasattr(function, "__wrapped__")
            ):
                found[f"{name}.{called}"] = function
    return found


def contents() -> dict[str, tuple[int, int]]:
    """What stands in every table of the apps, the jobs and the record, as (rows, sum of row
    hashes)."""
    tables = [
        m._meta.db_table
        for m in apps.get_models()
        if m._meta.app_label in {*APPS, "jobs", "ledger"}
    ]
    query = " UNION ALL ".join(
        f"SELECT '{t}', count(*), coalesce(sum(hashtext(r::text)), 0) FROM \"{t}\" r"
        for t in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {table: (int(count), int(hashes)) for table, count, hashes in cursor.fetchall()}


@contextmanager
def record_that_can_break() -> Iterator[Callable[[bool], None]]:
    """A record that refuses to be written while the yielded switch is on: nothing gets into the
    outbox."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
            "current_setting('test.broken', true) = 'yes' THEN RAISE EXCEPTION 'the record is "
            "broken'; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER a_test BEFORE INSERT ON ledger_pending FOR EACH ROW EXECUTE FUNCTION "
            "test_refuse()"
        )

    def switch(on: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('test.broken', %s, false)", ["yes" if on else "no"])

    yield switch  # trigger, function and setting end with the test's transaction


class Watcher:
    """Stands in for every action: calls it first with a broken record and sees that nothing
    changed, then for real."""

    def __init__(self, switch: Callable[[bool], None]) -> None:
        self.switch = switch
        self.depth = 0
        self.called: set[str] = set()
        self.broken: set[str] = set()
        self.survived: list[str] = []

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.called.add(name)
            if self.depth == 0 and name not in self.broken:
                self._break(name, function, args, kwargs)
            self.depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self.depth -= 1

        return watched

    def _break(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        before = contents()
        self.switch(True)
        self.depth += 1
        try:
            function(
                *args,
                **kwargs,
                # what is not in a transaction of its own leaves a broken one behind, and nothing
                # works after it
            )
        except DatabaseError as error:
            if "the record is broken" not in str(error):
                raise
            self.broken.add(name)
        else:
            self.survived.append(name)
        finally:
            self.depth -= 1
            self.switch(False)
        after = contents()
        if name in ASKS_FOR_WORK:
            del before["jobs_job"], after["jobs_job"]
        assert after == before, (
            f"{name} left something behind although the record could not be written"
        )

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace every action wherever it is imported."""
        modules = [
            m
            for name, m in sys.modules.items()
            if name.split(".")[0] in {*APPS, "tests"} and m is not None
        ]
        for name, function in all_actions().items():
            watched = self.wrap(name, function)
            for module in modules:
                for attribute, value in list(vars(module).items()):
                    if value is function:
                        monkeypatch.setattr(module, attribute, watched)


def invite_people(operator: User, lab: Organisation, guest: User, now: datetime) -> None:
    """Every act on an invitation to a role."""
    second = scenes.person("second operator", Role.OPERATOR)
    for user in (operator, second, guest):
        EmailAddress.objects.create(user=user, email=user.email, verified=True)

    def proposal() -> RoleInvitation:
        return accounts.propose_invitation(
            by=operator,
            organisation=lab,
            email=guest.email,
            role=Role.FILER,
            reason="They asked.",
            now=now,
        )

    def sent() -> RoleInvitation:
        row = proposal()
        scenes.send_invitation(second, row, row.pk.hex)
        return row

    accounts.refuse_invitation(by=second, invitation=proposal(), reason="Nobody knows them.")
    accounts.withdraw_invitation(by=operator, invitation=proposal())
    row = sent()
    accounts.decline_invitation(by=guest, token=row.pk.hex, now=now)
    accounts.resend_invitation(by=operator, invitation=sent(), now=now)
    accounts.expire_invitations(by=ledger.SYSTEM, now=now + timedelta(days=15))
    row = sent()
    held = accounts.accept_invitation(by=guest, token=row.pk.hex, now=now)
    accounts.leave_role(by=guest, membership=held, now=now)


def propose_and_triage(scene: scenes.Scene) -> None:
    """Each thing that becomes of a proposal."""
    now, guest, moderator = scene.now, scene.owners[0], scene.moderator
    asked, refused, merged, registered, withdrawn = (
        scenes.build_proposal(scene, guest) for _ in range(5)
    )
    claims.propose_claims(
        by=guest,
        proposals=[claims.NewProposal("It flies.", "en", "press", "X", "No.", place="In a shop.")],
        now=now,
    )
    given: dict[str, Any] = {"by": moderator, "now": now}
    claims.return_proposal(**given, proposal=asked, question=write("en", "Which page?"))
    claims.answer_proposal(by=guest, proposal=asked, answer="The first.", lang="en", now=now)
    claims.refuse_proposal(**given, proposal=refused, reason=write("en", "Nobody said it."))
    claims.merge_proposal(
        **given, proposal=merged, claim=scene.claim, reason=write("en", "The same.")
    )
    case = claims.NewCase(
        quote="Ten seconds.", quote_lang="en", summary=write("en", "Ten seconds"),
        kind="puffery", product=str(scene.product.pk),
    )  # fmt: skip
    claims.register_proposal(
        **given, proposal=registered, case=case, aspects=[], reason=write("en", "A slogan.")
    )
    claims.withdraw_proposal(by=guest, proposal=withdrawn, now=now)


def suspend_people(operator: User, second: User, guest: User, now: datetime) -> None:
    """Every act on a suspension, and an account that goes."""
    auditor = scenes.person("auditor of suspensions", Role.AUDITOR)
    auditor_left = scenes.person("auditor who leaves", Role.AUDITOR)
    for decide, by in (
        (accounts.refuse_suspension, second),
        (accounts.withdraw_suspension, operator),
        (accounts.confirm_suspension, second),
    ):
        row = accounts.suspend_account(by=operator, person=auditor, reason="x", now=now)
        decide(by=by, suspension=row, now=now)
    accounts.delete_account(by=auditor_left, now=now)
    row = accounts.suspend_account(by=operator, person=guest, reason="Spam.", now=now)
    accounts.lift_suspension(by=second, suspension=row, reason="It was not them.", now=now)


def every_action() -> None:
    """The fullest scene: the founding case, and what it leaves out."""
    scene = scenes.build_post(scenes.build_claim())
    moderator, now = scene.moderator, scene.now
    operator = scenes.person("operator", Role.OPERATOR)
    lab = accounts.found_organisation(
        by=operator, kind=OrganisationKind.LABORATORY, name="A laboratory", now=now
    )
    guest = scenes.person("guest")
    accounts.grant_role(
        by=operator, user=guest, organisation=lab, role=Role.FILER, now=now, reason="They asked."
    )
    held, second = Membership.objects.get(user=guest), scenes.person("second", Role.OPERATOR)
    for decide, by in (
        (accounts.refuse_ending, second),
        (accounts.withdraw_ending, operator),
        (accounts.confirm_ending, second),
    ):
        ending = accounts.propose_ending(by=operator, membership=held, reason="x", now=now)
        decide(by=by, ending=ending, now=now)
    accounts.leave_role(by=second, membership=Membership.objects.get(user=second), now=now)
    key, _secret = accounts.create_key(by=guest, label="script", scopes=["submit"], now=now)
    accounts.revoke_key(by=guest, key=key, now=now)
    Authenticator.objects.create(user=guest, type="totp", data={})
    accounts.reset_second_factor(by=operator, user=guest, reason="The phone is lost.", now=now)

    invite_people(operator, lab, guest, now)
    accounts.close_sign_up(by=operator, contact="a@b.example", reason="Spam.", now=now)
    suspend_people(operator, scenes.person("third", Role.OPERATOR), guest, now)
    accounts.open_sign_up(by=operator, reason="It is over.", now=now)

    entity = claims.add_entity(
        by=moderator,
        company=scene.company,
        name=write("en", "A car maker Ltd"),
        jurisdiction="CN",
        now=now,
    )
    claims.give_entity_role(
        by=moderator,
        entity=entity,
        kind="sold",
        product=scene.product,
        from_date=date(2025, 1, 1),
        now=now,
    )
    case = claims.NewCase(
        quote="Friends with our users.", quote_lang="en", summary=write("en", "They are friends"),
        kind="express",
        new_company=write("en", "Another maker"), new_product=write("en", "Another car"),
        new_option=write("en", "Paint"),
        price=Decimal(100), currency="CNY", source_url="https://brand.example/other",
        source_title=write("en", "A page"),
        channel="product_page",
    )  # fmt: skip
    other = claims.register_case(
        by=moderator,
        case=case,
        aspects=[claims.NewAspect("function", write("en", "friends"))],
        now=now,
    )
    other = claims.revise_claim(
        by=moderator,
        claim=other,
        reason="It was cut short.",
        quote="We are friends with our users.",
        now=now,
    )
    propose_and_triage(scene)
    aspect = other.aspect_set.get()
    claims.revise_company(
        by=moderator,
        company=scene.company,
        website="https://www.brand.example/",
        reason="It moved.",
        now=now,
    )
    EmailAddress.objects.create(user=guest, email="press@brand.example", verified=True)
    brand = accounts.found_organisation(
        by=operator, kind=OrganisationKind.COMPANY, name="A car maker", now=now
    )
    claims.represent_company(by=operator, company=scene.company, organisation=brand, now=now)
    given = {"by": operator, "company": Company.objects.get(pk=scene.company.pk), "now": now}
    seat = claims.give_seat(**given, email="press@brand.example", reason="Their letter.")
    claims.end_seat(
        **{**given, "company": Company.objects.get(pk=scene.company.pk)},
        membership=seat,
        reason="They left.",
    )
    seat = claims.give_seat(**given, email="press@brand.example", reason="Back.")
    accounts.end_seat(by=operator, membership=seat, now=now, reason="Left again.")
    criterion = scene.ducts.criterion
    claims.revise_criterion(
        by=moderator,
        criterion=criterion,
        basis_kind="standard",
        basis=write("en", "ISO 1"),
        reason="It is from a standard.",
        now=now,
    )
    verdicts.rule_out(by=moderator, aspect=aspect, reason="A matter of taste.")
    verdicts.take_up_again(by=moderator, aspect=aspect, reason="It can be measured.")
    claims.set_progress(by=moderator, role=Role.MODERATOR, aspects=[aspect], progress="in_progress")
    claims.register_claim(
        by=moderator, product=scene.product, quote="In May.", quote_lang="en",
        summary=write("en", "In May"), now=now,
        aspects=[claims.NewAspect("date", write("en", "in May"),
        due_date=now.date() + timedelta(days=1))],
    )  # fmt: skip
    claims.mark_overdue(by=ledger.SYSTEM, now=now + timedelta(days=3))
    claims.raise_flag(by=moderator, claim=other, kind="disputed", now=now, role=Role.MODERATOR)
    claims.lift_flag(by=moderator, claim=other, kind="disputed", now=now, role=Role.MODERATOR)
    flag = claims.raise_flag(
        by=moderator, claim=other, kind="disputed", now=now, role=Role.MODERATOR
    )
    claims.withdraw_flag(by=moderator, flag=flag, reason="Nobody disputes it.", now=now)
    claims.stop_monitoring(by=moderator, source=other.appearance_set.get().source)
    claims.withdraw_claim(
        by=moderator,
        claim=Claim.objects.get(pk=other.pk),
        reason="It was said by someone else.",
        now=now,
    )

    scenes.look(scene, scenes.POST, 13 * 3600)  # back again
    source_actions.upload_capture(
        by=moderator, source=scene.source, content=b"<p>Another text.</p>",
        content_type="text/html", captured_at=now, now=now,
        note="A reader's disk",
    )  # fmt: skip
    source_actions.handle_alert(by=moderator, alert=Alert.objects.order_by("id").first(), now=now)
    placed = claims.place_claim(
        by=moderator, claim=scene.claim, source=second_source(scene), exact=scenes.POST, now=now
    )
    source_actions.locate_appearance(by=ledger.SYSTEM, appearance=placed, now=now)
    series = scenes.build_series(scene)
    claims.correct_point(
        by=moderator,
        point=series.seriespoint_set.first(),
        value=Decimal(1),
        reason="A typing error.",
        now=now,
    )
    incident = scenes.build_incident(scene)
    verdicts.correct_event(
        by=moderator,
        event=incident.occurrence_set.first(),
        reason="The hour was wrong.",
        exact_to="day",
        now=now,
    )
    appearance = scene.claim.appearance_set.get(source=scene.source)
    source_actions.locate_appearance(by=ledger.SYSTEM, appearance=appearance, now=now)
    source_actions.locate_quotes(
        by=ledger.SYSTEM, version=Version.objects.order_by("number").first(), now=now
    )

    scenes.build_evidence(scene)
    exhibit = scene.exhibits()[0]
    filing.grade_exhibit(
        by=scene.second_moderator,
        exhibit=exhibit,
        source="A",
        information="1",
        reason=write("en", "Better."),
        now=now,
    )
    filing.view_original(by=moderator, exhibit=exhibit, now=now)
    filing.open_sealed(by=moderator, submission=exhibit.submission, now=now)
    pointing.remove_region(
        by=moderator,
        region=pointing.mark_region(
            by=moderator,
            exhibit=exhibit,
            x=100,
            y=100,
            width=200,
            height=150,
            caption=write("en", "The outlet"),
        ),
    )
    pointing.mark_region(
        by=moderator,
        exhibit=exhibit,
        x=100,
        y=100,
        width=200,
        height=150,
        caption=write("en", "The outlet"),
    )
    pair = pointing.compare_exhibits(
        by=moderator,
        before=exhibit,
        after=scene.exhibits()[1],
        title=write("en", "Promised, delivered"),
    )
    pointing.remove_comparison(by=moderator, comparison=pair)
    scenes.build_findings(scene)
    waived = verdicts.request_reply(
        by=moderator, claim=scene.claim, allegation=write("en", "No air."), now=now
    )
    verdicts.extend_deadline(
        by=moderator, invitation=waived, working_days=2, reason="A holiday there.", now=now
    )
    refused = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=waived, reason=write("en", "x")
    )
    verdicts.refuse_waiver(
        by=scene.second_adjudicator, waiver=refused, reason="It may still reply.", now=now
    )
    waiver = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=waived, reason=write("en", "It said so in public.")
    )
    verdicts.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=now)
    long_ago = now - timedelta(days=40)
    silent = verdicts.request_reply(
        by=moderator, claim=scene.claim, allegation=write("en", "Still no air."), now=long_ago
    )
    verdicts.close_window(by=ledger.SYSTEM, invitation=silent, now=now)
    silent.refresh_from_db()
    verdicts.discard_reply(
        by=moderator,
        reply=scenes.build_letter(scene, silent, body="Not theirs.", now=now),
        reason="A mistake.",
        now=now,
    )
    verdicts.confirm_reply(
        by=scene.second_moderator, reply=scenes.build_letter(scene, silent, now=now), now=now
    )
    scenes.build_reply(scene, silent, body="Once more.", now=now)
    verdicts.reject_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), reason="Say more.", now=now
    )
    verdicts.approve_verdict(by=scene.second_adjudicator, verdict=scenes.propose(scene), now=now)
    again = scenes.propose(
        scene, rating="misleading", mechanism="implied_function", reason="A little air moves."
    )
    verdicts.approve_verdict(by=scene.second_adjudicator, verdict=again, now=now)

    undone = filing.file_submission(
        by=guest, claim=scene.claim, narrative="Never mind.", narrative_lang="en",
        licence="cc0-1.0", now=now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(scenes.picture(4))))],
    )  # fmt: skip
    filing.decide_submission(
        by=moderator,
        submission=undone,
        decision="returned",
        reason=write("en", "Which car?"),
        now=now,
    )
    filing.answer_question(by=guest, submission=undone, answer="The red one.", lang="en", now=now)
    photo = Exhibit.objects.select_related("submission").get(submission=undone)
    filing.mark_read(
        by=ledger.SYSTEM, exhibit=photo, now=now, outcome="damaged", status="unreadable"
    )
    photo.refresh_from_db()
    filing.read_again(by=moderator, exhibit=photo, now=now)
    filing.withdraw_submission(by=guest, submission=undone, reason="I changed my mind.", now=now)


def second_source(scene: scenes.Scene) -> Any:
    """Another place where the claim stands."""
    return claims.add_source(
        by=scene.moderator,
        company=scene.company,
        channel="brochure",
        title=write("en", "Brochure"),
        now=scene.now,
    )


UNCHANGED_IF_NOTHING_IS_NEW = {
    "evidence.sources.actions.locate_quotes", "evidence.sources.actions.locate_appearance",
}  # fmt: skip
#: What only asks for work: with the record broken the job is still written down, and nothing else.
#: What comes of it is recorded.
ASKS_FOR_WORK = {"evidence.exhibits.actions.filing.read_again"}


@pytest.mark.django_db
def test_every_action_changes_rows_inside_the_record_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    """The fullest scene calls every action. Each is tried once with a record that cannot be
    written: nothing may be stored.

    Afterwards no leaf says "outside", so no row was written without an act.
    """
    settings.KEYS_DIR = tmp_path / "keys"
    with record_that_can_break() as switch:
        watcher = Watcher(switch)
        watcher.stand_in(monkeypatch)
        every_action()
    assert watcher.called == set(all_actions()), (
        "an action that the fullest scene does not call yet"
    )
    assert set(all_actions()) - watcher.broken <= UNCHANGED_IF_NOTHING_IS_NEW | ASKS_FOR_WORK, (
        watcher.survived
    )
    sequence()
    assert Entry.objects.count() > 150
    assert not Entry.objects.filter(kind__startswith="outside.").exists()


@pytest.mark.django_db
def test_a_write_outside_an_act_is_seen(settings: Any, tmp_path: Any) -> None:
    """Negative control of the test above."""
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_claim()
    Claim.objects.filter(pk=scene.claim.pk).update(quote="Something else.")
    sequence()
    assert Entry.objects.filter(kind__startswith="outside.").count() == 1


@pytest.mark.django_db
def test_an_action_without_a_transaction_of_its_own_is_seen(settings: Any, tmp_path: Any) -> None:
    """Negative control of the test above."""
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_claim()

    def careless(*, by: Any) -> None:
        with ledger.act("claim.revised", by=by, role="moderator"):
            Claim.objects.filter(pk=scene.claim.pk).update(quote="Something else.")

    with record_that_can_break() as switch, pytest.raises(DatabaseError):
        Watcher(switch).wrap("careless", careless)(by=scene.moderator)
